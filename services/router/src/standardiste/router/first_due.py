"""
Which tenant of a partition is due first, without asking each.

A heap of (instant, tenant). An entry that is no longer its tenant's first deadline is thrown away when it comes to the top; once such leftovers outnumber the
tenants, the heap is built anew.
"""

from __future__ import annotations

import heapq
from typing import Final

from standardiste.common.events.base import Instant

SPARE: Final = 64


class FirstDue:
    """The tenants' first deadlines, as they were last noted."""

    __slots__ = ("_first", "_heap")

    def __init__(self) -> None:
        self._first: dict[str, Instant] = {}
        self._heap: list[tuple[Instant, str]] = []

    def __len__(self) -> int:
        """Entries held, leftovers among them."""
        return len(self._heap)

    def note(self, tenant: str, due: Instant | None) -> None:
        """This is now the tenant's first deadline; None: it has none."""
        if self._first.get(tenant) == due:
            return
        if due is None:
            del self._first[tenant]
            return
        self._first[tenant] = due
        heapq.heappush(self._heap, (due, tenant))
        if len(self._heap) > SPARE + 2 * len(self._first):
            self._heap = sorted((at, name) for name, at in self._first.items())

    def first(self) -> tuple[Instant, str] | None:
        """The first deadline of all, and whose; of equal ones the first tenant's by name."""
        heap = self._heap
        while heap:
            at, tenant = heap[0]
            if self._first.get(tenant) == at:
                return heap[0]
            heapq.heappop(heap)
        return None
