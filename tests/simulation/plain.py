"""
Every filter of law L5, once more, from the directory's entities and the records alone: no group, ring, need or seat of the engine. The engine's own judge must
say the same of every pair.
"""

from __future__ import annotations

from standardiste.common.events.base import Instant
from standardiste.common.events.directory import AgentProfile, Person, Queue, Status
from standardiste.common.events.model import Channel, InteractionState, ProfileId, SkillNeed
from standardiste.router.engine.invariants import Look
from standardiste.router.engine.live import Live
from standardiste.router.engine.state import WAITING_STATES, Agent, Interaction

DEFAULT = AgentProfile(id=ProfileId(""), change_set=0)


def differences(live: Live, at: Instant) -> list[str]:
    """Pairs of which the engine's judge and this one do not say alike whether anything keeps them apart."""
    look = Look(live, at)
    return [
        f"{i.id} and {agent.id}: the engine says {said}, plainly {plainly}"
        for i in live.interactions.values()
        if i.state in WAITING_STATES
        for agent in live.agents.values()
        for said, plainly in [(look.refusing(i, agent), refusing(live, i, agent, at))]
        if (said is None) != (plainly is None)
    ]


def refusing(live: Live, i: Interaction, agent: Agent, at: Instant) -> str | None:
    """What keeps this agent from this waiting interaction; None when nothing does."""
    queue = live.queue_of(i)
    if i.not_before > at:
        return "date"
    if queue.is_pull_only:
        return "pull-only"
    hours = live.configuration.hours.get(queue.calendar or "")
    if hours is not None and not hours.is_open(at):
        return "calendar"
    if len(i.offers) >= max(queue.broadcast_to, 1):
        return "enough offers"
    return _keeping(live, i, agent, at) or _excluding(live, i, agent, at)


def _keeping(live: Live, i: Interaction, agent: Agent, at: Instant) -> str | None:
    """What of the agent, or of the two together, stands against it, exclusion apart."""
    person = live.entities.get(("person", agent.id))
    if not isinstance(person, Person) or person.is_archived:
        return "no agent"
    if agent.session is None or agent.grace_until is not None:
        return "session"
    if agent.next_status is not None or not _is_routable(live, agent):
        return "status"
    if agent.rest_until is not None:
        return "rest"
    queue = live.queue_of(i)
    if not any(_in_ring(person, queue, i.original.skills, steps) for steps in range(i.step + 1)):
        return "skills"
    if "no_bots" in queue.filters and person.is_bot:
        return "no_bots"
    if "fresh_eyes" in queue.filters and any(stretch.agent == agent.id for stretch in i.stretches):
        return "fresh_eyes"
    profile = _profile(live, person)
    delay_ms = max((wish.delay_ms for wish in profile.queues if wish.queue == queue.id), default=0)
    if delay_ms and at < i.enqueued_at + delay_ms:
        return "delay"
    if i.hold_for not in (None, agent.id):
        return "hold"
    if any(offer.agent == agent.id for offer in i.offers):
        return "offered"
    return _full(live, i, agent, profile, person.seats if person.is_bot else 1)


def _is_routable(live: Live, agent: Agent) -> bool:
    if agent.status in ("ready", "away"):
        return agent.status == "ready"
    status = live.entities.get(("status", agent.status))
    return isinstance(status, Status) and status.is_routable and not status.is_archived


def _profile(live: Live, person: Person) -> AgentProfile:
    profile = live.entities.get(("agent-profile", person.profile or ""))
    return profile if isinstance(profile, AgentProfile) and not profile.is_archived else DEFAULT


def _in_ring(person: Person, queue: Queue, skills: tuple[SkillNeed, ...], steps: int) -> bool:
    """Whether the person suits what is asked after so many steps of relaxation."""
    begun = queue.relaxation[:steps]
    for step in begun:
        base = skills if step.skills is None else step.skills
        skills = tuple(need for need in base if need.skill not in step.drop)
    levels = {need.skill: need.level for need in person.skills}
    if any(levels.get(need.skill, 0) < need.level for need in skills):
        return False
    queues = {queue.id, *(id for step in begun for id in step.queues)}
    is_named = any(person.id in step.agents for step in begun)
    return person.queues is None or is_named or bool(queues & set(person.queues))


def _full(live: Live, i: Interaction, agent: Agent, profile: AgentProfile, seats: int) -> str | None:
    """Caps and label caps hold in any case; units, unless what may be interrupted for it frees enough."""
    held = [work for work in live.interactions.values() if _holds(work, agent)]
    counted = [work for work in held if not (work.is_interrupted and work.owner == agent.id)]
    channel = i.facts.channel
    if sum(1 for work in counted if work.facts.channel is channel) >= seats * profile.cap.get(channel, DEFAULT.cap[channel]):
        return "cap"
    for label in i.requirement.labels:
        cap = profile.label_cap.get(label)
        if cap is not None and sum(1 for work in counted if label in work.requirement.labels) >= seats * cap:
            return "label cap"
    if len(counted) < len(held) and channel not in profile.may_interrupt:
        return "interrupted work first"
    free = seats * profile.units - sum(_cost(work, profile) for work in counted)
    if _cost(i, profile) <= free:
        return None
    unders: tuple[Channel, ...] = profile.may_interrupt.get(channel, ())
    running = [w for w in counted if w.owner == agent.id and w.state is InteractionState.ACTIVE and w.facts.channel in unders]
    freed = sum(_cost(work, profile) for work in running)
    return None if freed > 0 and _cost(i, profile) <= free + freed else "capacity"


def _holds(work: Interaction, agent: Agent) -> bool:
    return agent.id in (work.owner, work.guest) or any(offer.agent == agent.id for offer in work.offers)


def _cost(i: Interaction, profile: AgentProfile) -> int:
    channel = i.facts.channel
    return profile.cost.get(channel, DEFAULT.cost[channel]) if i.facts.cost is None else i.facts.cost


def _excluding(live: Live, i: Interaction, agent: Agent, at: Instant) -> str | None:
    """Who passed on it: 10 s in any case, then while somebody who did not pass could take it, 60 s at most."""
    tried = {tried.agent: tried for tried in i.tried if at < tried.ends_at}
    if agent.id not in tried:
        return None
    if at < tried[agent.id].lapses_at:
        return "excluded"
    others = (other for other in live.agents.values() if other.id not in tried)
    return "excluded" if any(_keeping(live, i, other, at) is None for other in others) else None
