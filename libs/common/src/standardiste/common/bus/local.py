"""The four verbs over a log in this process: what the embedded and the memory adapter share."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final, Literal

from standardiste.common.bus.core import Core
from standardiste.common.bus.dead_letters import dead_letter_of
from standardiste.common.bus.lanes import Lanes
from standardiste.common.bus.local_partition import LocalPartition
from standardiste.common.bus.log import Log
from standardiste.common.bus.owners import Claim
from standardiste.common.bus.port import From, GroupLag, Handler, Lane, Outgoing, Positions, ProcessorFactory, Record, RetryPolicy
from standardiste.common.bus.processing import Owned, PartitionLoop, run_all
from standardiste.common.bus.timers import Backoff
from standardiste.common.bus.topics import Topic
from standardiste.common.bus.window import Cursor
from standardiste.common.errors import BusAway
from standardiste.common.log import logger

TAIL_BATCH: Final = 500
READ_AGAIN_FIRST_MS: Final = 50
READ_AGAIN_MAX_MS: Final = 5_000

log = logger("bus")


class LocalBus:
    """A bus over one open log."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._is_closed = False

    @property
    def partitions(self) -> int:
        return self._core.partitions

    @property
    def epoch(self) -> int:
        """Raised by a restore; compared before any position or seq."""
        return self._core.log.epoch

    @property
    def commits(self) -> int:
        """How many transactions were committed since it was opened."""
        return self._core.writer.commits

    async def raise_epoch(self) -> int:
        """Begin a new epoch, durably. Returns its number."""
        await self._core.writer.put_care(lambda log: log.set_epoch(log.epoch + 1))
        return self._core.log.epoch

    async def sweep(self) -> int:
        """Delete old records and, of compacted topics, what a later one of its key replaced. Returns how many. Raises BusAway."""
        return await self._core.sweeper.sweep()

    async def blank(self, partition: int, offsets: Sequence[int]) -> int:
        """Take the values out of single dead letters. Raises BusAway."""

        def care(log: Log) -> None:
            log.blank(Topic.DEAD_LETTERS, partition, offsets)

        await self._core.writer.put_care(care)
        self._core.window.slots[Topic.DEAD_LETTERS, partition].blank(frozenset(offsets))
        return 0

    async def backup(self, target: Path) -> None:
        """Write a consistent copy of the log to the file `target`, whole or not at all; writers go on meanwhile. Raises BusAway, OSError."""
        await self._core.writer.flush()
        try:
            await self._beside(partial(self._core.log.backup, target))
        except sqlite3.Error as error:
            raise BusAway(f"backup: {error}") from error

    async def _beside(self, work: Callable[[], None]) -> None:
        """Run what may take long and touches the file by a connection of its own."""
        work()

    async def publish(self, *outgoing: Outgoing, within_ms: int = 0) -> None:
        draft = self._core.draft
        await self._core.writer.put([draft(out) for out in outgoing], within_ms=within_ms)

    async def subscribe(
        self,
        group: str,
        topics: Sequence[Topic],
        handler: Handler,
        *,
        lane: Lane | None = None,
        in_flight: int = 64,
        within_ms: int = 0,
        retry: RetryPolicy | None = None,
        ready: Callable[[], None] | None = None,
    ) -> None:
        async with self._core.owners.holding(group, topics, self) as claim:

            async def bury(record: Record, reason: str, tries: int) -> None:
                await self.publish(dead_letter_of(record, group, reason, tries))

            def progress(topic: Topic, partition: int, next_offset: int) -> None:
                if claim.is_valid:
                    self._core.writer.put_lazily({(group, topic, partition): next_offset})

            lanes = Lanes(handler, bury, progress, lane=lane, in_flight=in_flight, retry=retry or RetryPolicy(), random=self._core.random)
            slots = self._core.slots_of(topics)
            cursor = Cursor(self._core.window, slots, self._core.positions_of(group, slots))
            try:
                if ready is not None:
                    ready()
                with self._core.lag_shown(group, topics):
                    await self._feed(lanes, cursor, within_ms / 1000)
            finally:
                cursor.close()
                await lanes.drain()
                await self._flush_offsets(group)

    async def _feed(self, lanes: Lanes, cursor: Cursor, within_s: float) -> None:
        while True:
            records = await self._take(cursor, lanes.room)
            for record in records:
                lanes.start(record)
            if not records:
                await cursor.wait()
                if within_s:
                    await asyncio.sleep(within_s)
            elif lanes.room <= 0:
                await lanes.until_room()
            else:
                await asyncio.sleep(0)

    async def _flush_offsets(self, group: str) -> None:
        try:
            await self._core.writer.flush()
        except BusAway as away:
            log.warning("offsets_not_committed", group=group, reason=away.detail)  # these records will be delivered again

    async def process(
        self, group: str, topics: Sequence[Topic], state: Topic, factory: ProcessorFactory, *, ready: Callable[[], None] | None = None
    ) -> None:
        async with self._core.owners.holding(group, topics, self) as claim:
            waiting, turns = set(range(self.partitions)), asyncio.Lock()

            def one_ready(partition: int) -> None:
                if partition in waiting:
                    waiting.remove(partition)
                    if not waiting and ready is not None:
                        ready()

            def dead_letter(record: Record, reason: str, tries: int) -> Outgoing:
                return dead_letter_of(record, group, reason, tries)

            loops = [
                PartitionLoop(
                    partition,
                    partial(self._partition, claim, group, topics, state, partition),
                    factory,
                    self._core.clock,
                    dead_letter=dead_letter,
                    random=self._core.random,
                    turns=turns,
                    ready=partial(one_ready, partition),
                )
                for partition in range(self.partitions)
            ]
            with self._core.lag_shown(group, topics):
                await run_all([loop.run() for loop in loops])

    def _partition(self, claim: Claim, group: str, topics: Sequence[Topic], state: Topic, partition: int) -> Owned:
        return LocalPartition(self._core, claim, group, topics, state, partition)

    async def tail(
        self, topics: Sequence[Topic], positions: Positions, *, default: Literal[From.START, From.END] = From.END
    ) -> AsyncGenerator[Sequence[Record], None]:
        slots = self._core.slots_of(topics)
        begin = {
            (slot.topic, slot.partition): min(
                positions.get((slot.topic, slot.partition), 0 if default is From.START else slot.end), slot.end
            )
            for slot in slots
        }
        cursor = Cursor(self._core.window, slots, begin)
        try:
            while True:
                records = await self._take(cursor, TAIL_BATCH)
                if records:
                    yield records
                else:
                    await cursor.wait()
        finally:
            cursor.close()

    async def _take(self, cursor: Cursor, limit: int) -> Sequence[Record]:
        """As `cursor.take`, waiting for a file that cannot be read now."""
        try:
            return cursor.take(limit)
        except BusAway as away:
            log.warning("bus_read_failed", reason=away.detail)
        backoff = Backoff(READ_AGAIN_FIRST_MS, READ_AGAIN_MAX_MS, self._core.random.random)
        while True:
            await backoff.wait()
            try:
                return cursor.take(limit)
            except BusAway:
                continue

    async def ends(self, topic: Topic) -> Mapping[int, int]:
        return {slot.partition: slot.end for slot in self._core.slots_of((topic,))}

    async def lag(self, group: str, topics: Sequence[Topic]) -> Sequence[GroupLag]:
        slots = self._core.slots_of(topics)
        committed = self._core.positions_of(group, slots)
        return [
            GroupLag(topic=slot.topic, partition=slot.partition, committed=committed[slot.topic, slot.partition], end=slot.end)
            for slot in slots
        ]

    async def close(self) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        try:
            await self._core.writer.close()
        finally:
            await self._release()

    async def _release(self) -> None:
        self._core.log.close()
