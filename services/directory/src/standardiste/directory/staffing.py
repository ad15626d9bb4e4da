"""
Whether somebody can take what the configuration asks for: every cell (skills × channel × language of a queue, a rule, an address or an overflow) against every agent.

Judged as the router does: a relaxation step may widen to somebody, a bot has as much room as it has seats, `no_bots` leaves bots out. Who prefers whom, how many are
offered at once and whether agents pull for themselves change nothing here: each of them ends with whoever of the queue can. What is not certain is not warned of.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from standardiste.common.events.directory import AgentProfile, Calendar, ChannelAddress, Person, Queue, Rule, RuleSet, Tenant
from standardiste.common.events.model import AgentId, Channel, FilterName, ProfileId, QueueId, SkillId, SkillNeed
from standardiste.directory.faults import Fault, fault
from standardiste.directory.kinds import Entities, Key
from standardiste.directory.reach import Arrival, Reach

_DEFAULTS: Final = AgentProfile(id=ProfileId(""), change_set=0)


@dataclass(frozen=True, slots=True)
class Agent:
    """What decides which work an agent can take. Those who differ in nothing of it are judged once."""

    id: AgentId | None
    """Where a relaxation step names the agent."""
    skills: tuple[tuple[SkillId, int], ...]
    queues: frozenset[QueueId] | None
    profile: AgentProfile
    seats: int
    is_bot: bool


def unstaffed(live: Entities) -> Iterator[Fault]:
    """A warning for each queue that no agent serves and each cell whose skills nobody has at their levels, or nobody has room for."""
    agents = _agents(live)
    reach = Reach(live)
    for key, queue in sorted(live.items()):
        if isinstance(queue, Queue):
            yield from _of_queue(queue, key, agents, reach)
            yield from _of_calendar(queue, key, live)
            yield from _of_overflow(queue, key, live, agents, reach)
    for key, rules in sorted(live.items()):
        if isinstance(rules, RuleSet):
            for index, rule in enumerate(reach.rules):
                yield from _of_rule(rule, f"/rule-set/{rules.id}/rules/{index}", key, live, agents, reach)
    for key, address in sorted(live.items()):
        if isinstance(address, ChannelAddress):
            yield from _of_address(address, key, live, agents, reach)


def takes_work(person: Person) -> bool:
    """As the router sees it: a person, or a bot, with a profile or the role of an agent."""
    return person.is_bot or person.profile is not None or any(grant.role == "agent" for grant in person.rights)


def _agents(live: Entities) -> list[Agent]:
    named = {agent for queue in live.values() if isinstance(queue, Queue) for step in queue.relaxation for agent in step.agents}
    found: dict[tuple[object, ...], Agent] = {}
    for person in live.values():
        if isinstance(person, Person) and takes_work(person):
            profile = live.get(Key("agent-profile", person.profile)) if person.profile is not None else None
            agent = Agent(
                id=person.id if person.id in named else None,
                skills=tuple(sorted((need.skill, need.level) for need in person.skills)),
                queues=None if person.queues is None else frozenset(person.queues),
                profile=profile if isinstance(profile, AgentProfile) else _DEFAULTS,
                seats=max(person.seats, 1) if person.is_bot else 1,
                is_bot=person.is_bot,
            )
            found[agent.id, agent.skills, agent.queues, person.profile, agent.seats, agent.is_bot] = agent
    return list(found.values())


# ---- one agent


def has_room(agent: Agent, arrival: Arrival, labels: tuple[str, ...] = ()) -> bool:
    """Whether the agent, holding nothing, has room for one piece of work that comes in so."""
    profile, channel = agent.profile, arrival.channel
    units = profile.cost.get(channel, _DEFAULTS.cost[channel]) if arrival.cost is None else arrival.cost
    if profile.cap.get(channel, _DEFAULTS.cap[channel]) <= 0 or units > agent.seats * profile.units:
        return False
    return all(profile.label_cap.get(label, 1) > 0 for label in labels)


def can_take(agent: Agent, queue: Queue, skills: tuple[SkillNeed, ...]) -> bool:
    """Whether the agent serves the queue and has every skill at its level, at the latest when relaxation has gone all its steps."""
    if agent.is_bot and FilterName.NO_BOTS in queue.filters:
        return False
    levels = dict(agent.skills)
    queues, agents, asked = {queue.id}, set[AgentId](), skills
    for step in (None, *queue.relaxation):
        if step is not None:
            asked = tuple(need for need in (asked if step.skills is None else step.skills) if need.skill not in step.drop)
            queues, agents = queues | set(step.queues), agents | set(step.agents)
        serves = agent.queues is None or bool(queues & agent.queues) or agent.id in agents
        if serves and all(levels.get(need.skill, 0) >= need.level for need in asked):
            return True
    return False


# ---- cells


def _of_queue(queue: Queue, key: Key, agents: list[Agent], reach: Reach) -> Iterator[Fault]:
    if any(can_take(agent, queue, queue.skills) for agent in agents):
        return
    if any(can_take(agent, queue, ()) for agent in agents):
        cells = _cells(queue.skills, reach.into(queue.id))
        yield fault("nobody_can", f"/queue/{queue.id}/skills", where=str(key), skills=cells)
    else:
        yield fault("nobody_serves", f"/queue/{queue.id}", entity=str(key))


def _of_calendar(queue: Queue, key: Key, live: Entities) -> Iterator[Fault]:
    """A calendar without openings is always open, but one with nothing but closed dates never is."""
    calendar = live.get(Key("calendar", queue.calendar)) if queue.calendar is not None else None
    if not isinstance(calendar, Calendar) or queue.at_close.action != "none":
        return
    is_always = not calendar.openings and not calendar.exceptions
    if not is_always and not any(opening.weekdays for opening in calendar.openings) and not any(calendar.exceptions.values()):
        yield fault("never_open", f"/queue/{queue.id}/calendar", where=str(key), calendar=f"calendar/{calendar.id}")


def _of_rule(rule: Rule, pointer: str, key: Key, live: Entities, agents: list[Agent], reach: Reach) -> Iterator[Fault]:
    queue = live.get(Key("queue", rule.queue))
    if not isinstance(queue, Queue):
        return
    asked, arrivals, where = (*queue.skills, *rule.skills), reach.of_rule(rule), f"{key} “{rule.name}”"
    able = [agent for agent in agents if can_take(agent, queue, asked)]
    if able:
        yield from _without_room(able, arrivals, pointer, where, queue.id, asked, rule.labels)
    elif rule.skills:  # else the queue's own warning says it
        yield fault("nobody_can", f"{pointer}/skills", where=where, skills=_cells(asked, arrivals))


def _of_address(address: ChannelAddress, key: Key, live: Entities, agents: list[Agent], reach: Reach) -> Iterator[Fault]:
    """What comes in here and no rule sends elsewhere."""
    tenant = next((entity for entity in live.values() if isinstance(entity, Tenant)), None)
    id = address.queue or (tenant.default_queue if tenant is not None else QueueId("default"))
    queue = live.get(Key("queue", id))
    if isinstance(queue, Queue) and not reach.is_every_contact_ruled:
        able = [agent for agent in agents if can_take(agent, queue, queue.skills)]
        yield from _without_room(able, (reach.arrival(address),), f"/channel-address/{address.id}", str(key), id, queue.skills)


def _of_overflow(queue: Queue, key: Key, live: Entities, agents: list[Agent], reach: Reach) -> Iterator[Fault]:
    """What this queue sends on: the other one's agents may have no room for what comes in here."""
    for name, said in (("limits", queue.limits), ("at_close", queue.at_close)):
        pointer = f"/queue/{queue.id}/{name}"
        if said.action == "callback":
            calls = tuple(replace(each, channel=Channel.CALLBACK) for each in reach.into(queue.id) if each.channel is Channel.VOICE)
            able = [agent for agent in agents if can_take(agent, queue, queue.skills)]
            yield from _without_room(able, calls, f"{pointer}/action", str(key), queue.id, queue.skills)
        if said.action != "queue":
            continue
        pointer += "/to_queue"
        to = live.get(Key("queue", said.to_queue)) if said.to_queue is not None else None
        if said.to_queue is None or said.to_queue == queue.id:
            yield fault("leads_nowhere", pointer, where=str(key))
        elif isinstance(to, Queue):
            able = [agent for agent in agents if can_take(agent, to, to.skills)]
            yield from _without_room(able, reach.into(queue.id), pointer, str(key), to.id, to.skills)


