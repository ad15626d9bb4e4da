"""Agents as desks see them: state and seat, told when they change; and rest, a pause that ends by its deadline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from standardiste.common.events import decisions as d
from standardiste.common.events.base import Instant
from standardiste.common.events.model import AgentId, AgentState, AgentView, Channel, InteractionState
from standardiste.router.engine import quickly
from standardiste.router.engine.live import Live
from standardiste.router.engine.state import Agent, Interaction, evolve
from standardiste.router.engine.step import Step


def tell_state(step: Step, agent: AgentId) -> None:
    """Say what the system sees of an agent, when that changed."""
    live = step.live
    record = live.agents[agent]
    former = record.view
    if _is_told(live, record):
        return
    view = view_of_agent(live, record)
    if (view.state, view.status, view.next_status, view.session, view.rest_until) != (
        former.state,
        former.status,
        former.next_status,
        former.session,
        former.rest_until,
    ):
        view = evolve(view, version=former.version + 1)
    if view.state is not former.state:
        view = evolve(view, since=step.at)
    person = live.configuration.person(agent)
    step.tell_agent(
        quickly.AgentStateChanged(
            view=view,
            former=former.state,
            former_since=former.since,
            former_status=former.status,
            team=person.team if person else None,
            site=(person.site or "") if person else "",
            change_set=live.change_set,
        ),
        agent,
    )


def _is_told(live: Live, agent: Agent) -> bool:
    """Whether desks know all of its view as it is now."""
    view, seat, caps = agent.view, live.seat(agent.id), live.configuration.room(agent.id).caps
    return (
        view.state is state_of(live, agent)
        and view.seat.used_units == seat.used
        and view.seat.by_channel == seat.by_channel
        and view.seat.total_units == seat.total
        and (view.seat.caps is caps or view.seat.caps == caps)
        and view.status == agent.status
        and view.next_status == agent.next_status
        and view.session == agent.session
        and view.missed_in_a_row == agent.missed_in_a_row
        and view.rest_until == agent.rest_until
    )


def view_of_agent(live: Live, agent: Agent) -> AgentView:
    """The agent as a desk shows it now; version and since as last told."""
    seat = live.seat(agent.id)
    return quickly.AgentView(
        id=agent.id,
        version=agent.view.version,
        state=state_of(live, agent),
        since=agent.view.since,
        status=agent.status,
        next_status=agent.next_status,
        session=agent.session,
        seat=quickly.ShownSeat(
            used_units=seat.used,
            total_units=seat.total,
            by_channel=cast("Mapping[str, int]", seat.by_channel),  # a channel is a str; only a mapping's key type cannot say so
            caps=cast("Mapping[str, int]", live.configuration.room(agent.id).caps),
        ),
        missed_in_a_row=agent.missed_in_a_row,
        rest_until=agent.rest_until,
    )


def state_of(live: Live, agent: Agent) -> AgentState:
    """What the system sees: work first, then offers, rest, and the status."""
    if agent.session is None:
        return AgentState.OFFLINE
    works = live.works.get(agent.id)
    wraps_up = False
    for id in works or ():
        work = live.interactions[id]
        is_owned = work.owner == agent.id
        if (is_owned and work.state is not InteractionState.WRAPPING) or (work.consult is not None and work.guest == agent.id):
            return AgentState.BUSY
        wraps_up = wraps_up or is_owned
    if works:
        return AgentState.WRAPPING if wraps_up else AgentState.OFFERED
    if agent.rest_until is not None:
        return AgentState.RESTING
    is_routable = live.configuration.is_routable(agent.status) and live.configuration.group(agent.id) is not None
    return AgentState.READY if is_routable else AgentState.NOT_READY


def work_ended(step: Step, agent: AgentId, *, is_reset: bool = True) -> None:
    """A piece of work is over: with the last one the idle clock starts (unless it was none of the agent's doing), and a status chosen meanwhile applies."""
    live = step.live
    record = live.agents.get(agent)
    if record is None or live.has_work(agent):
        return
    if is_reset:
        step.tell_agent(quickly.AgentIdleReset(agent=agent, idle_since=step.at), agent)
    if record.next_status is not None:
        change = d.AgentStatusChanged(agent=agent, status=record.next_status, next_status=None, because="work_ended")
        step.tell_agent(change, agent)
        if not is_reset and live.configuration.is_routable(record.next_status):
            # a change of configuration made it so meanwhile: now he is there again
            step.tell_agent(quickly.AgentIdleReset(agent=agent, idle_since=step.at), agent)


def rest(step: Step, agent: Agent, until: Instant | None) -> None:
    """Begin a pause, or end it."""
    live = step.live
    resting = evolve(agent, rest_until=until)
    view = evolve(view_of_agent(live, resting), version=agent.view.version + 1)
    if view.state is not agent.view.state:
        view = evolve(view, since=step.at)
    person = live.configuration.person(agent.id)
    changed = quickly.AgentStateChanged(
        view=view,
        former=agent.view.state,
        former_since=agent.view.since,
        former_status=agent.view.status,
        team=person.team if person else None,
        site=(person.site or "") if person else "",
        change_set=live.change_set,
    )
    step.tell_agent(changed, agent.id)


def rest_after(step: Step, work: Interaction, agent: AgentId) -> bool:
    """The pause the profile gives after a call, or after so much unbroken work, when this was the end of it; whether it begins."""
    live = step.live
    record = live.agents[agent]
    given = live.configuration.profile(agent).rest
    until = 0
    if work.facts.channel in (Channel.VOICE, Channel.CALLBACK) and given.after_call_ms > 0:
        until = step.at + given.after_call_ms
    if given.after_work_ms is not None:
        worked_ms = step.at - record.unbroken_since if record.unbroken_since is not None and not live.owned_by(agent) else 0
        if worked_ms >= given.after_work_ms:
            until = max(until, step.at + given.length_ms)
    if until <= step.at or record.session is None or (record.rest_until or 0) >= until:
        return False
    rest(step, record, Instant(until))
    return True
