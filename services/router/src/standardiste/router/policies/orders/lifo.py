"""Order: last in, first out, for queues of hot leads."""

from __future__ import annotations

from dataclasses import dataclass

from standardiste.common.events.base import Instant
from standardiste.common.events.directory import Queue
from standardiste.common.events.model import Requirement


@dataclass(frozen=True, slots=True)
class Lifo:
    """
    Prefers the youngest: the key is −enqueued_at. Give such a queue a strict class of its own, for its keys mean nothing beside others.

    Changes only with the age itself. Example: a lead of 10:02 goes before one of 10:01.
    """

    name: str = "lifo"

    def key(self, requirement: Requirement, enqueued_at: Instant, queue: Queue) -> int:
        return -enqueued_at