def _without_room(
    able: list[Agent],
    arrivals: tuple[Arrival, ...],
    pointer: str,
    where: str,
    queue: QueueId,
    skills: tuple[SkillNeed, ...],
    labels: tuple[str, ...] = (),
) -> Iterator[Fault]:
    """A warning for each channel and language whose work none of these has room for, though they have the skills."""
    told: set[tuple[str, str]] = set()
    for arrival in arrivals if able else ():
        cell = (arrival.channel.value, arrival.language)
        if cell not in told and not any(has_room(agent, arrival, labels) for agent in able):
            told.add(cell)
            yield fault(
                "nobody_on",
                pointer,
                where=where,
                queue=f"queue {queue}",
                channel=arrival.channel.value,
                tag=arrival.language,
                skills=_said(skills) or "–",
            )


def _cells(skills: tuple[SkillNeed, ...], arrivals: tuple[Arrival, ...]) -> str:
    """The skills, and by which channels and in which languages they are asked, as far as that is known."""
    cells = sorted({f"{arrival.channel.value} “{arrival.language}”" for arrival in arrivals})
    return f"{_said(skills)} × {', '.join(cells)}" if cells else _said(skills)


def _said(skills: tuple[SkillNeed, ...]) -> str:
    return ", ".join(f"{need.skill} ≥ {need.level}" for need in skills)
