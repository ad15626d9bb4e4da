"""
Group commit: everything that arrives in one turn of the loop, or while a commit is on its way, is written in one transaction.

Theory. `put` only queues; the flush that it schedules runs after the turn's other callbacks, so publishers of one turn share one fsync, and an
idle bus commits at once (to let everything wait a few ms for company was measured: it saved little and cost its latency); only what nobody waits for says
how long it may (next_commit.py). Offsets that are committed lazily wait longest: any commit of their last 100 ms takes them along. Offsets and append times are given at
the flush; nobody sees a record before its commit has returned. A failed commit fails every write in it, gives the offsets back, and leaves the
file as it was; the next one tries the disk anew, so a disk that has room again is found by whoever writes next. At most one commit is on its way.
"""

from __future__ import annotations

import asyncio
import contextvars
import math
import sqlite3
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Protocol

from standardiste.common.bus.log import Committed, GroupSlot, Log, Row
from standardiste.common.bus.port import Record
from standardiste.common.bus.window import Slot, Window
from standardiste.common.clock import Clock
from standardiste.common.errors import BusAway
from standardiste.common.events.base import Instant
from standardiste.common.metrics import counter, histogram
from standardiste.common.next_commit import NOW, NextCommit

PUBLISH_TIMEOUT_S: Final = 5.0
COMMIT_RECORDS_MAX: Final = 4_000
COMMIT_BYTES_MAX: Final = 16 * 1024 * 1024
OFFSETS_LATE_S: Final = 0.2
OFFSETS_ALONG_S: Final = 0.1
"""How long before their time lazy offsets go along with another commit. Not sooner: each time costs their rows."""


class Executor(Protocol):
    """Runs the one blocking job of a commit and says on the loop how it ended."""

    def submit(self, job: Callable[[], None], done: Callable[[Exception | None], None]) -> None: ...


@dataclass(slots=True)
class Draft:
    """A record on its way in: all but its offset and append time. `size` is what it costs in bytes."""

    slot: Slot
    key: str
    value: bytes | None
    headers: Mapping[str, str]
    packed: bytes
    size: int


@dataclass(slots=True)
class Write:
    """What must become durable together. `care` is work on the file itself (a sweep), which has its own transaction."""

    drafts: Sequence[Draft]
    offsets: Mapping[GroupSlot, int]
    future: asyncio.Future[None]
    size: int
    due_s: float | None
    care: Callable[[Log], None] | None = None


@dataclass(slots=True)
class _Commit:
    writes: list[Write]
    begun_s: float
    appended: dict[Slot, list[Record]] = field(default_factory=dict["Slot", "list[Record]"])
    sizes: dict[Slot, int] = field(default_factory=dict["Slot", int])
    offsets: dict[GroupSlot, int] = field(default_factory=dict["GroupSlot", int])
    lazy: dict[GroupSlot, int] = field(default_factory=dict["GroupSlot", int])
    at: Instant = Instant(0)


