"""Facts written to `inputs`: what customers did, what channels and gateways report, what `customers` identified."""

from __future__ import annotations

from dataclasses import dataclass

from standardiste.common.bus.topics import Topic
from standardiste.common.events.base import INGEST, Instant, Kind, event
from standardiste.common.events.commands import OpenInteraction
from standardiste.common.events.contact_facts import ContactFacts
from standardiste.common.events.model import (
    AgentId,
    CallOrder,
    Channel,
    ChannelAddressId,
    CommandId,
    Contact,
    ContactId,
    ConversationId,
    CustomerSummary,
    DeliveryState,
    InteractionId,
    LeftBecause,
    Message,
    MessageId,
    OfferId,
    ReceiptId,
    Scope,
    SessionId,
    Thread,
)

CUSTOMERS = ("customers",)
GATEWAY = ("agent-gateway",)


@event("contact.received", kind=Kind.FACT, topic=Topic.INPUTS, sources=(*INGEST, "customers"))
@dataclass(frozen=True, slots=True, kw_only=True)
class ContactReceived:
    """
    A customer wrote, called, or an integrator posted for him. The event's id is the contact's id: a repeat changes nothing. From `customers` it is one
    that was closed at once (spam, list, flood, blocked) and comes again because somebody asked.
    """

    contact: Contact


@event("contact.identified", kind=Kind.FACT, topic=Topic.INPUTS, sources=CUSTOMERS)
@dataclass(frozen=True, slots=True, kw_only=True)
class ContactIdentified:
    """
    Who it is and which conversation it belongs to. `is_repeat`: an older contact with this receipt was handled for good; close it. `linked_to` is the
    conversation of somebody else that a mail named: it is not his, so he has one of his own. `facts` are the contact's, for the rules to run anew: nobody keeps them
    meanwhile, so a restart between arrival and identification changes nothing.
    """

    contact: ContactId
    receipt: ReceiptId
    conversation: ConversationId
    customer: CustomerSummary
    is_repeat: bool = False
    linked_to: ConversationId | None = None
    facts: ContactFacts | None = None


@event("opening.examined", kind=Kind.FACT, topic=Topic.INPUTS, sources=CUSTOMERS)
@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningExamined:
    """
    Who would be contacted, and whether he may be: the answer to each `interaction.open`, which comes along whole, so that nobody keeps its address meanwhile.

    `refused` is the stable name of a no (`blocked`, `opted_out`, `not_permitted_now`, `unknown_customer`), `detail` its sentence. Else `conversation` is the
    one that the customer's answer will name, where it is known beforehand.
    """

    command: CommandId
    asked: OpenInteraction
    refused: str | None = None
    detail: str = ""
    conversation: ConversationId | None = None
    customer: CustomerSummary | None = None


@event("mail.found", kind=Kind.FACT, topic=Topic.INPUTS, sources=("ingest-email",))
@dataclass(frozen=True, slots=True, kw_only=True)
class MailFound:
    """A mail that a colleague sent to a customer from another program, read from the mailbox's folder of sent mail. `customers` says where it belongs."""

    message: Message
    channel_address: ChannelAddressId
    our_address: str
    scope: Scope
    to: tuple[str, ...]
    thread: Thread


@event("message.noted", kind=Kind.FACT, topic=Topic.INPUTS, sources=("ingest-email", "customers"))
@dataclass(frozen=True, slots=True, kw_only=True)
class MessageNoted:
    """
    Words to a customer that nobody at work on it wrote. `is_to_be_sent`: the router has them sent (an acknowledgement); else they were sent outside, and are
    told only. `interaction` is the one it is about, or the last of the conversation.
    """

    conversation: ConversationId
    interaction: InteractionId
    message: Message
    is_to_be_sent: bool = False


@event("contact.left", kind=Kind.FACT, topic=Topic.INPUTS, sources=INGEST)
@dataclass(frozen=True, slots=True, kw_only=True)
class ContactLeft:
    """The customer of a live channel has left: hung up, said goodbye, or his last socket is gone for 10 s."""

    contact: ContactId
    conversation: ConversationId
    because: LeftBecause


@event("contact.returned", kind=Kind.FACT, topic=Topic.INPUTS, sources=INGEST)
@dataclass(frozen=True, slots=True, kw_only=True)
class ContactReturned:
    """A chat customer who was away has a socket again."""

    contact: ContactId
    conversation: ConversationId


@event("contact.typing", kind=Kind.FACT, topic=Topic.INPUTS, sources=INGEST)
@dataclass(frozen=True, slots=True, kw_only=True)
class ContactTyping:
    """A chat customer is writing. Passed on to the owner, kept nowhere."""

    conversation: ConversationId


