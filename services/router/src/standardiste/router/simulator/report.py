"""From replications to figures: a mean and its confidence interval for each, over the replications that had one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, NamedTuple

PANELS: Final = 2_000
SHARES: Final = frozenset({"service_level", "abandonment", "turned_away", "called_back", "delayed", "occupancy"})


class Measure(NamedTuple):
    """What a figure says: of "stream", "class" or "all"; its name; the measure."""

    of: str
    name: str
    what: str


Figures = Mapping[Measure, float | None]
"""One replication's. None where there was nothing to measure."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over `count` replications; `half_width` of its confidence interval is None with fewer than two."""

    mean: float
    half_width: float | None
    count: int

    @property
    def low(self) -> float:
        return self.mean - (self.half_width or 0.0)

    @property
    def high(self) -> float:
        return self.mean + (self.half_width or 0.0)

    def holds(self, exact: float) -> bool:
        """Whether the interval holds a value."""
        return self.low <= exact <= self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """
    What a run found. `unmeasured` are what no replication had anything to measure for; `steps` are records and deadlines the engine took; `took_s` is CPU
    time over all replications.
    """

    estimates: Mapping[Measure, Estimate]
    replications: int
    confidence: float
    interactions: int
    steps: int
    took_s: float
    unmeasured: tuple[Measure, ...] = ()

    def get(self, of: str, name: str, what: str) -> Estimate | None:
        return self.estimates.get(Measure(of, name, what))

    def plain(self) -> dict[str, Any]:
        """As JSON: stream/class/all → name → measure → mean, low, high, replications; every measure is there, null where there is none."""
        found: dict[str, Any] = {"stream": {}, "class": {}, "all": {}}
        for measure in (*self.estimates, *self.unmeasured):
            into = found["all"] if measure.of == "all" else found[measure.of].setdefault(measure.name, {})
            into[measure.what] = _plain(measure, self.estimates.get(measure))
        run = {"interactions": self.interactions, "steps": self.steps, "cpu_s": self.took_s}
        return {"replications": self.replications, "confidence": self.confidence, **found, "run": run}


def _plain(measure: Measure, estimate: Estimate | None) -> dict[str, float | None]:
    """Its interval as far as the measure can lie in it: Student's knows neither that nothing is negative nor that a share is 1 at most."""
    if estimate is None:
        return {"mean": None, "low": None, "high": None, "replications": 0}
    low, high = None, None
    if estimate.half_width is not None:
        low = max(0.0, estimate.low)
        high = min(1.0, estimate.high) if measure.what in SHARES else estimate.high
    return {"mean": estimate.mean, "low": low, "high": high, "replications": estimate.count}


def estimates_of(replications: Sequence[Figures], confidence: float) -> dict[Measure, Estimate]:
    """Each measure over the replications. A measure that no replication had is left out."""
    names = dict.fromkeys(name for figures in replications for name in figures)
    found: dict[Measure, Estimate] = {}
    for name in names:
        values = [value for figures in replications if (value := figures.get(name)) is not None]
        if values:
            found[name] = estimate(values, confidence)
    return found


def estimate(values: Sequence[float], confidence: float) -> Estimate:
    """Student's interval of the mean of independent values."""
    count = len(values)
    mean = math.fsum(values) / count
    if count < 2:
        return Estimate(mean, None, count)
    variance = math.fsum((value - mean) ** 2 for value in values) / (count - 1)
    return Estimate(mean, t_quantile(0.5 + confidence / 2, count - 1) * math.sqrt(variance / count), count)


@cache
def t_quantile(probability: float, degrees: int) -> float:
    """
    Quantile of Student's t for a probability above 1/2, to 1e-6.

    With t = √ν·tan θ the distribution function is 1/2 + c·∫₀^θ cos^(ν−1), smooth and bounded, so Simpson's rule and bisection over θ do.
    """
    scale = math.exp(math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2)) / math.sqrt(math.pi)
    low, high = 0.0, math.pi / 2
    for _ in range(50):
        middle = (low + high) / 2
        width = middle / PANELS
        ordinates = [math.cos(n * width) ** (degrees - 1) for n in range(PANELS + 1)]
        area = width / 3 * (ordinates[0] + ordinates[-1] + 4 * sum(ordinates[1:-1:2]) + 2 * sum(ordinates[2:-1:2]))
        low, high = (middle, high) if 0.5 + scale * area < probability else (low, middle)
    return math.sqrt(degrees) * math.tan((low + high) / 2)


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """The least value that is not exceeded by this share; None of nothing."""
    if not ordered:
        return None
    return ordered[min(len(ordered) - 1, max(0, math.ceil(share * len(ordered)) - 1))]
