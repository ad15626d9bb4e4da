"""docs/events.md and the JSON Schema of every event, from the catalogue."""

from __future__ import annotations

import dataclasses
import inspect
import re
from enum import Enum
from typing import Any

from pydantic import TypeAdapter

from standardiste.common.bus.topics import TOPICS, TopicSpec
from standardiste.common.events import model, wire
from standardiste.common.events.base import REGISTRY, Kind, TypeSpec
from standardiste.common.events.codec import adapter
from standardiste.common.events.refusals import SENTENCES

DAY_MS = 86_400_000


def events_page() -> str:
    """Topics, every type with its fields, the named refusals, the websocket's frames."""
    lines = [
        "# Events",
        "",
        "Generated from `libs/common/src/standardiste/common/events` and `bus/topics.py` by `make reference`. ◆ Public: fields are added, never renamed or removed, within v1.",
        "",
        "Every event is a CloudEvent 1.0: on the bus in binary mode (headers `ce_*`, `traceparent`, `to`; the data as JSON value), elsewhere as one JSON object. Instants are RFC 3339 in UTC with milliseconds.",
        "Readers ignore unknown fields; facts of an unknown type are skipped and counted.",
        "",
        "## Topics",
        "",
        "| topic | what | key | kept | written by | read by |",
        "|---|---|---|---|---|---|",
        *(_topic_row(spec) for spec in TOPICS.values()),
        "",
        "Partition = murmur2(tenant) mod n for every topic: 24 on Kafka, 1 embedded.",
    ]
    for title, kind, topic in (
        ("What customers, channels and gateways report (`inputs`)", Kind.FACT, "inputs"),
        ("Commands (`inputs`)", Kind.COMMAND, "inputs"),
        ("Decisions (`decisions`)", Kind.FACT, "decisions"),
        ("What a channel is asked to do (`outbound.*`)", Kind.COMMAND, "outbound.*"),
        ("Configuration (`directory`)", None, "directory"),
    ):
        lines += ["", f"## {title}", ""]
        for spec in REGISTRY.values():
            if spec.topic == topic and (kind is None or spec.kind is kind):
                lines += _type_section(spec)
    lines += ["", "## Values", ""]
    for value in _values():
        lines += [f"### {value.__name__}", "", _doc(value), "", *_fields(value), ""]
    lines += ["## Closed sets", "", "| set | values |", "|---|---|"]
    lines += [f"| {each.__name__} | {', '.join(f'`{member.value}`' for member in each)} |" for each in _enums()]
    lines += ["", "## Named refusals", "", "| name | sentence |", "|---|---|"]
    lines += [f"| `{refusal.value}` | {sentence} |" for refusal, sentence in SENTENCES.items()]
    lines += ["", "## Frames of the websocket", "", _paragraph(wire.__doc__), ""]
    for frame in (*wire.ClientFrame.__args__, *wire.ServerFrame.__args__):
        lines += [f"### {frame.__name__}", "", _doc(frame), "", *_fields(frame), ""]
    lines += ["| close code | name |", "|---|---|", *(f"| {code.value} | {code.name.lower()} |" for code in wire.Close), ""]
    return "\n".join(lines)


def schema_document() -> dict[str, Any]:
    """One JSON Schema document: `$defs` of every data type, and which type name has which."""
    keyed: list[tuple[Any, Any]] = [(adapter(spec.cls), "serialization") for spec in REGISTRY.values()]
    _, definitions = TypeAdapter.json_schemas(
        [(spec.name, "serialization", each) for spec, (each, _) in zip(REGISTRY.values(), keyed, strict=True)]
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Standardiste events, data by type",
        "types": {
            spec.name: {"$ref": f"#/$defs/{spec.cls.__name__}", "kind": spec.kind.value, "topic": spec.topic, "sources": list(spec.sources)}
            for spec in REGISTRY.values()
        },
        "$defs": definitions.get("$defs", {}),
    }


def type_text(annotation: object) -> str:
    """An annotation as the page shows it."""
    bare = re.sub(rf"{re.escape(model.__name__)}\.(?:\w+\.)?", "", str(annotation))
    return bare.replace("collections.abc.", "").replace("|", "\\|")


def _type_section(spec: TypeSpec) -> list[str]:
    seen = " · shown to desks" if spec.is_on_websocket else ""
    return [
        f"### {spec.name}",
        "",
        f"`{spec.cls.__name__}` · from {', '.join(spec.sources)}{seen}",
        "",
        _doc(spec.cls),
        "",
        *_fields(spec.cls),
        "",
    ]


def _fields(cls: type[Any]) -> list[str]:
    fields = dataclasses.fields(cls)
    if not fields:
        return ["No fields."]
    return [
        "| field | type | default |",
        "|---|---|---|",
        *(f"| {field.name} | {type_text(field.type)} | {_default(field)} |" for field in fields),
    ]


def _default(field: dataclasses.Field[Any]) -> str:
    if field.default_factory is not dataclasses.MISSING:
        made = field.default_factory()
        return "as in routing" if made else "empty"
    if field.default is dataclasses.MISSING:
        return "required"
    if isinstance(field.default, Enum):
        return f"`{field.default.value}`"
    return f"`{field.default!r}`"


def _values() -> list[type[Any]]:
    return [each for each in _of_model() if dataclasses.is_dataclass(each)]


def _enums() -> list[type[Enum]]:
    return [each for each in _of_model() if issubclass(each, Enum)]


def _of_model() -> list[type[Any]]:
    """The classes that the package defines, by name."""
    return [each for _, each in inspect.getmembers(model, inspect.isclass) if each.__module__.startswith(f"{model.__name__}.")]


def _doc(cls: type[Any]) -> str:
    doc = cls.__doc__ or ""
    return "" if doc.startswith(f"{cls.__name__}(") else _paragraph(doc)


def _paragraph(text: str | None) -> str:
    return inspect.cleandoc(text or "")


def _topic_row(spec: TopicSpec) -> str:
    kept = "compacted" if spec.is_compacted else f"{(spec.retention_ms or 0) // DAY_MS} days"
    return f"| {spec.topic.value} | {spec.what} | {spec.key} | {kept} | {', '.join(spec.writers)} | {', '.join(spec.readers)} |"
