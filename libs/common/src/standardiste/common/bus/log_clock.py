"""
The log's clock: the broker's time as far as this process can tell, for whatever must agree with the instants of records.

A deadline is reckoned from a record's append time, which the broker's clock gave; fired by a clock of our own that is an hour ahead, every offer would expire
at once, by one an hour behind, none would. So each acknowledgement that names its append time is a measurement: the broker's clock stood there at some moment
between our sending and our hearing of it. A difference of less than a second is left alone: that much clocks that are kept in step may differ.
"""

from __future__ import annotations

import asyncio
from typing import Final

from standardiste.common.clock import Clock
from standardiste.common.events.base import Instant
from standardiste.common.log import logger
from standardiste.common.metrics import gauge

TRUSTED_MS: Final = 1_000

log = logger("bus")


class LogClock:
    """`now` is the broker's time; `own` the machine's. `measured` says how often that was learned."""

    def __init__(self, own: Clock) -> None:
        self.own = own
        self.off_ms = 0
        self.measured = 0
        self.asking = asyncio.Lock()
        """Held by whoever takes a measurement of its own."""

    def now(self) -> Instant:
        return Instant(self.own.now() + self.off_ms)

    def learn(self, sent_at: int, appended_at: int, heard_at: int) -> None:
        """A record sent and acknowledged at these instants of our own clock was appended at that one of the broker's."""
        self.measured += 1
        least, most = appended_at - heard_at, appended_at - sent_at
        if least - TRUSTED_MS <= self.off_ms <= most + TRUSTED_MS:
            return
        is_in_step = least <= TRUSTED_MS and most >= -TRUSTED_MS
        self.off_ms = 0 if is_in_step else (least + most) // 2
        gauge("standardiste_bus_clock_off_seconds").set(self.off_ms / 1000)
        log.warning("clock_off" if self.off_ms else "clock_in_step", broker_is_ahead_s=round(self.off_ms / 1000, 1))
