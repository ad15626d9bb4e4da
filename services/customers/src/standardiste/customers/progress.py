"""
How far decisions have been worked into documents: what `at_least` and the history export lean on.

Handlers end in any order, so the position is the lowest that is not done, as the bus commits it. This process knows its own at once; what another
process did, the bus knows a moment later.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from standardiste.common.bus.port import Bus
from standardiste.common.bus.topics import Topic, partition_of
from standardiste.common.errors import BadInput

AT_LEAST_WAIT_S: Final = 0.25
"""How long a reader's request is held before it is told to come again: most positions are reached within a few milliseconds."""

CATCH_UP_WAIT_S: Final = 1.0
"""How long a contact is held that names what the documents do not know yet, and whoever erases, merges or splits what they say."""


def parse_at_least(text: str) -> tuple[int, int]:
    """(partition, offset) of a decision, from the opaque `seq` of a desk's frame. Raises BadInput("invalid_field")."""
    parts = text.split(":")
    if len(parts) not in (2, 3) or not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts):
        raise BadInput("invalid_field", "at_least is the seq of a frame that the desk was given", "/query/at_least")
    return int(parts[0]), int(parts[1])


class Progress:
    """The position of one group in decisions, by partition."""

    def __init__(self, bus: Bus, group: str) -> None:
        self._bus, self._group = bus, group
        self._started: dict[int, deque[int]] = {}
        self._done: dict[int, set[int]] = {}
        self._next: dict[int, int] = {}
        self._committed: dict[int, int] = {}
        self._moved = asyncio.Event()

    def start(self, partition: int, offset: int) -> None:
        """A record is about to be handled; offsets of a partition come in order. An older one than the last: it is delivered anew from there."""
        started, done = self._started.setdefault(partition, deque()), self._done.setdefault(partition, set())
        if started and offset <= started[-1]:
            started.clear()
            done.clear()
        started.append(offset)

    def done(self, partition: int, offset: int) -> None:
        """Its documents are durable, or it lies in dead-letters."""
        if offset in self._started.get(partition, ()):
            self._done[partition].add(offset)
            self._advance(partition)

    async def position(self, partition: int) -> int:
        """Every decision of the partition below this offset is in the documents."""
        for lag in await self._bus.lag(self._group, (Topic.DECISIONS,)):
            self._committed[lag.partition] = max(lag.committed, self._committed.get(lag.partition, 0))
        return self._known(partition)

    async def has_passed(self, partition: int, offset: int) -> bool:
        """Whether the decision at this offset is in the documents. The bus is asked only about what is not known yet: positions do not fall."""
        return offset < self._known(partition) or offset < await self.position(partition)

    async def reached(self, partition: int, offset: int, wait_s: float = AT_LEAST_WAIT_S) -> bool:
        """Whether the decision at this offset is in the documents, waiting a moment for it."""
        if await self.has_passed(partition, offset):
            return True
        try:
            async with asyncio.timeout(wait_s):
                while self._next.get(partition, 0) <= offset:
                    await self._moved.wait()
        except TimeoutError:
            return await self.position(partition) > offset
        return True

    async def caught_up(self, wait_s: float = CATCH_UP_WAIT_S, tenant: str | None = None) -> bool:
        """
        Whether every decision (of a tenant's partition) that stands in the log by now is in the documents, waiting a moment for it. Raises BusAway.
        """
        only = None if tenant is None else partition_of(tenant, self._bus.partitions)
        lags = [lag for lag in await self._bus.lag(self._group, (Topic.DECISIONS,)) if only in (None, lag.partition)]
        loop = asyncio.get_running_loop()
        until = loop.time() + wait_s  # one time for all; at its end `reached` still asks the bus what other processes did
        return all([await self.reached(lag.partition, lag.end - 1, max(0.0, until - loop.time())) for lag in lags])

    def _known(self, partition: int) -> int:
        return max(self._committed.get(partition, 0), self._next.get(partition, 0))

    def _advance(self, partition: int) -> None:
        started, done = self._started[partition], self._done[partition]
        while started and started[0] in done:
            self._next[partition] = started[0] + 1
            done.discard(started.popleft())
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()
