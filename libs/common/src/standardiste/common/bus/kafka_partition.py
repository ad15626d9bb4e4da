"""
One partition while it is ours, on Kafka: its transactional producer, its state, its inputs.

Order of taking, always: start the producer (that fences and settles the predecessor), read the committed offsets, seek a consumer assigned by hand,
restore. Every send is awaited before the commit: a record that the broker refuses otherwise vanishes silently. The offsets go beside them. The offset's metadata holds the instant
of the commit, so that the next owner knows the gap.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata

from standardiste.common.bus.gathered import Gathered
from standardiste.common.bus.kafka_clients import (
    RETRY_BACKOFF_MS,
    Consumer,
    Packed,
    Producer,
    Raw,
    away,
    close,
    packed,
    places,
    reader,
    record_of,
    writer,
)
from standardiste.common.bus.kafka_positions import Standstill, committed
from standardiste.common.bus.kafka_settings import KafkaSettings
from standardiste.common.bus.log_clock import LogClock
from standardiste.common.bus.port import Outputs, Record
from standardiste.common.bus.processing import BATCH_RECORDS, NoLongerOwner
from standardiste.common.bus.timers import Timer
from standardiste.common.bus.topics import Topic
from standardiste.common.errors import BusAway, PositionLost
from standardiste.common.events.base import Instant
from standardiste.common.log import logger
from standardiste.common.metrics import counter

TRANSACTION_WITHIN_MS: Final = 15_000
RESTORE_BATCH: Final = 2_000
FETCH_POLL_MS: Final = 15_000

log = logger("bus")


class KafkaPartition:
    """`processing.Owned` on Kafka. `is_ours` says, once that is known, whether the group still gives us this partition."""

    def __init__(
        self,
        settings: KafkaSettings,
        group: str,
        topics: Sequence[Topic],
        state: Topic,
        partition: int,
        clock: LogClock,
        timer: Timer,
        is_ours: Callable[[], Awaitable[bool]],
    ) -> None:
        self._settings, self._group, self._partition, self._clock, self._timer = settings, settings.group(group), partition, clock, timer
        self._is_ours = is_ours
        self._inputs = places(settings, topics, [partition])
        self._state = TopicPartition(settings.name(state), partition)
        self._producer: Producer | None = None
        self._consumer: Consumer | None = None
        self._pump: asyncio.Task[None] | None = None
        self._gathered = Gathered()
        self._latest: dict[TopicPartition, int] = {}
        self._something, self._room = asyncio.Event(), asyncio.Event()
        self._next: dict[TopicPartition, int] = {}
        self.batch_records = BATCH_RECORDS
        self.committed_at: Instant | None = None

    async def restore(self) -> AsyncIterator[Sequence[Record]]:
        if not await self._is_ours():
            raise NoLongerOwner
        with away():
            self._producer = writer(
                self._settings,
                transactional_id=f"{self._group}-{self._partition}",
                transaction_timeout_ms=TRANSACTION_WITHIN_MS,
                retry_backoff_ms=RETRY_BACKOFF_MS,
            )
            async with asyncio.timeout(TRANSACTION_WITHIN_MS / 1000):
                await self._producer.start()
                async with self._clock.asking:
                    if not self._clock.measured:
                        await self._ask_the_broker(self._producer)
            self._consumer = reader(self._settings, auto_offset_reset="none")
            await self._consumer.start()
            everywhere = [*self._inputs, self._state]
            first, end = await self._consumer.beginning_offsets(everywhere), await self._consumer.end_offsets(everywhere)
            await self._read_committed(first, end)
            self._consumer.assign([self._state])
            self._consumer.seek(self._state, first[self._state])
            still = Standstill()
            while await self._consumer.position(self._state) < end[self._state]:
                batches = await self._consumer.getmany(self._state, timeout_ms=1_000, max_records=RESTORE_BATCH)
                await still.look(self._consumer, [self._state])
                for raw in batches.values():
                    if self.committed_at is None:
                        raise PositionLost(
                            f"{self._state.topic} of partition {self._partition} has records, but nothing says how far its inputs were taken"
                        )
                    yield [record_of(self._settings, each) for each in raw]
            self._consumer.assign(self._inputs)
            for place in self._inputs:
                self._consumer.seek(place, self._next[place])
        self._room.set()
        self._pump = asyncio.create_task(self._gather())
        self._pump.add_done_callback(lambda _: self._something.set())

    @property
    def waiting(self) -> int:
        return len(self._gathered)

    def take(self) -> Sequence[Record]:
        if self._pump is not None and self._pump.done():
            self._pump.result()  # raises what ended it
            raise BusAway("the reader ended")
        taken = self._gathered.take()
        if not self._gathered:
            self._something.clear()
        if not self._gathered.is_full:
            self._room.set()
        return taken

    async def wait(self, until: Instant) -> None:
        cancel = self._timer.call_at(until, self._something.set)  # `take` clears it when it finds nothing
        try:
            await self._something.wait()
        finally:
            cancel()

    async def ask_the_time(self) -> None:
        """Unless another partition's question is answered meanwhile, which is the answer to ours as well."""
        assert self._producer is not None
        measured = self._clock.measured
        with away():
            async with asyncio.timeout(TRANSACTION_WITHIN_MS / 1000), self._clock.asking:
                if self._clock.measured == measured:
                    await self._ask_the_broker(self._producer)

    async def commit(self, outputs: Outputs, offsets: Mapping[Topic, int]) -> None:
        assert self._producer is not None
        self._next |= {TopicPartition(self._settings.name(topic), self._partition): offset for topic, offset in offsets.items()}
        stamp = str(self._clock.now())
        marks = {place: OffsetAndMetadata(offset, stamp) for place, offset in self._next.items()}
        by_topic: dict[Topic, list[Packed]] = {}
        for out in outputs:
            by_topic.setdefault(out.topic, []).append(packed(out))
        with away():
            async with asyncio.timeout(TRANSACTION_WITHIN_MS / 1000), in_transaction(self._producer):
                await self._written(self._producer, by_topic, self._producer.send_offsets_to_transaction(marks, self._group))

    async def close(self) -> None:
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.gather(self._pump, return_exceptions=True)
        for client in (self._consumer, self._producer):
            if client is not None:
                await close(client)

    async def _written(self, producer: Producer, by_topic: Mapping[Topic, Sequence[Packed]], *beside: Coroutine[Any, Any, None]) -> None:
        """Return when the broker has them all, and what goes beside them is done; its acknowledgement tells the time."""
        sent_at = self._clock.own.now()
        writing = [asyncio.create_task(self._write(producer, topic, records)) for topic, records in by_topic.items()]
        await asyncio.gather(*writing, *beside)  # begun in this order: the broker must hear of a partition before it takes its records
        if writing:
            self._clock.learn(sent_at, max(written.result() for written in writing), self._clock.own.now())

    async def _write(self, producer: Producer, topic: Topic, records: Sequence[Packed]) -> int:
        """Send records of one topic in batches that we fill ourselves: a future for each record costs more than the record. The last append time."""
        name = self._settings.name(topic)
        sent: list[asyncio.Future[Any]] = []
        batch = producer.create_batch()
        for key, value, headers in records:
            if batch.append(timestamp=None, key=key, value=value, headers=headers) is None:
                sent.append(await producer.send_batch(batch, name, partition=self._partition))
                batch = producer.create_batch()
                batch.append(timestamp=None, key=key, value=value, headers=headers)  # an empty one takes any record
        sent.append(await producer.send_batch(batch, name, partition=self._partition))
        return (await asyncio.gather(*sent))[-1].timestamp

    async def _ask_the_broker(self, producer: Producer) -> None:
        """What the broker's clock says before anything is reckoned by it: from a record that is taken back, which no reader is given."""
        await producer.begin_transaction()
        await self._written(producer, {self._settings.topic(self._state.topic): [(b"clock", None, [])]})
        await producer.abort_transaction()

    async def _read_committed(self, first: Mapping[TopicPartition, int], end: Mapping[TopicPartition, int]) -> None:
        """Where the group stands, and since when."""
        known = await committed(self._settings, self._group, self._inputs)
        stamps: list[int] = []
        for place in self._inputs:
            self._next[place] = first[place]
            if (mark := known.get(place)) is not None:
                self._next[place] = self._within(place, mark.offset, first[place], end[place])
                stamps.append(int(mark.metadata) if mark.metadata.isdigit() else 0)
        self.committed_at = Instant(max(stamps)) if stamps else None

    def _within(self, place: TopicPartition, offset: int, first: int, end: int) -> int:
        """Where to go on: where the group stood, unless that is no longer there."""
        if offset > end:
            raise PositionLost(
                f"{place.topic} of partition {self._partition} ends at {end}, and {offset} was to be the next: records of it are lost"
            )
        if offset < first:
            counter("standardiste_bus_expired_records_total").labels(self._settings.topic(place.topic).value).inc(first - offset)
            log.error("records_expired", topic=place.topic, partition=self._partition, records=first - offset)
        return max(offset, first)

    async def _gather(self) -> None:
        assert self._consumer is not None
        still = Standstill()
        while True:
            await self._room.wait()
            with away():
                batches = await self._consumer.getmany(*self._inputs, timeout_ms=FETCH_POLL_MS, max_records=BATCH_RECORDS)
            await still.look(self._consumer, self._inputs)
            for place, raw in batches.items():
                self._gathered.add([self._record(place, each) for each in raw])
            if self._gathered:
                self._something.set()
            if self._gathered.is_full:
                self._room.clear()

    def _record(self, place: TopicPartition, raw: Raw) -> Record:
        latest = self._latest[place] = max(self._latest.get(place, 0), raw.timestamp)
        return record_of(self._settings, raw, not_before=latest)


@asynccontextmanager
async def in_transaction(producer: Producer) -> AsyncGenerator[None]:
    """
    Commit what the block sends. What Kafka refuses is taken back and raised as it was.

    A producer that is fenced cannot take anything back and fails an assertion of its own: that must not hide why.
    """
    await producer.begin_transaction()
    try:
        yield
    except KafkaError:
        with contextlib.suppress(KafkaError, AssertionError):
            await producer.abort_transaction()
        raise
    await producer.commit_transaction()
