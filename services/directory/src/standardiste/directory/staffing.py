"""Whether somebody can take what the configuration asks for: every cell (a queue with the skills it or a rule asks) against every agent."""

from __future__ import annotations

from collections.abc import Iterator

from standardiste.common.events.directory import Person, Queue, RuleSet
from standardiste.common.events.model import QueueId, SkillNeed
from standardiste.directory.faults import Fault, fault
from standardiste.directory.kinds import Entities, Key


def unstaffed(live: Entities) -> Iterator[Fault]:
    """A warning for each queue that no agent serves and each cell whose skills nobody has at their levels."""
    agents = [entity for entity in live.values() if isinstance(entity, Person) and entity.profile is not None]
    for key, queue in sorted(live.items()):
        if isinstance(queue, Queue):
            yield from _of_queue(queue, key, agents)
    for key, rules in sorted(live.items()):
        if isinstance(rules, RuleSet):
            yield from _of_rules(rules, key, live, agents)


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


def _said(skills: tuple[SkillNeed, ...]) -> str:
    return ", ".join(f"{need.skill} ≥ {need.level}" for need in skills)
