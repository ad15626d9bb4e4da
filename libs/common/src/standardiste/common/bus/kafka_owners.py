"""
Who owns which partition, on Kafka: one paused, polled consumer on one topic decides, and nothing else of it is used.

Its callbacks set the wanted set and return; the tasks of partitions that stay go on through a rebalance. A member with a stable instance name that comes back
within its session gets its partitions back without one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor

from standardiste.common.bus.kafka_clients import Consumer, away, close, reader
from standardiste.common.bus.kafka_settings import KafkaSettings
from standardiste.common.bus.timers import Backoff
from standardiste.common.bus.topics import Topic
from standardiste.common.errors import Away
from standardiste.common.log import logger

SESSION_MS: Final = 6_000
HEARTBEAT_MS: Final = 1_000
POLL_MS: Final = 500
AGAIN_FIRST_MS: Final = 100
AGAIN_MAX_MS: Final = 5_000

log = logger("bus")


class KafkaOwners(ConsumerRebalanceListener):
    """Runs `work(partition)` for every partition that the group gives us, for as long as it does."""

    def __init__(
        self,
        settings: KafkaSettings,
        group: str,
        topic: Topic,
        work: Callable[[int], Coroutine[Any, Any, None]],
        random: Callable[[], float],
    ) -> None:
        self._settings, self._group, self._topic, self._work = settings, f"{settings.group(group)}-owners", topic, work
        self._backoff = Backoff(AGAIN_FIRST_MS, AGAIN_MAX_MS, random)
        self.wanted: set[int] = set()
        self._is_assigned = False
        self._known = asyncio.Event()
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._consumer: Consumer | None = None

    async def run(self, assigned: Callable[[], None]) -> None:
        """Until cancelled. `assigned` is called after each assignment was acted on."""
        try:
            while True:
                try:
                    await self._follow(assigned)
                except Away as gone:
                    log.warning("ownership_unknown", group=self._group, reason=str(gone))
                    await self._backoff.wait()
        finally:
            self.wanted = set()
            await self._settle()

    async def is_ours(self, partition: int) -> bool:
        """Whether a task may take this partition anew. While the group sorts itself out the answer waits: nobody fences the rightful owner."""
        await self._known.wait()
        return partition in self.wanted

    def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        """What stays goes on; what goes is ended when the new assignment is known, and fenced by the new owner meanwhile."""
        self._known.clear()

    def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        self.wanted = {place.partition for place in assigned}
        self._is_assigned = True
        self._known.set()
        if self._consumer is not None:
            self._consumer.pause(*assigned)

    async def _follow(self, assigned: Callable[[], None]) -> None:
        static = {"group_instance_id": f"{self._settings.instance}-{self._group}"} if self._settings.instance else {}
        consumer = self._consumer = reader(
            self._settings,
            group_id=self._group,
            partition_assignment_strategy=(StickyPartitionAssignor,),
            session_timeout_ms=SESSION_MS,
            heartbeat_interval_ms=HEARTBEAT_MS,
            rebalance_timeout_ms=SESSION_MS,
            **static,
        )
        try:
            with away():
                await consumer.start()
                consumer.subscribe([self._settings.name(self._topic)], listener=self)
                self._backoff.reset()
                while True:
                    await consumer.getmany(timeout_ms=POLL_MS)
                    if self._is_assigned:
                        self._is_assigned = False
                        await self._settle()
                        assigned()
                    elif any(task.done() for task in self._tasks.values()):
                        await self._settle()  # a task ended by itself: what is still ours is begun again
        finally:
            await close(consumer)

    async def _settle(self) -> None:
        """End what is no longer wanted, begin what is."""
        gone = {partition: task for partition, task in self._tasks.items() if partition not in self.wanted or task.done()}
        for task in gone.values():
            task.cancel()
        for partition, outcome in zip(gone, await asyncio.gather(*gone.values(), return_exceptions=True), strict=True):
            del self._tasks[partition]
            if isinstance(outcome, Exception):
                raise outcome
        for partition in sorted(self.wanted - set(self._tasks)):
            self._tasks[partition] = asyncio.create_task(self._work(partition), name=f"{self._group}/{partition}")
