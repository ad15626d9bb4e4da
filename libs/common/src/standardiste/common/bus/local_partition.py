"""One partition of the local log while a processor owns it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final

from standardiste.common.bus.core import Core
from standardiste.common.bus.owners import Claim
from standardiste.common.bus.port import Outputs, Record
from standardiste.common.bus.processing import NoLongerOwner, until_settled
from standardiste.common.bus.topics import Topic
from standardiste.common.bus.window import Cursor
from standardiste.common.events.base import Instant

RESTORE_CHUNK: Final = 500


class LocalPartition:
    """
    `Owned` over the local log.

    Fencing is the claim: nobody else begins while it is valid, and once it is not, nothing is committed.
    """

    def __init__(self, core: Core, claim: Claim, group: str, topics: Sequence[Topic], state: Topic, partition: int) -> None:
        self._core, self._claim, self._group, self._state, self._partition = core, claim, group, state, partition
        self._first = topics[0]
        self.batch_records = core.batch_records
        slots = [core.window.slots[topic, partition] for topic in topics]
        self._cursor = Cursor(core.window, slots, core.positions_of(group, slots))
        self.committed_at = core.committed_at(group, topics, partition)

    async def restore(self) -> AsyncIterator[Sequence[Record]]:
        slot = self._core.window.slots[self._state, self._partition]
        end = slot.end
        cursor = Cursor(self._core.window, (slot,), {(slot.topic, slot.partition): 0})
        try:
            while cursor.positions[slot.topic, slot.partition] < end:
                yield cursor.take(RESTORE_CHUNK)
                await asyncio.sleep(0)
        finally:
            cursor.close()

    @property
    def waiting(self) -> int:
        return self._cursor.waiting

    def take(self) -> Sequence[Record]:
        return self._cursor.take(self.batch_records)

    async def wait(self, until: Instant) -> None:
        cancel = self._core.timer.call_at(until, self._cursor.wake)
        try:
            await self._cursor.wait()
        finally:
            cancel()

    async def ask_the_time(self) -> None:
        """The log's clock is ours."""

    async def commit(self, outputs: Outputs, offsets: Mapping[Topic, int]) -> None:
        """A commit without records leaves its time with the offset where the partition stands. Never refused for fullness: one is on its way at most."""
        if not self._claim.is_valid:
            raise NoLongerOwner
        at = {(self._group, topic, self._partition): offset for topic, offset in offsets.items()}
        if not at:
            place = (self._group, self._first, self._partition)
            at[place] = self._core.committed_offset(place)
        drafts = [self._core.draft(out) for out in outputs]
        await until_settled(self._core.writer.put(drafts, at, gives_up=False))

    async def close(self) -> None:
        self._cursor.close()
