"""Change sets as values: what differs between two configurations, what taking one back means, how either is shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias, cast

from standardiste.common.events.directory import Entity, Person
from standardiste.directory.faults import ConfigurationRefused, fault
from standardiste.directory.kinds import IN_DOCUMENT, Configuration, Entities, Key, in_order, key_of
from standardiste.directory.plain import plain_of, same

What: TypeAlias = Literal["added", "changed", "archived", "restored"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One entity before and after. `before` None: it did not exist. An archived `after` takes it away."""

    key: Key
    before: Entity | None
    after: Entity

    @property
    def what(self) -> What:
        if self.after.is_archived:
            return "archived"
        if self.before is None:
            return "added"
        return "restored" if self.before.is_archived else "changed"


def diff(current: Configuration, wanted: Entities) -> tuple[Change, ...]:
    """
    What must change so that exactly `wanted` is live. Empty when it is already.

    API keys are left alone. Raises ConfigurationRefused `id_archived` for an id that was archived: it is never used again.
    """
    archived = [(key, entity) for key, entity in current.entities.items() if entity.is_archived and key in wanted]
    if archived:
        raise ConfigurationRefused(
            [fault("id_archived", f"/{key.kind}/{key.id}", entity=str(key), number=entity.change_set) for key, entity in archived]
        )
    changes: list[Change] = []
    for key in in_order({**current.entities, **wanted}):
        before, after = current.entities.get(key), wanted.get(key)
        if key.kind not in IN_DOCUMENT or same(before, after):
            continue
        if after is not None:
            changes.append(Change(key=key, before=before, after=after))
        elif before is not None and not before.is_archived:
            changes.append(Change(key=key, before=before, after=_archived(before)))
    return tuple(changes)


def put(current: Configuration, entity: Entity) -> tuple[Change, ...]:
    """Create or change one. Raises ConfigurationRefused `id_archived`."""
    before = current.entities.get(key_of(entity))
    if before is not None and before.is_archived:
        raise ConfigurationRefused([fault("id_archived", entity=str(key_of(entity)), number=before.change_set)])
    return () if same(before, entity) else (Change(key=key_of(entity), before=before, after=entity),)


def archive(entity: Entity) -> tuple[Change, ...]:
    """Take one away."""
    return () if entity.is_archived else (Change(key=key_of(entity), before=entity, after=_archived(entity)),)


def undo(number: int, members: Sequence[Change], current: Configuration) -> tuple[Change, ...]:
    """
    What takes change set `number` back: what it changed as it was, what it archived restored, what it added archived.

    Raises ConfigurationRefused `changed_since` when a later set changed the same entity: undoing would take that back too.
    """
    faults = [
        fault("changed_since", entity=str(each.key), number=now.change_set)
        for each in members
        if (now := current.entities.get(each.key)) is not None and now.change_set != number
    ]
    if faults:
        raise ConfigurationRefused(faults)
    back = [
        Change(key=each.key, before=current.entities.get(each.key), after=_archived(each.after) if each.before is None else each.before)
        for each in members
    ]
    return tuple(each for each in back if not same(each.before, each.after))


def after(current: Configuration, changes: Iterable[Change]) -> dict[Key, Entity]:
    """The entities once these changes are made."""
    return {**current.entities, **{change.key: change.after for change in changes}}


def shown(change: Change) -> dict[str, Any]:
    """A change as people read it: what happened, and each field before and after."""
    before = {} if change.before is None or change.before.is_archived else plain_of(change.before)
    now = {} if change.after.is_archived else plain_of(change.after)
    names = [name for name in {**before, **now} if before.get(name) != now.get(name) and name != "key_hash"]
    fields = {} if change.what == "archived" else {name: [before.get(name), now.get(name)] for name in names}
    return {"what": change.what, "kind": change.key.kind, "id": change.key.id, "fields": fields}


def grants_rights(changes: Iterable[Change]) -> bool:
    """Whether anybody's rights would change."""
    return any(isinstance(each.after, Person) and each.after.rights != _rights(each.before) for each in changes)


def numbered(change: Change, number: int) -> Change:
    """The change as a member of its set."""
    return replace(change, after=replace(cast(Any, change.after), change_set=number))


def by_key(changes: Iterable[Change]) -> Mapping[Key, Change]:
    return {change.key: change for change in changes}


def _archived(entity: Entity) -> Entity:
    return cast(Entity, replace(cast(Any, entity), is_archived=True))


def _rights(entity: Entity | None) -> object:
    return entity.rights if isinstance(entity, Person) and not entity.is_archived else ()
