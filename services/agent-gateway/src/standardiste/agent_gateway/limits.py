"""How much one desk may ask: so many commands a second, and so many at once that the router has not answered."""

from __future__ import annotations

from typing import Final

from standardiste.common.events.base import Instant

COMMANDS_PER_S: Final = 20
COMMANDS_BURST: Final = 60
IN_FLIGHT_MAX: Final = 64
ANSWER_WITHIN_MS: Final = 15_000


class Rate:
    """A bucket of `burst` commands that fills with `per_s` a second."""

    __slots__ = ("_at", "_burst", "_left", "_per_s")

    def __init__(self, now: Instant, *, per_s: int = COMMANDS_PER_S, burst: int = COMMANDS_BURST) -> None:
        self._per_s, self._burst = per_s, burst
        self._left, self._at = float(burst), now

    def take(self, now: Instant) -> int:
        """Take one. 0 when there was one; else how many milliseconds until there is."""
        self._left = min(float(self._burst), self._left + max(0, now - self._at) * self._per_s / 1000)
        self._at = now
        if self._left < 1:
            return max(1, round((1 - self._left) * 1000 / self._per_s))
        self._left -= 1
        return 0


class InFlight:
    """The commands under way. One that the router never answers stops counting after 15 s."""

    __slots__ = ("_until", "limit")

    def __init__(self, limit: int = IN_FLIGHT_MAX) -> None:
        self.limit = limit
        self._until: dict[str, int] = {}

    def begin(self, command: str, now: Instant) -> bool:
        """Count a command; False when too many are under way. A repeat counts once."""
        if command not in self._until and len(self._until) >= self.limit:
            self._until = {each: until for each, until in self._until.items() if until > now}
            if len(self._until) >= self.limit:
                return False
        self._until[command] = now + ANSWER_WITHIN_MS
        return True

    def end(self, command: str) -> None:
        """It was answered, or never sent."""
        self._until.pop(command, None)
