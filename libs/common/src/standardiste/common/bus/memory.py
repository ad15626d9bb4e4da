"""The memory bus: the embedded log on ":memory:", its commits run inline, no thread anywhere."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from standardiste.common.bus.local import LocalBus
from standardiste.common.bus.log import Log
from standardiste.common.bus.timers import Timer
from standardiste.common.clock import Clock, SystemClock


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
    """`await MemoryBus.open()`. Everything is gone when it is closed."""

    @classmethod
    async def open(
        cls, clock: Clock | None = None, partitions: int = 1, *, timer: Timer | None = None, random: Random | None = None
    ) -> MemoryBus:
        return cls(Log(":memory:", partitions), partitions, clock or SystemClock(), Inline(), timer=timer, random=random)
