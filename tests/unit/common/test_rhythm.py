"""When an address has been silent for unusually long."""

from __future__ import annotations

import pytest

from standardiste.common.channel_health.rhythm import HOUR_MS, WEEK_MS, Rhythm, begun, silent_since
from standardiste.common.events.base import Instant

AT = Instant(2_900 * WEEK_MS)


def seen(weeks: int, per_hour: int) -> Rhythm:
    """So many arrivals in each hour of so many weeks, up to AT."""
    rhythm = begun(Instant(AT - weeks * WEEK_MS))
    for hour in range(weeks * 168):
        rhythm = rhythm.heard(per_hour, Instant(AT - weeks * WEEK_MS + hour * HOUR_MS)) if per_hour else rhythm
    return rhythm.at(AT)


@pytest.mark.parametrize(
    ("weeks", "per_hour", "silent_ms", "limit_ms", "expected"),
    [
        (2, 4, 2 * HOUR_MS, None, False),
        (2, 4, 3 * HOUR_MS, None, True),
        (1, 4, 3 * HOUR_MS, None, False),
        (3, 0, 9 * HOUR_MS, None, False),
        (2, 4, HOUR_MS, HOUR_MS * 2, True),
        (2, 4, HOUR_MS // 2, HOUR_MS * 2, False),
        (0, 0, 5 * HOUR_MS, HOUR_MS, True),
    ],
)
def test_silence_is_unusual_where_ten_were_to_be_expected(
    weeks: int, per_hour: int, silent_ms: int, limit_ms: int | None, expected: bool
) -> None:
    rhythm, now = seen(weeks, per_hour), Instant(AT + silent_ms)
    assert (silent_since(rhythm.at(now), now, limit_ms) is not None) is expected


def test_what_is_usual_follows_the_hours_of_the_week() -> None:
    rhythm = begun(Instant(AT - 2 * WEEK_MS))
    for week in (2, 1):
        rhythm = rhythm.heard(20, Instant(AT - week * WEEK_MS))  # one busy hour a week
    rhythm = rhythm.at(AT)
    assert rhythm.expected(AT, Instant(AT + HOUR_MS)) == 20.0
    assert rhythm.expected(Instant(AT + HOUR_MS), Instant(AT + WEEK_MS)) == 0.0


def test_a_month_away_is_counted_in_bounded_work() -> None:
    assert begun(AT).at(Instant(AT + 10_000 * WEEK_MS)).means == (0.0,) * 168
