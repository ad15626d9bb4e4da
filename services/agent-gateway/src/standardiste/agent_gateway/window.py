"""
What a gateway remembers: the last quarter of an hour of decisions, in memory, bounded in bytes, found by reader and by conversation.

Theory. A decision is one record and becomes one frame. Its headers make the frame's envelope and its value is spliced in as it is, so a record is
framed without reading its data; only the few types that this file must understand (messages, and what ties an interaction to its conversation)
are parsed (in an answer only the command's id is made the client's own again). A record that nobody at a desk may see and that is no message is not kept at all.

Readers are looked up with their tenant, always: two tenants may both have an agent "a1".

`seq` is opaque to clients. Inside it is a position in decisions, "partition:offset"; a message that is shown again when an interaction is accepted
has the position of the acceptance and its own, "partition:offset:message". So whatever a client saw last, what it missed is exactly what follows.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, cast

from pydantic_core import from_json, to_json

from standardiste.agent_gateway.questions import ANSWERS
from standardiste.agent_gateway.requests import own_id
from standardiste.common.bus.port import Record
from standardiste.common.events.base import REGISTRY, Instant
from standardiste.common.events.codec import structured_envelope

WINDOW_MS: Final = 15 * 60 * 1000
WINDOW_BYTES: Final = 64 * 1024 * 1024
_ENTRY_BYTES: Final = 600
"""What an entry costs beside its frame: the objects around it and its places in the indexes."""

_MESSAGES: Final = frozenset({"standardiste.message.received.v1", "standardiste.message.accepted.v1"})
_IDENTIFIED: Final = "standardiste.customer.identified.v1"
_REDACTED: Final = "standardiste.message.redacted.v1"
_THREADED: Final = _MESSAGES | {_IDENTIFIED, _REDACTED}
_ENDED: Final = "standardiste.session.ended.v1"
_SEEN: Final = frozenset(name for name, spec in REGISTRY.items() if spec.is_on_websocket)


class Seq(NamedTuple):
    """A client's place in decisions. Compares in the order in which frames are sent. `message` is -1 for a decision itself."""

    partition: int
    offset: int
    message: int = -1

    def __str__(self) -> str:
        return f"{self.partition}:{self.offset}" if self.message < 0 else f"{self.partition}:{self.offset}:{self.message}"


def parse_seq(text: str) -> Seq | None:
    """The place that a client names; None when it is none of ours."""
    parts = text.split(":")
    if len(parts) not in (2, 3) or not all(part.isascii() and part.isdigit() and len(part) < 20 for part in parts):
        return None
    return Seq(*(int(part) for part in parts))


@dataclass(slots=True, eq=False)
class Entry:
    """One remembered decision. `tail` is its frame behind the seq; `readers` may see it; `keys` are the interactions and conversations it is found by, `message` or `session` the id of what it is about."""

    partition: int
    offset: int
    at: Instant
    tenant: str
    type: str
    readers: tuple[str, ...]
    tail: bytes
    keys: tuple[str, ...] = ()
    message: str | None = None
    session: str | None = None

    @property
    def is_message(self) -> bool:
        return self.message is not None

    @property
    def cost(self) -> int:
        return len(self.tail) + _ENTRY_BYTES

    def frame(self, seq: Seq) -> str:
        """The frame as text, at this place."""
        return f'{{"kind":"event","seq":"{seq}",{self.tail.decode()}'

    def data(self) -> Mapping[str, Any]:
        """The decision's data, parsed."""
        return cast("Mapping[str, Any]", from_json(b"{" + self.tail)["data"])


@dataclass(slots=True)
class _Span:
    """Of one partition: the first offset that is remembered whole, and the next that will be read."""

    first: int
    end: int


@dataclass(slots=True)
class _Index:
    """Entries by (tenant, key), oldest first; an emptied list is dropped."""

    lists: dict[tuple[str, str], deque[Entry]] = field(default_factory=dict[tuple[str, str], deque[Entry]])

    def add(self, key: str, entry: Entry) -> None:
        found = self.lists.get((entry.tenant, key))
        if found is None:
            self.lists[(entry.tenant, key)] = deque((entry,))
        else:
            found.append(entry)

    def drop_oldest(self, key: str, entry: Entry) -> None:
        """Forget an entry that is the oldest of all, and so the first of its list."""
        found = self.lists[(entry.tenant, key)]
        assert found[0] is entry, "entries are forgotten in the order they came"
        found.popleft()
        if not found:
            del self.lists[(entry.tenant, key)]

    def get(self, tenant: str, key: str) -> Iterable[Entry]:
        return self.lists.get((tenant, key), ())


