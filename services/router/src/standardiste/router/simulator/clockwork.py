"""
Virtual time: a heap of what will happen, and the engine's own deadlines, in one order.

What happens at an instant comes before what the engine has due at it, as the runtime has it (a record at t is taken before t fires). Among things of the same
instant, first planned comes first, so a run depends on nothing but its seed; only what is planned to come last waits for all of that instant.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from typing import Any, Final

from standardiste.common.events.base import Data, Event, Instant
from standardiste.router.engine import Engine
from standardiste.router.kit import STANDARD

TENANT: Final = "simulated"
SOURCE: Final = "simulator"
TIDY_EVERY: Final = 500
"""Records between two calls of the engine's housekeeping; the runtime calls it at each batch."""

_LAST: Final = 1 << 62
"""Added to the number of what comes last of its instant."""

React = Callable[[Event], None]


class Clockwork:
    """The engine, the heap, and the reactions to decisions by their class."""

    def __init__(self, begins: Instant) -> None:
        self.at = begins
        self.engine = Engine(TENANT, STANDARD)
        self.steps = 0
        self.reactions: dict[type, React] = {}
        self._heap: list[tuple[int, int, Callable[[Any], None], Any]] = []
        self._planned = 0
        self._sent = 0

    def plan(self, at: float, act: Callable[[Any], None], what: Any = None, *, comes_last: bool = False) -> None:
        """Do this then; at once when that is past."""
        self._planned += 1
        number = self._planned + _LAST if comes_last else self._planned
        heapq.heappush(self._heap, (max(round(at), self.at), number, act, what))

    def send(self, data: Data, subject: str) -> tuple[Event, ...]:
        """One record of the log, now. Gives the decisions, after the reactions to them."""
        self._sent += 1
        message = Event(id=f"x{self._sent}", source=SOURCE, subject=subject, tenant=TENANT, time=self.at, data=data)
        events = self.engine.step(message, self.at)
        self.steps += 1
        if self._sent % TIDY_EVERY == 0:
            self.engine.changes(self.at)
        self._react(events)
        return events

    def run(self, is_over: Callable[[int], bool]) -> None:
        """Until nothing is planned nor due, or it is over at the instant of what comes next."""
        heap, engine = self._heap, self.engine
        while True:
            at = Instant(heap[0][0]) if heap else None
            due = engine.next_deadline()
            if due is not None and (at is None or due < at):
                if is_over(due):
                    return
                self._fire(due)
                continue
            if at is None or is_over(at):
                return
            self.at = at
            _, _, act, what = heapq.heappop(heap)
            act(what)

    def _fire(self, due: Instant) -> None:
        self.at = max(self.at, due)
        fired = self.engine.fire_next(due)
        self.steps += 1
        if fired is not None:
            self._react(fired.events)

    def _react(self, events: Iterable[Event]) -> None:
        for event in events:
            react = self.reactions.get(event.data.__class__)
            if react is not None:
                react(event)
