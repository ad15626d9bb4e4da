"""
ClamAV's daemon over its socket, by the INSTREAM command: the file goes over in pieces, so the daemon needs no access to our disk.

Each file has a connection of its own, at most so many at once; who comes later waits his turn within the same time limit. What the daemon answers is
`stream: OK`, `stream: <name> FOUND`, or an error; a file above its StreamMaxLength is `unscanned`, every other error is the scanner's own and means that it
is away.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from standardiste.common.errors import ScannerAway
from standardiste.common.events.model import AttachmentState
from standardiste.common.scanning.port import Finding

PORT: Final = 3310
PIECE_BYTES: Final = 64 * 1024
AT_ONCE: Final = 4
WITHIN_S: Final = 30.0
_ANSWER_BYTES_MAX: Final = 4_096


@dataclass(frozen=True, slots=True)
class ClamdAddress:
    """A Unix socket's `path`, or `host` and `port`."""

    path: str = ""
    host: str = ""
    port: int = PORT


class Clamd:
    """The adapter."""

    def __init__(self, address: ClamdAddress, *, within_s: float = WITHIN_S, at_once: int = AT_ONCE) -> None:
        self._address, self._within_s = address, within_s
        self._turns = asyncio.Semaphore(at_once)

    async def scan(self, content: bytes) -> Finding:
        try:
            async with asyncio.timeout(self._within_s), self._turns:
                answer = await self._ask(content)
        except TimeoutError:
            raise ScannerAway("no answer in time") from None
        except (OSError, EOFError, ValueError) as error:
            raise ScannerAway(type(error).__name__) from None
        return _read(answer)

    async def _ask(self, content: bytes) -> str:
        """
        What the daemon says. Over the bare socket, because a file that is too large is answered, and cut off, while it is still being sent: a stream that cannot
        be written to any more cannot be read from either.
        """
        loop = asyncio.get_running_loop()
        with await self._connected(loop) as connection:
            with contextlib.suppress(ConnectionError):
                await loop.sock_sendall(connection, b"zINSTREAM\0")
                for at in range(0, len(content), PIECE_BYTES):
                    piece = content[at : at + PIECE_BYTES]
                    await loop.sock_sendall(connection, struct.pack("!I", len(piece)) + piece)
                await loop.sock_sendall(connection, struct.pack("!I", 0))
            answer = b""
            while (
                len(answer) < _ANSWER_BYTES_MAX
                and not answer.endswith(b"\0")
                and (piece := await loop.sock_recv(connection, _ANSWER_BYTES_MAX))
            ):
                answer += piece
        if not answer:
            raise EOFError
        return answer.decode("utf-8", "replace").rstrip("\0\n ")

    async def _connected(self, loop: asyncio.AbstractEventLoop) -> socket.socket:
        if self._address.path:
            connection, to = socket.socket(socket.AF_UNIX), self._address.path
        else:
            family, kind, protocol, _, to = (await loop.getaddrinfo(self._address.host, self._address.port, type=socket.SOCK_STREAM))[0]
            connection = socket.socket(family, kind, protocol)
        connection.setblocking(False)
        try:
            await loop.sock_connect(connection, to)
        except BaseException:
            connection.close()
            raise
        return connection


def clamd_address(url: str) -> ClamdAddress:
    """`clamd:///run/clamav/clamd.ctl` or `clamd://host:3310`. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme != "clamd" or (not parts.hostname and len(parts.path) < 2):
        raise ValueError("a scanner is clamd:///path/of/socket or clamd://host:port")
    return ClamdAddress(host=parts.hostname, port=parts.port or PORT) if parts.hostname else ClamdAddress(path=parts.path)


def _read(answer: str) -> Finding:
    said = answer.removeprefix("stream:").strip()
    if said == "OK":
        return Finding(state=AttachmentState.CLEAN)
    if said.endswith(" FOUND"):
        return Finding(state=AttachmentState.REFUSED, name=said.removesuffix(" FOUND")[:200])
    if "size limit exceeded" in said:
        return Finding(state=AttachmentState.UNSCANNED)
    raise ScannerAway(said[:200])
