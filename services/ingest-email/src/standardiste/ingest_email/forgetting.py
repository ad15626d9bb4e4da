"""Removes documents whose time is over: every collection here that keeps something for a while has an index `ends_at`."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Final

from standardiste.common.errors import Away
from standardiste.common.store.port import Collection, Find, Store, Where

EVERY_S: Final = 3600.0
AT_ONCE: Final = 200


async def forget_ended(store: Store, collection: Collection, now: int) -> None:
    """Remove all that ended by now."""
    over = Find(where=(Where(index="ends_at", below=now + 1),), sort="ends_at", limit=AT_ONCE)
    async for document in store.every_tenant(collection, over):
        await store.tenant(document.tenant).delete(collection, document.id)


async def hourly(forget: Callable[[], Awaitable[None]], ready: Callable[[], None]) -> None:
    """Every hour, until cancelled. A part that is away costs nothing but room."""
    ready()
    while True:
        await asyncio.sleep(EVERY_S)
        with contextlib.suppress(Away):
            await forget()
