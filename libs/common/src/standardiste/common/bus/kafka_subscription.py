"""
At least once on Kafka: a FastStream batch subscriber feeds one set of lanes per partition; what is finished is committed lazily.

A rebalance ends the lanes of all partitions, since the group gives every one of them out anew: what they had finished is committed, what they had not is
handled again by the next owner. Who stays the owner waits for his former lanes first, so that order is kept, and drops what he held of the former batch: it
comes again from where the group stands. What FastStream would log and pass over (a batch that cannot be fed, a reader that ends) ends the subscription instead, so
that nothing behind a gap is ever committed; the bus begins another. While the lanes are full nothing is taken from FastStream, so the partitions are in effect paused; heartbeats go
on beside.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import cache
from random import Random
from typing import Any, Final, cast

from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.opentelemetry import KafkaTelemetryMiddleware
from faststream.kafka.prometheus import KafkaPrometheusMiddleware
from faststream.message import StreamMessage
from faststream.security import BaseSecurity, SASLOAuthBearer, SASLPlaintext, SASLScram256, SASLScram512
from faststream.types import BrokerMiddleware
from prometheus_client import REGISTRY

from standardiste.common.bus.kafka_clients import CLOSE_WITHIN_S, FETCH_WAIT_MS, Consumer, Raw, record_of, tear_down
from standardiste.common.bus.kafka_positions import Standstill
from standardiste.common.bus.kafka_settings import REQUEST_WITHIN_MS, KafkaSettings
from standardiste.common.bus.lanes import DeadLetter, Lanes, own_fault
from standardiste.common.bus.port import Handler, Lane, Record, RetryPolicy
from standardiste.common.bus.topics import Topic
from standardiste.common.errors import BusAway
from standardiste.common.tracing import provider

SESSION_MS: Final = 6_000
HEARTBEAT_MS: Final = 1_000
REBALANCE_MS: Final = 10_000
COMMIT_EVERY_S: Final = 0.2
BATCH_MAX: Final = 500
NEVER_MS: Final = 2_000_000_000  # lanes may be full for as long as a store is away; the session is kept by heartbeats


class SubscriptionFailed(Exception):
    """It cannot go on: what was not finished is delivered to the next one."""


class KafkaSubscription(ConsumerRebalanceListener):
    """One running subscription."""

    def __init__(
        self,
        settings: KafkaSettings,
        group: str,
        topics: Sequence[Topic],
        handler: Handler,
        bury: DeadLetter,
        *,
        lane: Lane | None,
        in_flight: int,
        retry: RetryPolicy,
        random: Random,
    ) -> None:
        self._settings, self._group, self._topics, self._in_flight = settings, settings.group(group), topics, in_flight

        async def handling(record: Record) -> None:
            try:
                await handler(record)
            finally:
                self._finished.set()

        async def burying(record: Record, reason: str, tries: int) -> None:
            try:
                await bury(record, reason, tries)
            finally:
                self._finished.set()

        self._make = lambda: Lanes(handling, burying, self._progress, lane=lane, in_flight=in_flight, retry=retry, random=random)
        self._lanes: dict[TopicPartition, Lanes] = {}
        self._dirty: dict[TopicPartition, int] = {}
        self._ending: dict[TopicPartition, asyncio.Task[None]] = {}
        self._assignments = 0
        self._finished = asyncio.Event()
        self._assigned = asyncio.Event()
        self._is_draining = False
        self._failure: Exception | None = None
        self._subscriber: Any = None

    async def run(self, ready: Callable[[], None] | None) -> None:
        """Until cancelled. Raises SubscriptionFailed, KafkaError when the cluster is away at the start."""
        broker = KafkaBroker(logger=None, apply_types=False, middlewares=_middlewares(), **_broker_arguments(self._settings))
        self._subscriber = broker.subscriber(
            *(self._settings.name(topic) for topic in self._topics),
            group_id=self._group,
            batch=True,
            ack_policy=AckPolicy.MANUAL,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            partition_assignment_strategy=(StickyPartitionAssignor,),
            session_timeout_ms=SESSION_MS,
            heartbeat_interval_ms=HEARTBEAT_MS,
            max_poll_interval_ms=NEVER_MS,
            rebalance_timeout_ms=REBALANCE_MS,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            batch_timeout_ms=FETCH_WAIT_MS,
            max_records=BATCH_MAX,
            listener=self,
            decoder=_raw,
        )
        self._subscriber(self._feed)
        try:
            await broker.start()
            await self._assigned.wait()
            if ready is not None:
                ready()
            still = Standstill()
            while self._is_well():
                await asyncio.sleep(COMMIT_EVERY_S)
                await self._commit()
                await self._look(still)
            raise SubscriptionFailed from self._failure
        finally:
            self._is_draining = True
            self._finished.set()
            await asyncio.gather(*(lanes.drain() for lanes in self._lanes.values()), *self._ending.values())
            await self._commit()
            await self._stop(broker)

    async def _stop(self, broker: KafkaBroker) -> None:
        """Leave the group; a consumer that does not stop because its broker is away is torn down."""
        consumer = self._subscriber.consumer
        try:
            async with asyncio.timeout(CLOSE_WITHIN_S):
                await broker.stop()
        except (TimeoutError, KafkaError, OSError):
            if consumer is not None:
                await tear_down(consumer)
        except asyncio.CancelledError as error:
            own_fault(error)
            if consumer is not None:
                await tear_down(consumer)

    def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        for place in assigned:
            self._lanes.setdefault(place, self._make())
        self._assigned.set()

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]  # aiokafka awaits it
        self._assignments += 1
        await self._commit()
        for place in revoked:
            lanes = self._lanes.pop(place, None)
            if lanes is not None:
                self._ending[place] = asyncio.create_task(_ended(self._ending.pop(place, None), lanes))
        self._dirty.clear()
        self._finished.set()  # who waits for room sees that his batch is of yesterday

    async def _look(self, still: Standstill) -> None:
        """With lanes that wait for nothing, the reader is to get on; a broker that does not answer now is no fault of its."""
        consumer = cast("Consumer | None", self._subscriber.consumer)
        if consumer is None or self._unfinished():
            return
        assignments = self._assignments
        try:
            await still.look(consumer, sorted(self._lanes))
        except BusAway as error:
            if assignments == self._assignments and not self._unfinished():
                self._failure = error

    def _is_well(self) -> bool:
        return self._failure is None and not all(task.done() for task in self._subscriber.tasks)

    async def _feed(self, batch: Sequence[Raw]) -> None:
        if self._failure is not None:
            return  # it lies behind what was not fed
        try:
            await self._fed(batch)
        except Exception as error:
            self._failure = error

    async def _fed(self, batch: Sequence[Raw]) -> None:
        assignment = self._assignments
        for raw in batch:
            place = TopicPartition(raw.topic, raw.partition)
            if (ending := self._ending.pop(place, None)) is not None:
                await ending
            while assignment == self._assignments and not self._is_draining and self._unfinished() >= self._in_flight:
                self._finished.clear()
                await self._finished.wait()
            if assignment != self._assignments or self._is_draining:
                return
            lanes = self._lanes.get(place)
            if lanes is not None:
                lanes.start(record_of(self._settings, raw))

    def _unfinished(self) -> int:
        return sum(self._in_flight - lanes.room for lanes in self._lanes.values())

    def _progress(self, topic: Topic, partition: int, next_offset: int) -> None:
        place = TopicPartition(self._settings.name(topic), partition)
        if place in self._lanes:
            self._dirty[place] = next_offset

    async def _commit(self) -> None:
        """Commit what moved; what cannot be committed now is delivered again, which handlers bear."""
        moved, self._dirty = self._dirty, {}
        consumer = cast("Consumer | None", self._subscriber.consumer if self._subscriber is not None else None)
        if consumer is None:
            return
        owned = {place: offset for place, offset in moved.items() if place in consumer.assignment()}
        if not owned:
            return
        try:
            async with asyncio.timeout(CLOSE_WITHIN_S):
                await consumer.commit(owned)
        except (KafkaError, TimeoutError, OSError):
            logging.getLogger("standardiste.bus").debug("offsets not committed")
            for place, offset in owned.items():
                if place in self._lanes:
                    self._dirty.setdefault(place, offset)


@cache
def _counting() -> BrokerMiddleware[Any, Any]:
    """FastStream's own counters of batches, once for a process: a registry takes each metric once."""
    return KafkaPrometheusMiddleware(registry=REGISTRY, app_name="standardiste", metrics_prefix="standardiste_faststream")