class Writer:
    """The queue before the file. Belongs to one event loop."""

    def __init__(self, log: Log, window: Window, clock: Clock, executor: Executor, *, records_max: int, bytes_max: int) -> None:
        self._log, self._window, self._clock, self._executor = log, window, clock, executor
        self._records_max, self._bytes_max = records_max, bytes_max
        self._loop = asyncio.get_running_loop()
        self._context = contextvars.copy_context()  # the queue's own work belongs to nobody who happened to publish
        self._queue: deque[Write] = deque()
        self._records = 0
        self._bytes = 0
        self._on_its_way: _Commit | None = None
        self._next = NextCommit(self._flush)
        self._watch: asyncio.TimerHandle | None = None
        self._lazy: dict[GroupSlot, int] = {}
        self._lazy_due_s = math.inf
        self._is_closed = False
        self.committed: dict[GroupSlot, Committed] = log.committed()
        self.commits = 0
        self._took = histogram("standardiste_bus_commit_seconds")
        self.written_bytes = 0

    def put(
        self,
        drafts: Sequence[Draft],
        offsets: Mapping[GroupSlot, int] | None = None,
        *,
        gives_up: bool = True,
        within_ms: int = 0,
    ) -> asyncio.Future[None]:
        """Queue what must be durable together, for up to `within_ms` if nothing more urgent takes it along. Raises BusAway at once when too much is queued already; the future may fail with BusAway."""
        size = sum(draft.size for draft in drafts)
        if self._is_closed:
            raise BusAway("closed")
        if gives_up and (self._records + len(drafts) > self._records_max or self._bytes + size > self._bytes_max):
            raise BusAway(f"{self._records} records are waiting to be written")
        future = self._loop.create_future()
        due_s = self._loop.time() + PUBLISH_TIMEOUT_S if gives_up else None
        self._enqueue(Write(drafts, offsets or {}, future, size, due_s), within_ms)
        return future

    def put_care(self, care: Callable[[Log], None]) -> asyncio.Future[None]:
        """Queue work on the file itself, between two commits."""
        if self._is_closed:
            raise BusAway("closed")
        future = self._loop.create_future()
        self._enqueue(Write((), {}, future, 0, None, care=care))
        return future

    def put_lazily(self, offsets: Mapping[GroupSlot, int]) -> None:
        """Commit offsets in 200 ms at the latest, with whatever else is committed shortly before."""
        self._lazy.update(offsets)
        if self._lazy and self._lazy_due_s == math.inf and not self._is_closed:
            self._lazy_due_s = self._loop.time() + OFFSETS_LATE_S
            self._next.by(self._lazy_due_s)

    def take_lazy(self, slots: Sequence[GroupSlot]) -> dict[GroupSlot, int]:
        """What waits lazily for these; it is then the caller's to commit."""
        return {slot: self._lazy.pop(slot) for slot in slots if slot in self._lazy}

    def _enqueue(self, write: Write, within_ms: int = 0) -> None:
        self._queue.append(write)
        self._records += len(write.drafts)
        self._bytes += write.size
        if self._watch is None and write.due_s is not None:
            self._watch = self._loop.call_at(write.due_s, self._give_up_on_late, context=self._context)
        self._next.by(self._loop.time() + within_ms / 1000 if within_ms else NOW)

    def _flush(self) -> None:
        now_s = self._loop.time()
        writes = self._next_writes()
        care = writes[0].care if writes else None
        lazy = self._due_offsets(now_s) if care is None else {}
        if not writes and not lazy:
            self._next.by(self._lazy_due_s)
            return
        commit = _Commit(writes, now_s, lazy=lazy)
        self._on_its_way = commit
        self._next.began()
        self._next.by(NOW if self._queue else self._lazy_due_s)
        job = self._log.commit
        try:
            if care is not None:
                job = partial(care, self._log)
            else:
                self._log.begin()
                self._insert(commit)
        except sqlite3.Error as error:
            self._ended(commit, error)
            return
        self._executor.submit(job, partial(self._ended, commit))

    def _next_writes(self) -> list[Write]:
        writes: list[Write] = []
        count = size = 0
        while self._queue:
            write = self._queue[0]
            if writes and (write.care or count + len(write.drafts) > COMMIT_RECORDS_MAX or size + write.size > COMMIT_BYTES_MAX):
                break
            writes.append(self._queue.popleft())
            count += len(write.drafts)
            size += write.size
            if write.care:
                break
        return writes

    def _due_offsets(self, now_s: float) -> dict[GroupSlot, int]:
        """The lazy offsets, when it is time or nearly."""
        if now_s < self._lazy_due_s - OFFSETS_ALONG_S:
            return {}
        lazy, self._lazy, self._lazy_due_s = self._lazy, {}, math.inf
        return lazy

    def _insert(self, commit: _Commit) -> None:
        at = commit.at = Instant(max(self._clock.now(), self._window.last_at))
        rows: dict[Slot, list[Row]] = {}
        commit.offsets.update(commit.lazy)
        for write in commit.writes:
            for draft in write.drafts:
                slot = draft.slot
                records = commit.appended.get(slot)
                if records is None:
                    records = commit.appended[slot] = []
                    rows[slot] = []
                    commit.sizes[slot] = 0
                offset = slot.end + len(records)
                records.append(
                    Record(
                        topic=slot.topic,
                        partition=slot.partition,
                        offset=offset,
                        appended_at=at,
                        key=draft.key,
                        value=draft.value,
                        headers=draft.headers,
                    )
                )
                rows[slot].append((offset, at, draft.key, draft.packed, draft.value))
                commit.sizes[slot] += draft.size
            if write.offsets:
                commit.offsets.update(write.offsets)
        for slot, listed in rows.items():
            self._log.insert(slot.topic, slot.partition, listed)
        if commit.offsets:
            self._log.put_offsets(commit.offsets, at)

    def _ended(self, commit: _Commit, error: Exception | None) -> None:
        self._on_its_way = None
        for write in commit.writes:
            self._records -= len(write.drafts)
            self._bytes -= write.size
        if error is None:
            self._show(commit)
        else:
            self._undo(commit, error)
        self._next.ended()

    def _show(self, commit: _Commit) -> None:
        self.commits += 1
        self._took.observe(self._loop.time() - commit.begun_s)
        if commit.at:
            self._window.last_at = commit.at
        for group_slot, after in commit.offsets.items():
            self.committed[group_slot] = Committed(after, commit.at)
        for slot, records in commit.appended.items():
            slot.last_at = commit.at
            size = commit.sizes[slot]
            self.written_bytes += size
            self._window.extend(slot, records, size)
        for write in commit.writes:
            if not write.future.done():
                write.future.set_result(None)

    def _undo(self, commit: _Commit, error: Exception) -> None:
        counter("standardiste_bus_commit_failures_total").inc()
        try:
            self._log.rollback()
        except sqlite3.Error as worse:
            error = worse
        for write in commit.writes:
            if not write.future.done():
                write.future.set_exception(BusAway(str(error)))
                write.future.exception()  # a publisher that was cancelled does not ask
        self.put_lazily({slot: after for slot, after in commit.lazy.items() if slot not in self._lazy})

    def _give_up_on_late(self) -> None:
        """Fail what waits for more than 5 s. What is on its way may still arrive; what is only queued will not."""
        self._watch = None
        now = self._loop.time()
        oldest: float | None = None
        kept: deque[Write] = deque()
        on_its_way = self._on_its_way.writes if self._on_its_way else []
        for write in (*on_its_way, *self._queue):
            if write.due_s is not None and write.due_s <= now and not write.future.done():
                write.future.set_exception(BusAway("not durable within 5 s"))
                write.future.exception()
            elif write.due_s is not None and not write.future.done():
                oldest = write.due_s if oldest is None else min(oldest, write.due_s)
        for write in self._queue:
            if write.future.done():
                self._records -= len(write.drafts)
                self._bytes -= write.size
            else:
                kept.append(write)
        self._queue = kept
        if oldest is not None:
            self._watch = self._loop.call_at(oldest, self._give_up_on_late, context=self._context)

    async def flush(self) -> None:
        """Return when all that was put before, offsets too, is durable or has failed."""
        if self._lazy:
            self._lazy_due_s = self._loop.time()
        if self._lazy or self._queue or self._on_its_way is not None:
            marker = Write((), {}, self._loop.create_future(), 0, None)
            self._enqueue(marker)
            await marker.future

    async def close(self) -> None:
        """Let what is queued end, take nothing more."""
        try:
            await self.flush()
        finally:
            self._is_closed = True
            self._next.stop()
            if self._watch is not None:
                self._watch.cancel()
