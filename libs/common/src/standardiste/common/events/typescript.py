"""
The wire catalogue as TypeScript, for the desks: `python -m standardiste.common.events.typescript > services/agent-gateway/web/src/wire.ts`.

Every type that travels on the websocket becomes an interface, with its sentence. What is None is left out on our wire, so such fields are optional. What a
desk sends may leave out every field that has a default: where that makes a difference, a type has a second form, `<Name>Input`.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import sys
import types
from collections.abc import Iterator, Mapping
from enum import Enum, IntEnum
from typing import Annotated, Any, Final, Literal, NewType, Union, cast, get_args, get_origin, get_type_hints

from standardiste.common.events import REGISTRY
from standardiste.common.events.base import Kind
from standardiste.common.events.refusals import Refusal
from standardiste.common.events.wire import SUBPROTOCOL, Close, Command, Hello, Ping, ServerFrame, SignOut

_HEAD: Final = """\
// Generated from the catalogue by `python -m standardiste.common.events.typescript`; a test holds it current.

"""
_SCALARS: Final[Mapping[Any, str]] = {str: "string", int: "number", float: "number", bool: "boolean", type(None): "null", Any: "unknown"}
_FRAMES_NOT_AS_DECLARED: Final = ("Pushed",)
"""A decision's attributes are the frame's own fields on the wire; `Decided` says it."""


class Writer:
    """Collects declarations, each once. Any websocket's types can be written with it (the chat widget's are)."""

    def __init__(self) -> None:
        self._done: dict[str, str] = {}

    def text(self) -> str:
        return "".join(self._done[name] for name in sorted(self._done))

    def name_of(self, hint: Any, *, is_input: bool) -> str:
        """The TypeScript type of a Python annotation; what it names is declared on the way."""
        if hint in _SCALARS:
            return _SCALARS[hint]
        if isinstance(hint, NewType):
            return self._new_type(hint)
        origin, args = get_origin(hint), get_args(hint)
        if origin is Annotated:
            return self.name_of(args[0], is_input=is_input)
        if origin is Literal:
            return " | ".join(json.dumps(arg) for arg in args)
        if origin in (Union, types.UnionType):
            return " | ".join(self.name_of(arg, is_input=is_input) for arg in args)
        if origin is tuple:
            inner = self.name_of(args[0], is_input=is_input)
            return f"readonly ({inner})[]" if " | " in inner else f"readonly {inner}[]"
        if inspect.isclass(origin) and issubclass(cast("type[Any]", origin), Mapping):
            return f"Readonly<Record<string, {self.name_of(args[1], is_input=is_input)}>>"
        if inspect.isclass(hint) and issubclass(hint, Enum):
            return self._enum(hint)
        assert dataclasses.is_dataclass(hint), f"{hint!r} has no TypeScript form"
        return self.interface(cast("type[Any]", hint), is_input=is_input)

    def interface(self, cls: type[Any], *, is_input: bool, without: tuple[str, ...] = ()) -> str:
        """Declare a dataclass; gives its name, which ends in Input where the sender's form differs."""
        is_other = is_input and _has_input_form(cls)
        name = f"{cls.__name__}Input" if is_other else cls.__name__
        if name not in self._done:
            self._done[name] = ""
            fields = "".join(self._fields(cls, is_input=is_input, without=without))
            self._done[name] = f"{_doc(cls)}export interface {name} {{\n{fields}}}\n\n"
        return name

    def _fields(self, cls: type[Any], *, is_input: bool, without: tuple[str, ...]) -> Iterator[str]:
        hints = get_type_hints(cls, include_extras=True)
        for each in dataclasses.fields(cls):
            if each.name in without:
                continue
            hint, is_nullable = _without_none(hints[each.name])
            is_optional = is_nullable or (is_input and _has_default(each) and get_origin(hint) is not Literal)
            yield f"  readonly {each.name}{'?' if is_optional else ''}: {self.name_of(hint, is_input=is_input)};\n"

    def _new_type(self, hint: NewType) -> str:
        name = hint.__name__
        self._done[name] = ""
        doc = "/** RFC 3339, UTC, milliseconds. */\n" if name == "Instant" else ""
        base = "string" if name == "Instant" else self.name_of(hint.__supertype__, is_input=False)
        self._done[name] = f"{doc}export type {name} = {base};\n\n"
        return name

    def _enum(self, cls: type[Enum]) -> str:
        values = " | ".join(json.dumps(member.value) for member in cls)
        self._done[cls.__name__] = f"{_doc(cls)}export type {cls.__name__} = {values};\n\n"
        return cls.__name__


