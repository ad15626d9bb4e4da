"""Agents, their sessions and their gateways."""

from __future__ import annotations

from dataclasses import dataclass

from standardiste.common.events.base import Instant
from standardiste.common.events.decisions.deciding import decision
from standardiste.common.events.model import (
    AgentId,
    AgentState,
    AgentView,
    SessionId,
    StatusId,
    TeamId,
)


@decision("session.started")
@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStarted:
    """The session is the agent's only one now. `superseded` is the older that it ended."""

    session: SessionId
    agent: AgentId
    gateway: str
    superseded: SessionId | None = None
    is_back: bool = False


@decision("session.lost")
@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLost:
    """Its socket is gone; it has until `until` to come back."""

    session: SessionId
    agent: AgentId
    until: Instant


@decision("session.ended")
@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnded:
    """Over: signed out, superseded, or its grace ran out."""

    session: SessionId
    agent: AgentId
    because: str


@decision("agent.status-changed")
@dataclass(frozen=True, slots=True, kw_only=True)
class AgentStatusChanged:
    """The person chose a status; `next_status` waits for the end of work."""

    agent: AgentId
    status: StatusId
    next_status: StatusId | None = None
    by: AgentId | None = None
    because: str = "chosen"


@decision("agent.state-changed")
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


@decision("agent.idle-reset")
@dataclass(frozen=True, slots=True, kw_only=True)
class AgentIdleReset:
    """The idle clock begins anew."""

    agent: AgentId
    idle_since: Instant


@decision("gateway.lost")
@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayLost:
    """A gateway was silent for 15 s; its sessions have their grace."""

    gateway: str


@decision("gateway.seen", is_on_websocket=False)
@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySeen:
    """A gateway's beat moved its deadline."""

    gateway: str
    until: Instant
