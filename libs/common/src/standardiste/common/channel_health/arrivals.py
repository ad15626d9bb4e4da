"""What came in since the last round, counted in memory: a few counters, one for each channel address in use."""

from __future__ import annotations

from standardiste.common.events.base import Instant


class Arrivals:
    """Counts by tenant and channel address."""

    def __init__(self) -> None:
        self._counted: dict[tuple[str, str], tuple[int, Instant]] = {}

    def note(self, tenant: str, channel_address: str, at: Instant) -> None:
        """One more."""
        count, _ = self._counted.get((tenant, channel_address), (0, at))
        self._counted[tenant, channel_address] = (count + 1, at)

    def take(self) -> dict[tuple[str, str], tuple[int, Instant]]:
        """What was counted, and begin anew."""
        counted, self._counted = self._counted, {}
        return counted

    def put_back(self, tenant: str, channel_address: str, count: int, at: Instant) -> None:
        """What could not be kept: counted again with what came meanwhile."""
        since, last = self._counted.get((tenant, channel_address), (0, at))
        self._counted[tenant, channel_address] = (count + since, last)
