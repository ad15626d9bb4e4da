"""The life of an interaction in one pair of hands: routed, queued, active, held, parked, wrapped up."""

from __future__ import annotations

from dataclasses import dataclass

from standardiste.common.events.base import Instant
from standardiste.common.events.decisions.deciding import decision
from standardiste.common.events.model import (
    AgentId,
    ConversationId,
    DispositionId,
    InteractionId,
    OfferId,
    QueuedBecause,
    QueueId,
    Requirement,
    SkillNeed,
    Why,
    WrapUpMode,
)


@decision("interaction.routed")
@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionRouted:
    """The rules (at arrival and at identification) or a move named queue and requirement. `original` is kept for reports when relaxed."""

    interaction: InteractionId
    version: int
    requirement: Requirement
    why: Why
    wrap_up: WrapUpMode = WrapUpMode.NONE


@decision("interaction.queued")
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


@decision("interaction.relaxed")
@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionRelaxed:
    """A relaxation step began."""

    interaction: InteractionId
    version: int
    step: int
    skills: tuple[SkillNeed, ...]
    ring: int
    priority: int


@decision("interaction.prioritised")
@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionPrioritised:
    """Its priority changed."""

    interaction: InteractionId
    version: int
    priority: int


@decision("interaction.preference-ended")
@dataclass(frozen=True, slots=True, kw_only=True)
class PreferenceEnded:
    """The preferred agent declined, left, or the hold ran out: the pool from now on."""

    interaction: InteractionId
    version: int


@decision("interaction.connecting")
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


@decision("interaction.activated")
@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionActivated:
    """Customer and agent are talking (or the agent works on it). `is_forced`: a supervisor gave it above the agent's capacity."""

    interaction: InteractionId
    version: int
    conversation: ConversationId | None = None
    owner: AgentId
    offer: OfferId | None = None
    is_forced: bool = False


@decision("interaction.held")
@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionHeld:
    """On hold, by the owner, or because a permitted interruption came."""

    interaction: InteractionId
    version: int
    owner: AgentId
    is_interrupted: bool = False


@decision("interaction.resumed")
@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionResumed:
    """Back from hold."""

    interaction: InteractionId
    version: int
    owner: AgentId


@decision("interaction.parked")
@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionParked:
    """Waits for the customer or a date, out of capacity."""

    interaction: InteractionId
    version: int
    owner: AgentId
    until: Instant | None = None


@decision("interaction.reopened")
@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionReopened:
    """The customer wrote during wrap-up: active again with its owner."""

    interaction: InteractionId
    version: int
    owner: AgentId


@decision("interaction.wrapping")
@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionWrapping:
    """The conversation is done; the agent notes the outcome. None: ends when the agent says so."""

    interaction: InteractionId
    version: int
    owner: AgentId
    mode: WrapUpMode
    ends_at: Instant | None = None
    disposition: DispositionId | None = None


@decision("interaction.dispositioned")
@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionDispositioned:
    """Its outcome was noted."""

    interaction: InteractionId
    version: int
    disposition: DispositionId


@decision("interaction.disowned")
@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionDisowned:
    """Its owner lost it (agent lost, requeue, transfer, supervisor); `because` says why. A queued or closed event follows."""

    interaction: InteractionId
    version: int
    former_owner: AgentId
    because: QueuedBecause
