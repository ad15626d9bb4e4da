"""
The four verbs over a log in this process: what the embedded and the memory adapter share.

Who may read for a group is settled by `Owners`: the first to come holds a topic of a group, whoever comes later waits as a standby and goes on
from the committed offsets when the first leaves, as a second consumer of one partition does on Kafka.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import Final, Literal

from standardiste.common.bus.dead_letters import dead_letter_of
from standardiste.common.bus.lanes import Lanes
from standardiste.common.bus.log import GroupSlot, Log, pack_headers
from standardiste.common.bus.port import From, GroupLag, Handler, Lane, Outgoing, Outputs, Positions, ProcessorFactory, Record, RetryPolicy
from standardiste.common.bus.processing import PartitionLoop, until_settled
from standardiste.common.bus.timers import LoopTimer, Timer
from standardiste.common.bus.topics import TOPICS, Topic, partition_of
from standardiste.common.bus.window import Cursor, Slot, Window
from standardiste.common.bus.writer import Draft, Executor, Writer
from standardiste.common.clock import Clock
from standardiste.common.errors import BadInput
from standardiste.common.events.base import Instant

TAKE_MAX: Final = 500
"""Records given to a reader or a processor at once."""

RESTORE_CHUNK: Final = 500
WINDOW_BYTES_MAX: Final = 32 * 1024 * 1024
IN_FLIGHT_RECORDS_MAX: Final = 20_000
IN_FLIGHT_BYTES_MAX: Final = 64 * 1024 * 1024
TENANTS_REMEMBERED: Final = 10_000


class LocalBus:
    """A bus over one `Log`. Open it inside the event loop that will use it."""

    def __init__(
        self,
        log: Log,
        partitions: int,
        clock: Clock,
        executor: Executor,
        *,
        timer: Timer | None = None,
        random: Random | None = None,
        window_bytes_max: int = WINDOW_BYTES_MAX,
        in_flight_records_max: int = IN_FLIGHT_RECORDS_MAX,
        in_flight_bytes_max: int = IN_FLIGHT_BYTES_MAX,
    ) -> None:
        self._log, self._partitions, self._clock = log, partitions, clock
        self._timer = timer or LoopTimer(clock)
        self._random = random or Random()
        self._window = Window(log, partitions, window_bytes_max)
        self._writer = Writer(log, self._window, clock, executor, records_max=in_flight_records_max, bytes_max=in_flight_bytes_max)
        self._owners = Owners()
        self._partition_by_tenant: dict[str, int] = {}
        self._limits = {topic: spec.record_bytes_max for topic, spec in TOPICS.items()}
        self._is_closed = False

    @property
    def partitions(self) -> int:
        return self._partitions

    @property
    def epoch(self) -> int:
        """Raised by a restore; compared before any position or seq."""
        return self._log.epoch

    async def raise_epoch(self) -> int:
        """Begin a new epoch, durably. Returns its number."""
        epoch = self._log.epoch + 1
        await self._writer.put_care(lambda log: log.put_epoch(epoch))
        self._log.epoch = epoch
        return epoch

    async def publish(self, *outgoing: Outgoing) -> None:
        await self._writer.put([self._draft(out) for out in outgoing])

    def _draft(self, out: Outgoing) -> Draft:
        packed = pack_headers(out.headers)
        size = len(packed) + len(out.key) + (0 if out.value is None else len(out.value))
        if size > self._limits[out.topic]:
            raise BadInput("record_too_large", f"{size} bytes; {out.topic.value} takes up to {self._limits[out.topic]}")
        try:
            out.key.encode()
        except UnicodeEncodeError:
            raise BadInput("bad_key", "the key holds half a character (a lone surrogate)") from None
        return Draft(self._slot(out.topic, out.tenant), out.key, out.value, dict(out.headers), packed, size)

    def _slot(self, topic: Topic, tenant: str) -> Slot:
        if self._partitions == 1:
            return self._window.slots[topic, 0]
        partition = self._partition_by_tenant.get(tenant)
        if partition is None:
            if len(self._partition_by_tenant) >= TENANTS_REMEMBERED:
                self._partition_by_tenant.clear()
            partition = self._partition_by_tenant[tenant] = partition_of(tenant, self._partitions)
        return self._window.slots[topic, partition]

    async def subscribe(
        self,
        group: str,
        topics: Sequence[Topic],
        handler: Handler,
        *,
        lane: Lane | None = None,
        in_flight: int = 64,
        retry: RetryPolicy | None = None,
        ready: Callable[[], None] | None = None,
    ) -> None:
        async with self._owners.holding(group, topics):
            slots = self._slots_of(topics)

            async def bury(record: Record, reason: str, tries: int) -> None:
                await self.publish(dead_letter_of(record, group, reason, tries))

            def progress(topic: Topic, partition: int, next_offset: int) -> None:
                self._writer.put_lazily({(group, topic, partition): next_offset})

            lanes = Lanes(handler, bury, progress, lane=lane, in_flight=in_flight, retry=retry or RetryPolicy(), random=self._random)
            cursor = Cursor(self._window, slots, self._committed(group, slots))
            try:
                if ready is not None:
                    ready()
                while True:
                    records = cursor.take(lanes.room)
                    for record in records:
                        lanes.start(record)
                    if not records:
                        await cursor.wait()
                    elif lanes.room <= 0:
                        await lanes.until_room()
                    else:
                        await asyncio.sleep(0)
            finally:
                cursor.close()
                await lanes.drain()
                await self._writer.flush()

    async def process(
        self, group: str, topics: Sequence[Topic], state: Topic, factory: ProcessorFactory, *, ready: Callable[[], None] | None = None
    ) -> None:
        async with self._owners.holding(group, topics):
            waiting = set(range(self._partitions))

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
                    lambda partition=partition: LocalPartition(self, group, topics, state, partition),
                    factory,
                    self._clock,
                    dead_letter=dead_letter,
                    random=self._random,
                    restored=self._restored,
                    ready=lambda partition=partition: one_ready(partition),
                )
                for partition in range(self._partitions)
            ]
            await run_all([loop.run() for loop in loops])

    def _restored(self, records: int) -> None:
        """What a processor read when it was taken; the embedded adapter then tells the garbage collector to leave it alone."""

    async def tail(
        self, topics: Sequence[Topic], positions: Positions, *, default: Literal[From.START, From.END] = From.END
    ) -> AsyncGenerator[Sequence[Record], None]:
        slots = self._slots_of(topics)
        begin = {
            (slot.topic, slot.partition): min(
                positions.get((slot.topic, slot.partition), 0 if default is From.START else slot.end), slot.end
            )
            for slot in slots
        }
        cursor = Cursor(self._window, slots, begin)
        try:
            while True:
                records = cursor.take(TAKE_MAX)
                if records:
                    yield records
                else:
                    await cursor.wait()
        finally:
            cursor.close()

    async def ends(self, topic: Topic) -> Mapping[int, int]:
        return {partition: self._window.slots[topic, partition].end for partition in range(self._partitions)}

    async def lag(self, group: str, topics: Sequence[Topic]) -> Sequence[GroupLag]:
        slots = self._slots_of(topics)
        committed = self._committed(group, slots)
        return [
            GroupLag(topic=slot.topic, partition=slot.partition, committed=committed[slot.topic, slot.partition], end=slot.end)
            for slot in slots
        ]

    async def close(self) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        try:
            await self._writer.close()
        finally:
            await self._release()

    async def _release(self) -> None:
        self._log.close()

    def _slots_of(self, topics: Sequence[Topic]) -> list[Slot]:
        return [self._window.slots[topic, partition] for topic in topics for partition in range(self._partitions)]

    def _committed(self, group: str, slots: Sequence[Slot]) -> dict[tuple[Topic, int], int]:
        return {(slot.topic, slot.partition): self.committed_offset((group, slot.topic, slot.partition)) for slot in slots}

    # What `LocalPartition` needs of its bus.

    def committed_at(self, group: str, topics: Sequence[Topic], partition: int) -> Instant | None:
        known = [self._writer.committed.get((group, topic, partition)) for topic in topics]
        return max((committed.at for committed in known if committed is not None), default=None)

    def committed_offset(self, place: GroupSlot) -> int:
        committed = self._writer.committed.get(place)
        return 0 if committed is None else committed.next_offset

    def cursor(self, topics: Sequence[Topic], partition: int, group: str | None) -> Cursor:
        """A cursor from the group's committed offsets on, or from the start."""
        slots = [self._window.slots[topic, partition] for topic in topics]
        start = {(slot.topic, slot.partition): 0 for slot in slots}
        return Cursor(self._window, slots, start if group is None else self._committed(group, slots))

    def write(self, outputs: Outputs, offsets: Mapping[GroupSlot, int]) -> asyncio.Future[None]:
        return self._writer.put([self._draft(out) for out in outputs], offsets, gives_up=False)

    def end_of(self, topic: Topic, partition: int) -> int:
        return self._window.slots[topic, partition].end

    @property
    def timer(self) -> Timer:
        return self._timer


