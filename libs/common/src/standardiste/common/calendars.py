"""
Opening hours: whether a calendar is open, when that changes next, and when so much opening time has passed.

Reckoned in the calendar's own time zone, day by day, so that days of 23 and 25 hours come out right: an opening is a span of local wall time, turned to
instants on its own day. A time of day that the clocks skip is the instant at which they skip it; one that comes twice is meant the first time. A public holiday of the country (or region: "FR", "FR-57", "DE-BY") closes its date; an exception replaces the openings of its date, holiday or
not. No openings at all and no exceptions means open at all times but holidays.

Which days are holidays is the `holidays` library's; its release is fixed by the lock, so a replay under the same release decides the same.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from standardiste.common.events.base import Instant
from standardiste.common.events.directory import Calendar, Opening

HORIZON_DAYS: Final = 400
"""How far ahead an opening is looked for: a calendar that stays closed longer never opens."""

_DAY: Final = timedelta(days=1)
_ALL_DAY: Final = Opening(weekdays=(1, 2, 3, 4, 5, 6, 7), opens="00:00", closes="24:00")
Span = tuple[int, int]


def hours_of(calendar: Calendar) -> CalendarHours | None:
    """The hours of a calendar; None when its zone, a date or a time of day is none, or when it names holidays of a country unknown here."""
    try:
        zone = ZoneInfo(calendar.zone)
        for opening in calendar.openings:
            _check(opening)
        for day, openings in calendar.exceptions.items():
            date.fromisoformat(day)
            for opening in openings:
                _check(opening)
        closed = holidays_of(calendar.holidays)
    except (ZoneInfoNotFoundError, ValueError, OSError, NotImplementedError):
        return None
    return CalendarHours(calendar, zone, closed)


def holidays_of(code: str | None) -> Container[date]:
    """The public holidays of a country, or of a region in it. Raises NotImplementedError for one that is unknown."""
    if not code:
        return ()
    import holidays  # here, because it takes 0.3 s to load and most installations ask for no country's

    country, _, region = code.partition("-")
    return holidays.country_holidays(country.upper(), subdiv=region or None)


def knows_holidays(code: str | None) -> bool:
    """Whether the public holidays of this country or region are known; of none, they are."""
    try:
        holidays_of(code)
    except (NotImplementedError, ValueError):
        return False
    return True


def _check(opening: Opening) -> None:
    begins, ends = _wall(opening.opens), _wall(opening.closes)
    if ends is not None and begins is not None and ends <= begins:
        raise ValueError("it closes before it opens")
    if any(not 1 <= day <= 7 for day in opening.weekdays):
        raise ValueError("weekdays are 1 Monday to 7 Sunday")


def _wall(text: str) -> time | None:
    """A time of day; None for "24:00", the end of the day."""
    return None if text == "24:00" else time.fromisoformat(text)


@dataclass(slots=True)
class CalendarHours:
    """One calendar's hours. Days are reckoned once and kept."""

    calendar: Calendar
    zone: ZoneInfo
    holidays: Container[date] = ()
    _spans: dict[date, tuple[Span, ...]] = field(default_factory=dict[date, tuple[Span, ...]])

    def is_open(self, at: Instant) -> bool:
        """Whether it is open at this instant; the closing instant is closed."""
        return self._is_always or any(begins <= at < ends for begins, ends in self._of_day(self._date(at)))

    def next_change(self, at: Instant) -> Instant | None:
        """The first instant after `at` at which it opens or closes; None when it never does."""
        if self._is_always:
            return None
        for begins, ends in self._from(at):
            if begins > at:
                return Instant(begins)
            if ends > at:
                return Instant(ends)
        return None

    def after(self, at: Instant, open_ms: int) -> Instant:
        """The instant at which `open_ms` of opening time have passed since `at`; in clock time where it never opens again."""
        if self._is_always:
            return Instant(at + open_ms)
        left = open_ms
        for begins, ends in self._from(at):
            start = max(begins, at)
            if left <= ends - start:
                return Instant(start + left)
            left -= ends - start
        return Instant(at + open_ms)

    @property
    def _is_always(self) -> bool:
        return not self.calendar.openings and not self.calendar.exceptions and not self.calendar.holidays

    def _date(self, at: int) -> date:
        return datetime.fromtimestamp(at / 1000, self.zone).date()

    def _from(self, at: Instant) -> Iterator[Span]:
        """Every opening that ends after `at`, in order; those that touch (midnight) are one."""
        day = self._date(at)
        joined: Span | None = None
        for _ in range(HORIZON_DAYS):
            for begins, ends in self._of_day(day):
                if ends <= at:
                    continue
                if joined is not None and joined[1] >= begins:
                    joined = (joined[0], max(joined[1], ends))
                    continue
                if joined is not None:
                    yield joined
                joined = (begins, ends)
            day += _DAY
        if joined is not None:
            yield joined

    def _of_day(self, day: date) -> tuple[Span, ...]:
        spans = self._spans.get(day)
        if spans is None:
            if len(self._spans) > 4 * HORIZON_DAYS:
                self._spans.clear()
            reckoned = sorted(self._span(day, opening) for opening in self._openings(day))
            spans = self._spans[day] = tuple([(begins, ends) for begins, ends in reckoned if begins < ends])  # some lie in a skipped hour
        return spans

    def _openings(self, day: date) -> tuple[Opening, ...]:
        exception = self.calendar.exceptions.get(day.isoformat())
        if exception is not None:
            return exception
        if day in self.holidays:
            return ()
        if not self.calendar.openings and not self.calendar.exceptions:
            return (_ALL_DAY,)
        return tuple(opening for opening in self.calendar.openings if day.isoweekday() in opening.weekdays)

    def _span(self, day: date, opening: Opening) -> Span:
        return self._instant(day, _wall(opening.opens)), self._instant(day, _wall(opening.closes))

    def _instant(self, day: date, wall: time | None) -> int:
        local = datetime.combine(day if wall is not None else day + _DAY, wall or time())
        at, other = (int(local.replace(tzinfo=self.zone, fold=fold).timestamp() * 1000) for fold in (0, 1))
        return at if other >= at else self._skipped(other, at)

    def _skipped(self, low: int, high: int) -> int:
        """The instant between these two at which the clocks are put forward."""
        before = self._offset(low)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._offset(middle) == before else (low, middle)
        return high

    def _offset(self, at: int) -> timedelta | None:
        return datetime.fromtimestamp(at / 1000, self.zone).utcoffset()
