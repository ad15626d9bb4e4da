"""Order: by target and priority (the default)."""

from __future__ import annotations

from dataclasses import dataclass

from standardiste.common.events.base import Instant
from standardiste.common.events.directory import Queue
from standardiste.common.events.model import Requirement


@dataclass(frozen=True, slots=True)
class Urgency:
    """
    Prefers the least of due_at − priority × seconds_per_priority, in milliseconds: a priority is worth so much age.

    Changes only by an event (relaxation, priority, queue), so ageing costs nothing. Example: with 60 s a priority, priority 2 goes
    before what has waited 119 s longer.
    """

    name: str = "urgency"

    def key(self, requirement: Requirement, enqueued_at: Instant, queue: Queue) -> int:
        return requirement.due_at - requirement.priority * queue.seconds_per_priority * 1000
