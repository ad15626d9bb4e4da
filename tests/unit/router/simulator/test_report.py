"""Statistics of the simulator: quantiles, intervals, percentiles, and chances that can be told in advance."""

from __future__ import annotations

import itertools
from random import Random

import pytest

from standardiste.router.simulator.draws import Lognormal, Poisson, PoissonByInterval
from standardiste.router.simulator.report import Measure, Report, estimate, estimates_of, percentile, t_quantile


@pytest.mark.parametrize(
    ("probability", "degrees", "expected"),
    [(0.975, 1, 12.7062), (0.975, 2, 4.30265), (0.975, 9, 2.26216), (0.995, 4, 4.60409), (0.9995, 9, 4.78091), (0.95, 30, 1.69726)],
)
def test_quantiles_of_student_are_those_of_the_tables(probability: float, degrees: int, expected: float) -> None:
    assert expected == pytest.approx(t_quantile(probability, degrees), rel=1e-5)


def test_the_interval_of_few_values() -> None:
    found = estimate([1.0, 2.0, 3.0], 0.95)
    assert (found.mean, found.count) == (2.0, 3)
    assert pytest.approx(found.half_width, rel=1e-5) == 2.48414
    assert found.holds(4.4)
    assert not found.holds(4.5)


def test_one_replication_has_no_interval() -> None:
    assert estimate([1.0], 0.95).half_width is None


def test_a_measure_counts_the_replications_that_had_one() -> None:
    one, other = Measure("all", "", "asa_s"), Measure("all", "", "offered")
    found = estimates_of([{one: None, other: 0}, {one: 3.0, other: 1}], 0.95)
    assert (found[one].count, found[other].count) == (1, 2)


def test_in_json_nothing_is_below_zero_and_no_share_above_one() -> None:
    share, wait = Measure("all", "", "service_level"), Measure("all", "", "asa_s")
    found = estimates_of([{share: 0.9, wait: 0.0}, {share: 1.0, wait: 9.0}], 0.95)
    plain = Report(estimates=found, replications=2, confidence=0.95, interactions=2, steps=2, took_s=0.0).plain()["all"]
    assert (plain["service_level"]["high"], plain["asa_s"]["low"]) == (1.0, 0.0)
    assert plain["asa_s"]["high"] == found[wait].high > 60
    assert plain["service_level"]["low"] == found[share].low < 0.5


@pytest.mark.parametrize(("share", "expected"), [(0.5, 2), (0.75, 3), (0.9, 4), (0.99, 4), (0.25, 1)])
def test_percentiles_are_values_that_were_met(share: float, expected: int) -> None:
    assert expected == percentile([1, 2, 3, 4], share)


def test_nothing_has_no_percentile() -> None:
    assert percentile([], 0.5) is None


def test_arrivals_come_at_their_rate() -> None:
    times = [arrival.at_ms for arrival in itertools.islice(Poisson(0.01).times(Random(1)), 20_000)]
    assert pytest.approx(times[-1] / 20_000, rel=0.03) == 100
    assert sorted(times) == times


def test_rates_change_at_their_instants() -> None:
    """None before the first, twice as many in the second hour, none in the third, and the end of it."""
    source = PoissonByInterval((1_000, 11_000, 21_000, 31_000, 41_000), (0.1, 0.2, 0.0, 0.1, 0.0))
    counts = [0] * 5
    for seed in range(20):
        for arrival in source.times(Random(seed)):
            counts[int((arrival.at_ms - 1_000) // 10_000)] += 1
    assert counts[2] == counts[4] == 0
    assert pytest.approx([counts[0], counts[1], counts[3]], rel=0.03) == [20_000, 40_000, 20_000]


def test_a_lognormal_has_its_own_mean_and_deviation() -> None:
    dice = Random(1)
    drawn = [Lognormal(180.0, 90.0).draw(dice) for _ in range(40_000)]
    mean = sum(drawn) / len(drawn)
    deviation = (sum((value - mean) ** 2 for value in drawn) / len(drawn)) ** 0.5
    assert (pytest.approx(mean, rel=0.02), pytest.approx(deviation, rel=0.05)) == (180, 90)
