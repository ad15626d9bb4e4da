"""How the bus waits for an instant of its clock: a port, so that a simulation can jump and a test can move time by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol, TypeAlias

from standardiste.common.clock import Clock
from standardiste.common.events.base import Instant

Cancel: TypeAlias = Callable[[], None]


class Timer(Protocol):
    """Wakes whoever waits for an instant, once, at or after it, on the loop."""

    def call_at(self, at: Instant, wake: Callable[[], None]) -> Cancel: ...


class LoopTimer:
    """Waits by the event loop's own clock for as long as the instant is away."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def call_at(self, at: Instant, wake: Callable[[], None]) -> Cancel:
        return asyncio.get_running_loop().call_later(max(0, at - self._clock.now()) / 1000, wake).cancel


class Backoff:
    """Waiting times that double up to a bound, each with full jitter, so that those who failed together do not come back together."""

    def __init__(self, first_ms: int, max_ms: int, random: Callable[[], float]) -> None:
        self._first_ms, self._max_ms, self._random = first_ms, max_ms, random
        self._tries = 0

    async def wait(self) -> None:
        ceiling = min(self._max_ms, self._first_ms << min(self._tries, 20))
        self._tries += 1
        await asyncio.sleep(ceiling * self._random() / 1000)

    def reset(self) -> None:
        self._tries = 0
