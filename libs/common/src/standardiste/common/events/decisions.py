"""
Decisions: what the router decided, in order, written to `decisions`. Facts all; what a desk may see names its readers in the `to` header.

The same events are the engine's only way to change its state (`apply`), so each carries all that its change needs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from standardiste.common.bus.topics import Topic
from standardiste.common.events.base import C, Instant, Kind, event
from standardiste.common.events.model import (
    AgentId,
    AgentState,
    AgentView,
    Attributes,
    Channel,
    ChannelAddressId,
    CloseReason,
    CommandId,
    Contact,
    ContactId,
    ConversationId,
    CustomerId,
    CustomerSummary,
    Direction,
    DispositionId,
    FilterCount,
    InteractionId,
    InteractionState,
    InteractionView,
    LeftBecause,
    Message,
    MessageId,
    OfferId,
    OfferView,
    QueuedBecause,
    QueueId,
    ReceiptId,
    Requirement,
    Scope,
    Segment,
    SessionId,
    SkillId,
    SkillNeed,
    StatusId,
    Target,
    TeamId,
    Why,
    Withdrawal,
    WrapUpMode,
)
from standardiste.common.events.outbound import ROUTER


def _decision(name: str, *, is_on_websocket: bool = True) -> Callable[[C], C]:
    return event(name, kind=Kind.FACT, topic=Topic.DECISIONS, sources=ROUTER, is_on_websocket=is_on_websocket)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is not as it must be."""

    interaction: InteractionId | None = None
    agent: AgentId | None = None
    law: str
    cause: str
    repair: str


# ---- a contact arrives


@_decision("interaction.created", is_on_websocket=False)
@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionCreated:
    """A contact opened an interaction (state identifying). The contact rides along, body and addresses included: here is where `ingest-*` and `customers` learn it."""

    interaction: InteractionId
    contact: Contact
    conversation: ConversationId | None = None
    enqueued_at: Instant
    change_set: int
    identify_by: Instant
    linked_to: InteractionId | None = None


@_decision("interaction.opened")
@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionOpened:
    """An agent or the API opened it: outbound, owned from the start."""

    interaction: InteractionId
    version: int
    receipt: ReceiptId
    owner: AgentId | None = None
    channel: Channel
    channel_address: ChannelAddressId
    conversation: ConversationId
    customer: CustomerId | None = None
    scope: Scope
    requirement: Requirement
    opened_at: Instant
    change_set: int
    command: CommandId
    address_hash: str = ""
    purpose: str = "service"
    attributes: Attributes = field(default_factory=dict[str, "str | int | float | bool"])


@_decision("opening.asked", is_on_websocket=False)
@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningAsked:
    """
    An `interaction.open` that rights and capacity allow: it waits for opening.examined until `until`, then it is refused. The command itself is not kept.
    """

    command: CommandId
    agent: AgentId | None = None
    session: SessionId | None = None
    api_key: str | None = None
    until: Instant


@_decision("contact.joined", is_on_websocket=False)
@dataclass(frozen=True, slots=True, kw_only=True)
class ContactJoined:
    """A further contact of a conversation that has a live interaction."""

    interaction: InteractionId
    contact: Contact
    conversation: ConversationId | None = None


@_decision("contact.repeated", is_on_websocket=False)
@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRepeated:
    """The same contact again; nothing changed."""

    interaction: InteractionId | None = None
    contact: ContactId
    receipt: ReceiptId


@_decision("customer.identified")
@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerIdentified:
    """
    Who the customer is, and the conversation. The desk learns it here; the state keeps the ids. `linked_to` is a conversation of somebody else that the
    contact named and does not belong to.
    """

    interaction: InteractionId
    version: int
    contact: ContactId
    conversation: ConversationId
    customer: CustomerSummary
    linked_to: ConversationId | None = None


@_decision("customer.away")
@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerAway:
    """A chat customer's last socket is gone; he may return."""

    interaction: InteractionId
    version: int
    since: Instant


@_decision("customer.returned")
@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerReturned:
    """He is back."""

    interaction: InteractionId
    version: int


@_decision("customer.left")
@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerLeft:
    """The customer of an owned live interaction has left; the owner may wrap up."""

    interaction: InteractionId
    version: int
    because: LeftBecause


@_decision("customer.typing")
@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerTyping:
    """The customer is writing."""

    interaction: InteractionId


# ---- the life of an interaction


@_decision("interaction.routed")
@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionRouted:
    """The rules (at arrival and at identification) or a move named queue and requirement. `original` is kept for reports when relaxed."""

    interaction: InteractionId
    version: int
    requirement: Requirement
    why: Why
    wrap_up: WrapUpMode = WrapUpMode.NONE


