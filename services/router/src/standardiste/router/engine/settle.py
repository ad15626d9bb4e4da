"""
The end of every step: callbacks whose date has come, preferences that became pointless, interrupted work that fits again, the match, agents' states told,
snapshots.

In this order: what was interrupted goes on before anything new is handed out, and desks hear of an agent's state and seat once, as they are in the end.
"""

from __future__ import annotations

from standardiste.common.events import decisions as d
from standardiste.common.events.model import AgentId
from standardiste.router.engine import agents, callbacks, cycle, offers, requirement, snapshot, waiting
from standardiste.router.engine.step import Step


def settle(step: Step) -> None:
    """
    Bring everything to rest. Often it is at rest already: half of all deadlines that fire no longer stood, and a contact that is not identified yet concerns
    neither an agent nor a line.
    """
    live = step.live
    if live.deadlines.dates:
        callbacks.take_places(step)
    if live.is_at_rest() and not step.snapshots and not (step.events and live.handed_to):
        return
    for agent in sorted(live.touched_agents):
        if agent in live.held_for and not live.is_reachable(agent):
            end_preferences(step, agent)
        if live.works.get(agent):
            seat = live.seat(agent)
            if seat.used > seat.total:
                offers.withdraw_pointless(step, agent)
                seat = live.seat(agent)
            if seat.has_interrupted:
                offers.resume_interrupted(step, agent)
    fresh = sorted(live.floor.fresh)  # a restored table has another order
    for id in fresh:
        requirement.check_staffed(step, step.now(id))
    cycle.match(step)
    for id in fresh:
        i = live.interactions.get(id)
        while i is not None and i.tried and requirement.relax_early(step, i):
            cycle.match(step)
            i = live.interactions.get(id)
    for id in fresh:
        i = live.interactions.get(id)
        if i is not None and i.since == step.at and waiting.is_told(live, i):
            waiting.tell(step, i)
    for agent in sorted(live.touched_agents):
        agents.tell_state(step, agent)
    live.touched_agents.clear()
    for session, agent in step.snapshots.items():
        snapshot.send(step, session, agent)


def end_preferences(step: Step, agent: AgentId) -> None:
    """Nobody is held for an agent who cannot be reached."""
    for id in sorted(step.live.held_for.get(agent, ())):
        i = step.now(id)
        step.tell(d.PreferenceEnded(interaction=id, version=i.version), i)
