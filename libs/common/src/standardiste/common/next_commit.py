"""
When the next group commit must begin: at the earliest time that any of those who wait for it names.

Everything that writes in group commits asks this, whatever its patience: what is urgent begins at the end of the loop's turn, so that all of that turn go together; what
may wait a while goes with whoever is more urgent, or at its own time. A shorter wait therefore shortens one that runs already. One commit is under way
at a time; what becomes due meanwhile begins when it has ended.
"""

from __future__ import annotations

import asyncio
import contextvars
import math
from collections.abc import Callable
from typing import Final

NOW: Final = 0.0


class NextCommit:
    """Calls `begin` on the loop when it is time. `begin` says `began` when there was something to commit."""

    def __init__(self, begin: Callable[[], None]) -> None:
        self._begin = begin
        self._context = contextvars.copy_context()  # a commit belongs to nobody who happened to write
        self._due_s = math.inf
        self._handle: asyncio.Handle | None = None
        self._is_under_way = False

    @property
    def is_under_way(self) -> bool:
        return self._is_under_way

    def by(self, due_s: float = NOW) -> None:
        """At this time of the loop's clock at the latest."""
        if due_s < self._due_s:
            self._due_s = due_s
            if not self._is_under_way:
                self._schedule()

    def began(self) -> None:
        """A commit took what waited: nothing is due now, and nothing begins before this one `ended`. What it had to leave asks anew."""
        self._forget()
        self._is_under_way = True

    def ended(self) -> None:
        self._is_under_way = False
        if self._due_s < math.inf:
            self._schedule()

    def stop(self) -> None:
        """Nothing is due any more."""
        self._forget()

    def _schedule(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
        loop = asyncio.get_running_loop()
        if self._due_s <= loop.time():
            self._handle = loop.call_soon(self._fire, context=self._context)
        else:
            self._handle = loop.call_at(self._due_s, self._fire, context=self._context)

    def _fire(self) -> None:
        self._handle, self._due_s = None, math.inf
        self._begin()

    def _forget(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._handle, self._due_s = None, math.inf
