"""
The plain definitions of routing.md, for comparison: no lines, buckets or heaps, every pair looked at.

`next_offer` is "which interaction first" and "which agent first" read aloud: every free agent's head, the least head, the best ranked agent among those whose
head it is.
"""

from __future__ import annotations

from standardiste.common.events.base import Instant
from standardiste.common.events.model import AgentId, InteractionId, InteractionState, RankingName
from standardiste.router.engine.invariants import Fault, Look
from standardiste.router.engine.invariants import faults as faults
from standardiste.router.engine.live import Live
from standardiste.router.engine.state import Agent, Interaction

Pair = tuple[Interaction, Agent]
__all__ = ["Fault", "faults", "next_offer"]


def next_offer(live: Live, at: Instant) -> tuple[InteractionId, AgentId, bool] | None:
    """The offer that must be made next: interaction, agent, whether it interrupts."""
    waiting = [i for i in live.interactions.values() if i.state in (InteractionState.QUEUED, InteractionState.OFFERED)]
    look, heads = Look(live, at), dict[InteractionId, list[Agent]]()
    for agent in live.agents.values():
        eligible = [i for i in waiting if look.refusing(i, agent) is None]
        if eligible:
            head = min(eligible, key=lambda i: (_profile_class(live, i, agent), *_place(i)))
            heads.setdefault(head.id, []).append(agent)
    if not heads:
        return None
    first = min((live.interactions[id] for id in heads), key=_place)
    best = min(heads[first.id], key=lambda agent: _rank(live, first, agent))
    return first.id, best.id, _interrupts(live, first, best)


def _place(i: Interaction) -> tuple[int, int, str]:
    return i.requirement.strict_class, i.key, i.id


def _profile_class(live: Live, i: Interaction, agent: Agent) -> int:
    wishes = {wish.queue: wish.strict_class for wish in live.configuration.profile(agent.id).queues}
    return wishes.get(live.queue_of(i).id, 5)


def _rank(live: Live, i: Interaction, agent: Agent) -> tuple[object, ...]:
    held = sum(1 for i in live.interactions.values() if _holds(i, agent))
    clock = (held, agent.taken_at if held else agent.idle_since)
    return (_interrupts(live, i, agent), _ring(live, i, agent), _by_ranking(live, i, agent), clock, agent.id)


def _ring(live: Live, i: Interaction, agent: Agent) -> int:
    person = live.configuration.person(agent.id)
    assert person is not None
    levels = {need.skill: need.level for need in person.skills}
    rings = live.configuration.rings(live.queue_of(i), i.original.skills, i.step)
    for number, ring in enumerate(rings):
        has_skills = all(levels.get(need.skill, 0) >= need.level for need in ring.skills)
        serves = (
            person.queues is None
            or live.queue_of(i).id in person.queues
            or bool(set(ring.queues) & set(person.queues))
            or agent.id in ring.agents
        )
        if has_skills and serves:
            return number
    raise AssertionError("an eligible agent is in some ring")


def _by_ranking(live: Live, i: Interaction, agent: Agent) -> float:
    person = live.configuration.person(agent.id)
    assert person is not None
    match live.queue_of(i).ranking:
        case RankingName.LONGEST_IDLE:
            return 0
        case RankingName.MOST_PROFICIENT:
            rings = live.configuration.rings(live.queue_of(i), i.original.skills, i.step)
            asked = {need.skill for need in rings[_ring(live, i, agent)].skills}
            return -sum(need.level for need in person.skills if need.skill in asked)
        case RankingName.LEAST_LOADED:
            return _used(live, agent) / live.configuration.room(agent.id).units
        case RankingName.FEWEST_SKILLS:
            return len(person.skills)
        case RankingName.ROUND_ROBIN:
            return agent.offered
        case _:
            raise AssertionError("a ranking of one's own: changes.py draws those above")


def _held(live: Live, agent: Agent) -> list[Interaction]:
    return [i for i in live.interactions.values() if _holds(i, agent) and not (i.is_interrupted and i.owner == agent.id)]


def _holds(i: Interaction, agent: Agent) -> bool:
    return agent.id in (i.owner, i.guest) or any(offer.agent == agent.id for offer in i.offers)


def _used(live: Live, agent: Agent) -> int:
    return sum(_cost(live, agent, i) for i in _held(live, agent))


def _cost(live: Live, agent: Agent, i: Interaction) -> int:
    return live.configuration.room(agent.id).costs[i.facts.channel] if i.facts.cost is None else i.facts.cost


def _interrupts(live: Live, i: Interaction, agent: Agent) -> bool:
    room = live.configuration.room(agent.id)
    count = sum(1 for held in _held(live, agent) if held.facts.channel is i.facts.channel)
    assert count < room.caps[i.facts.channel], "the cap holds in any case"
    return _used(live, agent) + _cost(live, agent, i) > room.units
