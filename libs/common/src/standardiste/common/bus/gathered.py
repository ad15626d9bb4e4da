"""
What was fetched of a partition and not yet taken: in order, and bounded in records and in bytes, so that a backlog waits in the log and not in memory.

Whoever fills it asks `is_full` before he fetches more; a fetch is small, so it is passed by that much at most.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

from standardiste.common.bus.port import Record
from standardiste.common.bus.processing import BATCH_RECORDS

RECORDS_MAX: Final = 5_000
BYTES_MAX: Final = 16 * 1024 * 1024
TAKE_BYTES_MAX: Final = 4 * 1024 * 1024


class Gathered:
    """Records of several topics of one partition, taken in (appended_at, topic, offset) order."""

    def __init__(
        self,
        records_max: int = RECORDS_MAX,
        bytes_max: int = BYTES_MAX,
        take_max: int = BATCH_RECORDS,
        take_bytes_max: int = TAKE_BYTES_MAX,
    ) -> None:
        self._records_max, self._bytes_max, self._take_max, self._take_bytes_max = records_max, bytes_max, take_max, take_bytes_max
        self._waiting = deque[Record]()
        self._bytes = 0
        self._is_mixed = False

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def is_full(self) -> bool:
        return len(self._waiting) >= self._records_max or self._bytes >= self._bytes_max

    def add(self, records: Sequence[Record]) -> None:
        self._waiting.extend(records)
        self._bytes += sum(map(_size, records))
        self._is_mixed = True

    def take(self) -> Sequence[Record]:
        """The first records that make a batch: at least one where there is one, however large it is."""
        if self._is_mixed:
            self._waiting = deque(sorted(self._waiting, key=lambda record: (record.appended_at, record.topic, record.offset)))
            self._is_mixed = False
        taken: list[Record] = []
        size = 0
        while self._waiting and len(taken) < self._take_max:
            size += _size(self._waiting[0])
            if taken and size > self._take_bytes_max:
                break
            taken.append(self._waiting.popleft())
        self._bytes -= sum(map(_size, taken))
        return taken


def _size(record: Record) -> int:
    return len(record.value or b"") + len(record.key)
