"""What a process makes of the broker's clock."""

from __future__ import annotations

import pytest

from standardiste.common.bus.log_clock import LogClock
from standardiste.common.clock import ManualClock

HOUR_MS = 3_600_000


def clock(*measured: tuple[int, int, int]) -> LogClock:
    """A clock at 0 of its own that has learnt from these: sent, appended, heard."""
    made = LogClock(ManualClock(0))
    for each in measured:
        made.learn(*each)
    return made


@pytest.mark.parametrize(
    ("measured", "off_ms"),
    [
        ([], 0),
        ([(0, 5, 10)], 0),
        ([(0, 900, 10)], 0),
        ([(0, -900, 10)], 0),
        ([(0, HOUR_MS + 5, 10)], HOUR_MS),
        ([(0, -HOUR_MS + 5, 10)], -HOUR_MS),
        ([(0, HOUR_MS + 5, 10), (20, HOUR_MS + 700, 30)], HOUR_MS),
        ([(0, HOUR_MS + 5, 10), (20, 25, 30)], 0),
        ([(0, 4_000, 8_000)], 0),
        ([(0, HOUR_MS, 8_000)], HOUR_MS - 4_000),
    ],
    ids=[
        "never measured",
        "in step",
        "a little behind the broker",
        "a little ahead of it",
        "an hour behind it",
        "an hour ahead of it",
        "jitter changes nothing",
        "put right meanwhile",
        "a slow answer says little",
        "and still shows an hour",
    ],
)
def test_the_brokers_time_is_known_from_its_acknowledgements(measured: list[tuple[int, int, int]], off_ms: int) -> None:
    assert off_ms == clock(*measured).off_ms
