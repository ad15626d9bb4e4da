"""Which kinds of entity there are, in the order people read them, and what each refers to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeAlias, cast

from standardiste.common.events.directory import ENTITIES, Entity, RuleSet
from standardiste.common.rules import calendars_in


class Key(NamedTuple):
    """What names an entity within a tenant."""

    kind: str
    id: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.id}"


Entities: TypeAlias = Mapping[Key, Entity]

TENANT: Final = "tenant"
ORDER: Final = (
    TENANT,
    "sponsor",
    "campaign",
    "site",
    "team",
    "calendar",
    "skill",
    "status",
    "disposition",
    "queue",
    "template",
    "agent-profile",
    "person",
    "channel-address",
    "rule-set",
    "purpose",
    "attribute",
    "retention",
    "crm",
    "api-key",
)
"""As the document lists them. API keys are minted, never written down, and so are in no document."""
IN_DOCUMENT: Final = tuple(kind for kind in ORDER if kind != "api-key")
assert set(ORDER) == set(ENTITIES), "every kind has its place"

_KIND_OF: Final = {cls: kind for kind, cls in ENTITIES.items()}


@dataclass(frozen=True, slots=True)
class Configuration:
    """A tenant's configuration as it is, archived entities included. `number` is its last change set."""

    number: int = 0
    entities: Entities = field(default_factory=dict[Key, Entity])

    def live(self) -> Entities:
        """What is not archived."""
        return {key: entity for key, entity in self.entities.items() if not entity.is_archived}


def key_of(entity: Entity) -> Key:
    return Key(_KIND_OF[cast("type[Any]", type(entity))], entity.id)


def in_order(keys: Iterator[Key] | Mapping[Key, Any]) -> list[Key]:
    """By kind as people read them, then by id."""
    return sorted(keys, key=lambda key: (ORDER.index(key.kind), key.id))


# What refers to what: a path into the entity ("*" goes through a list or the values of a map) and the kind it must lead to.
REFERENCES: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "tenant": (
        ("default_sponsor", "sponsor"),
        ("default_campaign", "campaign"),
        ("default_site", "site"),
        ("default_team", "team"),
        ("default_queue", "queue"),
    ),
    "campaign": (("sponsor", "sponsor"),),
    "site": (("calendar", "calendar"),),
    "purpose": (("calendar", "calendar"),),
    "team": (("site", "site"), ("supervisors/*", "person")),
    "agent-profile": (("queues/*/queue", "queue"),),
    "person": (
        ("profile", "agent-profile"),
        ("skills/*/skill", "skill"),
        ("queues/*", "queue"),
        ("team", "team"),
        ("site", "site"),
    ),
    "queue": (
        ("skills/*/skill", "skill"),
        ("dispositions/*", "disposition"),
        ("relaxation/*/skills/*/skill", "skill"),
        ("relaxation/*/drop/*", "skill"),
        ("relaxation/*/queues/*", "queue"),
        ("relaxation/*/agents/*", "person"),
        ("limits/to_queue", "queue"),
        ("at_close/to_queue", "queue"),
        ("calendar", "calendar"),
    ),
    "channel-address": (("sponsor", "sponsor"), ("campaign", "campaign"), ("site", "site"), ("queue", "queue")),
    "rule-set": (
        ("rules/*/queue", "queue"),
        ("rules/*/skills/*/skill", "skill"),
        ("rules/*/preferred_agent", "person"),
        ("rules/*/acknowledge", "template"),
        ("examples/*/expect", "queue"),
    ),
    "retention": (("sponsor", "sponsor"),),
    "crm": (("sponsor", "sponsor"),),
    "api-key": (("sponsor", "sponsor"),),
}


def references_of(entity: Entity) -> Iterator[tuple[str, Key]]:
    """Everything an entity refers to: the pointer within it and the key it names."""
    for path, kind in REFERENCES.get(key_of(entity).kind, ()):
        for pointer, value in _at(entity, path.split("/"), ""):
            yield pointer, Key(kind, value)
    if isinstance(entity, RuleSet):
        for index, rule in enumerate(entity.rules):
            yield from ((f"/rules/{index}/when", Key("calendar", name)) for name in calendars_in(rule.when))


def _at(value: Any, path: Sequence[str], pointer: str) -> Iterator[tuple[str, str]]:
    if value is None:
        return
    if not path:
        yield pointer, str(value)
    elif path[0] == "*":
        for index, each in enumerate(cast("tuple[Any, ...]", value)):
            yield from _at(each, path[1:], f"{pointer}/{index}")
    else:
        yield from _at(getattr(value, path[0]), path[1:], f"{pointer}/{path[0]}")
