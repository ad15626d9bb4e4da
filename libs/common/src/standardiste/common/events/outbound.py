"""What the router asks of a channel, written to outbound.<channel>. Names conversation and message; an address only where an agent began (`address`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from standardiste.common.bus.topics import Topic
from standardiste.common.events.base import C, Kind, event
from standardiste.common.events.model import (
    AgentId,
    Author,
    Channel,
    ChannelAddressId,
    ContactId,
    Content,
    ConversationId,
    InteractionId,
    MessageId,
    OfferId,
    QueueId,
    Words,
)

ROUTER = ("router",)

OUTBOUND_TOPIC: dict[Channel, Topic] = {
    Channel.EMAIL: Topic.OUTBOUND_EMAIL,
    Channel.SMS: Topic.OUTBOUND_SMS,
    Channel.VOICE: Topic.OUTBOUND_VOICE,
    Channel.CALLBACK: Topic.OUTBOUND_VOICE,
    Channel.CHAT: Topic.OUTBOUND_CHAT,
    Channel.SOCIAL: Topic.OUTBOUND_OPEN,
    Channel.OTHER: Topic.OUTBOUND_OPEN,
}
"""Which topic serves a channel."""


def _outbound(name: str) -> Callable[[C], C]:
    return event(name, kind=Kind.COMMAND, topic="outbound.*", sources=ROUTER)


@_outbound("message.deliver")
@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverMessage:
    """
    Send this to the conversation's customer. `in_reply_to` is the contact being answered. `address` only where an agent began. `queue` is the interaction's,
    whose signature a mail bears.
    """

    conversation: ConversationId
    interaction: InteractionId
    message: MessageId
    author: Author
    content: Content
    channel: Channel
    channel_address: ChannelAddressId
    in_reply_to: ContactId | None = None
    address: str | None = None
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    is_machine_made: bool = False
    queue: QueueId | None = None


@_outbound("typing.tell")
@dataclass(frozen=True, slots=True, kw_only=True)
class TellTyping:
    """An agent is writing."""

    conversation: ConversationId
    author: Author


@_outbound("reading.tell")
@dataclass(frozen=True, slots=True, kw_only=True)
class TellReading:
    """An agent has read all that the customer has written up to this message."""

    conversation: ConversationId
    message: MessageId


@_outbound("position.tell")
@dataclass(frozen=True, slots=True, kw_only=True)
class TellPosition:
    """Where the waiting customer stands, and how long it may take; None where too little is known."""

    conversation: ConversationId
    position: int | None = None
    wait_p50_ms: int | None = None
    wait_p90_ms: int | None = None


@_outbound("conversation.joined")
@dataclass(frozen=True, slots=True, kw_only=True)
class AnnounceAgent:
    """An agent took the conversation: the chat window may say who."""

    conversation: ConversationId
    interaction: InteractionId
    author: Author


@_outbound("conversation.ended")
@dataclass(frozen=True, slots=True, kw_only=True)
class AnnounceEnd:
    """The interaction is closed for the customer. `notice` names a text of the catalogues to show or send, if any."""

    conversation: ConversationId
    interaction: InteractionId
    notice: str | None = None


@_outbound("notice.tell")
@dataclass(frozen=True, slots=True, kw_only=True)
class TellNotice:
    """Say a standing text to the customer (requeued after an agent was lost, queue closed, …): a key of the catalogues with parameters, or the tenant's words."""

    conversation: ConversationId
    notice: str
    words: Words | None = None


@_outbound("call.connect")
@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectCall:
    """Bridge the waiting caller to the agent; answered by media.connected or media.failed within 30 s."""

    conversation: ConversationId
    interaction: InteractionId
    offer: OfferId
    agent: AgentId


@_outbound("call.place")
@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceCall:
    """
    Call a customer for an agent (opened by the agent, or a callback); answered by media.connected or media.failed naming `offer`.

    `offer` is what the router took it with; absent, it is the interaction's own ("<interaction>-o0").
    """

    conversation: ConversationId
    interaction: InteractionId
    agent: AgentId | None = None
    channel_address: ChannelAddressId
    address: str | None = None
    is_agent_first: bool = True
    offer: OfferId | None = None


@_outbound("call.queue")
@dataclass(frozen=True, slots=True, kw_only=True)
class QueueCall:
    """The caller waits (again) in this queue: greeting and music."""

    conversation: ConversationId
    interaction: InteractionId
    queue: QueueId


@_outbound("call.hold")
@dataclass(frozen=True, slots=True, kw_only=True)
class HoldCall:
    conversation: ConversationId
    interaction: InteractionId


@_outbound("call.resume")
@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeCall:
    conversation: ConversationId
    interaction: InteractionId


@_outbound("call.release")
@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseCall:
    """Hang up. `party`: everybody; the agent's leg alone (the customer stays, e.g. for a transfer); or the leg of who was asked in (`guest`)."""

    conversation: ConversationId
    interaction: InteractionId
    party: Literal["all", "agent", "guest"] = "all"


@_outbound("call.transfer")
@dataclass(frozen=True, slots=True, kw_only=True)
class TransferCall:
    """Send the caller to an outside number, blind; media.ended follows."""

    conversation: ConversationId
    interaction: InteractionId
    address: str


@_outbound("call.consult")
@dataclass(frozen=True, slots=True, kw_only=True)
class ConsultCall:
    """
    Bring a second agent or an outside number to the owner while the customer is held; answered by media.connected or media.failed naming `offer`, which
    only an outside number must wait for.
    """

    conversation: ConversationId
    interaction: InteractionId
    agent: AgentId | None = None
    address: str | None = None
    offer: OfferId | None = None


@_outbound("call.conference")
@dataclass(frozen=True, slots=True, kw_only=True)
class ConferenceCall:
    """All parties together."""

    conversation: ConversationId
    interaction: InteractionId


@_outbound("call.supervise")
@dataclass(frozen=True, slots=True, kw_only=True)
class SuperviseCall:
    conversation: ConversationId
    interaction: InteractionId
    agent: AgentId
    mode: Literal["listen", "coach", "step_in", "end"]


@_outbound("call.record")
@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCall:
    conversation: ConversationId
    interaction: InteractionId
    is_recording: bool


@_outbound("call.digits")
@dataclass(frozen=True, slots=True, kw_only=True)
class SendDigits:
    conversation: ConversationId
    interaction: InteractionId
    digits: str


@_outbound("voicemail.take")
@dataclass(frozen=True, slots=True, kw_only=True)
class TakeVoicemail:
    """Ask the waiting caller to leave a message."""

    conversation: ConversationId
    interaction: InteractionId
