"""
What is due when: a heap of (instant, id, kind), derived from the records and checked against them when it fires.

Some deadlines only open a filter (an exclusion lapses, a delay is over, a calendar turns): they are marks, and every step begins by taking all marks up to its
instant, so that no match overlooks what time alone has made possible. The dates of callbacks hide as well, and change a record when they come: every step takes
all of them up to its instant before its match (callbacks.take_places), for at a round time many are due at once. The others act, one a step, after the marks and
dates of their instant.

A deadline that no longer stands (the offer was accepted, the hold ended) stays in the heap and is thrown away when its time comes; once such leftovers
outnumber what stands, the heap is built anew. So it needs no removal, and a restored heap fires the same as the live one.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Sequence
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
    POSITION = "position"
    CONNECT = "connect"
    WRAP_UP = "wrap_up"
    PARKED = "parked"
    AWAY = "away"
    GRACE = "grace"
    LOST = "lost"
    REST = "rest"
    GATEWAY = "gateway"
    OPENING = "opening"
    HOURS = "hours"
    CLOSING = "closing"
    NOT_BEFORE = "not_before"
    CHANGE_SET = "change_set"
    SWEEP = "sweep"
    MARKS = "marks"


class Deadline(NamedTuple):
    """In the order in which they fire."""

    at: Instant
    id: str
    kind: Due


MARKS = frozenset({Due.LAPSE, Due.DELAY, Due.HOURS})
DATES = frozenset({Due.NOT_BEFORE})
SPARE = 1_000


class Deadlines:
    """The heap. `all_standing` gives, from the records, every deadline that stands."""

    __slots__ = ("_acts", "_all_standing", "_known", "_rebuild_at", "dates", "marks")

    def __init__(self, all_standing: Callable[[], Iterable[Deadline]]) -> None:
        self._all_standing = all_standing
        self._acts: list[Deadline] = []
        self.dates: list[Deadline] = []
        self.marks: list[Deadline] = []
        self._known: set[Deadline] = set()
        self._rebuild_at = SPARE

    def add(self, due: Deadline) -> None:
        """Wake at this instant. Adding what is there already changes nothing."""
        known = len(self._known)
        self._known.add(due)
        if len(self._known) > known:
            heapq.heappush(self.marks if due.kind in MARKS else self.dates if due.kind in DATES else self._acts, due)

    def __contains__(self, due: Deadline) -> bool:
        """Whether it is still to fire."""
        return due in self._known

    def next(self) -> Deadline | None:
        """
        The first to fire. Marks and dates of an instant go before its acts, all in one step that is named by the instant alone: so a leftover, which a restored
        heap does not have, can neither come between two deadlines nor give a step its name.
        """
        act = self._acts[0] if self._acts else None
        hidden = self.marks[0] if self.marks else None
        if self.dates and (hidden is None or self.dates[0].at < hidden.at):
            hidden = self.dates[0]
        if hidden is not None and (act is None or hidden.at <= act.at):
            return Deadline(hidden.at, "", Due.MARKS)
        return act

    def pop_act(self, due: Deadline) -> bool:
        """Take the first act out, if it is this one."""
        if not self._acts or self._acts[0] != due:
            return False
        heapq.heappop(self._acts)
        self._known.discard(due)
        return True

    def pop_marks(self, until: Instant) -> Sequence[Deadline]:
        """Take out every mark up to and including this instant."""
        return self._pop(self.marks, until) if self.marks else ()

    def pop_dates(self, until: Instant) -> Sequence[Deadline]:
        """Take out every date of a callback up to and including this instant."""
        return self._pop(self.dates, until) if self.dates else ()

    def _pop(self, heap: list[Deadline], until: Instant) -> list[Deadline]:
        found: list[Deadline] = []
        while heap and heap[0].at <= until:
            due = heapq.heappop(heap)
            self._known.discard(due)
            found.append(due)
        return found

    def compact(self) -> None:
        """Drop leftovers once they may be more than half."""
        if len(self._known) > self._rebuild_at:
            self._known = set(self._all_standing())
            self._acts = sorted(due for due in self._known if due.kind not in MARKS and due.kind not in DATES)
            self.dates = sorted(due for due in self._known if due.kind in DATES)
            self.marks = sorted(due for due in self._known if due.kind in MARKS)
            self._rebuild_at = SPARE + 2 * len(self._known)
