"""
What was committed lately, in memory, and the cursors that read it: whoever is caught up costs the disk nothing.

Theory. Every partition of every topic is a `Slot`. A commit extends the slots it wrote and wakes the cursors that wait on them; nothing is
polled. The window is bounded in bytes over all slots together, the oldest commit leaves first; a cursor that is further behind reads the file in
chunks until it meets the window. A `Cursor` over several slots gives their records in (appended_at, topic, offset) order: of a slot that has
more than was fetched nothing is known beyond its last fetched record, so the others give only what sorts before that one.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Final

from standardiste.common.bus.log import Log
from standardiste.common.bus.port import Record
from standardiste.common.bus.topics import Topic

CHUNK: Final = 256
"""Records read from the file at once: about 1 ms on the loop."""

RECORD_OVERHEAD: Final = 1_200
"""Bytes a record in the window costs beyond its value: the object, its key, its headers."""


class Slot:
    """One partition of one topic: where it ends, and its newest records."""

    __slots__ = ("base", "cursors", "end", "last_at", "partition", "recent", "topic")

    def __init__(self, topic: Topic, partition: int, next_offset: int, last_at: int) -> None:
        self.topic, self.partition = topic, partition
        self.end = next_offset
        self.base = next_offset
        self.last_at = last_at
        self.recent: list[Record] = []
        self.cursors: list[Cursor] = []

    def read(self, log: Log, start: int, limit: int) -> list[Record]:
        """Up to `limit` committed records from `start` on. Empty only at the end."""
        if start < self.base:
            found = log.read(self.topic, self.partition, start, self.end, min(limit, CHUNK))
            if found:
                return found
            start = self.base  # a sweep took what lay between
        first = start - self.base
        return self.recent[first : first + limit]

    def blank(self, offsets: Collection[int]) -> None:
        """Forget the values of these records, as the file has."""
        for number, record in enumerate(self.recent):
            if record.offset in offsets:
                self.recent[number] = replace(record, value=None)


class Window:
    """All slots, and the bound on what they hold in memory."""

    def __init__(self, log: Log, bytes_max: int) -> None:
        self.log = log
        self.slots: dict[tuple[Topic, int], Slot] = {}
        for topic in Topic:
            for partition in range(log.partitions):
                facts = log.facts(topic, partition)
                self.slots[topic, partition] = Slot(topic, partition, facts.next_offset, facts.last_at)
        self.last_at = max(slot.last_at for slot in self.slots.values())
        self._bytes_max = bytes_max
        self._bytes = 0
        self._commits: deque[tuple[Slot, int, int]] = deque()

    def extend(self, slot: Slot, records: list[Record], size: int) -> None:
        """Show committed records to every reader."""
        slot.recent += records
        slot.end += len(records)
        size += RECORD_OVERHEAD * len(records)
        self._commits.append((slot, len(records), size))
        self._bytes += size
        while self._bytes > self._bytes_max:
            oldest, count, freed = self._commits.popleft()
            del oldest.recent[:count]
            oldest.base += count
            self._bytes -= freed
        for cursor in slot.cursors:
            cursor.wake()


class Cursor:
    """A reader's place in some slots. Used by one task."""

    __slots__ = ("_buffers", "_log", "_slots", "_waiter", "positions")

    def __init__(self, window: Window, slots: Sequence[Slot], positions: Mapping[tuple[Topic, int], int]) -> None:
        self._log = window.log
        self._slots = sorted(slots, key=lambda slot: (slot.topic, slot.partition))
        self.positions = {(slot.topic, slot.partition): positions[slot.topic, slot.partition] for slot in self._slots}
        self._buffers: dict[Slot, list[Record]] = {slot: [] for slot in self._slots}
        self._waiter: asyncio.Future[None] | None = None
        for slot in self._slots:
            slot.cursors.append(self)

    def take(self, limit: int) -> Sequence[Record]:
        """What is committed and not yet taken, in order, at most `limit` a slot; empty when everything is."""
        behind = [slot for slot in self._slots if self.positions[slot.topic, slot.partition] < slot.end]
        if not behind:
            return ()
        if len(behind) == 1:
            slot = behind[0]
            taken = self._buffered(slot, limit)[:limit]
            self._advance(slot, len(taken))
            return taken
        return self._merged(behind, limit)

    def _merged(self, behind: Sequence[Slot], limit: int) -> Sequence[Record]:
        bound: tuple[int, str, int, int] | None = None
        for slot in behind:
            last = self._buffered(slot, limit)[-1]
            if last.offset + 1 < slot.end:
                bound = order_of(last) if bound is None else min(bound, order_of(last))
        taken: list[Record] = []
        for slot in behind:
            ready = self._buffers[slot]
            if bound is not None:
                ready = [record for record in ready if order_of(record) <= bound]
            taken += ready
            self._advance(slot, len(ready))
        taken.sort(key=order_of)
        return taken

    def _buffered(self, slot: Slot, limit: int) -> list[Record]:
        held = self._buffers[slot]
        if not held:
            held = slot.read(self._log, self.positions[slot.topic, slot.partition], limit)
            self._buffers[slot] = held
        elif len(held) < limit:
            held += slot.read(self._log, held[-1].offset + 1, limit - len(held))
        return held

    def _advance(self, slot: Slot, count: int) -> None:
        if count == 0:
            return
        held = self._buffers[slot]
        self.positions[slot.topic, slot.partition] = held[count - 1].offset + 1
        self._buffers[slot] = held[count:]

    @property
    def waiting(self) -> int:
        """How many records are committed and not yet taken, or more where a sweep has taken some."""
        return sum(slot.end - self.positions[slot.topic, slot.partition] for slot in self._slots)

    @property
    def is_behind(self) -> bool:
        return any(self.positions[slot.topic, slot.partition] < slot.end for slot in self._slots)

    async def wait(self) -> None:
        """Return when something is committed that was not taken, or `wake` is called."""
        if self.is_behind:
            return
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def close(self) -> None:
        for slot in self._slots:
            slot.cursors.remove(self)
        self._slots = []
        self.wake()


def order_of(record: Record) -> tuple[int, str, int, int]:
    return (record.appended_at, record.topic, record.partition, record.offset)
