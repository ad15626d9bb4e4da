"""
Commands: what people (through the gateway) and the API ask of the router, written to `inputs`.

Each is answered in decisions by command.done or command.refused. The event's id is the command id (unique per agent for 15 min), and
`Actor` says who asks: it is set by the gateway from the credential, never taken from the client. `version` is what the client saw.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from standardiste.common.bus.topics import Topic
from standardiste.common.events.base import C, Instant, Kind, event
from standardiste.common.events.model import (
    AgentId,
    Attributes,
    Audience,
    Channel,
    ChannelAddressId,
    Content,
    ConversationId,
    CustomerId,
    DispositionId,
    InteractionId,
    MessageId,
    OfferId,
    QueueId,
    SessionId,
    StatusId,
    Target,
)

_FROM = ("agent-gateway", "ingest-open", "ingest-chat")

SupervisionMode: TypeAlias = Literal["listen", "coach", "step_in"]
SupervisionEnd: TypeAlias = Literal["end"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who asks: an agent through a session, or an API key. `may_supervise` was decided by `may()` at the edge for the queues and teams named."""

    agent: AgentId | None = None
    session: SessionId | None = None
    api_key: str | None = None
    may_supervise: bool = False


def _command(name: str) -> Callable[[C], C]:
    return event(name, kind=Kind.COMMAND, topic=Topic.INPUTS, sources=_FROM, is_on_websocket=True)


@_command("offer.accept")
@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptOffer:
    """Take the offered interaction. The first accept wins; a later one is refused `already_owned` or `offer_ended`."""

    actor: Actor
    offer: OfferId


@_command("offer.decline")
@dataclass(frozen=True, slots=True, kw_only=True)
class DeclineOffer:
    """Pass. Same age for the interaction; this agent is left out of it for a while."""

    actor: Actor
    offer: OfferId
    reason: str = ""


@_command("status.set")
@dataclass(frozen=True, slots=True, kw_only=True)
class SetStatus:
    """Choose a status (a reason code of the directory). During work it applies when work ends; `agent` names another for supervisors."""

    actor: Actor
    status: StatusId
    agent: AgentId | None = None


@_command("message.send")
@dataclass(frozen=True, slots=True, kw_only=True)
class SendMessage:
    """Answer the customer, or note for colleagues (`audience` internal). Only the owner (or a consulted agent, for notes) may."""

    actor: Actor
    interaction: InteractionId
    content: Content
    audience: Audience = Audience.CUSTOMER
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    is_machine_made: bool = False


@_command("message.redact")
@dataclass(frozen=True, slots=True, kw_only=True)
class RedactMessage:
    """Remove a message's words everywhere, for good."""

    actor: Actor
    conversation: ConversationId
    message: MessageId
    reason: str


@_command("typing.show")
@dataclass(frozen=True, slots=True, kw_only=True)
class ShowTyping:
    """Tell the customer that somebody writes. Kept nowhere."""

    actor: Actor
    interaction: InteractionId


@_command("reading.show")
@dataclass(frozen=True, slots=True, kw_only=True)
class ShowReading:
    """All that the customer has written up to this message stands before the agent's eyes: told to who writes in a chat."""

    actor: Actor
    interaction: InteractionId
    message: MessageId


@_command("interaction.open")
@dataclass(frozen=True, slots=True, kw_only=True)
class OpenInteraction:
    """
    Begin: write to or call a customer. Permission, block and capacity are checked; the opener owns it at once. `address` is passed on and not kept.

    `message` is for the API alone: the content goes out at once under this id, by nobody, and what was opened closes; where the conversation is live it goes
    out there. `name` is the person's, for who is not known yet.
    """

    actor: Actor
    channel: Channel
    channel_address: ChannelAddressId
    address: str
    content: Content | None = None
    conversation: ConversationId | None = None
    customer: CustomerId | None = None
    queue: QueueId | None = None
    purpose: str = "service"
    attributes: Attributes = field(default_factory=dict[str, "str | int | float | bool"])
    message: MessageId | None = None
    name: str | None = None


@_command("interaction.hold")
@dataclass(frozen=True, slots=True, kw_only=True)
class HoldInteraction:
    """Put the customer on hold."""

    actor: Actor
    interaction: InteractionId
    version: int


@_command("interaction.resume")
@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeInteraction:
    """Back from hold."""

    actor: Actor
    interaction: InteractionId
    version: int


@_command("interaction.complete")
@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteInteraction:
    """The conversation is done: go to wrap-up, or close where the queue has none."""

    actor: Actor
    interaction: InteractionId
    version: int
    disposition: DispositionId | None = None


@_command("wrap-up.end")
@dataclass(frozen=True, slots=True, kw_only=True)
class EndWrapUp:
    """Wrap-up is done: close. Refused `new_message` when the customer wrote meanwhile."""

    actor: Actor
    interaction: InteractionId
    version: int
    disposition: DispositionId | None = None


@_command("wrap-up.extend")
@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendWrapUp:
    """More time for a timed wrap-up."""

    actor: Actor
    interaction: InteractionId
    version: int
    by_ms: int


@_command("disposition.set")
@dataclass(frozen=True, slots=True, kw_only=True)
class SetDisposition:
    """Note the outcome without ending anything."""

    actor: Actor
    interaction: InteractionId
    version: int
    disposition: DispositionId


@_command("interaction.park")
@dataclass(frozen=True, slots=True, kw_only=True)
class ParkInteraction:
    """E-mail: wait for the customer, or until a date, out of capacity; comes back to the same agent first."""

    actor: Actor
    interaction: InteractionId
    version: int
    until: Instant | None = None


