"""
The memory bus: the embedded log on ":memory:", its commits run inline, no thread anywhere, so that a seed decides everything that happens.

Several clients may share one log, as services share a Kafka: `another()` makes one. A client can be crashed: what it holds passes to whoever waits,
and nothing of it is ever committed again (the simulation also stops running its tasks). `Faults` are drawn from a seeded source around each verb.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from standardiste.common.bus.core import Bounds, Core
from standardiste.common.bus.local import LocalBus
from standardiste.common.bus.local_partition import LocalPartition
from standardiste.common.bus.log import Log
from standardiste.common.bus.owners import Claim
from standardiste.common.bus.port import Handler, Lane, Outgoing, Outputs, Record, RetryPolicy
from standardiste.common.bus.processing import Owned
from standardiste.common.bus.timers import Timer
from standardiste.common.bus.topics import Topic
from standardiste.common.bus.window import Cursor
from standardiste.common.clock import Clock, SystemClock
from standardiste.common.errors import BusAway


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """
    How often what goes wrong, 0.0–1.0 a call, and how long things take at most.

    `lost`: BusAway and nothing was written. `unsure`: BusAway although it was written; `process` meets both at its commits. `twice`: a subscriber's
    record is delivered again after its handler has returned. `delay_ms_max`: each call waits up to so long before and after.
    """

    lost: float = 0.0
    unsure: float = 0.0
    twice: float = 0.0
    delay_ms_max: int = 0


NO_FAULTS: Final = Faults()


class Inline:
    """Runs a commit where it stands."""

    def submit(self, job: Callable[[], None], done: Callable[[Exception | None], None]) -> None:
        error: Exception | None = None
        try:
            job()
        except Exception as failed:
            error = failed
        done(error)


class MemoryBus(LocalBus):
    """A client of a log in memory. `await MemoryBus.open()`; the log is gone with its last client."""

    def __init__(self, core: Core, faults: Faults = NO_FAULTS) -> None:
        super().__init__(core)
        self.faults = faults

    @classmethod
    async def open(
        cls,
        clock: Clock | None = None,
        partitions: int = 1,
        *,
        timer: Timer | None = None,
        random: Random | None = None,
        faults: Faults = NO_FAULTS,
        bounds: Bounds = Bounds(),  # noqa: B008 - frozen
    ) -> MemoryBus:
        return cls(Core(Log(":memory:", partitions), clock or SystemClock(), Inline(), timer, random, bounds), faults)

    def another(self, faults: Faults | None = None) -> MemoryBus:
        """Another client of the same log, open whether this one is or not."""
        return MemoryBus(self._core, self.faults if faults is None else faults)

    def cursor(self, topics: Sequence[Topic]) -> Cursor:
        """A bare cursor over these from their start, for tests and the simulation to look at the log without a task."""
        slots = self._core.slots_of(topics)
        return Cursor(self._core.window, slots, {(slot.topic, slot.partition): 0 for slot in slots})

    def stored(self, topic: Topic) -> list[Record]:
        """What the log itself holds of a topic now, memory aside: what a restart would find."""
        return [
            record for slot in self._core.slots_of((topic,)) for record in self._core.log.read(topic, slot.partition, 0, slot.end, slot.end)
        ]

    def crash(self) -> None:
        """This client is no more: whoever waits for what it held goes on. Its publishes that were not yet written may or may not be."""
        self._is_closed = True
        self._core.owners.evict(self)

    async def publish(self, *outgoing: Outgoing, within_ms: int = 0) -> None:
        if self._is_closed:
            raise BusAway("closed")
        if self.faults is NO_FAULTS:
            await super().publish(*outgoing, within_ms=within_ms)
            return
        async with _Trouble(self):
            await super().publish(*outgoing, within_ms=within_ms)

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
        async def sometimes_twice(record: Record) -> None:
            await handler(record)
            if self._core.random.random() < self.faults.twice:
                await handler(record)

        given = sometimes_twice if self.faults.twice else handler
        await super().subscribe(group, topics, given, lane=lane, in_flight=in_flight, within_ms=within_ms, retry=retry, ready=ready)

    def _partition(self, claim: Claim, group: str, topics: Sequence[Topic], state: Topic, partition: int) -> Owned:
        return _FaultyPartition(self, self._core, claim, group, topics, state, partition)

    def trouble(self) -> _Trouble:
        return _Trouble(self)

    async def close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            await self._core.writer.flush()
            self._core.owners.evict(self)

    async def delay(self) -> None:
        if self.faults.delay_ms_max:
            await asyncio.sleep(self._core.random.random() * self.faults.delay_ms_max / 1000)

    def draw(self) -> float:
        return self._core.random.random()


class _Trouble:
    """What may go wrong around a write."""

    def __init__(self, bus: MemoryBus) -> None:
        self._bus = bus

    async def __aenter__(self) -> None:
        await self._bus.delay()
        if self._bus.draw() < self._bus.faults.lost:
            raise BusAway("lost, as drawn")

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is None:
            await self._bus.delay()
            if self._bus.draw() < self._bus.faults.unsure:
                raise BusAway("unsure, as drawn")


class _FaultyPartition(LocalPartition):
    """A partition whose commits meet the faults of its client."""

    def __init__(self, bus: MemoryBus, core: Core, claim: Claim, group: str, topics: Sequence[Topic], state: Topic, partition: int) -> None:
        super().__init__(core, claim, group, topics, state, partition)
        self._bus = bus

    async def commit(self, outputs: Outputs, offsets: Mapping[Topic, int]) -> None:
        if self._bus.faults is NO_FAULTS:
            await super().commit(outputs, offsets)
            return
        async with self._bus.trouble():
            await super().commit(outputs, offsets)
