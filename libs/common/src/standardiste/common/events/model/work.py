"""What an interaction needs, why it was decided so, whom it may go to, and what of it a desk shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from standardiste.common.events.base import Instant, quick
from standardiste.common.events.model.contents import (
    Scope,
)
from standardiste.common.events.model.ids import (
    AgentId,
    AgentState,
    Channel,
    ContactId,
    ConversationId,
    CustomerId,
    Direction,
    InteractionId,
    InteractionState,
    OfferId,
    QueueId,
    ReceiptId,
    SessionId,
    SkillId,
    StatusId,
    TeamId,
    WrapUpMode,
)

# ---- requirements and reasons


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillNeed:
    """A skill at a level, 1–5."""

    skill: SkillId
    level: int = 1


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """What an interaction needs: who may take it and how urgent it is. `due_at` = enqueued_at + the queue's target."""

    queue: QueueId
    skills: tuple[SkillNeed, ...] = ()
    priority: int = 0
    due_at: Instant = Instant(0)
    strict_class: int = 5
    preferred_agent: AgentId | None = None
    labels: tuple[str, ...] = ()


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class FilterCount:
    """How many agents (or interactions) one filter left out, and up to 20 of their ids."""

    filter: str
    count: int
    ids: tuple[str, ...] = ()


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Why a decision came out as it did: considered, left out by which filter, the ranking key that won, the tie-break."""

    considered: int = 0
    left_out: tuple[FilterCount, ...] = ()
    passed_over: tuple[FilterCount, ...] = ()
    ranking: str = ""
    key: tuple[str, ...] = ()
    tie_break: str = ""
    rule: str = ""
    rules_failed: tuple[str, ...] = ()
    change_set: int = 0


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One stretch of an interaction's life: in one state, with one queue and one owner, and what began it."""

    state: InteractionState
    began_at: Instant
    ended_at: Instant
    cause: str = ""
    queue: QueueId | None = None
    agent: AgentId | None = None
    team: TeamId | None = None


# ---- targets of a transfer or consult


@dataclass(frozen=True, slots=True, kw_only=True)
class ToQueue:
    queue: QueueId
    kind: Literal["queue"] = "queue"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToAgent:
    agent: AgentId
    will_wait: bool = False
    kind: Literal["agent"] = "agent"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToOutside:
    """A number or address outside; it rides in the command and the outbound record only."""

    address: str
    kind: Literal["outside"] = "outside"


Target: TypeAlias = ToQueue | ToAgent | ToOutside


# ---- what a desk shows


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """Capacity: units in use of units in all, and pieces of work by channel against the channel's cap."""

    used_units: int
    total_units: int
    by_channel: Mapping[str, int] = field(default_factory=dict[str, int])
    caps: Mapping[str, int] = field(default_factory=dict[str, int])


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class AgentView:
    """An agent as a desk shows it. `version` counts lifecycle steps."""

    id: AgentId
    version: int
    state: AgentState
    since: Instant
    status: StatusId
    next_status: StatusId | None = None
    session: SessionId | None = None
    seat: Seat
    missed_in_a_row: int = 0
    rest_until: Instant | None = None


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class OfferView:
    """An open offer as a desk shows it."""

    id: OfferId
    interaction: InteractionId
    agent: AgentId
    offered_at: Instant
    expires_at: Instant
    is_auto_accept: bool = False
    is_interrupting: bool = False
    is_transfer: bool = False
    is_consult: bool = False


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionView:
    """An interaction as a desk shows it: facts and ids; the customer's words come with messages, his record from `customers`."""

    id: InteractionId
    version: int
    state: InteractionState
    since: Instant
    channel: Channel
    channel_name: str
    direction: Direction
    scope: Scope
    conversation: ConversationId | None = None
    customer: CustomerId | None = None
    contact: ContactId
    receipt: ReceiptId
    requirement: Requirement
    enqueued_at: Instant
    owner: AgentId | None = None
    is_customer_away: bool = False
    wrap_up_ends_at: Instant | None = None
    wrap_up_mode: WrapUpMode = WrapUpMode.NONE
    language: str | None = None
    change_set: int = 0
