"""
The only place that turns events to bytes and back.

On the bus: CloudEvents binary mode (headers `ce_*`, data as JSON value). Elsewhere: structured JSON. Reading is strict (a wrong type is BadInput with a
JSON pointer) and tolerant of unknown fields; an unknown type is `UnknownType`, which readers of facts skip and count.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError, to_json

from standardiste.common.bus.port import Outgoing, Record
from standardiste.common.bus.topics import Topic
from standardiste.common.clock import parse_rfc3339, rfc3339
from standardiste.common.errors import BadInput, FormatTooNew
from standardiste.common.events.base import REGISTRY, Data, Event, maker, spec_of

SPEC_VERSION: Final = "1.0"
DATA_FORMAT: Final = "1"
"""The format number of every record's data; a reader refuses a higher one by name."""

_event = maker(Event)


class UnknownType(BadInput):
    """A type this program does not know: facts of it are skipped and counted; what is addressed to us is dead-lettered."""

    def __init__(self, name: str) -> None:
        super().__init__("unknown_type", f"no event type {name!r}", "/type")
        self.name = name


@cache
def adapter(cls: type[Any]) -> TypeAdapter[Any]:
    """The validator of one dataclass. Built once."""
    return TypeAdapter(cls)


@cache
def _writer(cls: type[Any]) -> Callable[..., bytes]:
    """What turns one dataclass to JSON, without the pass through the adapter's method."""
    return adapter(cls).serializer.to_json


@cache
def _reader(cls: type[Any]) -> Callable[..., Any]:
    return adapter(cls).validator.validate_json


def dump_data(data: Data) -> bytes:
    """The data as compact JSON; absent means None."""
    return _writer(data.__class__)(data, exclude_none=True)


def dump_state(data: Data) -> bytes:
    """The data as compact JSON; absent means its default."""
    return _writer(data.__class__)(data, exclude_defaults=True)


def load_data(cls: type[Any], value: bytes | str) -> Data:
    """Validate strictly. Raises BadInput naming the first fault."""
    try:
        return _reader(cls)(value, strict=True)
    except ValidationError as error:
        raise _bad(error) from None


def load_object(cls: type[Any], value: object) -> Data:
    """Validate what was parsed already (HTTP bodies, YAML), by JSON's rules: text stands for enums and instants."""
    try:
        text = to_json(value)  # a fifth of what json.dumps costs
    except PydanticSerializationError:
        text = json.dumps(value).encode()  # half a surrogate pair, for one: reading it says what is wrong
    return load_data(cls, text)


def headers_of(event: Event) -> dict[str, str]:
    """The CloudEvents attributes as Kafka headers."""
    headers = {
        "ce_specversion": SPEC_VERSION,
        "ce_id": event.id,
        "ce_source": event.source,
        "ce_type": spec_of(event.data.__class__).name,
        "ce_subject": event.subject,
        "ce_time": rfc3339(event.time),
        "ce_tenant": event.tenant,
        "format": DATA_FORMAT,
        "content-type": "application/json",
    }
    if event.traceparent:
        headers["traceparent"] = event.traceparent
    if event.to:
        headers["to"] = " ".join(event.to)
    return headers


def encode(event: Event, topic: Topic, key: str | None = None) -> Outgoing:
    """The event as a record of this topic. The key is the tenant unless the topic says otherwise."""
    return Outgoing(
        topic=topic,
        tenant=event.tenant,
        key=key if key is not None else event.tenant,
        value=dump_data(event.data),
        headers=headers_of(event),
    )


def decode(record: Record) -> Event:
    """The event in a record. Raises FormatTooNew, UnknownType, or BadInput when headers or data are not as they must be."""
    return decode_parts(record.headers, record.value)


def decode_parts(headers: Mapping[str, str], value: bytes | None) -> Event:
    """As `decode`, from headers and value."""
    name = headers.get("ce_type", "")
    check_format(headers, name)
    spec = REGISTRY.get(name)
    if spec is None:
        raise UnknownType(name)
    if value is None:
        raise BadInput("empty_record", f"{name} without data")
    try:
        time = parse_rfc3339(headers["ce_time"])
        to = headers.get("to")
        return _event(
            id=headers["ce_id"],
            source=headers["ce_source"],
            subject=headers.get("ce_subject", ""),
            tenant=headers["ce_tenant"],
            time=time,
            data=load_data(spec.cls, value),
            traceparent=headers.get("traceparent"),
            to=tuple(to.split(" ")) if to else (),
        )
    except (KeyError, ValueError) as error:
        raise BadInput("bad_envelope", f"{name}: {error}") from None


def check_format(headers: Mapping[str, str], what: str, newest: str = DATA_FORMAT) -> None:
    """A record without a format number is of the first. Raises FormatTooNew for one that a newer program wrote: it is to be left for such a one."""
    found = headers.get("format", DATA_FORMAT)
    if found == DATA_FORMAT:
        return
    if not found.isdecimal():
        raise BadInput("bad_envelope", f"{what}: a format is a number")
    if int(found) > int(newest):
        raise FormatTooNew(f"a record {what}", int(found), int(newest))


def structured(event: Event) -> dict[str, Any]:
    """The event as one JSON object (CloudEvents structured mode)."""
    return {**structured_envelope(headers_of(event)), "data": json.loads(dump_data(event.data))}


def structured_envelope(headers: Mapping[str, str]) -> dict[str, str]:
    """The attributes of a record's headers as the JSON object has them, without the data: what a gateway needs to frame a record undecoded."""
    envelope = {name.removeprefix("ce_"): text for name, text in headers.items() if name.startswith("ce_")}
    if "traceparent" in headers:
        envelope["traceparent"] = headers["traceparent"]
    return envelope


def _bad(error: ValidationError) -> BadInput:
    first = error.errors(include_url=False, include_input=False)[0]
    pointer = "".join(f"/{part}" for part in first["loc"])
    return BadInput("invalid_field", first["msg"], pointer)