def _middlewares() -> list[BrokerMiddleware[Any, Any]]:
    """What FastStream tells of batches; the span of each event, a child of its own trace, is made by the lanes."""
    traced = provider()
    return [_counting(), *([KafkaTelemetryMiddleware(tracer_provider=traced)] if traced is not None else [])]


async def _raw(message: StreamMessage[Any]) -> Any:
    return message.raw_message


async def _ended(former: asyncio.Task[None] | None, lanes: Lanes) -> None:
    """Return when what ran has ended, that of an earlier assignment too."""
    await lanes.drain()
    if former is not None:
        await former


def _broker_arguments(settings: KafkaSettings) -> dict[str, Any]:
    """FastStream names security in its own way."""
    tokens = {"sasl_oauth_token_provider": settings.tokens()} if settings.is_by_token else {}
    return {
        **tokens,
        "bootstrap_servers": list(settings.bootstrap),
        "client_id": settings.client_id,
        "request_timeout_ms": REQUEST_WITHIN_MS,
        "allow_auto_create_topics": False,
        "security": _security(settings),
    }


def _security(settings: KafkaSettings) -> BaseSecurity:
    is_tls = settings.security.endswith("SSL")
    tls = settings.tls() if is_tls else None
    if not settings.security.startswith("SASL"):
        return BaseSecurity(ssl_context=tls, use_ssl=is_tls)
    if settings.is_by_token:
        return SASLOAuthBearer(ssl_context=tls, use_ssl=is_tls)
    return _SECURITY[settings.mechanism](settings.username, settings.password(), ssl_context=tls, use_ssl=is_tls)


_SECURITY: Final = {"PLAIN": SASLPlaintext, "SCRAM-SHA-256": SASLScram256, "SCRAM-SHA-512": SASLScram512}
