"""
Reads YAML (and so JSON) the strict way, with the line of everything read.

YAML 1.2's core schema: only `true` and `false` are flags, so `NO` stays Norway and `09:00` a time of day. No anchors, aliases or tags: a document says what it says where it
says it, and cannot grow while it is read. Built from the parser's events without recursion, so depth is a number we choose.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, cast

import yaml

from standardiste.directory.faults import ConfigurationRefused, Fault, fault

DEPTH_MAX: Final = 24
_INTEGER: Final = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?")
_CORE: Final[dict[str, Any]] = {"true": True, "false": False, "null": None, "~": None, "": None}
_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Read:
    """What a text says, and where: the line (from 1) of every JSON pointer."""

    value: Any
    lines: dict[str, int]

    def line_of(self, pointer: str) -> int | None:
        """The line of what a pointer names, or of the nearest thing around it."""
        while pointer not in self.lines and pointer:
            pointer = pointer.rpartition("/")[0]
        return self.lines.get(pointer)

    def placed(self, one: Fault) -> Fault:
        """The fault with its line."""
        return Fault(name=one.name, pointer=one.pointer, line=self.line_of(one.pointer), parameters=one.parameters)


def read(text: str | bytes) -> Read:
    """The value of a single document. Raises ConfigurationRefused naming the line."""
    try:
        source = text.decode("utf-8") if isinstance(text, bytes) else text
        return _Builder().build(cast("Iterator[yaml.Event]", yaml.parse(source, Loader=_LOADER)))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise ConfigurationRefused([Fault(name="not_yaml", line=line, parameters={"detail": error.problem or "?"})]) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationRefused([fault("not_yaml", detail=type(error).__name__)]) from None


@dataclass(slots=True)
class _Frame:
    """A collection being filled; for a map, `name` is the name whose value comes next."""

    value: dict[str, Any] | list[Any]
    pointer: str
    name: str | None = None


@dataclass(slots=True)
class _Builder:
    lines: dict[str, int] = field(default_factory=dict[str, int])
    frames: list[_Frame] = field(default_factory=list[_Frame])
    root: Any = None
    documents: int = 0

    def build(self, events: Iterator[yaml.Event]) -> Read:
        for event in events:
            line = event.start_mark.line + 1 if event.start_mark else 0
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) or _is_tagged(event):
                raise ConfigurationRefused([Fault(name="alias", line=line)])
            if isinstance(event, yaml.DocumentStartEvent):
                self.documents += 1
                if self.documents > 1:
                    raise ConfigurationRefused([Fault(name="not_yaml", line=line, parameters={"detail": "a second document"})])
            elif isinstance(event, yaml.ScalarEvent):
                self._scalar(event, line)
            elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
                self._open({} if isinstance(event, yaml.MappingStartEvent) else [], line)
            elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                self.frames.pop()
        return Read(self.root, self.lines)

    def _open(self, value: dict[str, Any] | list[Any], line: int) -> None:
        frame = self.frames[-1] if self.frames else None
        if frame is not None and isinstance(frame.value, dict) and frame.name is None:
            raise ConfigurationRefused([Fault(name="not_yaml", line=line, parameters={"detail": "a name is text"})])
        if len(self.frames) >= DEPTH_MAX:
            raise ConfigurationRefused([Fault(name="too_deep", line=line)])
        self.frames.append(_Frame(value, self._add(value, line)))

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> None:
        frame = self.frames[-1] if self.frames else None
        if frame is not None and isinstance(frame.value, dict) and frame.name is None:
            frame.name = event.value
            if event.value in frame.value:
                pointer = f"{frame.pointer}/{_escaped(event.value)}"
                raise ConfigurationRefused([Fault(name="duplicate", pointer=pointer, line=line, parameters={"name": event.value})])
            return
        self._add(_resolved(event), line)

    def _add(self, value: Any, line: int) -> str:
        """Put a value where it belongs; give its pointer."""
        if not self.frames:
            self.root, self.lines[""] = value, line
            return ""
        frame = self.frames[-1]
        if isinstance(frame.value, dict):
            name = cast(str, frame.name)
            frame.value[name], frame.name = value, None
            pointer = f"{frame.pointer}/{_escaped(name)}"
        else:
            frame.value.append(value)
            pointer = f"{frame.pointer}/{len(frame.value) - 1}"
        self.lines[pointer] = line
        return pointer


def _resolved(event: yaml.ScalarEvent) -> Any:
    text: str = event.value
    return (
        text if event.style else plain_value(text)
    )  # quoted, or a block of text; the parser in C says "" for plain, the one in Python None


def plain_value(text: str) -> Any:
    """What an unquoted word means: null, a flag, a number, or itself. The writer quotes what would not come back as text."""
    if text in _CORE:
        return _CORE[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _is_tagged(event: yaml.Event) -> bool:
    return getattr(event, "tag", None) not in (None, "!")


def _escaped(name: str) -> str:
    """As RFC 6901 writes it in a pointer."""
    return name.replace("~", "~0").replace("/", "~1")
