"""
One address for all services on this machine: a small reverse proxy by path, for HTTP and websockets.

One request a connection, since a connection belongs to one service: the head is read, the service found, and from then on bytes are passed both ways until
either side ends. On Kubernetes a real ingress does this.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import Callable
from typing import Final

from standardiste.all_in_one.cluster.prefixes import service_for

HEAD_BYTES_MAX: Final = 64 * 1024
HEAD_WITHIN_S: Final = 30.0
CONNECT_WITHIN_S: Final = 2.0
CHUNK_BYTES: Final = 64 * 1024


class Ingress:
    """Listens at `listening` and passes on to the port that `port_of` gives for a service."""

    def __init__(self, listening: socket.socket, port_of: Callable[[str], int]) -> None:
        self._listening, self._port_of = listening, port_of
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, sock=self._listening, limit=HEAD_BYTES_MAX, backlog=4_096)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, EOFError, TimeoutError, asyncio.LimitOverrunError):
            async with asyncio.timeout(HEAD_WITHIN_S):
                head = await reader.readuntil(b"\r\n\r\n")
            service = service_for(head.split(b" ", 2)[1].decode("latin-1"))
            if service is None:
                writer.write(_answer(404, "not_found", "no service answers under this path"))
            else:
                await self._pass_on(service, head, reader, writer)
        writer.close()

    async def _pass_on(self, service: str, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(CONNECT_WITHIN_S):
                behind, before = await asyncio.open_connection("127.0.0.1", self._port_of(service))
        except (OSError, TimeoutError):
            writer.write(_answer(503, "away", f"{service} does not answer now"))
            return
        before.write(_rewritten(head, writer.get_extra_info("peername")[0]))
        upward = asyncio.create_task(_copy(reader, before))
        try:
            await _copy(behind, writer)
        finally:
            upward.cancel()
            before.close()


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await source.read(CHUNK_BYTES):
            sink.write(chunk)
            await sink.drain()
        if sink.can_write_eof():
            sink.write_eof()


def _rewritten(head: bytes, peer: str) -> bytes:
    """The head as the service gets it: who asks, and that the connection ends with the answer (unless it becomes a websocket)."""
    first, *lines = head[:-4].split(b"\r\n")
    is_upgrade = any(line.lower().startswith(b"upgrade:") for line in lines)
    dropped = (b"x-forwarded-for:",) if is_upgrade else (b"x-forwarded-for:", b"connection:")
    kept = [line for line in lines if not line.lower().startswith(dropped)]
    added = [b"X-Forwarded-For: " + peer.encode(), *([] if is_upgrade else [b"Connection: close"])]
    return b"\r\n".join([first, *kept, *added]) + b"\r\n\r\n"


def _answer(status: int, name: str, detail: str) -> bytes:
    body = json.dumps({"type": f"/problems/{name}", "status": status, "detail": detail}).encode()
    head = f"HTTP/1.1 {status} {name}\r\nContent-Type: application/problem+json\r\nContent-Length: {len(body)}\r\n"
    return (head + "Retry-After: 1\r\nConnection: close\r\n\r\n").encode() + body