def generate() -> str:
    """The whole file."""
    writer = Writer()
    specs = sorted((spec for spec in REGISTRY.values() if spec.is_on_websocket), key=lambda spec: spec.name)
    decisions = {_short(spec.name): writer.interface(spec.cls, is_input=False) for spec in specs if spec.kind is Kind.FACT}
    commands = {
        _short(spec.name): writer.interface(spec.cls, is_input=True, without=("actor",)) for spec in specs if spec.kind is Kind.COMMAND
    }
    frames = [writer.interface(cls, is_input=False) for cls in get_args(ServerFrame) if cls.__name__ not in _FRAMES_NOT_AS_DECLARED]
    asked = [writer.interface(cls, is_input=True) for cls in (Hello, Command, Ping, SignOut)]
    return "".join(
        (
            _HEAD,
            f"export const SUBPROTOCOL = {json.dumps(SUBPROTOCOL)};\n\n",
            _constants("Close", Close),
            f"export const REFUSALS = {json.dumps([str(each) for each in Refusal], indent=2)} as const;\n\n",
            "export type Refusal = (typeof REFUSALS)[number];\n\n",
            _table("Decisions", "What the router decides, by type without `standardiste.` and `.v1`.", decisions),
            _table("Commands", "What a desk may ask, likewise: the fields of `data`.", commands),
            _DECIDED,
            f"export type ServerFrame = Decided | {' | '.join(frames)};\n\n",
            f"export type ClientFrame = {' | '.join(asked)};\n\n",
            writer.text().rstrip("\n"),
            "\n",
        )
    )


_DECIDED: Final = """\
/** A decision on the websocket: a structured CloudEvent and its place. */
export interface Decided {
  readonly kind: "event";
  readonly seq: string;
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string;
  readonly time: Instant;
  readonly tenant: string;
  readonly traceparent?: string;
  readonly data: unknown;
}

"""


def _short(name: str) -> str:
    return name.removeprefix("standardiste.").removesuffix(".v1")


def _table(name: str, what: str, rows: Mapping[str, str]) -> str:
    lines = "".join(f"  readonly {json.dumps(key)}: {value};\n" for key, value in rows.items())
    return f"/** {what} */\nexport interface {name} {{\n{lines}}}\n\n"


def _constants(name: str, cls: type[IntEnum]) -> str:
    lines = "".join(f"  {member.name}: {member.value},\n" for member in cls)
    return f"{_doc(cls)}export const {name} = {{\n{lines}}} as const;\n\n"


def _doc(cls: type[Any]) -> str:
    """The first sentence of a class's docstring, where it has one of its own."""
    text = inspect.cleandoc(cls.__doc__ or "")
    first = text.split("\n\n")[0].replace("\n", " ")
    return f"/** {first.replace('*/', '* /')} */\n" if first and not first.startswith(f"{cls.__name__}(") else ""


def _without_none(hint: Any) -> tuple[Any, bool]:
    """The annotation without None, and whether None was in it."""
    if get_origin(hint) not in (Union, types.UnionType) or type(None) not in get_args(hint):
        return hint, False
    rest = tuple(arg for arg in get_args(hint) if arg is not type(None))
    return (rest[0] if len(rest) == 1 else Union[rest]), True  # noqa: UP007  built at run time


def _has_default(field: dataclasses.Field[Any]) -> bool:
    return field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING


def _has_input_form(cls: type[Any]) -> bool:
    """Whether a sender may leave out what a reader always finds. Commands are sent only: they need no second form."""
    if any(spec.cls is cls for spec in REGISTRY.values()):
        return False
    hints = get_type_hints(cls)
    return any(
        _has_default(each) and each.default is not None and get_origin(hints[each.name]) is not Literal for each in dataclasses.fields(cls)
    )


if __name__ == "__main__":
    sys.stdout.write(generate())
