"""A reader who comes a moment too early is held for that moment, instead of being told to come again."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

T = TypeVar("T")

WITHIN_S: Final = 0.25
"""What was accepted is in the documents within some 80 ms, and on a busy Kafka within twice that."""
EVERY_S: Final = 0.02
"""Looked for, not waited for: it may be another process that writes it."""


async def soon(look: Callable[[], Awaitable[T | None]], within_s: float = WITHIN_S) -> T | None:
    """What `look` finds, asked again and again for a moment; None when it does not come. It is asked at least once."""
    found = await look()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            while found is None:
                await asyncio.sleep(EVERY_S)
                found = await look()
    return found
