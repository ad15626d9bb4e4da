"""The house of a scenario: the configuration that it names things of, and what it adds to it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TypeVar

from standardiste.common.events.directory import Disposition, Entity, Person, Queue, Rule, RuleSet, Tenant
from standardiste.common.events.model import AgentId, DispositionId, QueueId, WrapUpMode
from standardiste.router.engine.configuration import takes_work
from standardiste.router.simulator.faults import fault
from standardiste.router.simulator.said import Said

_E = TypeVar("_E", bound=Entity)


class House:
    """The configuration, and what the scenario adds to it."""

    def __init__(self, entities: Collection[Entity]) -> None:
        self._entities = [entity for entity in entities if not entity.is_archived]
        self.added: list[Person] = []
        self.rules: list[Rule] = []

    def of(self, cls: type[_E]) -> Mapping[str, _E]:
        return {entity.id: entity for entity in self._entities if isinstance(entity, cls)}

    def check(self, cls: type[Entity], kind: str, said: Said) -> str:
        """An id of the configuration; a fault when there is none such."""
        id = said.text()
        if id and id not in self.of(cls):
            said.fault("unknown_reference", kind=kind, id=id)
        return id

    def default_queue(self) -> QueueId:
        return next((tenant.default_queue for tenant in self.of(Tenant).values()), QueueId("main"))

    def staff(self) -> tuple[AgentId, ...]:
        return tuple(sorted(AgentId(id) for id, person in self.of(Person).items() if takes_work(person)))

    def has_rules(self) -> bool:
        return any(rules.rules for rules in self.of(RuleSet).values())

    def dispositions(self, said: Said) -> dict[QueueId, DispositionId]:
        """What agents note in each queue: the first of its own, else of all. Where one must be noted and there is none, no work would ever end."""
        known = self.of(Disposition)
        found: dict[QueueId, DispositionId] = {}
        for queue in self.of(Queue).values():
            fitting = [id for id in queue.dispositions if id in known] or sorted(known)
            if fitting:
                found[queue.id] = DispositionId(fitting[0])
            elif queue.wrap_up is WrapUpMode.MANDATORY:
                said.faults.append(fault("no_disposition", f"/configuration/queue/{queue.id}", queue=queue.id))
        return found

    def all(self) -> tuple[Entity, ...]:
        if not self.rules:
            return (*self._entities, *self.added)
        main = self.of(RuleSet).get("main") or RuleSet(id="main", change_set=0)
        main = replace(main, rules=(*self.rules, *main.rules), examples=())
        return (*(entity for entity in self._entities if not isinstance(entity, RuleSet)), *self.added, main)
