"""
Whether a server is worth asking. While it is known to be away one question at a time finds out whether it still is; everybody else is told at once.

Without this everyone waits out the driver's search for a server, in a pool of few threads, so that who comes last waits for all before him.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final

ASK_EVERY_S: Final = 1.0


class StillAway(Exception):
    """It was away a moment ago, and somebody is asking already."""


class Reach:
    """`clock` gives seconds that only grow."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._is_away = False
        self._asked_at = 0.0

    @contextmanager
    def asking(self, is_away: Callable[[Exception], bool]) -> Generator[None]:
        """Ask within the block; `is_away` tells an error that means that no server was found. Raises StillAway in its place."""
        if self._is_away:
            if self._clock() - self._asked_at < ASK_EVERY_S:
                raise StillAway
            self._asked_at = self._clock()
        try:
            yield
        except Exception as error:
            self._is_away = is_away(error)
            if self._is_away:
                self._asked_at = self._clock()
            raise
        self._is_away = False
