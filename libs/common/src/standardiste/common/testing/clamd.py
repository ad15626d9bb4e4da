"""
A scripted clamd for tests, real over a real socket: speaks INSTREAM as the daemon does, and says what a test tells it to say. And the daemon itself (Debian's
clamav-daemon), with one signature of our own, so that nothing has to be fetched.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pwd
import shutil
import signal
import struct
import subprocess
import tempfile
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from standardiste.common.scanning.clamd import ClamdAddress

EVIL = b"STANDARDISTE-TEST-FILE-THAT-IS-NOT-SAFE"
"""What both know as unsafe."""
LARGEST = 256 * 1024
STARTS_WITHIN_S = 60.0


@dataclass(slots=True)
class ScriptedClamd:
    """`answers` are given next, in order, in place of a verdict; "" cuts the connection, "silence" says nothing."""

    address: ClamdAddress = field(default_factory=ClamdAddress)
    answers: list[str] = field(default_factory=list[str])
    scanned: int = 0
    at_once: int = 0
    most_at_once: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                writer.write(await self._answer(reader))
                await writer.drain()
        finally:
            self.at_once -= 1
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader) -> bytes:
        assert await reader.readexactly(10) == b"zINSTREAM\0", "the null-terminated form"
        content = b""
        while length := struct.unpack("!I", await reader.readexactly(4))[0]:
            content += await reader.readexactly(length)
            if len(content) > LARGEST:
                return b"INSTREAM size limit exceeded. ERROR\0"
        self.scanned += 1
        said = self.answers.pop(0) if self.answers else f"stream: {'Test.Evil FOUND' if EVIL in content else 'OK'}"
        if said == "silence":
            await reader.read()  # until the other side gives up
            return b""
        return said.encode() + b"\0" if said else b""


@asynccontextmanager
async def scripted_clamd() -> AsyncGenerator[ScriptedClamd]:
    found = ScriptedClamd()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.address = ClamdAddress(host="127.0.0.1", port=server.sockets[0].getsockname()[1])
    try:
        yield found
    finally:
        server.close()


@contextmanager
def real_clamd() -> Generator[ClamdAddress]:
    """The daemon in the foreground, in a folder of its own, with its socket there."""
    folder = Path(tempfile.mkdtemp(prefix="clamd-"))
    (folder / "db").mkdir()
    (folder / "db" / "own.ndb").write_text(f"Test.Evil:0:*:{EVIL.hex()}\n")
    user = "clamav" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
    lines = (
        f"LocalSocket {folder}/socket",
        f"DatabaseDirectory {folder}/db",
        "Foreground yes",
        f"StreamMaxLength {LARGEST}",
        f"User {user}",
        f"TemporaryDirectory {folder}",
        "MaxThreads 4",
    )
    (folder / "clamd.conf").write_text("\n".join(lines) + "\n")
    if os.getuid() == 0:
        owner = pwd.getpwnam(user)
        for path in (folder, folder / "db", folder / "db" / "own.ndb"):
            os.chown(path, owner.pw_uid, owner.pw_gid)
    process = subprocess.Popen(
        ["/usr/sbin/clamd", "-c", str(folder / "clamd.conf")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        until = time.monotonic() + STARTS_WITHIN_S
        while not (folder / "socket").exists():
            assert process.poll() is None, "clamd has ended"
            assert time.monotonic() < until, "clamd does not start"
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.1)
        yield ClamdAddress(path=str(folder / "socket"))
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
        shutil.rmtree(folder)
