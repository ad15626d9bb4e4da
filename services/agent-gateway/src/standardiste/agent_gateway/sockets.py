"""The websocket itself: `GET /v1/agent/ws`, subprotocol standardiste.v1. One task reads a desk's frames, one writes what its line holds."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from fastapi import APIRouter
from starlette.websockets import WebSocket, WebSocketDisconnect

from standardiste.agent_gateway.hub import Hub
from standardiste.agent_gateway.line import Line
from standardiste.common.events.wire import SUBPROTOCOL, Close
from standardiste.common.http_problem import language_of_scope, problem, response_of
from standardiste.common.log import logger

log = logger("agent-gateway")

WRITE_WITHIN_S = 20
"""A peer that takes nothing for so long is gone or too slow; either way it comes back with its place."""


def add_socket(router: APIRouter, hub: Hub, sockets_max: int) -> None:
    """Serve the desks' websocket. The process's edge has checked the origin."""

    @router.websocket("/v1/agent/ws")
    async def desk(socket: WebSocket) -> None:
        offered = socket.scope["subprotocols"]
        if len(hub) >= sockets_max:
            await _turn_away(socket, "too_many_requests")
        elif offered and SUBPROTOCOL not in offered:
            await _turn_away(socket, "not_acceptable")
        else:
            await socket.accept(SUBPROTOCOL if offered else None)
            await _serve(socket, hub)


async def _serve(socket: WebSocket, hub: Hub) -> None:
    line = hub.join()
    writing = asyncio.create_task(_write(socket, line))
    reading = asyncio.create_task(_read(socket, hub, line))
    try:
        await asyncio.wait({writing, reading}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (writing, reading):
            task.cancel()
        for ended in await asyncio.gather(writing, reading, return_exceptions=True):
            if isinstance(ended, Exception):
                log.error("desk_failed", exc_info=ended)
        hub.leave(line)


async def _read(socket: WebSocket, hub: Hub, line: Line) -> None:
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return
        text = message.get("text")
        if text is None:
            text = message["bytes"].decode("utf-8", "replace")
        await hub.receive(line, text)


async def _write(socket: WebSocket, line: Line) -> None:
    """Write until the line is shut, then close as it says. A socket that is lost ends this too."""
    with suppress(WebSocketDisconnect, RuntimeError, TimeoutError):
        async for frame in line.frames():
            async with asyncio.timeout(WRITE_WITHIN_S):
                await socket.send({"type": "websocket.send", "text": frame})
        code, reason = line.shut_with or (Close.GOING_AWAY, "")
        await socket.close(code, reason)


async def _turn_away(socket: WebSocket, name: str) -> None:
    await socket.send_denial_response(response_of(problem(name), language_of_scope(socket.scope)))
