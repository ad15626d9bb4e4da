"""
What is due when: a heap of (instant, id, kind), derived from the records and checked against them when it fires.

A deadline that no longer stands (the offer was accepted, the hold ended) stays in the heap and is thrown away when its time comes; once such leftovers
outnumber what stands, the heap is built anew. So it needs no removal, and a restored heap fires the same as the live one.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import NamedTuple

from standardiste.common.events.base import Instant


class Due(StrEnum):
    """What happens at a deadline."""

    IDENTIFY = "identify"
    OFFER = "offer"
    HOLD = "hold"
    STEP = "step"
    LAPSE = "lapse"
    DELAY = "delay"
    AGE = "age"
    CONNECT = "connect"
    WRAP_UP = "wrap_up"
    PARKED = "parked"
    AWAY = "away"
    GRACE = "grace"
    LOST = "lost"
    REST = "rest"
    GATEWAY = "gateway"
    HOURS = "hours"
    CHANGE_SET = "change_set"
    SWEEP = "sweep"


class Deadline(NamedTuple):
    """In the order in which they fire."""

    at: Instant
    id: str
    kind: Due


SPARE = 1_000


class Deadlines:
    """The heap. `all_standing` gives, from the records, every deadline that stands."""

    __slots__ = ("_all_standing", "_heap", "_known", "_rebuild_at")

    def __init__(self, all_standing: Callable[[], Iterable[Deadline]]) -> None:
        self._all_standing = all_standing
        self._heap: list[Deadline] = []
        self._known: set[Deadline] = set()
        self._rebuild_at = SPARE

    def add(self, due: Deadline) -> None:
        """Wake at this instant. Adding what is there already changes nothing."""
        if due not in self._known:
            self._known.add(due)
            heapq.heappush(self._heap, due)

    def next(self) -> Instant | None:
        return self._heap[0].at if self._heap else None

    def pop(self) -> Deadline:
        due = heapq.heappop(self._heap)
        self._known.discard(due)
        return due

    def compact(self) -> None:
        """Drop leftovers once they may be more than half."""
        if len(self._heap) > self._rebuild_at:
            self._known = set(self._all_standing())
            self._heap = sorted(self._known)
            self._rebuild_at = SPARE + 2 * len(self._heap)