@event("media.connected", kind=Kind.FACT, topic=Topic.INPUTS, sources=INGEST)
@dataclass(frozen=True, slots=True, kw_only=True)
class MediaConnected:
    """Customer and agent hear or see each other: connecting becomes active."""

    interaction: InteractionId
    offer: OfferId


@event("media.failed", kind=Kind.FACT, topic=Topic.INPUTS, sources=INGEST)
@dataclass(frozen=True, slots=True, kw_only=True)
class MediaFailed:
    """
    The agent's side could not be reached (no answer, busy, error), or the customer's where he is called. The interaction returns to the head; the agent is not
    punished. `is_agent_side`: the customer was not even called, so it is no try of a callback.
    """

    interaction: InteractionId
    offer: OfferId
    detail: str = ""
    is_agent_side: bool = False


@event("media.ended", kind=Kind.FACT, topic=Topic.INPUTS, sources=INGEST)
@dataclass(frozen=True, slots=True, kw_only=True)
class MediaEnded:
    """The connection between customer and agent is over. `is_agent_side`: the agent's leg ended, the customer may still be there."""

    interaction: InteractionId
    conversation: ConversationId
    is_agent_side: bool = False


@event("delivery.reported", kind=Kind.FACT, topic=Topic.INPUTS, sources=INGEST)
@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReported:
    """
    Where one of our messages stands, as its channel says. The router passes it on as message.sent, .delivered, .read, .delayed or .failed, even
    for what is closed. `at` is the provider's instant; `segments` how many parts a text took, with `sent`. `sender` is the agent who wrote it and
    `channel_address` where it went out: who knows it when it fails for good after the router has forgotten the interaction.
    """

    conversation: ConversationId
    interaction: InteractionId | None = None
    message: MessageId
    state: DeliveryState
    at: Instant
    recipient: str = ""
    code: str | None = None
    detail: str | None = None
    is_final: bool = False
    segments: int | None = None
    sender: AgentId | None = None
    channel_address: ChannelAddressId | None = None


@event("voicemail.left", kind=Kind.FACT, topic=Topic.INPUTS, sources=INGEST)
@dataclass(frozen=True, slots=True, kw_only=True)
class VoicemailLeft:
    """A caller left a recording instead of waiting."""

    contact: ContactId
    conversation: ConversationId
    blob: str
    duration_ms: int


@event("call.refused", kind=Kind.FACT, topic=Topic.INPUTS, sources=INGEST)
@dataclass(frozen=True, slots=True, kw_only=True)
class CallRefused:
    """The channel or its provider could not do with a call what was asked. `detail` names why ("not_offered_here", "provider_<code>", "wrong_state")."""

    interaction: InteractionId
    asked: CallOrder
    detail: str = ""


@event("callback.requested", kind=Kind.FACT, topic=Topic.INPUTS, sources=INGEST)
@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackRequested:
    """A waiting customer asks to be called instead, keeping the place."""

    contact: ContactId
    conversation: ConversationId
    not_before: Instant | None = None


@event("channel-address.reported", kind=Kind.FACT, topic=Topic.INPUTS, sources=INGEST)
@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelAddressReported:
    """
    How one of our addresses fares: last success, the trouble in plain words, when its credential ends, since when nothing has come where that is unusual.
    """

    channel_address: ChannelAddressId
    channel: Channel
    is_healthy: bool
    last_success_at: Instant | None = None
    detail: str = ""
    credential_expires_at: Instant | None = None
    silent_since: Instant | None = None


@event("session.opened", kind=Kind.FACT, topic=Topic.INPUTS, sources=GATEWAY)
@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOpened:
    """
    A desk connected as this agent. The same session id moves an earlier socket's session here; a new one supersedes the older. `is_resuming`: the
    gateway has sent the tail itself, so no snapshot is wanted. `gateway` is the pod that watches it.
    """

    session: SessionId
    agent: AgentId
    gateway: str
    is_resuming: bool = False


@event("session.closed", kind=Kind.FACT, topic=Topic.INPUTS, sources=GATEWAY)
@dataclass(frozen=True, slots=True, kw_only=True)
class SessionClosed:
    """The socket of a session is gone. It has 10 s to come back; `is_sign_out` ends it at once."""

    session: SessionId
    agent: AgentId
    gateway: str
    is_sign_out: bool = False


@event("gateway.beat", kind=Kind.FACT, topic=Topic.INPUTS, sources=GATEWAY)
@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayBeat:
    """Every 5 s, once per tenant with sessions: this gateway is alive. Silent for 15 s, it closes what still belongs to it."""

    gateway: str
    sessions: int
