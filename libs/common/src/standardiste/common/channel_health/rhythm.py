"""
When silence is unusual: what an address usually gets in each hour of the week, learned from its own arrivals. Pure.

Theory. Arrivals of an hour are close to Poisson, so the chance that nothing comes where `m` are usual is e^-m: at 10, one in 22,000. What is usual is a
mean over the weeks seen, the later ones counting more, in UTC: an hour's shift of summer time is forgotten within weeks. A holiday may be taken for a
silence; that is worth a look as well. Two weeks must have been seen. An address may also name its own limit (`silence_minutes`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from standardiste.common.events.base import Instant

HOUR_MS: Final = 3_600_000
HOURS: Final = 168
WEEK_MS: Final = HOURS * HOUR_MS
EXPECTED_MIN: Final = 10.0
WEEKS_MIN: Final = 2
KEPT: Final = 0.7
"""How much of the mean stays when a week is added."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """
    What an address gets. `means` are arrivals in each hour of the week, counted from 1970 on; `hour` the hour that `count` counts, since 1970; `began_at` the first look, `last_at` the last
    arrival.
    """

    began_at: Instant
    hour: int
    count: int = 0
    means: tuple[float, ...] = (0.0,) * HOURS
    last_at: Instant | None = None

    def at(self, now: Instant) -> Rhythm:
        """The same, with the hours that are over counted into the means."""
        hour = now // HOUR_MS
        if hour <= self.hour:
            return self
        means = list(self.means)
        for past in range(self.hour, min(hour, self.hour + HOURS)):
            seen = float(self.count) if past == self.hour else 0.0
            slot = past % HOURS
            is_first = past * HOUR_MS - self.began_at < WEEK_MS
            means[slot] = seen if is_first else KEPT * means[slot] + (1 - KEPT) * seen
        return replace(self, hour=hour, count=0, means=tuple(means))

    def heard(self, count: int, at: Instant) -> Rhythm:
        """So many arrivals, the last of them at this instant."""
        now = self.at(at)
        last_at = at if now.last_at is None else Instant(max(now.last_at, at))
        return replace(now, count=now.count + count, last_at=last_at)

    def expected(self, since: Instant, until: Instant) -> float:
        """How many arrivals are usual between two instants; at most a week is looked at."""
        begin, total = max(since, until - WEEK_MS), 0.0
        while begin < until:
            hour = begin // HOUR_MS
            end = min(until, (hour + 1) * HOUR_MS)
            total += self.means[hour % HOURS] * (end - begin) / HOUR_MS
            begin = end
        return total


def silent_since(rhythm: Rhythm, now: Instant, limit_ms: int | None) -> Instant | None:
    """Since when the silence is, where it is unusual; None where it is not. `limit_ms` is the address's own limit."""
    since = rhythm.last_at if rhythm.last_at is not None else rhythm.began_at
    if limit_ms is not None:
        return since if now - since >= limit_ms else None
    if now - rhythm.began_at < WEEKS_MIN * WEEK_MS:
        return None
    return since if rhythm.expected(since, now) >= EXPECTED_MIN else None


def begun(now: Instant) -> Rhythm:
    """Nothing is known yet."""
    return Rhythm(began_at=now, hour=now // HOUR_MS)
