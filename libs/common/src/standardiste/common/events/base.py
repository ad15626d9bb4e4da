"""
What an event is: an envelope (CloudEvents 1.0) around one registered dataclass, and the registry of all of them.

Standard library only: the engine imports these types and nothing else. The annotation `Instant` tells the codec, when it asks, how the number
inside looks on a public wire.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from enum import StrEnum
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated, Any, Final, NewType, ParamSpec, TypeAlias, TypeVar

if TYPE_CHECKING:
    from standardiste.common.bus.topics import Topic


class _Rfc3339:
    """Marks an integer that travels as RFC 3339. pydantic asks; nothing of it is imported before that."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        from standardiste.common.clock import parse_rfc3339, rfc3339

        return core_schema.no_info_after_validator_function(
            parse_rfc3339,
            core_schema.str_schema(),
            serialization=core_schema.plain_serializer_function_ser_schema(
                rfc3339, return_schema=core_schema.str_schema(), when_used="json"
            ),
        )

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> Any:
        return {"type": "string", "format": "date-time", "description": "RFC 3339, UTC, milliseconds"}


if TYPE_CHECKING:
    Instant = NewType("Instant", int)
else:
    Instant = NewType("Instant", Annotated[int, _Rfc3339()])
"""Milliseconds UTC since 1970 inside; RFC 3339 with milliseconds on every public wire."""


class Word(StrEnum):
    """
    One of a closed set of words. Its `value`, which every encoding asks for, is looked up without Python's own detour of two calls.
    """

    if not TYPE_CHECKING:
        value = property(attrgetter("_value_"))


C = TypeVar("C", bound="type[Any]")
P = ParamSpec("P")
R = TypeVar("R")


def draft_of(cls: Any) -> type[Any]:
    """
    A frozen record's class with its setters thawed. A draft is filled by plain assignments and then given its own class (`draft.__class__ = cls`): a fraction of what
    a frozen record's setters cost. It never leaves the function that fills it.

    It adds no slot to the record's own, so that Python need not compare the names of theirs each time.
    """
    thawed = {name: object.__dict__[name] for name in ("__init__", "__setattr__", "__delattr__")}
    return type(f"{cls.__name__}Draft", (cls,), {"__slots__": (), **thawed})


_DRAFT_FIELDS_MIN: Final = 4
"""A record of fewer fields is filled slot by slot: to change its class and back costs more than three setters."""


def quick(cls: C) -> C:
    """
    Give a frozen, slotted dataclass a constructor that fills it as a draft: the one `dataclasses` writes looks every field up by name again and
    takes twice as long. Same parameters, same defaults. Compiled from text, as `dataclasses` does it. Either all its fields are keyword-only or none is.
    """
    is_drafted = len(fields(cls)) >= _DRAFT_FIELDS_MIN
    parameters, values, names = _signature(cls)
    lines = [f"self.{name} = {value}" if is_drafted else f"set_{name}(self, {value})" for name, value in values.items()]
    if is_drafted:
        names |= {"Draft": draft_of(cls), "set_class": object.__dict__["__class__"].__set__}
        lines = ["set_class(self, Draft)", *lines, "self.__class__ = cls"]
    else:
        names |= {f"set_{name}": getattr(cls, name).__set__ for name in values}
    cls.__init__ = compiled("__init__", ["self", *parameters], lines, names)
    return cls


def maker(cls: Callable[P, R]) -> Callable[P, R]:
    """
    A function that makes records of a slotted dataclass, for where they are made all the time: Python hands a class its arguments in a tuple and a
    dictionary, a function takes them as they stand, in a third of the time. Same parameters, same defaults; no `__post_init__` is called.
    """
    parameters, values, names = _signature(cls)
    lines = ["draft = Draft()", *(f"draft.{name} = {value}" for name, value in values.items()), "draft.__class__ = cls", "return draft"]
    return compiled("make", parameters, lines, names | {"Draft": draft_of(cls)})


