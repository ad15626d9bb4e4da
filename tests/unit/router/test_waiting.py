"""How long it may take: the quantiles against the exact gamma distribution, and when nothing is known."""

from __future__ import annotations

import math

import pytest

from standardiste.common.events.base import Instant
from standardiste.common.events.model import QueueId
from standardiste.router.engine.state import NEVER, Pace
from standardiste.router.engine.waiting import estimate, gamma_quantile

Z90 = 1.2815515655446004
AT = Instant(1_000_000)


def erlang_cdf(shape: int, x: float) -> float:
    """Share of sums of so many exponentials of mean 1 that are at most x: the exact series."""
    return 1 - math.exp(-x) * sum(x**k / math.factorial(k) for k in range(shape))


@pytest.mark.parametrize("shape", [1, 2, 3, 5, 10, 50])
def test_quantiles_are_those_of_the_gamma_distribution(shape: int) -> None:
    assert erlang_cdf(shape, gamma_quantile(shape, 0.0)) == pytest.approx(0.5, abs=0.01)
    assert erlang_cdf(shape, gamma_quantile(shape, Z90)) == pytest.approx(0.9, abs=0.01)


@pytest.mark.parametrize(
    ("expected", "pace", "position"),
    [
        (None, None, 1),
        (None, Pace(queue=QueueId("q"), last_at=Instant(AT - 1), mean_ms=60_000, count=4), 1),
        (None, Pace(queue=QueueId("q"), last_at=Instant(AT - 240_001), mean_ms=60_000, count=9), 1),
        ((45_000, 140_000), Pace(queue=QueueId("q"), last_at=Instant(AT - 1), mean_ms=60_000, count=5), 1),
        ((45_000, 140_000), Pace(queue=QueueId("q"), last_at=NEVER, mean_ms=60_000, count=5), 1),
        ((165_000, 320_000), Pace(queue=QueueId("q"), last_at=Instant(AT - 1), mean_ms=60_000, count=5), 3),
        ((5_000, 5_000), Pace(queue=QueueId("q"), last_at=Instant(AT - 1), mean_ms=100, count=5), 1),
    ],
)
def test_estimate(expected: tuple[int, int] | None, pace: Pace | None, position: int) -> None:
    assert estimate(pace, position, AT) == expected
