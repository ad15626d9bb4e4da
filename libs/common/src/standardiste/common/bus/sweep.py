"""
What keeps the log from growing without end: old records leave, and of a compacted topic only the last record of each key stays.

Theory. A sweep is a row of small steps, each at most `DELETES_MAX` rows in a transaction between two commits, so that nobody who writes waits
long for it. It costs writers nothing: which records are dead it learns by reading keys from where it read last. The last record of a partition
always stays (it carries the next offset). A tombstone stays for the topic's `tombstone_ms`, and until every group that reads the topic is past it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from standardiste.common.bus.log import Committed, GroupSlot, Log
from standardiste.common.bus.topics import TOPICS
from standardiste.common.bus.window import Slot, Window
from standardiste.common.bus.writer import Writer
from standardiste.common.clock import Clock
from standardiste.common.errors import BusAway

DELETES_MAX: Final = 512
KEYS_MAX: Final = 512
"""Keys read at once, on the loop: about half a millisecond."""


class Sweeper:
    """Sweeps one log. `sweep` is called now and then; it returns when nothing is left to do."""

    def __init__(self, log: Log, window: Window, writer: Writer, clock: Clock) -> None:
        self._log, self._window, self._writer, self._clock = log, window, writer, clock
        self._compactions = {slot: Compaction(slot) for slot in window.slots.values() if TOPICS[slot.topic].is_compacted}

    async def sweep(self) -> int:
        """Delete what may go. Returns how many records that was. Raises BusAway when the file cannot be written."""
        deleted = 0
        for slot in self._window.slots.values():
            deleted += await self._expire(slot)
        for slot, compaction in self._compactions.items():
            try:
                deleted += await self._compact(compaction)
            except BusAway:
                self._compactions[slot] = Compaction(slot)  # what it had given out is still there: learn it anew
                raise
        return deleted

    async def _expire(self, slot: Slot) -> int:
        kept_ms = TOPICS[slot.topic].retention_ms
        if kept_ms is None:
            return 0
        deleted, horizon = 0, self._clock.now() - kept_ms
        while (end := min(self._log.end_of_older(slot.topic, slot.partition, horizon, DELETES_MAX), slot.end - 1)) > 0:
            count = await self._delete(lambda log, end=end: log.delete_before(slot.topic, slot.partition, end))
            if count == 0:
                break
            deleted += count
        return deleted

    async def _compact(self, compaction: Compaction) -> int:
        slot, deleted = compaction.slot, 0
        while compaction.read_to < slot.end:
            compaction.learn(self._log.keys(slot.topic, slot.partition, compaction.read_to, slot.end, KEYS_MAX))
            deleted += await self._bury(slot, compaction.dead(DELETES_MAX))
            await asyncio.sleep(0)
        horizon = self._clock.now() - TOPICS[slot.topic].tombstone_ms
        passed = passed_by_all(slot, self._writer.committed)
        while dead := compaction.dead(DELETES_MAX) or compaction.expired(horizon, passed, DELETES_MAX):
            deleted += await self._bury(slot, dead)
        return deleted

    async def _bury(self, slot: Slot, dead: list[int]) -> int:
        return await self._delete(lambda log: log.delete(slot.topic, slot.partition, dead)) if dead else 0

    async def _delete(self, work: Callable[[Log], int]) -> int:
        deleted = 0

        def care(log: Log) -> None:
            nonlocal deleted
            deleted = work(log)

        await self._writer.put_care(care)
        return deleted


class Compaction:
    """Which records of one compacted partition are dead, as far as it was read. Its memory is one entry per living key."""

    def __init__(self, slot: Slot) -> None:
        self.slot = slot
        self.read_to = 0
        self._latest: dict[str, int] = {}
        self._dead: deque[int] = deque()
        self._tombstones: deque[tuple[int, int, str]] = deque()

    def learn(self, rows: Iterable[tuple[int, int, str, bool]]) -> None:
        """Take in the next rows: offset, appended_at, key, is_tombstone."""
        for offset, at, key, is_tombstone in rows:
            before = self._latest.get(key)
            if before is not None:
                self._dead.append(before)
            self._latest[key] = offset
            if is_tombstone:
                self._tombstones.append((at, offset, key))
            self.read_to = offset + 1

    def dead(self, limit: int) -> list[int]:
        """Up to `limit` offsets that a later record of the same key has replaced. They are then the caller's."""
        return [self._dead.popleft() for _ in range(min(limit, len(self._dead)))]

    def expired(self, horizon: int, passed: int, limit: int) -> list[int]:
        """Up to `limit` tombstones from before `horizon` and before the offset `passed`; never the last record of the partition."""
        bound = min(passed, self.slot.end - 1)
        found: list[int] = []
        while self._tombstones and len(found) < limit:
            at, offset, key = self._tombstones[0]
            if at >= horizon or offset >= bound:
                break
            self._tombstones.popleft()
            if self._latest.get(key) == offset:
                del self._latest[key]
                found.append(offset)
        return found


def passed_by_all(slot: Slot, committed: Mapping[GroupSlot, Committed]) -> int:
    """The offset that every group which reads this partition has passed."""
    return min(
        (at.next_offset for (_, topic, part), at in committed.items() if (topic, part) == (slot.topic, slot.partition)), default=slot.end
    )