class LocalPartition:
    """`Owned` over the local log. Nobody has to be fenced: `Owners` lets nobody else begin before this one has ended."""

    def __init__(self, bus: LocalBus, group: str, topics: Sequence[Topic], state: Topic, partition: int) -> None:
        self._bus, self._group, self._state, self._partition = bus, group, state, partition
        self._topics = topics
        self._cursor = bus.cursor(topics, partition, group)
        self.committed_at = bus.committed_at(group, topics, partition)

    async def restore(self) -> AsyncIterator[Sequence[Record]]:
        end = self._bus.end_of(self._state, self._partition)
        cursor = self._bus.cursor((self._state,), self._partition, None)
        try:
            while cursor.positions[self._state, self._partition] < end:
                yield cursor.take(RESTORE_CHUNK)
                await asyncio.sleep(0)
        finally:
            cursor.close()

    def take(self) -> Sequence[Record]:
        return self._cursor.take(TAKE_MAX)

    async def wait(self, until: Instant) -> None:
        cancel = self._bus.timer.call_at(until, self._cursor.wake)
        try:
            await self._cursor.wait()
        finally:
            cancel()

    async def commit(self, outputs: Outputs, offsets: Mapping[Topic, int]) -> None:
        at = {(self._group, topic, self._partition): offset for topic, offset in offsets.items()}
        await until_settled(self._bus.write(outputs, at or self._position()))

    def _position(self) -> dict[GroupSlot, int]:
        """Where the partition stands: so that a commit without records leaves its time."""
        place = (self._group, self._topics[0], self._partition)
        return {place: self._bus.committed_offset(place)}

    async def close(self) -> None:
        self._cursor.close()


class Owners:
    """Who reads which topic for which group: one at a time, in the order of coming."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, Topic], deque[asyncio.Future[None]]] = {}

    @asynccontextmanager
    async def holding(self, group: str, topics: Sequence[Topic]) -> AsyncGenerator[None]:
        held: list[tuple[str, Topic]] = []
        try:
            for place in sorted({(group, topic) for topic in topics}):
                await self._acquire(place)
                held.append(place)
            yield
        finally:
            for place in held:
                self._release(place)

    async def _acquire(self, place: tuple[str, Topic]) -> None:
        waiting = self._waiting.get(place)
        if waiting is None:
            self._waiting[place] = deque()
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._release(place)
            else:
                waiting.remove(turn)
            raise

    def _release(self, place: tuple[str, Topic]) -> None:
        waiting = self._waiting[place]
        while waiting:
            turn = waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        del self._waiting[place]


async def run_all(work: Sequence[Coroutine[None, None, None]]) -> None:
    """Run side by side until all have ended; when one fails or we are cancelled, the others are cancelled and waited for, in order."""
    loop = asyncio.get_running_loop()
    tasks = [loop.create_task(one) for one in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
