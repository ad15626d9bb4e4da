"""
An entity as people write it, and back: its fields without those that have their default, skills as `{billing: 3}`.

Theory. The wire form of an entity is whole; a person's is what differs from the base: the entity a fresh tenant has under that id, or else the type's own defaults.
Reading is strict where the codec is tolerant: a field that does not exist is a fault, because a misspelt one would otherwise be silence. `entity_of(plain_of(e)) == e` for every entity.
"""

from __future__ import annotations

import json
import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Final, Union, cast, get_args, get_origin, get_type_hints

from standardiste.common.errors import BadInput
from standardiste.common.events.codec import adapter, load_object
from standardiste.common.events.directory import ENTITIES, Entity
from standardiste.common.events.model import SkillNeed
from standardiste.directory.addresses import normalised
from standardiste.directory.faults import ConfigurationRefused, Fault, fault
from standardiste.directory.kinds import Key

HIDDEN: Final = frozenset({"id", "change_set", "is_archived"})
"""What a person never writes: the id is the name, the others are ours."""


def plain_of(entity: Entity, base: Entity | None = None) -> dict[str, Any]:
    """The fields that differ from the base's (or the type's defaults), in the order of their declaration."""
    found: dict[str, Any] = {}
    for each in fields(cast(Any, entity)):
        value = getattr(entity, each.name)
        if each.name not in HIDDEN and value != (getattr(base, each.name) if base is not None else _default(each)):
            found[each.name] = _plain(value)
    return found


def whole_of(entity: Entity) -> dict[str, Any]:
    """Every field, as an answer of the API shows it; an API key's hash stays inside."""
    found = cast("dict[str, Any]", json.loads(adapter(cast("type[Any]", type(entity))).dump_json(entity)))
    found.pop("key_hash", None)
    return found


def stored_of(entity: Entity) -> dict[str, Any]:
    """Every field that is not None, as it is stored and published."""
    return cast("dict[str, Any]", json.loads(adapter(cast("type[Any]", type(entity))).dump_json(entity, exclude_none=True)))


def restored(kind: str, stored: object) -> Entity:
    """An entity as it was stored."""
    return cast(Entity, load_object(ENTITIES[kind], stored))


def entity_of(key: Key, written: object, base: Entity | None = None, pointer: str = "") -> Entity:
    """
    The entity that a person wrote. What is not written is as in the base, or the type's default.

    Raises ConfigurationRefused with pointers that begin with `pointer`.
    """
    if written is None:
        written = {}
    if not isinstance(written, Mapping):
        raise ConfigurationRefused([fault("not_a_map", pointer)])
    cls, faults = ENTITIES[key.kind], list[Fault]()
    said = {str(name): value for name, value in cast("Mapping[Any, Any]", written).items()}
    shaped = _shaped(cls, {name: value for name, value in said.items() if name not in HIDDEN}, pointer, faults)
    faults += [fault("unknown_field", f"{pointer}/{name}", name=name) for name in said if name in HIDDEN and name != "is_archived"]
    if faults:
        raise ConfigurationRefused(faults)
    whole = {} if base is None else {name: value for name, value in stored_of(base).items() if name not in HIDDEN}
    try:
        return normalised(cast(Entity, load_object(cls, {**whole, **shaped, "id": key.id, "change_set": 0})))
    except BadInput as error:
        raise ConfigurationRefused([fault("invalid_field", pointer + error.pointer, detail=error.detail)]) from None


def same(one: Entity | None, other: Entity | None) -> bool:
    """Whether two entities say the same, whatever set they came with."""
    if one is None or other is None or type(one) is not type(other):
        return one is other
    return all(getattr(one, each.name) == getattr(other, each.name) for each in fields(cast(Any, one)) if each.name != "change_set")


# ---- out


def _default(each: Any) -> Any:
    if each.default is not MISSING:
        return each.default
    return each.default_factory() if each.default_factory is not MISSING else MISSING


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        items = cast("tuple[Any, ...]", value)
        if items and all(isinstance(each, SkillNeed) for each in items):
            return {str(need.skill): need.level for need in items}
        return [_plain(each) for each in items]
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in sorted(cast("Mapping[Any, Any]", value).items())}
    if is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value) if getattr(value, each.name) != _default(each)}
    return str(value) if isinstance(value, str) else value


# ---- in


@cache
def _hints(cls: type[Any]) -> dict[str, Any]:
    return get_type_hints(cls)


def _shaped(kind: Any, value: Any, pointer: str, faults: list[Fault]) -> Any:
    """The value in its wire form; fields that the type does not have are faults. Wrong types are left for the codec to name."""
    kind = getattr(kind, "__supertype__", kind)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        options = [each for each in arguments if each is not type(None)]
        return value if value is None or len(options) != 1 else _shaped(options[0], value, pointer, faults)
    if isinstance(value, str) and _is_closed(kind) and value not in set(kind):
        faults.append(fault("unknown_word", pointer, value=value, known=", ".join(kind)))
        return value
    if origin is tuple:
        return _shaped_list(arguments[0], value, pointer, faults)
    if isinstance(value, dict):
        written = cast("dict[str, Any]", value)
        if is_dataclass(kind):
            hints = _hints(cast("type[Any]", kind))
            faults += [fault("unknown_field", f"{pointer}/{name}", name=name) for name in written if name not in hints]
            return {name: _shaped(hints[name], each, f"{pointer}/{name}", faults) for name, each in written.items() if name in hints}
        if arguments:
            return {name: _shaped(arguments[-1], each, f"{pointer}/{name}", faults) for name, each in written.items()}
        return written
    return value


def _is_closed(kind: object) -> bool:
    """Whether it is a closed set of words."""
    return isinstance(kind, type) and issubclass(kind, StrEnum)


def _shaped_list(item: Any, value: Any, pointer: str, faults: list[Fault]) -> Any:
    if item is SkillNeed and isinstance(value, Mapping):
        written = cast("Mapping[str, Any]", value)
        return [{"skill": name, "level": written[name]} for name in sorted(written)]
    if not isinstance(value, list):
        return value
    shaped = [_shaped(item, each, f"{pointer}/{index}", faults) for index, each in enumerate(cast("list[Any]", value))]
    return _ordered_skills(shaped) if item is SkillNeed else shaped


def _ordered_skills(items: list[Any]) -> list[Any]:
    """Skills with levels by name; any other list as it is."""
    is_skills = all(isinstance(each, dict) and set(cast("dict[str, Any]", each)) in ({"skill", "level"}, {"skill"}) for each in items)
    return sorted(items, key=lambda each: str(each["skill"])) if is_skills else items
