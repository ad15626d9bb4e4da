"""
What aiokafka says during an outage, said once: its clients try again several times a second and tell each time.

The first complaint of a kind is a line, as it comes; the same again is counted. When there has been none of any kind for 10 s and some were held back, one more line says that it is over:
how long it took and how often each was said. Kinds are messages whose numbers do not matter. Imported for its effect by kafka_clients.py.
"""

from __future__ import annotations

import logging
import re
from typing import Final

from standardiste.common.bus.timers import LoopTimer, Timer
from standardiste.common.clock import Clock, SystemClock
from standardiste.common.events.base import Instant
from standardiste.common.log import Forward, logger

CALM_AFTER_MS: Final = 10_000
KINDS_MAX: Final = 50
"""Beyond that a complaint is counted by who says it."""

log = logger("bus")

_NUMBER: Final = re.compile(r"\d+(\.\d+)?")


class Complaints(logging.Handler):
    """Forwards the first of each kind of complaint, counts the others, and says when it is over."""

    def __init__(self, clock: Clock, timer: Timer) -> None:
        super().__init__()
        self._clock, self._timer, self._forward = clock, timer, Forward()
        self._counts: dict[str, int] = {}
        self._began_at = self._last_at = clock.now()

    def emit(self, record: logging.LogRecord) -> None:
        now = self._clock.now()
        if self._counts and now - self._last_at >= CALM_AFTER_MS:
            self._over()  # nobody was there to say it: the loop that waited has ended
        if not self._counts:
            self._began_at = now
            self._look_again(now)
        self._last_at = now
        kind = f"{record.name}: {_NUMBER.sub('#', record.getMessage())}"
        if len(self._counts) >= KINDS_MAX and kind not in self._counts:
            kind = record.name
        self._counts[kind] = self._counts.get(kind, 0) + 1
        if self._counts[kind] == 1:
            self._forward.handle(record)

    def _look(self) -> None:
        if self._counts and self._clock.now() - self._last_at >= CALM_AFTER_MS:
            self._over()
        elif self._counts:
            self._look_again(self._last_at)

    def _look_again(self, since: int) -> None:
        try:
            self._timer.call_at(Instant(since + CALM_AFTER_MS), self._look)
        except RuntimeError:
            return  # no loop runs: the next complaint will say it

    def _over(self) -> None:
        counts, self._counts = self._counts, {}
        if sum(counts.values()) > len(counts):  # else all of it was said
            log.warning("kafka_complaints_over", lasted_ms=self._last_at - self._began_at, said=sum(counts.values()), kinds=counts)


def install() -> None:
    """All of aiokafka's loggers speak through one."""
    its = logging.getLogger("aiokafka")
    if not any(isinstance(handler, Complaints) for handler in its.handlers):
        clock = SystemClock()
        its.addHandler(Complaints(clock, LoopTimer(clock)))
        its.propagate = False


install()
