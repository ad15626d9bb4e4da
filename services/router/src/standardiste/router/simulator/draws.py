"""
Where chance comes in: lengths of time and arrivals. Each draws from a random stream of its own that it is handed.

Theory. A stream of random numbers belongs to one purpose (arrivals of calls, handle times of calls, …) and one replication, and is seeded by their names. So a
change of the staff or of the queues leaves what customers do as it was, and two scenarios are compared pairwise.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Protocol


class Distribution(Protocol):
    """Lengths of time in milliseconds, never negative."""

    def draw(self, dice: Random) -> float: ...


@dataclass(frozen=True, slots=True)
class Exponential:
    mean_ms: float

    def draw(self, dice: Random) -> float:
        return dice.expovariate(1.0) * self.mean_ms


@dataclass(frozen=True, slots=True)
class Deterministic:
    length_ms: float

    def draw(self, dice: Random) -> float:
        return self.length_ms


@dataclass(frozen=True, slots=True)
class Lognormal:
    """By its own mean and standard deviation, not those of its logarithm."""

    mean_ms: float
    sd_ms: float

    def draw(self, dice: Random) -> float:
        variance = math.log1p((self.sd_ms / self.mean_ms) ** 2)
        return dice.lognormvariate(math.log(self.mean_ms) - variance / 2, math.sqrt(variance))


@dataclass(frozen=True, slots=True)
class Empirical:
    """Each recorded length as likely as the others."""

    lengths_ms: tuple[float, ...]

    def draw(self, dice: Random) -> float:
        return self.lengths_ms[int(dice.random() * len(self.lengths_ms))]


@dataclass(frozen=True, slots=True)
class Arrival:
    """When, from the beginning; and what a recorded trace knows of it."""

    at_ms: float
    handle_ms: float | None = None
    patience_ms: float | None = None


class Arrivals(Protocol):
    """Instants in order, possibly without end."""

    def times(self, dice: Random) -> Iterator[Arrival]: ...


@dataclass(frozen=True, slots=True)
class Poisson:
    """At a constant rate, without end."""

    per_ms: float

    def times(self, dice: Random) -> Iterator[Arrival]:
        at_ms = 0.0
        while self.per_ms > 0:
            at_ms += dice.expovariate(1.0) / self.per_ms
            yield Arrival(at_ms)


@dataclass(frozen=True, slots=True)
class PoissonByInterval:
    """
    At a rate that is constant within intervals: `rates[n]` from `begins_ms[n]` on, the last without end. Zero before the first.

    Arrivals of the unit process, mapped through the inverse of the cumulated rate, which is exact.
    """

    begins_ms: tuple[float, ...]
    rates: tuple[float, ...]

    def times(self, dice: Random) -> Iterator[Arrival]:
        cumulated = [0.0]
        for rate, begins, ends in zip(self.rates, self.begins_ms, self.begins_ms[1:], strict=False):
            cumulated.append(cumulated[-1] + rate * (ends - begins))
        expected = 0.0
        while True:
            expected += dice.expovariate(1.0)
            number = bisect_right(cumulated, expected) - 1
            if self.rates[number] <= 0:
                return  # only the last interval has nothing behind it that could be reached
            yield Arrival(self.begins_ms[number] + (expected - cumulated[number]) / self.rates[number])


@dataclass(frozen=True, slots=True)
class Trace:
    """As recorded."""

    arrivals: tuple[Arrival, ...]

    def times(self, dice: Random) -> Iterator[Arrival]:
        return iter(self.arrivals)
