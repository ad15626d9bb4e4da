"""Builders, handlers and processors for tests over a bus."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Literal, Protocol

from standardiste.common.bus.port import Bus, From, Handled, Outgoing, Outputs, Record
from standardiste.common.bus.timers import Cancel
from standardiste.common.bus.topics import Topic
from standardiste.common.clock import ManualClock
from standardiste.common.events.base import Instant

WITHIN_S = 20.0
"""How long a test waits for what must come before it fails."""


class Place(Protocol):
    """Where a bus lies, so that a test of the contract can close it and come back."""

    async def open(self) -> Bus: ...

    async def close(self) -> None: ...


def outgoing(
    text: str = "hello",
    *,
    topic: Topic = Topic.INPUTS,
    tenant: str = "t_1",
    key: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Outgoing:
    """A record that says `text`."""
    return Outgoing(
        topic=topic,
        tenant=tenant,
        key=tenant if key is None else key,
        value=text.encode(),
        headers={"ce_tenant": tenant, **(headers or {})},
    )


def tombstone(key: str, *, topic: Topic = Topic.DIRECTORY, tenant: str = "t_1") -> Outgoing:
    return Outgoing(topic=topic, tenant=tenant, key=key, value=None, headers={"ce_tenant": tenant})


def text_of(record: Record) -> str:
    return (record.value or b"").decode()


@asynccontextmanager
async def running(*work: Coroutine[Any, Any, None]) -> AsyncGenerator[None]:
    """Run these beside the block; cancel and await them, in order, at its end. What one of them raised is raised then."""
    tasks = [asyncio.get_running_loop().create_task(one) for one in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task


async def until(holds: Callable[[], bool], changed: asyncio.Event) -> None:
    """Return when it holds; looked at whenever `changed` is set. Fails after 20 s."""
    async with asyncio.timeout(WITHIN_S):
        while not holds():
            changed.clear()
            await changed.wait()


class Seen:
    """A handler that keeps what it was given. `fails(record, nth)` may raise: nth is 1 at the first delivery of that record."""

    def __init__(self, fails: Callable[[Record, int], None] = lambda record, nth: None) -> None:
        self.records: list[Record] = []
        self._fails = fails
        self._deliveries: dict[tuple[Topic, int, int], int] = {}
        self._held: dict[str, asyncio.Event] = {}
        self.running: list[str] = []
        self.running_most = 0
        self._changed = asyncio.Event()

    async def __call__(self, record: Record) -> None:
        place = (record.topic, record.partition, record.offset)
        self._deliveries[place] = self._deliveries.get(place, 0) + 1
        text = text_of(record)
        self.running.append(text)
        self.running_most = max(self.running_most, len(self.running))
        self._changed.set()
        try:
            if text in self._held:
                await self._held[text].wait()
            self._fails(record, self._deliveries[place])
            self.records.append(record)
        finally:
            self.running.remove(text)
            self._changed.set()

    def hold(self, *texts: str) -> None:
        """Let the handlers of these wait until `let_go`."""
        self._held |= {text: asyncio.Event() for text in texts}

    def let_go(self, *texts: str) -> None:
        for text in texts:
            self._held[text].set()

    async def until_running(self, *texts: str) -> None:
        await until(lambda: set(texts) <= set(self.running), self._changed)

    def deliveries(self, record: Record) -> int:
        return self._deliveries.get((record.topic, record.partition, record.offset), 0)

    @property
    def texts(self) -> list[str]:
        return [text_of(record) for record in self.records]

    async def until(self, count: int) -> list[str]:
        """The texts, once there are `count`."""
        await until(lambda: len(self.records) >= count, self._changed)
        return self.texts


async def read(
    bus: Bus,
    *topics: Topic,
    count: int,
    positions: Mapping[tuple[Topic, int], int] | None = None,
    default: Literal[From.START, From.END] = From.START,
) -> list[Record]:
    """The first `count` records of these topics by tail."""
    found: list[Record] = []
    batches = bus.tail(topics, positions or {}, default=default)
    try:
        async with asyncio.timeout(WITHIN_S):
            async for batch in batches:
                found += batch
                if len(found) >= count:
                    break
    finally:
        await batches.aclose()
    return found


async def read_all(bus: Bus, topic: Topic) -> list[Record]:
    """All that lies in a topic now. Needs an adapter whose last record is never swept, as ours are."""
    ends = {partition: end for partition, end in (await bus.ends(topic)).items() if end > 0}
    found: list[Record] = []
    if not ends:
        return found
    batches = bus.tail((topic,), {}, default=From.START)
    try:
        async with asyncio.timeout(WITHIN_S):
            async for batch in batches:
                found += batch
                for record in batch:
                    if record.offset + 1 >= ends.get(record.partition, 0):
                        ends.pop(record.partition, None)
                if not ends:
                    break
    finally:
        await batches.aclose()
    return found


class Ledger:
    """
    A processor whose every fault shows: it numbers what each tenant sends, 1, 2, 3 …, and says so in decisions.

    Its state is each tenant's last number and its deadlines. A text "poison" raises, "huge" gives an output that no bus takes, "in 40" sets a
    deadline 40 ms after the record, which is entered as "fired" at its own instant.
    """

    def __init__(self, partition: int = 0) -> None:
        self.partition = partition
        self.numbers: dict[str, int] = {}
        self.deadlines: dict[str, Instant] = {}
        self.restored = 0
        self.resumed_with: list[int | None] = []
        self.batches: list[list[str]] = []
        self.has_left = False

    def left(self) -> None:
        self.has_left = True

    def restore(self, records: Sequence[Record]) -> None:
        for record in records:
            self.restored += 1
            tenant, kind, _ = record.key.split("/")
            if kind == "account":
                self.numbers[tenant] = int(text_of(record))
            elif record.value is None:
                self.deadlines.pop(record.key, None)
            else:
                self.deadlines[record.key] = Instant(int(text_of(record)))

    def resumed(self, at: Instant, gap_ms: int | None) -> Outputs:
        self.resumed_with.append(gap_ms)
        return ()

    def handle(self, records: Sequence[Record]) -> Handled:
        self.batches.append([text_of(record) for record in records])
        outputs = [out for record in records for out in (*self.fire(Instant(record.appended_at - 1)), *self._take(record))]
        return Handled(outputs, len(records))

    def buried(self, record: Record, reason: str) -> Outputs:
        return ()

    def next_deadline(self) -> Instant | None:
        return min(self.deadlines.values(), default=None)

    def fire(self, at: Instant) -> Outputs:
        due = sorted((when, key) for key, when in self.deadlines.items() if when <= at)
        return [out for when, key in due for out in self._fire(when, key)]

    def _take(self, record: Record) -> list[Outgoing]:
        text, tenant = text_of(record), record.headers["ce_tenant"]
        place = f"{record.topic.value}-{record.offset}"
        if text == "poison":
            self.numbers[tenant] = -1_000_000  # what a half-done step leaves behind must not live on
            raise RuntimeError("poison")
        if text == "huge":
            return [outgoing("x" * 2_000_000, topic=Topic.DECISIONS, tenant=tenant)]
        entered = self._enter(tenant, text, {"from": place})
        if text.startswith("in "):
            key = f"{tenant}/deadline/{place}"
            at = self.deadlines[key] = Instant(record.appended_at + int(text[3:]))
            entered.append(outgoing(str(at), topic=Topic.ROUTER_STATE, tenant=tenant, key=key))
        return entered

    def _fire(self, when: Instant, key: str) -> list[Outgoing]:
        del self.deadlines[key]
        tenant = key.partition("/")[0]
        return [*self._enter(tenant, "fired", {"at": when}), tombstone(key, topic=Topic.ROUTER_STATE, tenant=tenant)]

    def _enter(self, tenant: str, text: str, facts: Mapping[str, object]) -> list[Outgoing]:
        number = self.numbers[tenant] = self.numbers.get(tenant, 0) + 1
        return [
            outgoing(json.dumps({"number": number, "text": text, **facts}), topic=Topic.DECISIONS, tenant=tenant),
            outgoing(str(number), topic=Topic.ROUTER_STATE, tenant=tenant, key=f"{tenant}/account/1"),
        ]


def entries_of(records: Sequence[Record], tenant: str = "t_1") -> list[tuple[int, str]]:
    """(number, text) of a tenant's entries, in the order of the log."""
    entries = [json.loads(text_of(record)) for record in records if record.headers["ce_tenant"] == tenant]
    return [(entry["number"], entry["text"]) for entry in entries]


class ManualTimer:
    """A timer that goes off when the test moves the clock."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._waiting: list[tuple[Instant, Callable[[], None]]] = []

    def call_at(self, at: Instant, wake: Callable[[], None]) -> Cancel:
        entry = (at, wake)
        self._waiting.append(entry)

        def cancel() -> None:
            if entry in self._waiting:
                self._waiting.remove(entry)

        return cancel

    def advance(self, ms: int) -> None:
        """Move the clock and wake whoever waited for an instant up to then."""
        now = self._clock.advance(ms)
        due = [entry for entry in self._waiting if entry[0] <= now]
        for entry in due:
            self._waiting.remove(entry)
            entry[1]()
