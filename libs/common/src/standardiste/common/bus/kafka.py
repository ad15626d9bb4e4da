"""
The bus on Apache Kafka, for many processes: aiokafka for publish, process and tail, FastStream for subscribe.

Partitions are computed by us (topics.partition_of), so that every adapter lays a tenant in the same place. Every reader is read_committed.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from random import Random
from typing import Any, Final, Literal

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from standardiste.common.bus.dead_letters import dead_letter_of
from standardiste.common.bus.kafka_clients import (
    TOO_LARGE,
    Producer,
    arguments_of,
    away,
    close,
    places,
    reader,
    record_of,
    writer,
)
from standardiste.common.bus.kafka_owners import KafkaOwners
from standardiste.common.bus.kafka_partition import KafkaPartition
from standardiste.common.bus.kafka_positions import Standstill, committed, first_of_type, visible_ends
from standardiste.common.bus.kafka_rewriting import KEPT_MS, without
from standardiste.common.bus.kafka_settings import KafkaSettings
from standardiste.common.bus.kafka_subscription import KafkaSubscription, SubscriptionFailed
from standardiste.common.bus.kafka_topics import partitions_of
from standardiste.common.bus.lanes import reason_of
from standardiste.common.bus.log_clock import LogClock
from standardiste.common.bus.mark import MARK_TENANT, MARK_TYPE, marking
from standardiste.common.bus.port import From, GroupLag, Handler, Lane, Outgoing, Positions, ProcessorFactory, Record, RetryPolicy
from standardiste.common.bus.processing import Owned, PartitionLoop
from standardiste.common.bus.timers import Backoff, LoopTimer
from standardiste.common.bus.topics import Topic, partition_of
from standardiste.common.clock import Clock
from standardiste.common.errors import AnotherInstallation, BusAway
from standardiste.common.log import logger
from standardiste.common.metrics import gauge

PUBLISH_WITHIN_S: Final = 5.0
IN_FLIGHT_MAX: Final = 20_000
LAG_EVERY_S: Final = 15.0
AGAIN_FIRST_MS: Final = 100
AGAIN_MAX_MS: Final = 5_000
TAIL_BATCH: Final = 1_000
TAIL_POLL_MS: Final = 15_000

log = logger("bus")


class KafkaBus:
    """The bus port over one cluster. Made by `connect_to`."""

    def __init__(self, settings: KafkaSettings, partitions: int, clock: Clock, random: Random | None = None) -> None:
        self._settings, self._partitions, self._clock = settings, partitions, clock
        self._log_clock = LogClock(clock)
        self._timer, self._random = LoopTimer(self._log_clock), random or Random()
        self._installation: str | None = None
        self._producer: Producer | None = None
        self._renewing, self._rewriting = asyncio.Lock(), asyncio.Lock()
        self._in_flight = 0
        self._is_closed = False

    @classmethod
    async def connect_to(cls, settings: KafkaSettings, clock: Clock, installation: str | None = None) -> KafkaBus:
        """
        The bus on this cluster, for this installation (None: whoever's the topics are).

        Raises ValueError when the topics are not as they must be, AnotherInstallation, BusRefuses, BusAway.
        """
        bus = cls(settings, await partitions_of(settings), clock)
        bus._installation = installation
        if installation is not None:
            await bus._marked()
        await bus._start_producer()
        return bus

    async def mark(self) -> None:
        if self._installation is not None and await self._marked() is None:
            await self.publish(marking(self._installation, self._clock))
            await self._marked()  # two may have begun at once: the first record stands

    @property
    def partitions(self) -> int:
        return self._partitions

    async def publish(self, *outgoing: Outgoing, within_ms: int = 0) -> None:
        if self._producer is None or self._is_closed:
            raise BusAway("closed")
        if self._in_flight + len(outgoing) > IN_FLIGHT_MAX:
            raise BusAway("too many records are in flight")
        sends = [arguments_of(self._settings, out, partition_of(out.tenant, self._partitions)) for out in outgoing]
        producer = self._producer
        with away():
            async with asyncio.timeout(PUBLISH_WITHIN_S):
                try:
                    await asyncio.gather(*[await self._send(producer, send) for send in sends])
                except KafkaError as error:
                    if not error.retriable and not isinstance(error, TOO_LARGE):
                        await self._renew_producer(producer)
                    raise

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
        async def bury(record: Record, reason: str, tries: int) -> None:
            await self.publish(dead_letter_of(record, group, reason, tries))

        backoff = Backoff(AGAIN_FIRST_MS, AGAIN_MAX_MS, self._random.random)
        async with self._measured(group, topics):
            while True:
                subscription = KafkaSubscription(
                    self._settings,
                    group,
                    topics,
                    handler,
                    bury,
                    lane=lane,
                    in_flight=in_flight,
                    retry=retry or RetryPolicy(),
                    random=self._random,
                )
                try:
                    await subscription.run(ready)
                except (SubscriptionFailed, KafkaError, OSError) as error:
                    cause = error.__cause__ if isinstance(error.__cause__, Exception) else error
                    log.error("subscription_failed", group=group, reason=reason_of(cause))
                    await backoff.wait()

    async def process(
        self, group: str, topics: Sequence[Topic], state: Topic, factory: ProcessorFactory, *, ready: Callable[[], None] | None = None
    ) -> None:
        up: set[int] = set()
        turns = asyncio.Lock()
        is_told = False

        def tell() -> None:
            nonlocal is_told
            if not is_told and ready is not None and owners.wanted <= up:
                is_told = True
                ready()

        def one_ready(partition: int) -> None:
            up.add(partition)
            tell()

        def take(partition: int) -> Owned:
            is_ours = partial(owners.is_ours, partition)
            return KafkaPartition(self._settings, group, topics, state, partition, self._log_clock, self._timer, is_ours)

        async def work(partition: int) -> None:
            loop = PartitionLoop(
                partition,
                partial(take, partition),
                factory,
                self._log_clock,
                dead_letter=lambda record, reason, tries: dead_letter_of(record, group, reason, tries),
                random=self._random,
                turns=turns,
                ready=partial(one_ready, partition),
            )
            await loop.run()

        owners = KafkaOwners(self._settings, group, topics[0], work, self._random.random)
        async with self._measured(group, topics):
            await owners.run(tell)

    async def tail(
        self, topics: Sequence[Topic], positions: Positions, *, default: Literal[From.START, From.END] = From.END
    ) -> AsyncGenerator[Sequence[Record], None]:
        everywhere = places(self._settings, topics, range(self._partitions))
        begin: dict[TopicPartition, int] = {}
        backoff = Backoff(50, 5_000, self._random.random)
        while True:
            consumer = reader(self._settings)
            try:
                with away():
                    await consumer.start()
                    consumer.assign(everywhere)
                    ends = await consumer.end_offsets(everywhere)
                    for place in everywhere:
                        first = 0 if default is From.START else ends[place]
                        asked = positions.get((self._settings.topic(place.topic), place.partition), first)
                        consumer.seek(place, begin.setdefault(place, min(asked, ends[place])))
                    backoff.reset()
                    still = Standstill()
                    while True:
                        batches = await consumer.getmany(timeout_ms=TAIL_POLL_MS, max_records=TAIL_BATCH)
                        await still.look(consumer, everywhere)
                        for place, raw in batches.items():
                            begin[place] = raw[-1].offset + 1
                            yield [record_of(self._settings, each) for each in raw]
            except BusAway:
                await backoff.wait()  # a reader has nobody to tell: it goes on where it was
            finally:
                await close(consumer)

    async def ends(self, topic: Topic) -> Mapping[int, int]:
        consumer = reader(self._settings)
        with away():
            try:
                await consumer.start()
                everywhere = places(self._settings, [topic], range(self._partitions))
                return {place.partition: end for place, end in (await visible_ends(consumer, everywhere)).items()}
            finally:
                await close(consumer)

    async def lag(self, group: str, topics: Sequence[Topic]) -> Sequence[GroupLag]:
        everywhere = places(self._settings, topics, range(self._partitions))
        with away():
            marks = await committed(self._settings, self._settings.group(group), everywhere)
        found: list[GroupLag] = []
        for topic in topics:
            for partition, end in sorted((await self.ends(topic)).items()):
                mark = marks.get(TopicPartition(self._settings.name(topic), partition))
                found.append(GroupLag(topic=topic, partition=partition, committed=0 if mark is None else mark.offset, end=end))
        return found

    async def blank(self, partition: int, offsets: Sequence[int]) -> int:
        async with self._rewriting:
            await without(self._settings, partition, offsets, self._clock.now())
        return KEPT_MS  # a segment goes when it is the last no more, or when its last record is as old as letters become

    async def close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            if self._producer is not None:
                await close(self._producer)

    @asynccontextmanager
    async def _measured(self, group: str, topics: Sequence[Topic]) -> AsyncGenerator[None]:
        """Tell operators how far the whole group is behind, while the block runs. Every member says the same of it."""

        async def measure() -> None:
            gauges = {topic: gauge("standardiste_bus_lag_records").labels(group, topic.value) for topic in topics}
            while True:
                await asyncio.sleep(LAG_EVERY_S)
                with contextlib.suppress(BusAway):
                    lags = await self.lag(group, topics)
                    for topic, shown in gauges.items():
                        shown.set(sum(max(0, lag.end - lag.committed) for lag in lags if lag.topic is topic))

        measuring = asyncio.create_task(measure(), name=f"{group} lag")
        try:
            yield
        finally:
            measuring.cancel()

    async def _marked(self) -> str | None:
        """Whose the topics are; None when they bear no mark. Raises AnotherInstallation when they are not ours."""
        found = await first_of_type(self._settings, Topic.DIRECTORY, partition_of(MARK_TENANT, self._partitions), MARK_TYPE)
        theirs = None if found is None else found.headers["ce_id"]
        if theirs is not None and theirs != self._installation:
            raise AnotherInstallation(f"the topics {self._settings.prefix}*", theirs, str(self._installation))
        return theirs

    async def _start_producer(self) -> None:
        producer = writer(self._settings)
        with away():
            await producer.start()
        self._producer = producer

    async def _renew_producer(self, broken: Producer) -> None:
        """A producer that met an error which trying again does not mend takes nothing more: put another in its place, once."""
        async with self._renewing:
            if self._producer is broken and not self._is_closed:
                await self._start_producer()
                await close(broken)

    async def _send(self, producer: Producer, send: Mapping[str, Any]) -> asyncio.Future[Any]:
        """Hand one record to the producer. It counts as in flight until the broker has answered, however long we wait for that."""
        self._in_flight += 1
        try:
            sent = await producer.send(**send)
        except BaseException:
            self._in_flight -= 1
            raise
        sent.add_done_callback(self._landed)
        return asyncio.shield(sent)

    def _landed(self, sent: asyncio.Future[Any]) -> None:
        self._in_flight -= 1
        if not sent.cancelled() and isinstance(sent.exception(), KafkaError):
            return  # who waits for it has been told, or has been told BusAway before
