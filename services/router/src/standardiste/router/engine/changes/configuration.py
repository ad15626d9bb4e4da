"""Change sets: what entities, commits, and their being applied or refused change."""

from __future__ import annotations

from typing import Final

from standardiste.common.events import decisions as d
from standardiste.common.events.base import Event
from standardiste.common.events.directory import ChangeSetCommitted, ChannelAddress, Entity, Person
from standardiste.router.engine.changes.turns import Changes
from standardiste.router.engine.configuration import KEPT, Configuration, EntityKey, build, key_of
from standardiste.router.engine.deadlines import Deadline, Due
from standardiste.router.engine.due import ANNOUNCES
from standardiste.router.engine.live import Live
from standardiste.router.engine.state import (
    evolve,
)


def hold_back(live: Live, entity: Entity) -> None:
    if not isinstance(entity, KEPT):
        return
    kind, id = key_of(entity)
    live.pending[kind, id, entity.change_set] = _stripped(entity)
    live.touched["pending", f"{kind}/{id}/{entity.change_set}"] = None


def _stripped(entity: Entity) -> Entity:
    """Without what the router does not need and router-state must not hold: telephones of staff, our addresses and how they are reached."""
    match entity:
        case Person():
            return evolve(entity, endpoint=None)
        case ChannelAddress():
            announces = entity.settings.get(ANNOUNCES) is True  # the one setting that routing asks for
            return evolve(entity, address="", settings={ANNOUNCES: True} if announces else {})
        case _:
            return entity


def date(live: Live, commit: ChangeSetCommitted) -> None:
    if commit.effective_at is not None:
        live.dated[commit.number] = commit.effective_at
        live.touched["meta", ""] = None
        live.deadlines.add(Deadline(commit.effective_at, str(commit.number), Due.CHANGE_SET))


def members_of(live: Live, number: int) -> dict[EntityKey, Entity]:
    """What would be in force with this change set: the present, overlaid by every held-back member up to it. Older versions change nothing."""
    entities = dict(live.entities)
    for (kind, id, change_set), entity in sorted(live.pending.items(), key=lambda item: item[0][2]):
        present = entities.get((kind, id))
        dated = live.dated.get(change_set)
        waits = dated is not None and change_set != number
        if change_set <= number and not waits and (present is None or present.change_set <= change_set):
            entities[kind, id] = entity
    return entities


def _configuration_applied(live: Live, event: Event, data: d.ConfigurationApplied) -> None:
    entities = members_of(live, data.change_set)
    for key, entity in entities.items():
        if live.entities.get(key) is not entity:
            live.touched["entity", "/".join(key)] = None
    _drop_pending(live, data.change_set)
    live.entities = entities
    live.change_set = max(live.change_set, data.change_set)
    built = build(entities, live.kit, live.configuration)
    assert isinstance(built, Configuration), "a faulty set is refused before it is applied"
    live.configure(built)


def _configuration_refused(live: Live, event: Event, data: d.ConfigurationRefused) -> None:
    _drop_pending(live, data.change_set)


def _drop_pending(live: Live, number: int) -> None:
    for key in [key for key in live.pending if key[2] <= number and (key[2] == number or key[2] not in live.dated)]:
        del live.pending[key]
        live.touched["pending", f"{key[0]}/{key[1]}/{key[2]}"] = None
    live.dated.pop(number, None)


CHANGES: Final[Changes] = {
    d.ConfigurationApplied: _configuration_applied,
    d.ConfigurationRefused: _configuration_refused,
}
