"""
How a start waits for what the process leans on: bus and store may come up after it, as when a whole site is started at once.

Only `Away` is waited for, with backoff, and for so long in all. Whatever else opening raises (credentials, topics, formats) ends the start at once: waiting would
only hide it. Each wait is a log line and a reason in `/readyz`.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from random import Random
from typing import Final, TypeVar

from standardiste.common.bus.timers import Backoff
from standardiste.common.errors import Away
from standardiste.common.health import Health
from standardiste.common.log import logger

START_WITHIN_S: Final = 300
FIRST_MS: Final = 250
MAX_MS: Final = 5_000

T = TypeVar("T")
log = logger("service")


class Patience:
    """One start's, shared by all that wait in it. `now` gives seconds that only grow, `random` the jitter of the waits."""

    def __init__(
        self,
        within_s: float = START_WITHIN_S,
        *,
        now: Callable[[], float] = time.monotonic,
        random: Callable[[], float] | None = None,
    ) -> None:
        self._now, self._random = now, random or Random().random
        self._began = now()
        self._within_s = within_s
        self._backoffs: dict[str, Backoff] = {}

    async def insist(self, who: str, action: Callable[[], Awaitable[T]], health: Health | None = None) -> T:
        """What the action gives, tried again while it raises Away. Raises the last of those when the time is over."""
        while True:
            try:
                return await action()
            except Away as error:
                await self.after(who, error, health)

    async def after(self, who: str, error: Away, health: Health | None = None) -> None:
        """Wait a moment after this, longer each time. Raises the error when the start has waited long enough."""
        waited_s = self._now() - self._began
        if waited_s >= self._within_s:
            log.error("waited_in_vain", waiting=who, reason=str(error), waited_s=round(waited_s))
            raise error
        log.warning("waiting", waiting=who, reason=str(error), waited_s=round(waited_s))
        if health is not None:
            health.because[who] = str(error)
        await self._backoffs.setdefault(who, Backoff(FIRST_MS, MAX_MS, self._random)).wait()
