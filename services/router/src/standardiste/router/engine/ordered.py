"""
An ordered set of tuples: first, in order, add, discard, each in O(√n) with a tiny constant.

Blocks of at most 2 × LOAD sorted tuples; a heap would be shorter, but a line must also be walked in order past what one agent may not take.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from itertools import islice
from typing import Any, Generic, TypeVar

LOAD = 256

T = TypeVar("T", bound=tuple[Any, ...])


class Ordered(Generic[T]):
    """Tuples in ascending order, none twice."""

    __slots__ = ("_blocks", "_last", "_size")

    def __init__(self) -> None:
        self._blocks: list[list[T]] = []
        self._last: list[T] = []
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[T]:
        for block in self._blocks:
            yield from block

    def first(self) -> T | None:
        """The least, or None when empty."""
        return self._blocks[0][0] if self._blocks else None

    def least(self, count: int) -> list[T]:
        """The first so many."""
        return list(islice(self, count))

    def add(self, item: T) -> None:
        """Put it in its place. It must not be there already."""
        self._size += 1
        blocks, last = self._blocks, self._last
        if not blocks:
            blocks.append([item])
            last.append(item)
            return
        if item > last[-1]:  # who comes last stands last: by far the most
            at = len(blocks) - 1
            block = blocks[at]
            block.append(item)
        else:
            at = bisect_left(last, item)
            block = blocks[at]
            insort(block, item)
        last[at] = block[-1]
        if len(block) > 2 * LOAD:
            blocks[at : at + 1] = [block[:LOAD], block[LOAD:]]
            last[at : at + 1] = [block[LOAD - 1], block[-1]]

    def remove(self, item: T) -> None:
        """Take it out. It must be there."""
        at = where = 0
        if self._blocks[0][0] != item:  # by far the most who leave stood first
            at = bisect_left(self._last, item)
            where = bisect_left(self._blocks[at], item)
        block = self._blocks[at]
        assert block[where] == item, "not in the set"
        del block[where]
        self._size -= 1
        if block:
            self._last[at] = block[-1]
        else:
            del self._blocks[at]
            del self._last[at]

    def before(self, item: T) -> int:
        """How many are less than this one."""
        at = bisect_left(self._last, item)
        if at == len(self._blocks):
            return self._size
        return sum(len(block) for block in self._blocks[:at]) + bisect_left(self._blocks[at], item)
