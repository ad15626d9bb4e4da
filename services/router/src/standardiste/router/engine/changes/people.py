"""Sessions, agents, gateways, answers: what their events change."""

from __future__ import annotations

from typing import Final

from standardiste.common.events import decisions as d
from standardiste.common.events.base import Event, Instant
from standardiste.common.events.model import (
    AgentId,
    AgentState,
    AgentView,
    Seat,
)
from standardiste.router.engine import quickly
from standardiste.router.engine.changes.turns import BREAK_MS, Changes
from standardiste.router.engine.live import Live
from standardiste.router.engine.state import (
    AWAY,
    Agent,
    Gateway,
    Opening,
    changer,
    evolve,
)

GATEWAY_LEASE_MS: Final = 15_000
SESSION_GRACE_MS: Final = 10_000

_seen = changer(Agent, "view", "rest_until", "unbroken_since")
_idle = changer(Agent, "idle_since")


def _session_started(live: Live, event: Event, data: d.SessionStarted) -> None:
    agent = live.agents.get(data.agent) or new_agent(data.agent, event.time)
    unbroken_since = _unbroken_since(live, agent, event.time)
    live.put_agent(evolve(agent, session=data.session, gateway=data.gateway, grace_until=None, lost_at=None, unbroken_since=unbroken_since))
    if data.gateway not in live.gateways:
        live.put_gateway(Gateway(name=data.gateway, seen_at=event.time, until=Instant(event.time + GATEWAY_LEASE_MS)))


def _session_lost(live: Live, event: Event, data: d.SessionLost) -> None:
    live.put_agent(evolve(live.agents[data.agent], grace_until=data.until))


def _session_ended(live: Live, event: Event, data: d.SessionEnded) -> None:
    agent = live.agents[data.agent]
    assert agent.session == data.session, "only the agent's own session ends"
    lost_at = event.time if live.owned_by(data.agent) else None
    live.put_agent(evolve(agent, session=None, gateway="", grace_until=None, lost_at=lost_at))


def _status_changed(live: Live, event: Event, data: d.AgentStatusChanged) -> None:
    agent = live.agents[data.agent]
    missed = 0 if data.because == "chosen" else agent.missed_in_a_row
    unbroken_since = _unbroken_since(live, agent, event.time)
    live.put_agent(evolve(agent, status=data.status, next_status=data.next_status, missed_in_a_row=missed, unbroken_since=unbroken_since))


def _unbroken_since(live: Live, agent: Agent, at: Instant) -> Instant | None:
    """Since when its work is unbroken. To be asked before its idle clock starts anew, for a minute away is as good as an idle one."""
    is_broken = at - agent.idle_since >= BREAK_MS and not live.has_work(agent.id)
    return None if is_broken else agent.unbroken_since


def _state_changed(live: Live, event: Event, data: d.AgentStateChanged) -> None:
    agent = live.agents[data.view.id]
    unbroken_since = agent.unbroken_since if data.view.rest_until is None else None
    live.put_agent(_seen(agent, view=data.view, rest_until=data.view.rest_until, unbroken_since=unbroken_since))


def _idle_reset(live: Live, event: Event, data: d.AgentIdleReset) -> None:
    live.put_agent(_idle(live.agents[data.agent], idle_since=data.idle_since))


def _gateway_seen(live: Live, event: Event, data: d.GatewaySeen) -> None:
    live.put_gateway(Gateway(name=data.gateway, seen_at=event.time, until=data.until))


def _gateway_lost(live: Live, event: Event, data: d.GatewayLost) -> None:
    live.drop_gateway(data.gateway)


def new_agent(id: AgentId, at: Instant) -> Agent:
    """An agent who never had a session."""
    view = AgentView(
        id=id,
        version=0,
        state=AgentState.OFFLINE,
        since=at,
        status=AWAY,
        next_status=None,
        session=None,
        seat=Seat(used_units=0, total_units=0),
    )
    return Agent(id=id, view=view, idle_since=at)


def _opening_asked(live: Live, event: Event, data: d.OpeningAsked) -> None:
    live.put_opening(
        Opening(command=data.command, until=data.until, agent=data.agent, session=data.session, api_key=data.api_key),
    )


def _done(live: Live, event: Event, data: d.CommandDone) -> None:
    live.drop_opening(data.command)
    live.memory.answered(
        quickly.Answer(
            asker=event.subject,
            command=data.command,
            command_type=data.command_type,
            number=live.decisions,
            at=event.time,
            interaction=data.interaction,
            version=data.version,
            message=data.message,
        )
    )


def _refused(live: Live, event: Event, data: d.CommandRefused) -> None:
    live.drop_opening(data.command)
    live.memory.answered(
        quickly.Answer(
            asker=event.subject,
            command=data.command,
            command_type=data.command_type,
            number=live.decisions,
            at=event.time,
            refusal=data.reason,
            detail=data.detail,
            interaction=data.interaction,
            version=data.version,
        )
    )


def _router_resumed(live: Live, event: Event, data: d.RouterResumed) -> None:
    live.customers.clear()
    live.messages.clear()
    live.resumed_at = event.time
    live.gap_began_at = Instant(event.time - data.gap_ms) if data.gap_ms is not None else Instant(0)
    for gateway in list(live.gateways.values()):
        live.put_gateway(evolve(gateway, seen_at=event.time, until=Instant(event.time + GATEWAY_LEASE_MS)))
    for agent in list(live.agents.values()):
        if agent.grace_until is not None:
            live.put_agent(evolve(agent, grace_until=Instant(event.time + SESSION_GRACE_MS)))


CHANGES: Final[Changes] = {
    d.SessionStarted: _session_started,
    d.SessionLost: _session_lost,
    d.SessionEnded: _session_ended,
    d.AgentStatusChanged: _status_changed,
    d.AgentStateChanged: _state_changed,
    d.AgentIdleReset: _idle_reset,
    d.GatewaySeen: _gateway_seen,
    d.GatewayLost: _gateway_lost,
    d.OpeningAsked: _opening_asked,
    d.CommandDone: _done,
    d.CommandRefused: _refused,
    d.RouterResumed: _router_resumed,
}