@_command("interaction.unpark")
@dataclass(frozen=True, slots=True, kw_only=True)
class UnparkInteraction:
    """Take a parked one back now."""

    actor: Actor
    interaction: InteractionId
    version: int


@_command("interaction.pull")
@dataclass(frozen=True, slots=True, kw_only=True)
class PullInteraction:
    """Take a chosen waiting interaction."""

    actor: Actor
    interaction: InteractionId
    version: int


@_command("interaction.assign")
@dataclass(frozen=True, slots=True, kw_only=True)
class AssignInteraction:
    """Supervisor: give it to an agent (an offer, or at once with `is_forced`, which may exceed capacity and is marked)."""

    actor: Actor
    interaction: InteractionId
    version: int
    agent: AgentId
    is_forced: bool = False


@_command("interaction.requeue")
@dataclass(frozen=True, slots=True, kw_only=True)
class RequeueInteraction:
    """Give it back to its queue, or to another, at its age."""

    actor: Actor
    interaction: InteractionId
    version: int
    queue: QueueId | None = None


@_command("interaction.prioritise")
@dataclass(frozen=True, slots=True, kw_only=True)
class PrioritiseInteraction:
    """Change the priority of a waiting interaction."""

    actor: Actor
    interaction: InteractionId
    version: int
    priority: int


@_command("interaction.close")
@dataclass(frozen=True, slots=True, kw_only=True)
class CloseInteraction:
    """Supervisor or API: close it, with a reason for the record."""

    actor: Actor
    interaction: InteractionId
    version: int
    reason: str


@_command("interaction.transfer")
@dataclass(frozen=True, slots=True, kw_only=True)
class TransferInteraction:
    """Hand over to a queue, an agent or outside; age, priority and history are kept. The sender owns it until the other accepts."""

    actor: Actor
    interaction: InteractionId
    version: int
    target: Target
    note: str = ""


@_command("transfer.cancel")
@dataclass(frozen=True, slots=True, kw_only=True)
class CancelTransfer:
    """Take a pending transfer to an agent back."""

    actor: Actor
    interaction: InteractionId
    version: int


@_command("consult.start")
@dataclass(frozen=True, slots=True, kw_only=True)
class StartConsult:
    """Ask a second agent (or outside) in; the first stays owner."""

    actor: Actor
    interaction: InteractionId
    version: int
    target: Target


@_command("consult.cancel")
@dataclass(frozen=True, slots=True, kw_only=True)
class CancelConsult:
    """Back to the customer alone."""

    actor: Actor
    interaction: InteractionId
    version: int


@_command("consult.complete")
@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteConsult:
    """Hand over to the consulted."""

    actor: Actor
    interaction: InteractionId
    version: int


@_command("conference.start")
@dataclass(frozen=True, slots=True, kw_only=True)
class StartConference:
    """Customer, owner and consulted together."""

    actor: Actor
    interaction: InteractionId
    version: int


@_command("conference.leave")
@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveConference:
    """Leave; the last one in owns it."""

    actor: Actor
    interaction: InteractionId
    version: int


@_command("callback.schedule")
@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleCallback:
    """Call this customer later, from this queue."""

    actor: Actor
    interaction: InteractionId
    not_before: Instant
    is_for_me: bool = False


@_command("callback.cancel")
@dataclass(frozen=True, slots=True, kw_only=True)
class CancelCallback:
    """The call back is no longer wanted."""

    actor: Actor
    interaction: InteractionId
    version: int


@_command("call.dial-digits")
@dataclass(frozen=True, slots=True, kw_only=True)
class DialDigits:
    """Send digits into the call."""

    actor: Actor
    interaction: InteractionId
    digits: str


@_command("recording.pause")
@dataclass(frozen=True, slots=True, kw_only=True)
class PauseRecording:
    """Stop recording while the customer says what may not be kept."""

    actor: Actor
    interaction: InteractionId


@_command("recording.resume")
@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeRecording:
    """Record again."""

    actor: Actor
    interaction: InteractionId


@_command("supervision.start")
@dataclass(frozen=True, slots=True, kw_only=True)
class StartSupervision:
    """Supervisor: listen, coach or step in."""

    actor: Actor
    interaction: InteractionId
    mode: SupervisionMode


@_command("supervision.end")
@dataclass(frozen=True, slots=True, kw_only=True)
class EndSupervision:
    """Supervisor: leave."""

    actor: Actor
    interaction: InteractionId


@_command("rest.ask")
@dataclass(frozen=True, slots=True, kw_only=True)
class AskRest:
    """A pause after hard work or abuse, where the profile gives one."""

    actor: Actor
    reason: str = ""


@_command("interaction.explain")
@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainInteraction:
    """Why is it still waiting, or why this agent? Answered by interaction.explained."""

    actor: Actor
    interaction: InteractionId


@_command("agent.explain")
@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainAgent:
    """Why is this agent idle? Answered by agent.explained."""

    actor: Actor
    agent: AgentId


@_command("doctor.ask")
@dataclass(frozen=True, slots=True, kw_only=True)
class AskDoctor:
    """Name whatever breaks a law, with cause and repair. Answered by doctor.reported."""

    actor: Actor


@_command("doctor.repair")
@dataclass(frozen=True, slots=True, kw_only=True)
class RepairInteraction:
    """Carry out the repair the doctor showed; keeps the age."""

    actor: Actor
    interaction: InteractionId
    version: int


@_command("snapshot.ask")
@dataclass(frozen=True, slots=True, kw_only=True)
class AskSnapshot:
    """Send the snapshot again."""

    actor: Actor
