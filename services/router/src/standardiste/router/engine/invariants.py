"""
The judge of the laws L1–L8 (routing.md): plain scans over the records, sharing nothing with the indexes of the match. For tests, the simulation and the doctor.

To be asked when every deadline up to `at` has fired. L3 and L6 speak of sequences, L7 of two runs, L8 of a desk: tests hold these with the events in hand.
"""

from __future__ import annotations

from dataclasses import dataclass

from standardiste.common.events.base import Instant
from standardiste.common.events.model import AgentId, InteractionId, InteractionState
from standardiste.router.engine.due import due_of_agent
from standardiste.router.engine.floor import fit_of, is_shown
from standardiste.router.engine.live import Live
from standardiste.router.engine.policy import Need
from standardiste.router.engine.seats import seat_of, takes
from standardiste.router.engine.state import OWNED_STATES, WAITING_STATES, Agent, Interaction

PAIRS_MAX = 200_000
"""The doctor looks at no more pairs than this, first in line first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A law that does not hold, on whom, and a repair that keeps the age."""

    law: str
    what: str
    interaction: InteractionId | None = None
    agent: AgentId | None = None
    repair: str = "requeue"


def faults(live: Live, at: Instant) -> list[Fault]:
    """Every law that is broken now; empty is right."""
    return [*_counted_once(live), *_one_owner(live), *_offers(live), *_capacity(live), *_overdue(live, at), *_left_waiting(live, at)]


def _counted_once(live: Live) -> list[Fault]:
    if live.ingested == live.closed_count + len(live.interactions):
        return []
    what = f"{live.ingested} came, {live.closed_count} closed, {len(live.interactions)} live"
    return [Fault(law="L1", what=what, repair="none")]


def _one_owner(live: Live) -> list[Fault]:
    found: list[Fault] = []
    for i in live.interactions.values():
        if (i.owner is not None) != (i.state in OWNED_STATES):
            found.append(Fault(law="L2", what=f"{i.state} with owner {i.owner}", interaction=i.id))
        if i.consult is not None and i.owner is None:
            found.append(Fault(law="L2", what="somebody is asked in, and nobody owns it", interaction=i.id))
        if i.owner is not None and i.owner not in live.agents:
            found.append(Fault(law="L2", what="its owner is unknown", interaction=i.id))
    return found


def _offers(live: Live) -> list[Fault]:
    found: list[Fault] = []
    for i in live.interactions.values():
        agents = [offer.agent for offer in i.offers]
        if len(set(agents)) != len(agents):
            found.append(Fault(law="L3", what="offered twice at once to one agent", interaction=i.id))
        if i.offers and i.state is not InteractionState.OFFERED and not all(offer.is_of_owned for offer in i.offers):
            found.append(Fault(law="L3", what=f"an open offer of what is {i.state}", interaction=i.id))
        if i.state is InteractionState.OFFERED and not i.offers:
            found.append(Fault(law="L3", what="offered without an offer", interaction=i.id))
        for offer in i.offers:
            agent = live.agents.get(offer.agent)
            if agent is None or agent.session is None:
                found.append(Fault(law="L3", what="an offer that outlived its agent", interaction=i.id, agent=offer.agent))
    return found


def _capacity(live: Live) -> list[Fault]:
    """Above capacity only where a person forced it, an open offer will interrupt, or the room was lowered under owned work."""
    found: list[Fault] = []
    for agent in live.agents:
        held = [i for i in live.interactions.values() if _holds(i, agent)]
        room = live.configuration.room(agent)
        counted = [i for i in held if not (i.is_interrupted and i.owner == agent)]
        used = sum(room.cost_of(i.facts.channel, i.facts.cost) for i in counted)
        excused = any(i.is_forced for i in held) or any(o.is_interrupting and o.agent == agent for i in held for o in i.offers)
        if used > room.units and not excused and not _lowered(live, held):
            found.append(Fault(law="L4", what=f"{used} of {room.units} units", agent=agent))
        for channel in {i.facts.channel for i in counted}:
            count = sum(1 for i in counted if i.facts.channel is channel)
            if count > room.caps[channel] and not any(i.is_forced for i in held) and not _lowered(live, held):
                found.append(Fault(law="L4", what=f"{count} of {room.caps[channel]} {channel}", agent=agent))
    return found


def _holds(i: Interaction, agent: AgentId) -> bool:
    return i.owner == agent or i.guest == agent or any(offer.agent == agent for offer in i.offers)


def _lowered(live: Live, held: list[Interaction]) -> bool:
    """Work taken under an earlier change set stays, even above a lowered capacity."""
    return any(i.change_set < live.change_set for i in held)


