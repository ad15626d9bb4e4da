"""Where time comes from: the one place that reads a clock, and the port through which everything else is given it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, Protocol

from standardiste.common.events.base import Instant


class Clock(Protocol):
    """Gives the present instant, in integer milliseconds UTC since 1970."""

    def now(self) -> Instant: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> Instant:
        return Instant(time.time_ns() // 1_000_000)


class ManualClock:
    """A clock that stands still until it is told to move: for tests and the simulator."""

    def __init__(self, at: int = 1_700_000_000_000) -> None:
        self.at = at

    def now(self) -> Instant:
        return Instant(self.at)

    def advance(self, ms: int) -> Instant:
        assert ms >= 0, "time does not go back"
        self.at += ms
        return Instant(self.at)


@lru_cache(maxsize=4_096)  # what a step decides names its instant some ten times
def rfc3339(at: int) -> str:
    """The instant as RFC 3339 in UTC with milliseconds: 2026-01-31T12:00:00.000Z."""
    second, ms = divmod(at, 1000)
    return f"{_text_of(second)}.{ms:03d}Z"


def parse_rfc3339(text: str) -> Instant:
    """The instant that an RFC 3339 text names. Raises ValueError when it is not one or names no offset."""
    ms = _MS.get(text[19:])
    if ms is not None:  # as we write it
        return Instant(_second_of(text[:19]) * 1000 + ms)
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"no offset from UTC in {text!r}")
    try:
        whole = moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{text!r} lies outside the years 1 to 9999 of UTC") from None
    return Instant(int(whole.replace(microsecond=0).timestamp()) * 1000 + whole.microsecond // 1000)


_MS: Final = {f".{ms:03d}Z": ms for ms in range(1_000)}
"""How the text of an instant ends, as we write it."""

# Every event is written and read with several instants, most of them of the last few seconds.


@lru_cache(maxsize=4_096)
def _text_of(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


@lru_cache(maxsize=4_096)
def _second_of(text: str) -> int:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is not None:
        raise ValueError(f"two offsets from UTC in {text!r}")
    return int(moment.replace(tzinfo=UTC).timestamp())
