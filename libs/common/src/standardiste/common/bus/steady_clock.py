"""
The time of a log, which neither falls nor stands still, whatever the clock behind it does.

Theory. Instants that a log has used stay used: deadlines are reckoned from them. A clock that is set back by an hour would leave everything that waits for
time waiting for an hour, offers and leases included, if its last instant were merely held until it is reached again. So the time goes on from there
at half speed, until the clock has caught up: what waits for time is late by its own length at most. A clock that is set forward is followed at once.
"""

from __future__ import annotations

from standardiste.common.clock import Clock
from standardiste.common.events.base import Instant


class SteadyClock:
    """`now` never falls; it is what the clock behind it says, except for a while after that was set back."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen = clock.now()
        self._halves_ahead = 0
        """Half milliseconds by which `now` is ahead of the clock; of each millisecond that passes one of them goes."""

    def now(self) -> Instant:
        seen = self._clock.now()
        passed = seen - self._seen
        self._seen = seen
        if passed < 0:
            self._halves_ahead -= 2 * passed
        elif self._halves_ahead:
            self._halves_ahead = max(0, self._halves_ahead - passed)
        return Instant(seen + self._ahead_ms)

    def reach(self, at: Instant) -> None:
        """The log has used this instant: never say an earlier one."""
        behind = at - self.now()
        if behind > 0:
            self._halves_ahead += 2 * behind

    def behind(self, at: Instant) -> Instant:
        """The instant of the clock behind at which `now` will be `at`, if nobody sets it meanwhile. Reckoned from what `now` last said."""
        left = max(0, at - self._seen - self._ahead_ms)
        return Instant(self._seen + left + min(left, self._ahead_ms))

    @property
    def _ahead_ms(self) -> int:
        return (self._halves_ahead + 1) // 2
