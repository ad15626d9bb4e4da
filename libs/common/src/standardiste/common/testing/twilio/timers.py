"""When things happen in the stand-in: time that a test moves by hand, or the machine's own in the demo."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from typing import Protocol

from standardiste.common.clock import Clock, ManualClock, SystemClock
from standardiste.common.events.base import Instant

_TURNS_PER_WAKE = 20  # event-loop turns that whoever woke gets before time moves on


class Timers(Protocol):
    """Time and waiting for it."""

    def now(self) -> Instant: ...

    async def sleep(self, ms: int) -> None: ...


class RealTimers:
    """The machine's time."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()

    def now(self) -> Instant:
        return self._clock.now()

    async def sleep(self, ms: int) -> None:
        await asyncio.sleep(ms / 1000)


class ManualTimers:
    """Time stands still until `advance`; sleepers wake in the order of their instants."""

    def __init__(self, clock: ManualClock | None = None) -> None:
        self.clock = clock or ManualClock()
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._count = 0

    def now(self) -> Instant:
        return self.clock.now()

    async def sleep(self, ms: int) -> None:
        if ms <= 0:
            await asyncio.sleep(0)
            return
        self._count += 1
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.clock.now() + ms, self._count, future))
        await future

    async def advance(self, ms: int) -> None:
        """Move time; whoever becomes due on the way wakes at its own instant."""
        end = self.clock.now() + ms
        while self._sleepers and self._sleepers[0][0] <= end:
            due, _, future = heapq.heappop(self._sleepers)
            if future.done():
                continue
            self.clock.advance(max(0, due - self.clock.now()))
            future.set_result(None)
            for _ in range(_TURNS_PER_WAKE):
                await asyncio.sleep(0)
        self.clock.advance(max(0, end - self.clock.now()))


class Changes:
    """Tells whoever waits for a condition that something in the stand-in has changed."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def tell(self) -> None:
        self._event.set()
        self._event = asyncio.Event()

    async def until(self, holds: Callable[[], bool], what: str, within_s: float = 10.0) -> None:
        """Return once `holds()`; raises TimeoutError naming `what` after `within_s` seconds of real time, so that a test ends."""

        async def wait() -> None:
            while not holds():
                event = self._event
                await event.wait()

        try:
            await asyncio.wait_for(wait(), within_s)
        except TimeoutError:
            raise TimeoutError(f"not within {within_s} s: {what}") from None
