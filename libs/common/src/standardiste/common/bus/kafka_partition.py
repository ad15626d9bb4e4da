"""
One partition while it is ours, on Kafka: its transactional producer, its state, its inputs.

Order of taking, always: start the producer (that fences and settles the predecessor), read the committed offsets, seek a consumer assigned by hand,
restore. Every send is awaited before the commit: a record that the broker refuses otherwise vanishes silently. The offset's metadata holds the instant
of the commit, so that the next owner knows the gap.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata

from standardiste.common.bus.kafka_clients import RETRY_BACKOFF_MS, arguments_of, away, close, places, reader, record_of
from standardiste.common.bus.kafka_settings import KafkaSettings
from standardiste.common.bus.port import Outputs, Record
from standardiste.common.bus.processing import NoLongerOwner
from standardiste.common.bus.timers import Timer
from standardiste.common.bus.topics import TOPICS, Topic
from standardiste.common.clock import Clock
from standardiste.common.errors import BusAway
from standardiste.common.events.base import Instant

TRANSACTION_WITHIN_MS: Final = 15_000
TAKE_MAX: Final = 500
GATHERED_MAX: Final = 5_000
"""Records fetched and not yet taken; beyond that no more are asked for."""
RESTORE_BATCH: Final = 2_000


class KafkaPartition:
    """`processing.Owned` on Kafka. `is_wanted` says whether the group still gives us this partition."""

    def __init__(
        self,
        settings: KafkaSettings,
        group: str,
        topics: Sequence[Topic],
        state: Topic,
        partition: int,
        clock: Clock,
        timer: Timer,
        is_wanted: Callable[[], bool],
    ) -> None:
        self._settings, self._group, self._partition, self._clock, self._timer = settings, settings.group(group), partition, clock, timer
        self._is_wanted = is_wanted
        self._inputs = places(settings, topics, [partition])
        self._state = TopicPartition(settings.name(state), partition)
        self._producer: AIOKafkaProducer[bytes, bytes] | None = None
        self._consumer: AIOKafkaConsumer[bytes, bytes] | None = None
        self._pump: asyncio.Task[None] | None = None
        self._gathered: list[Record] = []
        self._something, self._room = asyncio.Event(), asyncio.Event()
        self._next: dict[TopicPartition, int] = {}
        self.committed_at: Instant | None = None

    async def restore(self) -> AsyncIterator[Sequence[Record]]:
        if not self._is_wanted():
            raise NoLongerOwner
        with away():
            self._producer = AIOKafkaProducer(
                **self._settings.client(),
                transactional_id=f"{self._group}-{self._partition}",
                transaction_timeout_ms=TRANSACTION_WITHIN_MS,
                retry_backoff_ms=RETRY_BACKOFF_MS,
                max_request_size=max(spec.record_bytes_max for spec in TOPICS.values()) + 64 * 1024,
            )
            async with asyncio.timeout(TRANSACTION_WITHIN_MS / 1000):
                await self._producer.start()
            self._consumer = reader(self._settings)
            await self._consumer.start()
            await self._read_committed()
            self._consumer.assign([self._state])
            await self._consumer.seek_to_beginning(self._state)
            end = (await self._consumer.end_offsets([self._state]))[self._state]
            while await self._consumer.position(self._state) < end:
                batches = await self._consumer.getmany(self._state, timeout_ms=1_000, max_records=RESTORE_BATCH)
                for raw in batches.values():
                    yield [record_of(self._settings, each) for each in raw]
            self._consumer.assign(self._inputs)
            for place in self._inputs:
                self._consumer.seek(place, self._next[place])
        self._room.set()
        self._pump = asyncio.create_task(self._gather())

    def take(self) -> Sequence[Record]:
        if self._pump is not None and self._pump.done():
            self._pump.result()  # raises what ended it
            raise BusAway("the reader ended")
        taken = sorted(self._gathered[:TAKE_MAX], key=lambda record: (record.appended_at, record.topic, record.offset))
        del self._gathered[:TAKE_MAX]
        if not self._gathered:
            self._something.clear()
        self._room.set()
        return taken

    async def wait(self, until: Instant) -> None:
        woken = asyncio.get_running_loop().create_future()
        cancel = self._timer.call_at(until, lambda: woken.done() or woken.set_result(None))
        something = asyncio.ensure_future(self._something.wait())
        try:
            await asyncio.wait({woken, something}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            cancel()
            something.cancel()

    async def commit(self, outputs: Outputs, offsets: Mapping[Topic, int]) -> None:
        assert self._producer is not None
        self._next |= {TopicPartition(self._settings.name(topic), self._partition): offset for topic, offset in offsets.items()}
        stamp = str(self._clock.now())
        marks = {place: OffsetAndMetadata(offset, stamp) for place, offset in self._next.items()}
        sends = [arguments_of(self._settings, out, self._partition) for out in outputs]
        with away():
            async with asyncio.timeout(TRANSACTION_WITHIN_MS / 1000):
                await self._producer.begin_transaction()
                try:
                    await asyncio.gather(*[await self._producer.send(**send) for send in sends])
                    await self._producer.send_offsets_to_transaction(marks, self._group)
                except KafkaError:
                    with contextlib.suppress(KafkaError):
                        await self._producer.abort_transaction()
                    raise
                await self._producer.commit_transaction()

    async def close(self) -> None:
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.gather(self._pump, return_exceptions=True)
        for client in (self._consumer, self._producer):
            if client is not None:
                await close(client)

    async def _read_committed(self) -> None:
        """Where the group stands, and since when."""
        assert self._consumer is not None
        admin: Any = AIOKafkaAdminClient(**self._settings.client())
        await admin.start()
        try:
            known: Mapping[TopicPartition, OffsetAndMetadata] = await admin.list_consumer_group_offsets(
                self._group, partitions=self._inputs
            )
        finally:
            await admin.close()
        stamps: list[int] = []
        for place in self._inputs:
            mark = known.get(place)
            if mark is None or mark.offset < 0:
                self._next[place] = (await self._consumer.beginning_offsets([place]))[place]
            else:
                self._next[place] = mark.offset
                stamps.append(int(mark.metadata) if mark.metadata.isdigit() else 0)
        self.committed_at = Instant(max(stamps)) if stamps else None

    async def _gather(self) -> None:
        assert self._consumer is not None
        while True:
            await self._room.wait()
            batches = await self._consumer.getmany(*self._inputs, timeout_ms=60_000, max_records=TAKE_MAX)
            for raw in batches.values():
                self._gathered += [record_of(self._settings, each) for each in raw]
            if self._gathered:
                self._something.set()
            if len(self._gathered) >= GATHERED_MAX:
                self._room.clear()