@_decision("interaction.queued")
@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionQueued:
    """Waits for an agent. `enqueued_at` is its age and never lost."""

    interaction: InteractionId
    version: int
    conversation: ConversationId | None = None
    queue: QueueId
    because: QueuedBecause
    enqueued_at: Instant
    excluded: AgentId | None = None
    excluded_until: Instant | None = None
    hold_for: AgentId | None = None
    hold_until: Instant | None = None


@_decision("interaction.relaxed")
@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionRelaxed:
    """A relaxation step began."""

    interaction: InteractionId
    version: int
    step: int
    skills: tuple[SkillNeed, ...]
    ring: int
    priority: int


@_decision("interaction.prioritised")
@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionPrioritised:
    """Its priority changed."""

    interaction: InteractionId
    version: int
    priority: int


@_decision("interaction.preference-ended")
@dataclass(frozen=True, slots=True, kw_only=True)
class PreferenceEnded:
    """The preferred agent declined, left, or the hold ran out: the pool from now on."""

    interaction: InteractionId
    version: int


@_decision("interaction.connecting")
@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionConnecting:
    """Accepted; media is being set up until `deadline`. `is_forced`: a supervisor gave it above the agent's capacity."""

    interaction: InteractionId
    version: int
    conversation: ConversationId | None = None
    owner: AgentId
    offer: OfferId
    deadline: Instant
    is_forced: bool = False


@_decision("interaction.activated")
@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionActivated:
    """Customer and agent are talking (or the agent works on it). `is_forced`: a supervisor gave it above the agent's capacity."""

    interaction: InteractionId
    version: int
    conversation: ConversationId | None = None
    owner: AgentId
    offer: OfferId | None = None
    is_forced: bool = False


@_decision("interaction.held")
@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionHeld:
    """On hold, by the owner, or because a permitted interruption came."""

    interaction: InteractionId
    version: int
    owner: AgentId
    is_interrupted: bool = False


@_decision("interaction.resumed")
@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionResumed:
    """Back from hold."""

    interaction: InteractionId
    version: int
    owner: AgentId


@_decision("interaction.parked")
@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionParked:
    """Waits for the customer or a date, out of capacity."""

    interaction: InteractionId
    version: int
    owner: AgentId
    until: Instant | None = None


@_decision("interaction.reopened")
@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionReopened:
    """The customer wrote during wrap-up: active again with its owner."""

    interaction: InteractionId
    version: int
    owner: AgentId


@_decision("interaction.wrapping")
@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionWrapping:
    """The conversation is done; the agent notes the outcome. None: ends when the agent says so."""

    interaction: InteractionId
    version: int
    owner: AgentId
    mode: WrapUpMode
    ends_at: Instant | None = None
    disposition: DispositionId | None = None


@_decision("interaction.dispositioned")
@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionDispositioned:
    """Its outcome was noted."""

    interaction: InteractionId
    version: int
    disposition: DispositionId


@_decision("interaction.disowned")
@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionDisowned:
    """Its owner lost it (agent lost, requeue, transfer, supervisor); `because` says why. A queued or closed event follows."""

    interaction: InteractionId
    version: int
    former_owner: AgentId
    because: QueuedBecause


@_decision("interaction.transfer-asked")
@dataclass(frozen=True, slots=True, kw_only=True)
class TransferAsked:
    """A transfer to an agent is pending; the sender owns it until accepted."""

    interaction: InteractionId
    version: int
    by: AgentId
    target: Target
    note: str = ""


@_decision("interaction.transfer-cancelled")
@dataclass(frozen=True, slots=True, kw_only=True)
class TransferCancelled:
    """The pending transfer ended without hand-over."""

    interaction: InteractionId
    version: int
    by: AgentId
    because: str


@_decision("interaction.transferred")
@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionTransferred:
    """Handed over: a new segment of the same interaction."""

    interaction: InteractionId
    version: int
    by: AgentId
    target: Target
    note: str = ""


@_decision("interaction.consulting")
@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionConsulting:
    """A second agent or an outside party is asked in. `offer` is what an outside party's media is reported under."""

    interaction: InteractionId
    version: int
    owner: AgentId
    target: Target
    offer: OfferId | None = None


@_decision("interaction.consult-joined")
@dataclass(frozen=True, slots=True, kw_only=True)
class ConsultJoined:
    """Who was asked in is there: an agent, whose desk shows the interaction from now on, or the outside party (`agent` None)."""

    interaction: InteractionId
    version: int
    owner: AgentId
    offer: OfferId
    agent: AgentId | None = None
    view: InteractionView | None = None


