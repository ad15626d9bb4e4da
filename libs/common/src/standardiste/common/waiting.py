"""
The waiting room of a process whose bus or store is not there yet: its port answers probes and says what it waits for; everything else is told to come again.

The socket stays the process's own: the room listens on a copy of it, so that whoever knocks while the room is closed is queued for the service itself.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, TypeVar

from standardiste.common.app import waiting_room
from standardiste.common.errors import Away
from standardiste.common.health import Health
from standardiste.common.patience import Patience
from standardiste.common.serving import Server
from standardiste.common.settings import HttpSettings

PARTS: Final = "parts"
"""The name under which `/readyz` and the log speak of what is not open yet."""

T = TypeVar("T")


async def opened(
    open_: Callable[[], Awaitable[T]], patience: Patience, listening: socket.socket, http: HttpSettings, stop: asyncio.Event
) -> T | None:
    """What `open_` gives, waited for while it is Away; None when `stop` was set meanwhile. Raises whatever else opening raises."""
    health = Health([PARTS])
    try:
        return await open_()
    except Away as error:
        first = error
    async with _room(listening, http, health):
        opening = asyncio.create_task(_again(open_, patience, first, health), name="opening")
        stopping = asyncio.create_task(stop.wait(), name="stop")
        try:
            await asyncio.wait({opening, stopping}, return_when=asyncio.FIRST_COMPLETED)
            return opening.result() if opening.done() else None
        finally:
            for task in (opening, stopping):
                task.cancel()
            await asyncio.wait({opening, stopping})


async def _again(open_: Callable[[], Awaitable[T]], patience: Patience, first: Away, health: Health) -> T:
    await patience.after(PARTS, first, health)
    found = await patience.insist(PARTS, open_, health)
    health.ready(PARTS)
    return found


@asynccontextmanager
async def _room(listening: socket.socket, http: HttpSettings, health: Health) -> AsyncGenerator[None]:
    server = Server(waiting_room(http, health), "127.0.0.1")
    serving = asyncio.create_task(server.serve(sockets=[listening.dup()]), name="waiting room")
    try:
        yield
    finally:
        server.should_exit = True
        await asyncio.wait({serving})
