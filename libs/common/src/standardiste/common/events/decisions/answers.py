"""Answers to commands and questions, and snapshots, one entity a message."""

from __future__ import annotations

from dataclasses import dataclass

from standardiste.common.events.decisions.deciding import decision
from standardiste.common.events.model import (
    AgentId,
    AgentView,
    CommandId,
    FilterCount,
    InteractionId,
    InteractionState,
    InteractionView,
    MessageId,
    OfferView,
    SessionId,
    Why,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is not as it must be."""

    interaction: InteractionId | None = None
    agent: AgentId | None = None
    law: str
    cause: str
    repair: str


# ---- answers to commands


@decision("command.done")
@dataclass(frozen=True, slots=True, kw_only=True)
class CommandDone:
    """The command was carried out. `version` is the thing's new version; ids of what it made."""

    command: CommandId
    command_type: str
    interaction: InteractionId | None = None
    version: int | None = None
    message: MessageId | None = None


@decision("command.refused")
@dataclass(frozen=True, slots=True, kw_only=True)
class CommandRefused:
    """The command was not carried out; nothing changed. `reason` is one of the named refusals."""

    command: CommandId
    command_type: str
    reason: str
    detail: str = ""
    interaction: InteractionId | None = None
    version: int | None = None


@decision("interaction.explained")
@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionExplained:
    """Answer to interaction.explain."""

    command: CommandId
    interaction: InteractionId
    state: InteractionState
    why: Why
    summary: tuple[FilterCount, ...] = ()


@decision("agent.explained")
@dataclass(frozen=True, slots=True, kw_only=True)
class AgentExplained:
    """Answer to agent.explain."""

    command: CommandId
    agent: AgentId
    view: AgentView
    why: Why
    summary: tuple[FilterCount, ...] = ()


@decision("doctor.reported")
@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorReported:
    """Answer to doctor.ask: what breaks a law, its cause, and a repair that keeps the age."""

    command: CommandId
    findings: tuple[Finding, ...]


# ---- snapshots (one entity a message)


@decision("snapshot.began")
@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotBegan:
    """What follows, up to snapshot.ended, is all the agent's desk needs."""

    session: SessionId
    agent: AgentId
    change_set: int


@decision("snapshot.agent")
@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotAgent:
    """The agent."""

    session: SessionId
    view: AgentView


@decision("snapshot.interaction")
@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotInteraction:
    """One interaction that the agent owns (or is asked into)."""

    session: SessionId
    view: InteractionView


@decision("snapshot.offer")
@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotOffer:
    """One open offer."""

    session: SessionId
    offer: OfferView
    interaction: InteractionView


@decision("snapshot.ended")
@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotEnded:
    """Complete."""

    session: SessionId
    interactions: int
    offers: int
