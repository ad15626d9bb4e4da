"""A bus that can be away: what it leans on is real, and a test says when it does not take anything."""

from __future__ import annotations

from typing import Any

from standardiste.common.bus.port import Bus, Outgoing
from standardiste.common.errors import BusAway


class AwayBus:
    """Another bus's own, but for `publish` while `is_away`."""

    def __init__(self, bus: Bus) -> None:
        self._bus, self.is_away = bus, False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._bus, name)

    async def publish(self, *outgoing: Outgoing, within_ms: int = 0) -> None:
        if self.is_away:
            raise BusAway("in this test")
        await self._bus.publish(*outgoing, within_ms=within_ms)
