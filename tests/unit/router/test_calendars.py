"""Opening hours: open or not, the next change, opening time that passes; days of 23 and 25 hours."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from standardiste.common.calendars import CalendarHours, hours_of
from standardiste.common.clock import parse_rfc3339, rfc3339
from standardiste.common.events.base import Instant
from standardiste.common.events.directory import Calendar, Opening

WEEK = (1, 2, 3, 4, 5)
ALL = (1, 2, 3, 4, 5, 6, 7)
HOUR_MS = 3_600_000
QUARTER_MS = 900_000


def hours(*openings: Opening, exceptions: dict[str, tuple[Opening, ...]] | None = None, zone: str = "Europe/Paris") -> CalendarHours:
    found = hours_of(Calendar(id="c", change_set=1, zone=zone, openings=openings, exceptions=exceptions or {}))
    assert found is not None
    return found


OFFICE = hours(
    Opening(weekdays=WEEK, opens="09:00", closes="12:00"),
    Opening(weekdays=WEEK, opens="13:00", closes="18:00"),
    exceptions={"2026-01-01": (), "2026-01-03": (Opening(weekdays=(), opens="10:00", closes="11:00"),)},
)
NIGHT = hours(Opening(weekdays=(1, 2, 3, 4, 5, 6, 7), opens="00:00", closes="24:00"))


def at(text: str) -> Instant:
    return parse_rfc3339(text)


@pytest.mark.parametrize(
    ("expected", "when"),
    [
        (True, "2026-01-05T09:00:00+01:00"),
        (False, "2026-01-05T08:59:59.999+01:00"),
        (False, "2026-01-05T12:00:00+01:00"),
        (True, "2026-01-05T17:59:59+01:00"),
        (False, "2026-01-04T10:00:00+01:00"),
        (False, "2026-01-01T10:00:00+01:00"),
        (True, "2026-01-03T10:30:00+01:00"),
        (True, "2026-07-06T09:00:00+02:00"),
        (False, "2026-07-06T09:00:00+03:00"),
    ],
)
def test_is_open(expected: bool, when: str) -> None:
    assert OFFICE.is_open(at(when)) is expected


@pytest.mark.parametrize(
    ("expected", "since"),
    [
        ("2026-01-05T11:00:00.000Z", "2026-01-05T10:00:00+01:00"),
        ("2026-01-05T12:00:00.000Z", "2026-01-05T12:00:00+01:00"),
        ("2026-01-12T08:00:00.000Z", "2026-01-09T18:00:00+01:00"),
        ("2026-01-02T08:00:00.000Z", "2025-12-31T18:00:00+01:00"),
    ],
)
def test_next_change(expected: str, since: str) -> None:
    change = OFFICE.next_change(at(since))
    assert change is not None
    assert rfc3339(change) == expected


@pytest.mark.parametrize(
    ("expected", "since", "open_hours"),
    [
        ("2026-01-05T10:00:00.000Z", "2026-01-05T10:00:00+01:00", 1),
        ("2026-01-05T13:00:00.000Z", "2026-01-05T11:00:00+01:00", 2),
        ("2026-01-12T10:00:00.000Z", "2026-01-10T15:00:00+01:00", 2),
        ("2026-01-12T09:00:00.000Z", "2026-01-09T17:00:00+01:00", 2),
    ],
)
def test_opening_time_passes_only_while_open(expected: str, since: str, open_hours: int) -> None:
    assert rfc3339(OFFICE.after(at(since), open_hours * HOUR_MS)) == expected


def test_days_of_23_and_25_hours() -> None:
    always = hours(Opening(weekdays=(7,), opens="00:00", closes="24:00"))
    spring, autumn = at("2026-03-29T00:00:00+01:00"), at("2026-10-25T00:00:00+02:00")
    changes = [always.next_change(spring), always.next_change(autumn)]
    assert [change - day for change, day in zip(changes, (spring, autumn), strict=True) if change] == [23 * HOUR_MS, 25 * HOUR_MS]


def test_midnight_is_no_change_when_both_sides_are_open() -> None:
    assert NIGHT.next_change(at("2026-01-05T23:00:00+01:00")) is not None
    assert (NIGHT.next_change(at("2026-01-05T23:00:00+01:00")) or 0) > at("2026-12-01T00:00:00+01:00")


def test_a_calendar_without_openings_is_always_open() -> None:
    always = hours()
    assert (always.is_open(at("2026-01-01T00:00:00Z")), always.next_change(Instant(0)), always.after(Instant(2), 3)) == (True, None, 5)


def test_a_calendar_that_never_opens_counts_clock_time() -> None:
    never = hours(exceptions={"2020-01-01": ()})
    since = at("2026-01-01T00:00:00Z")
    assert (False, None, since + 7) == (never.is_open(since), never.next_change(since), never.after(since, 7))


@pytest.mark.parametrize(
    "faulty",
    [
        Calendar(id="c", change_set=1, zone="Nowhere/Land"),
        Calendar(id="c", change_set=1, zone="UTC", openings=(Opening(weekdays=(1,), opens="18:00", closes="09:00"),)),
        Calendar(id="c", change_set=1, zone="UTC", openings=(Opening(weekdays=(8,), opens="08:00", closes="09:00"),)),
        Calendar(id="c", change_set=1, zone="UTC", openings=(Opening(weekdays=(1,), opens="late", closes="09:00"),)),
        Calendar(id="c", change_set=1, zone="UTC", exceptions={"no day": ()}),
    ],
)
def test_a_faulty_calendar_has_no_hours(faulty: Calendar) -> None:
    assert hours_of(faulty) is None


FRANCE = hours_of(
    Calendar(
        id="fr",
        change_set=1,
        zone="Europe/Paris",
        openings=(Opening(weekdays=WEEK, opens="09:00", closes="18:00"),),
        holidays="FR",
        exceptions={"2026-05-08": (Opening(weekdays=(), opens="10:00", closes="12:00"),)},
    )
)
ALSACE = hours_of(Calendar(id="als", change_set=1, zone="Europe/Paris", holidays="FR-6AE"))


@pytest.mark.parametrize(
    ("expected", "calendar", "when"),
    [
        (False, FRANCE, "2026-07-14T10:00:00+02:00"),
        (True, FRANCE, "2026-07-15T10:00:00+02:00"),
        (False, FRANCE, "2026-04-06T10:00:00+02:00"),  # Easter Monday
        (True, FRANCE, "2026-05-08T11:00:00+02:00"),  # an exception opens on a holiday
        (False, FRANCE, "2026-05-08T13:00:00+02:00"),
        (True, FRANCE, "2026-04-03T10:00:00+02:00"),  # Good Friday is no holiday in France,
        (False, ALSACE, "2026-04-03T10:00:00+02:00"),  # but it is in Alsace
        (True, ALSACE, "2026-04-04T23:59:00+02:00"),
    ],
)
def test_public_holidays_close(expected: bool, calendar: CalendarHours | None, when: str) -> None:
    assert calendar is not None
    assert calendar.is_open(at(when)) is expected


def test_opening_time_passes_over_a_holiday() -> None:
    assert FRANCE is not None
    assert FRANCE.after(at("2026-07-13T17:00:00+02:00"), 2 * HOUR_MS) == at("2026-07-15T10:00:00+02:00")


@pytest.mark.parametrize("code", ["XX", "FR-NOWHERE", "france"])
def test_holidays_of_a_country_unknown_here_are_refused(code: str) -> None:
    assert hours_of(Calendar(id="c", change_set=1, zone="UTC", holidays=code)) is None


DAYS_OF_CHANGE = [
    ("Europe/Paris", "2026-03-29"),
    ("Europe/Paris", "2026-10-25"),
    ("Europe/London", "2026-03-29"),
    ("America/New_York", "2026-03-08"),
    ("America/New_York", "2026-11-01"),
    ("America/St_Johns", "2026-03-08"),
    ("America/Havana", "2026-03-08"),  # at midnight
    ("America/Santiago", "2026-04-04"),  # back from midnight to the day before
    ("America/Santiago", "2026-09-06"),
    ("Australia/Lord_Howe", "2026-10-04"),  # by half an hour
]
SPANS = [
    ("12:00", "24:00"),
    ("02:30", "09:00"),
    ("02:00", "03:00"),
    ("02:30", "03:00"),
    ("00:30", "04:00"),
    ("00:00", "02:30"),
    ("01:30", "02:15"),
]


@pytest.mark.parametrize(("zone", "day"), DAYS_OF_CHANGE)
@pytest.mark.parametrize(("opens", "closes"), SPANS)
def test_a_change_of_the_clocks_comes_out_as_the_clock_on_the_wall_says(zone: str, day: str, opens: str, closes: str) -> None:
    calendar = hours(Opening(weekdays=ALL, opens=opens, closes=closes), Opening(weekdays=ALL, opens="10:00", closes="11:00"), zone=zone)
    since = int(datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000) - 6 * HOUR_MS
    quarters = [since + number * QUARTER_MS for number in range(4 * 36)]
    expected = [opens <= wall < closes or "10:00" <= wall < "11:00" for wall in (wall_at(at, zone) for at in quarters)]
    is_open = [calendar.is_open(Instant(at)) for at in quarters]
    assert [(at, found) for at, found in zip(quarters, is_open, strict=True) if not comes_twice(at, zone)] == [
        (at, found) for at, found in zip(quarters, expected, strict=True) if not comes_twice(at, zone)
    ]
    opened = [at for at, found in zip(quarters, is_open, strict=True) if found]
    turns = [at for at, former, present in zip(quarters[1:], is_open, is_open[1:], strict=False) if former != present]
    for at in quarters[: 4 * 12]:
        assert calendar.next_change(Instant(at)) == next(turn for turn in turns if turn > at)
        assert calendar.after(Instant(at), HOUR_MS) == [each for each in opened if each >= at][3] + QUARTER_MS


def wall_at(at: int, zone: str) -> str:
    return datetime.fromtimestamp(at / 1000, ZoneInfo(zone)).strftime("%H:%M")


def comes_twice(at: int, zone: str) -> bool:
    """A time of day that comes twice is meant the first time; what the wall says of it is no answer."""
    local = datetime.fromtimestamp(at / 1000, ZoneInfo(zone))
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
