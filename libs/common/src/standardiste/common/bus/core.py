"""What every client of one local log shares: the file, what was committed lately, the queue before the file, and who reads for whom."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Final

from standardiste.common.bus.log import GroupSlot, Log, pack_headers
from standardiste.common.bus.owners import Owners
from standardiste.common.bus.port import Outgoing
from standardiste.common.bus.processing import BATCH_RECORDS
from standardiste.common.bus.steady_clock import SteadyClock
from standardiste.common.bus.sweep import Sweeper
from standardiste.common.bus.timers import LoopTimer, Timer
from standardiste.common.bus.topics import TOPICS, Topic, partition_of
from standardiste.common.bus.window import Slot, Window
from standardiste.common.bus.writer import Draft, Executor, Writer
from standardiste.common.clock import Clock
from standardiste.common.errors import BadInput
from standardiste.common.events.base import Instant
from standardiste.common.metrics import gauge

TENANTS_REMEMBERED: Final = 10_000
RECORD_BYTES_MAX: Final = {topic: spec.record_bytes_max for topic, spec in TOPICS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a local log may hold in memory: records shown lately, records waiting to be written, what one transaction of a processor takes of a topic."""

    window_bytes_max: int = 32 * 1024 * 1024
    in_flight_records_max: int = 20_000
    in_flight_bytes_max: int = 64 * 1024 * 1024
    batch_records: int = BATCH_RECORDS


class Core:
    """One open log. Made inside the event loop that will use it."""

    def __init__(self, log: Log, clock: Clock, executor: Executor, timer: Timer | None, random: Random | None, bounds: Bounds) -> None:
        self.log, self.clock = log, SteadyClock(clock)
        self.timer = timer or LoopTimer(self.clock)
        self.random = random or Random()
        self.window = Window(log, bounds.window_bytes_max)
        self.clock.reach(Instant(self.window.last_at))
        self.writer = Writer(
            log, self.window, self.clock, executor, records_max=bounds.in_flight_records_max, bytes_max=bounds.in_flight_bytes_max
        )
        self.sweeper = Sweeper(log, self.window, self.writer, self.clock)
        self.owners = Owners()
        self.batch_records = bounds.batch_records
        self.partitions = log.partitions
        self._partition_by_tenant: dict[str, int] = {}

    def draft(self, out: Outgoing) -> Draft:
        """The record as it goes to the writer. Raises BadInput for what cannot be written, so that it fails alone."""
        packed = pack_headers(out.headers)
        size = len(packed) + len(out.key) + (0 if out.value is None else len(out.value))
        if size > RECORD_BYTES_MAX[out.topic]:
            raise BadInput("record_too_large", f"{size} bytes; {out.topic.value} takes up to {RECORD_BYTES_MAX[out.topic]}")
        try:
            out.key.encode()
        except UnicodeEncodeError:
            raise BadInput("bad_key", "the key holds half a character (a lone surrogate)") from None
        return Draft(self._slot(out.topic, out.tenant), out.key, out.value, dict(out.headers), packed, size)

    def _slot(self, topic: Topic, tenant: str) -> Slot:
        if self.partitions == 1:
            return self.window.slots[topic, 0]
        partition = self._partition_by_tenant.get(tenant)
        if partition is None:
            if len(self._partition_by_tenant) >= TENANTS_REMEMBERED:
                self._partition_by_tenant.clear()
            partition = self._partition_by_tenant[tenant] = partition_of(tenant, self.partitions)
        return self.window.slots[topic, partition]

    def slots_of(self, topics: Sequence[Topic]) -> list[Slot]:
        return [self.window.slots[topic, partition] for topic in topics for partition in range(self.partitions)]

    def committed_offset(self, place: GroupSlot) -> int:
        committed = self.writer.committed.get(place)
        return 0 if committed is None else committed.next_offset

    def committed_at(self, group: str, topics: Sequence[Topic], partition: int) -> Instant | None:
        known = [self.writer.committed.get((group, topic, partition)) for topic in topics]
        return max((committed.at for committed in known if committed is not None), default=None)

    def positions_of(self, group: str, slots: Sequence[Slot]) -> dict[tuple[Topic, int], int]:
        """Where the group goes on in each of these."""
        return {(slot.topic, slot.partition): self.committed_offset((group, slot.topic, slot.partition)) for slot in slots}

    @contextmanager
    def lag_shown(self, group: str, topics: Sequence[Topic]) -> Generator[None]:
        """Tell whoever scrapes the metrics how far the group is behind, reckoned only then."""
        lag = gauge("standardiste_bus_lag_records")
        for topic in topics:
            lag.labels(group, topic.value).set_function(partial(self._lag_of, group, topic))
        try:
            yield
        finally:
            for topic in topics:
                lag.remove(group, topic.value)

    def _lag_of(self, group: str, topic: Topic) -> float:
        return sum(slot.end - self.committed_offset((group, topic, slot.partition)) for slot in self.slots_of((topic,)))