def tuple_maker(cls: Callable[P, R]) -> Callable[P, R]:
    """As `maker`, of a named tuple without defaults."""
    known: Any = cls
    names: tuple[str, ...] = known._fields
    return compiled("make", [*names], [f"return new(cls, ({', '.join(names)},))"], {"cls": cls, "new": tuple.__new__})


def _signature(cls: Any) -> tuple[list[str], dict[str, str], dict[str, Any]]:
    """The parameters of a dataclass's constructor as text, the value each field gets from them, and the names in both."""
    names: dict[str, Any] = {"cls": cls}
    parameters: list[str] = ["*"] if fields(cls) and fields(cls)[0].kw_only else []
    values: dict[str, str] = {}
    for field in fields(cls):
        name = values[field.name] = field.name
        if field.default is not MISSING:
            names[f"default_{name}"] = field.default
            parameters.append(f"{name}=default_{name}")
        elif field.default_factory is not MISSING:
            names[f"default_{name}"], names[f"make_{name}"] = MISSING, field.default_factory
            parameters.append(f"{name}=default_{name}")
            values[name] = f"make_{name}() if {name} is default_{name} else {name}"
        else:
            parameters.append(name)
    return parameters, values, names


def compiled(name: str, parameters: list[str], lines: list[str], names: dict[str, Any]) -> Any:
    """A function of this text, as `dataclasses` makes its own. `names` are what it may speak of."""
    exec(f"def {name}({', '.join(parameters)}):\n    " + ("\n    ".join(lines) or "pass"), names)
    return names[name]


class Kind(Word):
    """What a type is: a fact reports and cannot be refused; a command asks and gets an answer; an entity is configuration, whole."""

    FACT = "fact"
    COMMAND = "command"
    ENTITY = "entity"


Data: TypeAlias = Any
"""An instance of a registered dataclass. The registry knows which."""


@dataclass(frozen=True, slots=True)
class TypeSpec:
    """A registered type: its public name, what it is, which topics carry it and which sources may write it there."""

    name: str
    cls: type[Any]
    kind: Kind
    topic: str
    sources: tuple[str, ...]
    is_on_websocket: bool


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """
    One event: CloudEvents attributes around `data`.

    `time` is when it happened as its source (or the provider) says; the log's own append time is kept by the bus. `subject` is the interaction or the
    conversation. `to` names who may see it: "agent:<id>", "session:<id>", "queue:<id>", "team:<id>"; empty means services only. `id` makes it
    idempotent: the same id means the same event.
    """

    id: str
    source: str
    subject: str
    tenant: str
    time: Instant
    data: Data
    traceparent: str | None = None
    to: tuple[str, ...] = ()

    @property
    def type(self) -> str:
        return spec_of(class_of(self.data)).name


REGISTRY: dict[str, TypeSpec] = {}
_BY_CLASS: dict[type[Any], TypeSpec] = {}

INGEST = ("ingest-email", "ingest-sms", "ingest-voice", "ingest-chat", "ingest-open")


def event(name: str, *, kind: Kind, topic: Topic | str, sources: tuple[str, ...], is_on_websocket: bool = False) -> Callable[[C], C]:
    """Register a dataclass as the event type `standardiste.<name>.v1`. A name is registered once."""

    def register(cls: C) -> C:
        spec = TypeSpec(f"standardiste.{name}.v1", cls, kind, str(topic), sources, is_on_websocket)
        assert spec.name not in REGISTRY, f"{spec.name} is defined twice"
        REGISTRY[spec.name] = spec
        _BY_CLASS[cls] = spec
        return quick(cls)

    return register


def class_of(data: Data) -> type[Any]:
    """The class of an event's data."""
    return data.__class__  # unlike type(), this stays a known type to the checker


def spec_of(cls: type[Any]) -> TypeSpec:
    """The registration of a data class. KeyError when it is not an event."""
    return _BY_CLASS[cls]
