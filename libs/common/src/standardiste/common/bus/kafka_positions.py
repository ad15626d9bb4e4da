"""Where groups and readers stand: what a group committed, where the readable log ends, the first record of a type, and a reader that no longer reads."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError, GroupLoadInProgressError, NotCoordinatorForGroupError
from aiokafka.structs import OffsetAndMetadata

from standardiste.common.bus.kafka_clients import CLOSE_WITHIN_S, Consumer, away, close, reader, record_of
from standardiste.common.bus.kafka_settings import KafkaSettings
from standardiste.common.bus.port import Record
from standardiste.common.bus.topics import Topic
from standardiste.common.errors import BusAway

COORDINATOR_TRIES: Final = 20
COORDINATOR_AGAIN_S: Final = 0.1
STANDSTILL_S: Final = 15.0
LOOK_BACK: Final = 16
LOOK_MS: Final = 20
FRESH_TRIES: Final = 4


async def committed(settings: KafkaSettings, group: str, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, OffsetAndMetadata]:
    """
    Where a group (by its name on the cluster) stands; a partition where it never committed is not named. Raises KafkaError.

    A coordinator that is still reading its log, as after every restart of its broker, says so in a field that the client library does not look at, beside an
    empty answer; one that knows names each partition it was asked about. To take the one for the other would be to begin anew from the start of the inputs.
    """
    admin: Any = AIOKafkaAdminClient(**settings.client())
    found: Mapping[TopicPartition, OffsetAndMetadata] = {}
    try:
        await admin.start()
        for tries in range(1, COORDINATOR_TRIES + 1):  # a fresh cluster makes its offsets topic when it is first asked
            try:
                found = await admin.list_consumer_group_offsets(group, partitions=list(partitions))
                if all(place in found for place in partitions):
                    break
                raise GroupLoadInProgressError(f"{group}: the coordinator does not know yet")
            except (GroupCoordinatorNotAvailableError, GroupLoadInProgressError, NotCoordinatorForGroupError):
                if tries == COORDINATOR_TRIES:
                    raise
                await asyncio.sleep(COORDINATOR_AGAIN_S)
    finally:
        await admin.close()
    return {place: mark for place, mark in found.items() if mark.offset >= 0}


async def visible_ends(consumer: Consumer, asked: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
    """
    The offset after the last record that a reader is given, of each partition; 0 where there is none.

    The log's own end lies further: transactions leave markers, aborted ones records, compaction holes. Looked for backwards, in growing steps, in all
    partitions at once.
    """
    first, end = await consumer.beginning_offsets(asked), await consumer.end_offsets(asked)
    found = dict.fromkeys(asked, 0)
    begin = {place: end[place] for place in asked if end[place] > first[place]}
    step = LOOK_BACK
    while begin:
        begin = {place: max(first[place], end[place] - step) for place in begin}
        step *= 4
        consumer.assign(list(begin))
        for place, offset in begin.items():
            consumer.seek(place, offset)
        waiting = set(begin)
        while waiting:
            for place, raw in (await consumer.getmany(*waiting, timeout_ms=LOOK_MS)).items():
                found[place] = max(found[place], raw[-1].offset + 1)
            waiting = {place for place in waiting if await consumer.position(place) < end[place]}
        begin = {place: offset for place, offset in begin.items() if not found[place] and offset > first[place]}
    return found


async def first_of_type(settings: KafkaSettings, topic: Topic, partition: int, type_: str) -> Record | None:
    """
    The first record of a partition that is of this type; the whole partition is read where there is none. Raises BusAway.

    Tried a few times: topics that were made a moment ago have no leader yet on a busy broker.
    """
    for _ in range(FRESH_TRIES - 1):
        with contextlib.suppress(BusAway):
            return await _first_of_type(settings, topic, partition, type_)
    return await _first_of_type(settings, topic, partition, type_)


async def _first_of_type(settings: KafkaSettings, topic: Topic, partition: int, type_: str) -> Record | None:
    place, consumer = TopicPartition(settings.name(topic), partition), reader(settings)
    with away():
        try:
            await consumer.start()
            consumer.assign([place])
            consumer.seek(place, (await consumer.beginning_offsets([place]))[place])
            end = (await consumer.end_offsets([place]))[place]
            while await consumer.position(place) < end:
                for raw in (await consumer.getmany(place, timeout_ms=LOOK_MS)).get(place, ()):
                    if (found := record_of(settings, raw)).headers.get("ce_type") == type_:
                        return found
            return None
        finally:
            await close(consumer)


class Standstill:
    """
    Finds a reader that no longer reads though there is something to read: a safety net, for a client library whose tasks may end in silence.

    `clock` gives seconds that only grow. Whoever is behind and stands where he stood a while ago, having been asked for records meanwhile, stands still.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._looked_at = clock()
        self._behind: Mapping[TopicPartition, int] = {}

    async def look(self, consumer: Consumer, places: Sequence[TopicPartition]) -> None:
        """To be called after each answer of the consumer. Raises BusAway where it stands still; a broker that is slow to answer shows nothing."""
        if self._clock() - self._looked_at < STANDSTILL_S:
            return
        try:
            with away():
                async with asyncio.timeout(CLOSE_WITHIN_S):
                    ends = await consumer.end_offsets(places)
                    at = {place: await consumer.position(place) for place in places}
        except BusAway:
            self._behind = {}
            return
        finally:
            self._looked_at = self._clock()
        former, self._behind = self._behind, {place: offset for place, offset in at.items() if offset < ends[place]}
        if any(former.get(place) == offset for place, offset in self._behind.items()):
            raise BusAway("the reader stands still")
