"""When a call is tried again, and when not. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import httpx

LATER: Final = frozenset({429, 502, 503, 504})
"""What says: not now. Nothing was done."""
SAFE: Final = frozenset({"GET", "HEAD", "POST", "DELETE"})
"""What may be asked twice where the first answer was lost: every POST has its Idempotency-Key. PUT and PATCH name a version and would contradict themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """
    How long a call is tried. `within_s` bounds all tries of one call together; a Retry-After beyond it ends them at once.

    Without Retry-After the pause doubles from `pause_s` to `pause_max_s`, half of it by chance. 404 with Retry-After means "not yet" and is waited for.
    """

    within_s: float = 60.0
    pause_s: float = 0.5
    pause_max_s: float = 8.0

    def pause(self, tries: int, chance: float, spent_s: float, asked_s: float | None) -> float | None:
        """How long to wait after the try number `tries` (1 is the first); None when it was the last. `chance` is in [0, 1)."""
        backoff = min(self.pause_max_s, self.pause_s * 2 ** min(tries - 1, 30))
        wait = backoff / 2 + backoff / 2 * chance if asked_s is None else asked_s
        return wait if spent_s + wait <= self.within_s else None


NEVER: Final = Retry(within_s=-1.0)
"""Each call is tried once."""


def is_later(method: str, response: httpx.Response) -> bool:
    """Whether this answer asks to come again."""
    if response.status_code in LATER:
        return method in SAFE or response.status_code in (429, 503)
    return response.status_code == 404 and method == "GET" and "retry-after" in response.headers


def asked_s(response: httpx.Response, now: datetime | None = None) -> float | None:
    """The seconds of Retry-After, given as a number or a date; None without one that can be read."""
    told = response.headers.get("retry-after", "").strip()
    if told.isascii() and told.isdigit():
        return float(told)
    try:
        at = parsedate_to_datetime(told)
    except ValueError:
        return None
    return max(0.0, (at - (now or datetime.now(UTC))).total_seconds())