class Window:
    """The remembered decisions of every partition. `start` says where each partition's tail begins; `add` takes records in their order."""

    def __init__(self, *, keep_ms: int = WINDOW_MS, keep_bytes: int = WINDOW_BYTES) -> None:
        self._keep_ms, self._keep_bytes = keep_ms, keep_bytes
        self._spans: dict[int, _Span] = {}
        self._entries: deque[Entry] = deque()
        self._by_reader, self._by_thread = _Index(), _Index()
        self._ended: set[tuple[str, str]] = set()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    def start(self, partition: int, offset: int) -> None:
        """The tail of this partition begins here; nothing before is known."""
        self._spans[partition] = _Span(offset, offset)

    def end(self, partition: int) -> Seq:
        """The place of the last record that was read."""
        span = self._spans.get(partition)
        return Seq(partition, span.end - 1 if span else -1)

    def first(self, partition: int) -> int:
        """The first offset from which on all is remembered."""
        span = self._spans.get(partition)
        return span.first if span else 0

    def holds(self, seq: Seq) -> bool:
        """Whether all that came after this place is remembered."""
        span = self._spans.get(seq.partition)
        return span is not None and span.first - 1 <= seq.offset < span.end

    def add(self, record: Record) -> Entry | None:
        """Remember a record; None when there is nothing in it for a desk."""
        span = self._spans.setdefault(record.partition, _Span(record.offset, record.offset))
        span.end = max(span.end, record.offset + 1)
        self.forget(Instant(record.appended_at - self._keep_ms))
        entry = entry_of(record)
        if entry is None:
            return None
        if entry.type == _ENDED:
            entry.session = str(entry.data()["session"])
            self._ended.add((entry.tenant, entry.session))
        self._entries.append(entry)
        self.bytes += entry.cost
        for reader in entry.readers:
            self._by_reader.add(reader, entry)
        for key in entry.keys:
            self._by_thread.add(key, entry)
        if entry.type == _REDACTED:
            self._redact(entry)
        while self.bytes > self._keep_bytes:
            self._forget_oldest()
        return entry

    def forget(self, before: Instant) -> None:
        """Drop what was appended before this instant."""
        while self._entries and self._entries[0].at < before:
            self._forget_oldest()

    def has_ended(self, tenant: str, session: str) -> bool:
        """Whether the router has ended this session, as far as is remembered."""
        return (tenant, session) in self._ended

    def of_readers(self, tenant: str, readers: Iterable[str]) -> list[Entry]:
        """What any of these readers may see, oldest first, each once."""
        return _in_order(entry for reader in readers for entry in self._by_reader.get(tenant, reader))

    def first_for(self, tenant: str, reader: str) -> Entry | None:
        """The oldest remembered entry for this reader."""
        return next(iter(self._by_reader.get(tenant, reader)), None)

    def conversation(self, tenant: str, interaction: str | None, conversation: str | None) -> list[Entry]:
        """
        The messages of an interaction and of its conversation, oldest first, each once.

        A first message may have come before its conversation was known: then it is found by the interaction that customer.identified ties to it.
        """
        wanted: dict[str, None] = {}
        if interaction is not None:
            wanted[interaction_key(interaction)] = None
        if conversation is not None:
            wanted[_conversation(conversation)] = None
            for entry in self._by_thread.get(tenant, _conversation(conversation)):
                if entry.type == _IDENTIFIED:
                    wanted.update(dict.fromkeys(entry.keys))
        return _in_order(entry for key in wanted for entry in self._by_thread.get(tenant, key) if entry.is_message)

    def _redact(self, redaction: Entry) -> None:
        """Redacted words leave the memory at once; the entry stays in its place, seen by nobody."""
        data = redaction.data()
        for entry in self.conversation(redaction.tenant, None, data["conversation"]):
            if entry.message == data["message"]:
                self.bytes -= len(entry.tail)
                entry.message, entry.tail = None, b""

    def _forget_oldest(self) -> None:
        entry = self._entries.popleft()
        self.bytes -= entry.cost
        if entry.session is not None:
            self._ended.discard((entry.tenant, entry.session))
        for reader in entry.readers:
            self._by_reader.drop_oldest(reader, entry)
        for key in entry.keys:
            self._by_thread.drop_oldest(key, entry)
        span = self._spans[entry.partition]
        span.first = max(span.first, entry.offset + 1)


def entry_of(record: Record) -> Entry | None:
    """The record as the window keeps it; None when no desk may see it and no accepted interaction will need it."""
    headers, value = record.headers, record.value
    type_ = headers.get("ce_type", "")
    to = headers.get("to")
    is_threaded = type_ in _THREADED
    if value is None or type_ not in _SEEN or (to is None and not is_threaded and type_ != _ENDED):
        return None
    envelope = to_json(structured_envelope(headers))
    entry = Entry(
        partition=record.partition,
        offset=record.offset,
        at=record.appended_at,
        tenant=headers.get("ce_tenant", ""),
        type=type_,
        readers=tuple(dict.fromkeys(to.split(" "))) if to else (),
        tail=b"".join((envelope[1:-1], b',"data":', own_id(value) if type_ in ANSWERS else value, b"}")),
    )
    if is_threaded:
        data: Mapping[str, Any] = from_json(value)
        entry.keys = tuple(_keys(data))
        entry.message = data["message"]["id"] if type_ in _MESSAGES else None
    return entry


def _keys(data: Mapping[str, Any]) -> Iterator[str]:
    if data.get("interaction"):
        yield interaction_key(data["interaction"])
    if data.get("conversation"):
        yield _conversation(data["conversation"])


def interaction_key(id: str) -> str:
    """The key under which an interaction's messages are found."""
    return f"interaction:{id}"


def _conversation(id: str) -> str:
    return f"conversation:{id}"


def _in_order(entries: Iterable[Entry]) -> list[Entry]:
    """Oldest first, each once, without what was redacted. All of one tenant, so all of one partition."""
    return [entry for _, entry in sorted({entry.offset: entry for entry in entries if entry.tail}.items())]
