"""The log's time: what the clock says, and half as fast as long as that has to catch up."""

from __future__ import annotations

import pytest

from standardiste.common.bus.steady_clock import SteadyClock
from standardiste.common.clock import ManualClock
from standardiste.common.events.base import Instant

AT = 1_000_000


@pytest.mark.parametrize(
    ("moves", "expected"),
    [
        ([0, 1, 10], [0, 1, 11]),
        ([500, 3_600_000], [500, 3_600_500]),
        ([1_000, -600, 200, 200, 800, 100], [1_000, 1_000, 1_100, 1_200, 1_600, 1_700]),
        ([-5, 1, 1, 1, 1, 6, 1], [0, 1, 1, 2, 2, 5, 6]),
        ([-100, 50, -100, 100, 250, 10], [0, 25, 25, 75, 200, 210]),
        ([-100, 5_000, 1], [0, 4_900, 4_901]),
    ],
    ids=["in step", "set forward", "set back", "by a little", "twice", "back and forward"],
)
def test_it_never_falls_and_catches_up_at_half_speed(moves: list[int], expected: list[int]) -> None:
    clock = ManualClock(AT)
    steady = SteadyClock(clock)
    found: list[int] = []
    for move in moves:
        clock.at += move
        found.append(steady.now() - AT)
    assert found == expected


def test_an_instant_that_the_log_has_used_is_never_fallen_below() -> None:
    clock = ManualClock(AT)
    steady = SteadyClock(clock)
    steady.reach(Instant(AT - 1))
    assert steady.now() == AT
    steady.reach(Instant(AT + 100))
    assert steady.now() == AT + 100
    clock.at += 200
    assert steady.now() == AT + 200


@pytest.mark.parametrize(("ahead_ms", "left_ms"), [(0, 70), (0, 0), (100, 30), (100, 100), (100, 400), (7, 8)])
def test_it_says_when_the_clock_behind_will_have_come_so_far(ahead_ms: int, left_ms: int) -> None:
    clock = ManualClock(AT)
    steady = SteadyClock(clock)
    steady.reach(Instant(AT + ahead_ms))
    at = Instant(steady.now() + left_ms)
    clock.at = steady.behind(at)
    assert steady.now() == at
