"""
Whether somebody can take what the configuration asks for: every cell (a queue with the skills it or a rule asks, and by an address the channel and language it comes
in) against every agent.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from standardiste.common.events.directory import AgentProfile, ChannelAddress, Person, Queue, RuleSet, Tenant
from standardiste.common.events.model import Channel, ProfileId, QueueId, SkillNeed
from standardiste.directory.faults import Fault, fault
from standardiste.directory.kinds import Entities, Key

_DEFAULTS: Final = AgentProfile(id=ProfileId(""), change_set=0)


def unstaffed(live: Entities) -> Iterator[Fault]:
    """A warning for each queue that no agent serves and each cell whose skills nobody has at their levels."""
    agents = [entity for entity in live.values() if isinstance(entity, Person) and takes_work(entity)]
    for key, queue in sorted(live.items()):
        if isinstance(queue, Queue):
            yield from _of_queue(queue, key, agents)
    for key, rules in sorted(live.items()):
        if isinstance(rules, RuleSet):
            yield from _of_rules(rules, key, live, agents)
    for key, address in sorted(live.items()):
        if isinstance(address, ChannelAddress):
            yield from _of_address(address, key, live, agents)


def takes_work(person: Person) -> bool:
    """As the router sees it: a person, or a bot, with a profile or the role of an agent."""
    return person.is_bot or person.profile is not None or any(grant.role == "agent" for grant in person.rights)


def has_room(person: Person, channel: Channel, cost: int | None, live: Entities) -> bool:
    """Whether the profile leaves room for one piece of work of this channel at all."""
    found = live.get(Key("agent-profile", person.profile)) if person.profile is not None else None
    profile = found if isinstance(found, AgentProfile) else _DEFAULTS
    units = profile.cost.get(channel, _DEFAULTS.cost[channel]) if cost is None else cost
    return profile.cap.get(channel, _DEFAULTS.cap[channel]) > 0 and units <= profile.units


def can_take(person: Person, queue: QueueId, skills: tuple[SkillNeed, ...]) -> bool:
    """Whether this agent serves the queue and has every skill at its level."""
    levels = {need.skill: need.level for need in person.skills}
    return (person.queues is None or queue in person.queues) and all(levels.get(need.skill, 0) >= need.level for need in skills)


def _of_queue(queue: Queue, key: Key, agents: list[Person]) -> Iterator[Fault]:
    if not any(can_take(agent, queue.id, ()) for agent in agents):
        yield fault("nobody_serves", f"/queue/{queue.id}", entity=str(key))
    elif not any(can_take(agent, queue.id, queue.skills) for agent in agents):
        yield fault("nobody_can", f"/queue/{queue.id}/skills", where=str(key), skills=_said(queue.skills))


def _of_rules(rules: RuleSet, key: Key, live: Entities, agents: list[Person]) -> Iterator[Fault]:
    for index, rule in enumerate(rules.rules):
        queue = live.get(Key("queue", rule.queue))
        if not rule.skills or not isinstance(queue, Queue):
            continue
        asked = (*queue.skills, *rule.skills)
        if not any(can_take(agent, queue.id, asked) for agent in agents):
            yield fault("nobody_can", f"/rule-set/{rules.id}/rules/{index}/skills", where=f"{key} “{rule.name}”", skills=_said(asked))


def _of_address(address: ChannelAddress, key: Key, live: Entities, agents: list[Person]) -> Iterator[Fault]:
    """What comes in here and no rule sends elsewhere."""
    tenant = next((entity for entity in live.values() if isinstance(entity, Tenant)), None)
    id = address.queue or (tenant.default_queue if tenant is not None else QueueId("default"))
    queue = live.get(Key("queue", id))
    asked = queue.skills if isinstance(queue, Queue) else ()
    able = [agent for agent in agents if can_take(agent, id, asked)]
    if able and not any(has_room(agent, address.channel, address.cost, live) for agent in able):
        yield fault(
            "nobody_on",
            f"/channel-address/{address.id}",
            where=str(key),
            queue=f"queue {id}",
            channel=address.channel.value,
            tag=address.language or (tenant.language if tenant is not None else ""),
            skills=_said(asked) or "–",
        )


def _said(skills: tuple[SkillNeed, ...]) -> str:
    return ", ".join(f"{need.skill} ≥ {need.level}" for need in skills)