def _overdue(live: Live, at: Instant) -> list[Fault]:
    """A filter or state that ends by time has ended in time (L9)."""
    found: list[Fault] = []
    for i in live.interactions.values():
        ends = [offer.expires_at for offer in i.offers]
        if i.state is InteractionState.IDENTIFYING:
            ends.append(i.identify_by)
        if i.state is InteractionState.CONNECTING:
            ends.append(i.connect_by)
        if i.state is InteractionState.WRAPPING and i.wrap_up_ends_at is not None:
            ends.append(i.wrap_up_ends_at)
        if i.not_before and i.state in WAITING_STATES:
            ends.append(i.not_before)
        if i.hold_for is not None and i.state in WAITING_STATES:
            ends.append(i.hold_until)
        if any(end < at for end in ends):
            found.append(Fault(law="L9", what=f"{i.state} past its deadline", interaction=i.id))
    for opening in live.openings.values():
        if opening.until < at:
            found.append(Fault(law="L9", what="an opening past its deadline", repair="none"))
    for agent in live.agents.values():
        if any(due.at < at for due in due_of_agent(agent) if agent.lost_at is None):
            found.append(Fault(law="L9", what="an agent past its deadline", agent=agent.id))
    return found


def _left_waiting(live: Live, at: Instant) -> list[Fault]:
    """L5: no pair is left that passes all filters."""
    waiting = sorted((i for i in live.interactions.values() if i.state in WAITING_STATES), key=live.entry_of)
    agents = [live.agents[id] for id in sorted(live.agents)]
    found: list[Fault] = []
    for i in waiting[: max(PAIRS_MAX // max(len(agents), 1), 1)]:
        for agent in agents:
            if refusing(live, i, agent, at) is None:
                found.append(Fault(law="L5", what="waits although this agent could take it", interaction=i.id, agent=agent.id))
    return found


def refusing(live: Live, i: Interaction, agent: Agent, at: Instant) -> str | None:
    """The filter that keeps this agent from this waiting interaction now; None when none does."""
    return _of_agent(live, agent) or _of_queue(live, i, at) or _of_pair(live, i, agent, at) or _of_exclusion(live, i, agent, at)


def _of_agent(live: Live, agent: Agent) -> str | None:
    if agent.session is None or agent.grace_until is not None:
        return "session"
    if live.configuration.group(agent.id) is None:
        return "profile"
    if agent.next_status is not None or not live.configuration.is_routable(agent.status):
        return "status"
    return "rest" if agent.rest_until is not None else None


def _of_queue(live: Live, i: Interaction, at: Instant) -> str | None:
    queue = live.queue_of(i)
    if i.not_before > at:
        return "not_before"
    if queue.is_pull_only:
        return "pull_only"
    if not live.is_open(queue, at):
        return "calendar"
    return "offered" if len(i.offers) >= max(queue.broadcast_to, 1) else None


def _of_pair(live: Live, i: Interaction, agent: Agent, at: Instant) -> str | None:
    group = live.configuration.group(agent.id)
    assert group is not None, "asked before"
    queue = live.queue_of(i)
    rings = live.configuration.rings(queue, i.original.skills, i.step)
    need = Need(queue.id, i.facts.channel, i.facts.cost, rings, i.requirement.labels)
    fit = fit_of(group, need, live.configuration, live.kit)
    if isinstance(fit, str):
        return fit
    for policy in [live.kit.pair_filters[name] for name in queue.filters if name in live.kit.pair_filters]:
        if policy.refuses(i, agent.id, group):
            return policy.name
    if not is_shown(fit, i.enqueued_at, at):
        return "delay"
    if i.hold_for is not None and i.hold_for != agent.id:
        return "hold"
    if any(offer.agent == agent.id for offer in i.offers):
        return "offered"
    held = [work for work in live.interactions.values() if _holds(work, agent.id)]
    return "capacity" if takes(seat_of(agent.id, held, group.room), group.room, need) is None else None


def _of_exclusion(live: Live, i: Interaction, agent: Agent, at: Instant) -> str | None:
    tried = next((tried for tried in i.tried if tried.agent == agent.id), None)
    if tried is None or at >= tried.ends_at:
        return None
    if at < tried.lapses_at:
        return "excluded"
    passed = {tried.agent for tried in i.tried if at < tried.ends_at}
    for other in live.agents.values():
        if other.id not in passed and (_of_agent(live, other) or _of_pair(live, i, other, at)) is None:
            return "excluded"
    return None
