"""From JSON to the models: by their annotations, once looked at. Members that a newer installation adds are passed over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from functools import cache
from types import UnionType
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")
_Reader = Callable[[Any], Any]


def decoded(cls: type[T], value: Mapping[str, Any]) -> T:
    """The model. Raises KeyError for a member that must be there, TypeError or ValueError for one of another kind."""
    given: dict[str, Any] = {}
    for name, read, is_needed in _members(cls):
        if value.get(name) is not None:
            given[name] = read(value[name])
        elif is_needed:
            raise KeyError(name)
    return cls(**given)


@cache
def _members(cls: type[Any]) -> tuple[tuple[str, _Reader, bool], ...]:
    hints = get_type_hints(cls)
    return tuple(
        (each.name, _reader(hints[each.name]), each.default is MISSING and each.default_factory is MISSING) for each in fields(cls)
    )


def _reader(hint: Any) -> _Reader:
    if isinstance(hint, UnionType):
        kinds = [each for each in get_args(hint) if each is not type(None)]
        return _reader(kinds[0]) if len(kinds) == 1 else _as_is
    if get_origin(hint) is tuple:
        each = _reader(get_args(hint)[0])
        return lambda value: tuple(each(one) for one in value)
    if hint is datetime:
        return datetime.fromisoformat
    if is_dataclass(hint):
        return lambda value: decoded(cast("type[Any]", hint), value)
    return _as_is


def _as_is(value: Any) -> Any:
    return value
