"""What else becomes of an interaction: transfers, consults, conferences, supervision, recording, overflow, merging, its end, callbacks."""

from __future__ import annotations

from dataclasses import dataclass

from standardiste.common.events.base import Instant
from standardiste.common.events.decisions.deciding import decision
from standardiste.common.events.model import (
    AgentId,
    CallOrder,
    Channel,
    CloseReason,
    ConversationId,
    CustomerId,
    Direction,
    DispositionId,
    InteractionId,
    InteractionView,
    OfferId,
    QueueId,
    ReceiptId,
    Scope,
    Segment,
    Target,
    TeamId,
)


@decision("interaction.transfer-asked")
@dataclass(frozen=True, slots=True, kw_only=True)
class TransferAsked:
    """A transfer to an agent is pending; the sender owns it until accepted."""

    interaction: InteractionId
    version: int
    by: AgentId
    target: Target
    note: str = ""


@decision("interaction.transfer-cancelled")
@dataclass(frozen=True, slots=True, kw_only=True)
class TransferCancelled:
    """The pending transfer ended without hand-over."""

    interaction: InteractionId
    version: int
    by: AgentId
    because: str


@decision("interaction.transferred")
@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionTransferred:
    """Handed over: a new segment of the same interaction."""

    interaction: InteractionId
    version: int
    by: AgentId
    target: Target
    note: str = ""


@decision("interaction.consulting")
@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionConsulting:
    """A second agent or an outside party is asked in. `offer` is what an outside party's media is reported under."""

    interaction: InteractionId
    version: int
    owner: AgentId
    target: Target
    offer: OfferId | None = None


@decision("interaction.consult-joined")
@dataclass(frozen=True, slots=True, kw_only=True)
class ConsultJoined:
    """Who was asked in is there: an agent, whose desk shows the interaction from now on, or the outside party (`agent` None)."""

    interaction: InteractionId
    version: int
    owner: AgentId
    offer: OfferId
    agent: AgentId | None = None
    view: InteractionView | None = None


@decision("interaction.consult-ended")
@dataclass(frozen=True, slots=True, kw_only=True)
class ConsultEnded:
    """The consult is over: cancelled, completed, declined, expired, withdrawn, media_failed, left, or with the interaction itself."""

    interaction: InteractionId
    version: int
    owner: AgentId
    agent: AgentId | None = None
    because: str = "cancelled"


@decision("interaction.conference-started")
@dataclass(frozen=True, slots=True, kw_only=True)
class ConferenceStarted:
    """All parties together."""

    interaction: InteractionId
    version: int
    members: tuple[AgentId, ...]


@decision("interaction.conference-left")
@dataclass(frozen=True, slots=True, kw_only=True)
class ConferenceLeft:
    """One left the conference."""

    interaction: InteractionId
    version: int
    agent: AgentId


@decision("interaction.supervised")
@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionSupervised:
    """A supervisor listens, coaches, steps in, or has left."""

    interaction: InteractionId
    version: int
    supervisor: AgentId
    mode: str


@decision("interaction.recording-changed")
@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingChanged:
    """Recording went on or off."""

    interaction: InteractionId
    version: int
    is_recording: bool


@decision("interaction.call-refused")
@dataclass(frozen=True, slots=True, kw_only=True)
class CallOrderRefused:
    """What was asked of the call was not done, and why; a recording that was told as changed is told back."""

    interaction: InteractionId
    version: int
    asked: CallOrder
    detail: str = ""


@decision("interaction.overflowed")
@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionOverflowed:
    """A limit of the queue was passed; the action taken."""

    interaction: InteractionId
    version: int
    queue: QueueId
    limit: str
    action: str


@decision("interaction.merged", is_on_websocket=False)
@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionMerged:
    """Two interactions of one conversation became one; this one closes `merged`."""

    interaction: InteractionId
    version: int
    into: InteractionId
    enqueued_at: Instant


@decision("interaction.linked", is_on_websocket=False)
@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionLinked:
    """Belongs with another, and stays its own."""

    interaction: InteractionId
    version: int
    linked_to: InteractionId
    conversation: ConversationId


@decision("interaction.closed")
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


@decision("callback.scheduled")
@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackScheduled:
    """The customer will be called, from `not_before` on, by `agent` if one is named. It keeps its place in the queue."""

    interaction: InteractionId
    version: int
    not_before: Instant
    agent: AgentId | None = None


@decision("callback.attempted")
@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackAttempted:
    """One try of a callback. Not reached, it is tried again at `next_at`; None: given up."""

    interaction: InteractionId
    version: int
    attempt: int
    is_reached: bool
    next_at: Instant | None = None


@decision("voicemail.taken")
@dataclass(frozen=True, slots=True, kw_only=True)
class VoicemailTaken:
    """A recording waits as work."""

    interaction: InteractionId
    version: int
    blob: str
    duration_ms: int
