"""
ClamAV's daemon over its socket, by the INSTREAM command: the file goes over in pieces, so the daemon needs no access to our disk.

Each file has a connection of its own, at most so many at once; who comes later waits his turn within the same time limit. What the daemon answers is
`stream: OK`, `stream: <name> FOUND`, or an error; a file above its StreamMaxLength is `unscanned`, every other error is the scanner's own and means that it
is away.
"""

from __future__ import annotations

import asyncio
import contextlib
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
        reader, writer = await self._connect()
        try:
            with contextlib.suppress(ConnectionError):  # a file that is too large is answered, and cut off, while it is being sent
                writer.write(b"zINSTREAM\0")
                for at in range(0, len(content), PIECE_BYTES):
                    piece = content[at : at + PIECE_BYTES]
                    writer.write(struct.pack("!I", len(piece)) + piece)
                    await writer.drain()
                writer.write(struct.pack("!I", 0))
                await writer.drain()
            answer = await reader.read(_ANSWER_BYTES_MAX)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        if not answer:
            raise EOFError
        return answer.decode("utf-8", "replace").rstrip("\0\n ")

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._address.path:
            return await asyncio.open_unix_connection(self._address.path)
        return await asyncio.open_connection(self._address.host, self._address.port)


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
