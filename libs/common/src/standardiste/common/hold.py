"""
The hold: after a restore, nothing leaves the house and no mailbox is read until an operator has looked and released it.

A restored installation remembers an older day: what it would send now may have been sent already. The hold is one document of the store, so that every
process sees it; processes look at it every few seconds, and the one that releases it at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from standardiste.common.clock import Clock, rfc3339
from standardiste.common.errors import StoreAway
from standardiste.common.store.port import Collection, Store

HOLD: Final = Collection(name="installation")
LOOK_EVERY_S: Final = 5.0
INSTALLATION: Final = "_installation"
"""The tenant under which the store keeps what is the whole installation's."""
_ID: Final = "hold"


class Hold:
    """`is_held()` is a plain look at what was last read; `load` reads, `follow` keeps reading."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._documents, self._clock = store.tenant(INSTALLATION), clock
        self._because: str | None = None

    def is_held(self) -> bool:
        return self._because is not None

    @property
    def because(self) -> str | None:
        """Why it is held (the backup's name); None when it is not."""
        return self._because

    async def begin(self, because: str) -> None:
        """Hold, durably."""
        await self._documents.put(HOLD, _ID, {"because": because, "since": rfc3339(self._clock.now())})
        self._because = because

    async def release(self) -> bool:
        """Let go; False when nothing was held."""
        was_held = await self._documents.delete(HOLD, _ID)
        self._because = None
        return was_held

    async def load(self) -> None:
        """Read it anew."""
        found = await self._documents.get(HOLD, _ID)
        self._because = None if found is None else str(found.body["because"])

    async def follow(self, ready: Callable[[], None]) -> None:
        """Keep it read until cancelled. With the store away, what was last read stands."""
        await self.load()
        ready()
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                await self.load()
            except StoreAway:
                continue