@_decision("interaction.consult-ended")
@dataclass(frozen=True, slots=True, kw_only=True)
class ConsultEnded:
    """The consult is over: cancelled, completed, declined, expired, withdrawn, media_failed, left, or with the interaction itself."""

    interaction: InteractionId
    version: int
    owner: AgentId
    agent: AgentId | None = None
    because: str = "cancelled"


@_decision("interaction.conference-started")
@dataclass(frozen=True, slots=True, kw_only=True)
class ConferenceStarted:
    """All parties together."""

    interaction: InteractionId
    version: int
    members: tuple[AgentId, ...]


@_decision("interaction.conference-left")
@dataclass(frozen=True, slots=True, kw_only=True)
class ConferenceLeft:
    """One left the conference."""

    interaction: InteractionId
    version: int
    agent: AgentId


@_decision("interaction.supervised")
@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionSupervised:
    """A supervisor listens, coaches, steps in, or has left."""

    interaction: InteractionId
    version: int
    supervisor: AgentId
    mode: str


@_decision("interaction.recording-changed")
@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingChanged:
    """Recording went on or off."""

    interaction: InteractionId
    version: int
    is_recording: bool


@_decision("interaction.overflowed")
@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionOverflowed:
    """A limit of the queue was passed; the action taken."""

    interaction: InteractionId
    version: int
    queue: QueueId
    limit: str
    action: str


@_decision("interaction.merged", is_on_websocket=False)
@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionMerged:
    """Two interactions of one conversation became one; this one closes `merged`."""

    interaction: InteractionId
    version: int
    into: InteractionId
    enqueued_at: Instant


@_decision("interaction.linked", is_on_websocket=False)
@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionLinked:
    """Belongs with another, and stays its own."""

    interaction: InteractionId
    version: int
    linked_to: InteractionId
    conversation: ConversationId


@_decision("interaction.closed")
@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionClosed:
    """The end, once. The history record: segments with causes, scope and change set as they were."""

    interaction: InteractionId
    version: int
    conversation: ConversationId | None = None
    receipts: tuple[ReceiptId, ...]
    reason: CloseReason
    enqueued_at: Instant
    closed_at: Instant
    channel: Channel
    channel_name: str
    direction: Direction
    scope: Scope
    segments: tuple[Segment, ...]
    change_set: int
    queue: QueueId | None = None
    owner: AgentId | None = None
    team: TeamId | None = None
    customer: CustomerId | None = None
    disposition: DispositionId | None = None
    accepted_at: Instant | None = None
    is_answered: bool = False
    detail: str = ""
    labels: tuple[str, ...] = ()


@_decision("callback.scheduled")
@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackScheduled:
    """The customer will be called, from `not_before` on, by `agent` if one is named. It keeps its place in the queue."""

    interaction: InteractionId
    version: int
    not_before: Instant
    agent: AgentId | None = None


@_decision("callback.attempted")
@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackAttempted:
    """One try of a callback. Not reached, it is tried again at `next_at`; None: given up."""

    interaction: InteractionId
    version: int
    attempt: int
    is_reached: bool
    next_at: Instant | None = None


@_decision("voicemail.taken")
@dataclass(frozen=True, slots=True, kw_only=True)
class VoicemailTaken:
    """A recording waits as work."""

    interaction: InteractionId
    version: int
    blob: str
    duration_ms: int


# ---- offers


@_decision("offer.made")
@dataclass(frozen=True, slots=True, kw_only=True)
class OfferMade:
    """Offered to an agent until `expires_at`. The interaction and the customer ride along for the desk."""

    offer: OfferView
    interaction: InteractionView
    customer: CustomerSummary | None = None
    version: int
    why: Why


@_decision("offer.accepted")
@dataclass(frozen=True, slots=True, kw_only=True)
class OfferAccepted:
    """The agent took it."""

    offer: OfferId
    interaction: InteractionId
    agent: AgentId
    is_automatic: bool = False


@_decision("offer.declined")
@dataclass(frozen=True, slots=True, kw_only=True)
class OfferDeclined:
    """The agent passed."""

    offer: OfferId
    interaction: InteractionId
    agent: AgentId
    reason: str = ""


@_decision("offer.expired")
@dataclass(frozen=True, slots=True, kw_only=True)
class OfferExpired:
    """No answer in time. `missed_in_a_row` counts it."""

    offer: OfferId
    interaction: InteractionId
    agent: AgentId
    missed_in_a_row: int


@_decision("offer.withdrawn")
@dataclass(frozen=True, slots=True, kw_only=True)
class OfferWithdrawn:
    """Taken back; the agent is not punished."""

    offer: OfferId
    interaction: InteractionId
    agent: AgentId
    because: Withdrawal


