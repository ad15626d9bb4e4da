"""
The dead letters of one Kafka partition written anew without some of them: how an erasure reaches what Kafka cannot change.

Theory. Kafka changes no record, but forgets the beginning of a partition when told to. So the letters that stay are copied to the end and all before them is
deleted: from then on no reader is given what was left out. The copies, and a marker that says up to where they stand for the partition, are one
transaction; a reader that heeds the marker finds each letter once at every instant. The transactional producer bears the partition's name: of two who rewrite
at once the later fences the earlier, and both begin by reading what is there. Broken off before the deletion, the next one deletes. A copy keeps the
instant at which it became a letter, and is let go where that is longer ago than the topic keeps letters.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from random import Random
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.errors import (
    InvalidProducerEpoch,
    OffsetOutOfRangeError,
    ProducerFenced,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)

from standardiste.common.bus.dead_letters import BEFORE, LETTERED_AT, lettered_at, superseded_before
from standardiste.common.bus.kafka_clients import RETRY_BACKOFF_MS, Consumer, Producer, arguments_of, away, close, reader, record_of, writer
from standardiste.common.bus.kafka_partition import in_transaction
from standardiste.common.bus.kafka_settings import KafkaSettings
from standardiste.common.bus.port import Outgoing, Record
from standardiste.common.bus.timers import Backoff
from standardiste.common.bus.topics import TOPICS, Topic
from standardiste.common.errors import BusAway, BusRefuses
from standardiste.common.events.base import Instant

WITHIN_S: Final = 60.0
READ_AT_ONCE: Final = 500
POLL_MS: Final = 1_000
TRIES: Final = 10
AGAIN_FIRST_MS: Final = 200
AGAIN_MAX_MS: Final = 3_000
KEPT_MS: Final = TOPICS[Topic.DEAD_LETTERS].retention_ms or 0
MARKER_KEY: Final = "rewritten"

_FENCED: Final = (ProducerFenced, InvalidProducerEpoch)
_REFUSED: Final = (TopicAuthorizationFailedError, TransactionalIdAuthorizationFailed)


async def without(settings: KafkaSettings, partition: int, offsets: Collection[int], now: Instant) -> None:
    """
    Leave these dead letters out; those that were rewritten before are no more and stay so. Durable on return, and idempotent.

    Raises BusAway; BusRefuses where the cluster does not let us delete.
    """
    backoff = Backoff(AGAIN_FIRST_MS, AGAIN_MAX_MS, Random().random)  # by chance: who come again in step fence each other again
    for tries in range(1, TRIES + 1):
        try:
            with away():
                async with asyncio.timeout(WITHIN_S):
                    await _Rewriting(settings, partition, frozenset(offsets), now).run()
            return
        except BusAway as error:
            if isinstance(error.__cause__, _REFUSED):
                raise BusRefuses(f"dead letters cannot be deleted: {type(error.__cause__).__name__}") from error
            if not isinstance(error.__cause__, _FENCED) or tries == TRIES:
                raise
            await backoff.wait()


class _Rewriting:
    """One try. Everything raises KafkaError."""

    def __init__(self, settings: KafkaSettings, partition: int, offsets: frozenset[int], now: Instant) -> None:
        self._settings, self._offsets, self._oldest = settings, offsets, now - KEPT_MS
        self._place = TopicPartition(settings.name(Topic.DEAD_LETTERS), partition)

    async def run(self) -> None:
        id = f"{self._settings.group('customers')}-dead-letters-{self._place.partition}"
        producer = writer(
            self._settings, transactional_id=id, transaction_timeout_ms=int(WITHIN_S * 1_000), retry_backoff_ms=RETRY_BACKOFF_MS
        )
        consumer = reader(self._settings)
        try:
            await producer.start()  # from here on whoever rewrote before commits nothing more
            await consumer.start()
            first, before, is_there = await self._look(consumer)
            if is_there:
                before = await self._copy(consumer, producer, max(first, before))
            if before > first:
                await self._delete(before)
        finally:
            await close(consumer)
            await close(producer)

    async def _look(self, consumer: Consumer) -> tuple[int, int, bool]:
        """Where the partition begins, from where on its records count, and whether any that is to go is among those."""
        consumer.assign([self._place])
        first = (await consumer.beginning_offsets([self._place]))[self._place]
        before, there = 0, set[int]()
        async for records in self._from(consumer, first):
            before = max([before, *map(superseded_before, records)])
            there |= {record.offset for record in records if record.offset in self._offsets}
        return first, before, any(offset >= before for offset in there)

    async def _copy(self, consumer: Consumer, producer: Producer, start: int) -> int:
        """Copy what stays, and the marker. Gives the offset before which nothing counts any more."""
        end = (await consumer.end_offsets([self._place]))[self._place]
        marker = Outgoing(topic=Topic.DEAD_LETTERS, tenant="", key=MARKER_KEY, value=None, headers={BEFORE: str(end)})
        async with in_transaction(producer):
            await self._send(producer, [marker])
            async for records in self._from(consumer, start, end):
                await self._send(producer, [_copy_of(each) for each in records if self._stays(each)])
        return end

    def _stays(self, record: Record) -> bool:
        return record.offset not in self._offsets and not superseded_before(record) and lettered_at(record) >= self._oldest

    async def _from(self, consumer: Consumer, start: int, end: int | None = None) -> AsyncIterator[Sequence[Record]]:
        """The partition's records up to its end, as it is now or as given."""
        if end is None:
            end = (await consumer.end_offsets([self._place]))[self._place]
        consumer.seek(self._place, start)
        while await consumer.position(self._place) < end:
            batches = await consumer.getmany(self._place, timeout_ms=POLL_MS, max_records=READ_AT_ONCE)
            for raw in batches.values():
                yield [record for record in (record_of(self._settings, each) for each in raw) if record.offset < end]

    async def _send(self, producer: Producer, out: Sequence[Outgoing]) -> None:
        sent = [await producer.send(**arguments_of(self._settings, each, self._place.partition)) for each in out]
        await asyncio.gather(*sent)

    async def _delete(self, before: int) -> None:
        admin: Any = AIOKafkaAdminClient(**self._settings.client())
        try:
            await admin.start()
            await admin.delete_records({self._place: RecordsToDelete(before)})
        except OffsetOutOfRangeError:
            return  # gone by its age meanwhile
        finally:
            await admin.close()


def _copy_of(record: Record) -> Outgoing:
    headers = {**record.headers, LETTERED_AT: str(lettered_at(record))}
    return Outgoing(topic=record.topic, tenant="", key=record.key, value=record.value, headers=headers)