@_decision("offer.media-failed")
@dataclass(frozen=True, slots=True, kw_only=True)
class OfferMediaFailed:
    """Accepted, but the media could not be set up; the agent is not punished."""

    offer: OfferId
    interaction: InteractionId
    agent: AgentId
    detail: str = ""


# ---- messages


@_decision("message.received")
@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReceived:
    """The customer's words, for desks and the timeline."""

    interaction: InteractionId
    conversation: ConversationId | None = None
    contact: ContactId
    message: Message


@_decision("message.accepted")
@dataclass(frozen=True, slots=True, kw_only=True)
class MessageAccepted:
    """An agent's message was accepted for sending (or a note was kept); outbound carries it on."""

    interaction: InteractionId
    conversation: ConversationId
    message: Message


@_decision("message.sent")
@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSent:
    """Handed to the provider. `segments`: how many parts a text took."""

    conversation: ConversationId
    interaction: InteractionId | None = None
    message: MessageId
    at: Instant
    recipient: str = ""
    code: str | None = None
    detail: str | None = None
    segments: int | None = None


@_decision("message.delivered")
@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDelivered:
    """It reached the customer's device or mailbox."""

    conversation: ConversationId
    interaction: InteractionId | None = None
    message: MessageId
    at: Instant
    recipient: str = ""
    code: str | None = None
    detail: str | None = None


@_decision("message.read")
@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRead:
    """The customer has seen it."""

    conversation: ConversationId
    interaction: InteractionId | None = None
    message: MessageId
    at: Instant
    recipient: str = ""
    code: str | None = None
    detail: str | None = None


@_decision("message.delayed")
@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDelayed:
    """Not sent yet; being tried."""

    conversation: ConversationId
    interaction: InteractionId | None = None
    message: MessageId
    at: Instant
    recipient: str = ""
    code: str | None = None
    detail: str | None = None


@_decision("message.failed")
@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFailed:
    """Given up, with the reason in plain words."""

    conversation: ConversationId
    interaction: InteractionId | None = None
    message: MessageId
    at: Instant
    recipient: str = ""
    code: str | None = None
    detail: str | None = None


@_decision("message.redacted")
@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRedacted:
    """Its words are gone for good."""

    conversation: ConversationId
    message: MessageId
    by: AgentId | None = None
    reason: str


# ---- agents and sessions


@_decision("session.started")
@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStarted:
    """The session is the agent's only one now. `superseded` is the older that it ended."""

    session: SessionId
    agent: AgentId
    gateway: str
    superseded: SessionId | None = None
    is_back: bool = False


@_decision("session.lost")
@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLost:
    """Its socket is gone; it has until `until` to come back."""

    session: SessionId
    agent: AgentId
    until: Instant


@_decision("session.ended")
@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnded:
    """Over: signed out, superseded, or its grace ran out."""

    session: SessionId
    agent: AgentId
    because: str


@_decision("agent.status-changed")
@dataclass(frozen=True, slots=True, kw_only=True)
class AgentStatusChanged:
    """The person chose a status; `next_status` waits for the end of work."""

    agent: AgentId
    status: StatusId
    next_status: StatusId | None = None
    by: AgentId | None = None
    because: str = "chosen"


@_decision("agent.state-changed")
@dataclass(frozen=True, slots=True, kw_only=True)
class AgentStateChanged:
    """What the system sees changed. With the former state and since when: the history record."""

    view: AgentView
    former: AgentState
    former_since: Instant
    former_status: StatusId
    team: TeamId | None = None
    site: str = ""
    change_set: int = 0


@_decision("agent.idle-reset")
@dataclass(frozen=True, slots=True, kw_only=True)
class AgentIdleReset:
    """The idle clock begins anew."""

    agent: AgentId
    idle_since: Instant


@_decision("gateway.lost")
@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayLost:
    """A gateway was silent for 15 s; its sessions have their grace."""

    gateway: str


@_decision("gateway.seen", is_on_websocket=False)
@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySeen:
    """A gateway's beat moved its deadline."""

    gateway: str
    until: Instant


# ---- answers to commands


@_decision("command.done")
@dataclass(frozen=True, slots=True, kw_only=True)
class CommandDone:
    """The command was carried out. `version` is the thing's new version; ids of what it made."""

    command: CommandId
    command_type: str
    interaction: InteractionId | None = None
    version: int | None = None
    message: MessageId | None = None


@_decision("command.refused")
@dataclass(frozen=True, slots=True, kw_only=True)
class CommandRefused:
    """The command was not carried out; nothing changed. `reason` is one of the named refusals."""

    command: CommandId
    command_type: str
    reason: str
    detail: str = ""
    interaction: InteractionId | None = None
    version: int | None = None


@_decision("interaction.explained")
@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionExplained:
    """Answer to interaction.explain."""

    command: CommandId
    interaction: InteractionId
    state: InteractionState
    why: Why
    summary: tuple[FilterCount, ...] = ()


@_decision("agent.explained")
@dataclass(frozen=True, slots=True, kw_only=True)
class AgentExplained:
    """Answer to agent.explain."""

    command: CommandId
    agent: AgentId
    view: AgentView
    why: Why
    summary: tuple[FilterCount, ...] = ()


@_decision("doctor.reported")
@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorReported:
    """Answer to doctor.ask: what breaks a law, its cause, and a repair that keeps the age."""

    command: CommandId
    findings: tuple[Finding, ...]


# ---- snapshots (one entity a message)


@_decision("snapshot.began")
@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotBegan:
    """What follows, up to snapshot.ended, is all the agent's desk needs."""

    session: SessionId
    agent: AgentId
    change_set: int


@_decision("snapshot.agent")
@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotAgent:
    """The agent."""

    session: SessionId
    view: AgentView


@_decision("snapshot.interaction")
@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotInteraction:
    """One interaction that the agent owns (or is asked into)."""

    session: SessionId
    view: InteractionView


@_decision("snapshot.offer")
@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotOffer:
    """One open offer."""

    session: SessionId
    offer: OfferView
    interaction: InteractionView


@_decision("snapshot.ended")
@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotEnded:
    """Complete."""

    session: SessionId
    interactions: int
    offers: int


# ---- the system's own


@_decision("configuration.applied")
@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationApplied:
    """A change set is in force, whole."""

    change_set: int
    members: int


@_decision("configuration.refused")
@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationRefused:
    """A change set was refused by name; the former stays in force."""

    change_set: int
    reason: str
    detail: str


@_decision("rule.failed")
@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFailed:
    """A rule erred on a contact and so did not match."""

    interaction: InteractionId
    rule: str
    detail: str


@_decision("skill.unstaffed")
@dataclass(frozen=True, slots=True, kw_only=True)
class SkillUnstaffed:
    """No agent at all has what this interaction needs."""

    interaction: InteractionId
    queue: QueueId
    skills: tuple[SkillId, ...]


@_decision("position.changed")
@dataclass(frozen=True, slots=True, kw_only=True)
class PositionChanged:
    """Where a waiting customer stands, and how long it may take."""

    interaction: InteractionId
    position: int
    wait_p50_ms: int | None = None
    wait_p90_ms: int | None = None
    method: str = ""


@_decision("estimate.scored", is_on_websocket=False)
@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateScored:
    """The first estimate that a waiting customer was told, held against the wait that followed it until an agent took him."""

    interaction: InteractionId
    queue: QueueId
    wait_p50_ms: int
    wait_p90_ms: int
    waited_ms: int


@_decision("router.resumed", is_on_websocket=False)
@dataclass(frozen=True, slots=True, kw_only=True)
class RouterResumed:
    """The partition was taken, or nothing was read or committed for 2 s: leases get one full grace. `gap_ms` None: never owned before."""

    gap_ms: int | None = None


@_decision("sweep.found", is_on_websocket=False)
@dataclass(frozen=True, slots=True, kw_only=True)
class SweepFound:
    """The safety net found what no deadline did: a defect, counted and alarmed."""

    interaction: InteractionId | None = None
    agent: AgentId | None = None
    what: str


@_decision("contact.undeliverable", is_on_websocket=False)
@dataclass(frozen=True, slots=True, kw_only=True)
class ContactUndeliverable:
    """An input that cannot be taken (unknown tenant, laws broken): dead-lettered; its receipt says so."""

    contact: ContactId | None = None
    receipt: ReceiptId | None = None
    reason: str
    detail: str = ""


@_decision("channel-address.health-changed")
@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelAddressHealthChanged:
    """One of our addresses fails, or works again; or its credential ends soon, or it has been silent for unusually long."""

    channel_address: ChannelAddressId
    is_healthy: bool
    detail: str = ""
    channel: Channel | None = None
    last_success_at: Instant | None = None
    credential_expires_at: Instant | None = None
    silent_since: Instant | None = None


MESSAGE_FACTS: Mapping[str, type] = {
    "sent": MessageSent,
    "delivered": MessageDelivered,
    "read": MessageRead,
    "delayed": MessageDelayed,
    "failed": MessageFailed,
}
"""Which decision reports which delivery state."""
