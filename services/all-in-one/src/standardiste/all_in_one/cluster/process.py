"""One service as a process: started, watched, stopped, killed, paused."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

READY_WITHIN_S: Final = 240.0
STOPS_WITHIN_S: Final = 40.0
LOOK_EVERY_S: Final = 0.1
AGAIN_AFTER_S: Final = 0.2


class DidNotStart(Exception):
    """A service ended or did not become ready in time; its last words are in the message."""


@dataclass(slots=True, kw_only=True)
class ServiceProcess:
    """One service. `keep` restarts it whenever it ends by itself or is killed, as a cluster does."""

    name: str
    number: int = 0
    port: int
    log: Path
    environment: Mapping[str, str]
    process: asyncio.subprocess.Process | None = None
    starts: int = 0
    is_wanted: bool = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.returncode is None

    async def start(self) -> None:
        """Start it; `ready` waits until it answers."""
        self.is_wanted = True
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                f"standardiste.{self.name.replace('-', '_')}",
                stdout=log,
                stderr=log,
                stdin=asyncio.subprocess.DEVNULL,
                env={**os.environ, **self.environment, "STANDARDISTE_PORT": str(self.port)},
            )
        self.starts += 1

    async def keep(self) -> None:
        """Until cancelled: whenever it has ended though it is wanted, start it again."""
        while True:
            if self.process is not None and self.is_wanted:
                await self.process.wait()
                if self.is_wanted:
                    await asyncio.sleep(AGAIN_AFTER_S)
                    if self.is_wanted and not self.is_running:
                        await self.start()
            else:
                await asyncio.sleep(LOOK_EVERY_S)

    async def ready(self) -> None:
        """Return when it says that it is ready. Raises DidNotStart."""
        try:
            async with asyncio.timeout(READY_WITHIN_S), httpx.AsyncClient(timeout=5) as http:
                while not await self._says_ready(http):
                    if not self.is_running and not self.is_wanted:
                        raise DidNotStart(f"{self.name}: {self.last_words()}")
                    await asyncio.sleep(LOOK_EVERY_S)
        except TimeoutError:
            raise DidNotStart(f"{self.name}: {self.last_words()}") from None

    async def stop(self) -> int:
        """SIGTERM, and wait; the exit code. Killed when that takes too long."""
        self.is_wanted = False
        assert self.process is not None
        if self.process.returncode is None:
            self.process.terminate()
        try:
            async with asyncio.timeout(STOPS_WITHIN_S):
                return await self.process.wait()
        except TimeoutError:
            self.process.kill()
            return await self.process.wait()

    async def kill(self) -> None:
        """SIGKILL. Who keeps it starts it again."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGKILL)
        await self.process.wait()

    def rss_bytes(self) -> int:
        """Memory it holds now; 0 when it does not run."""
        if self.process is None or self.process.returncode is not None:
            return 0
        try:
            return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, IndexError):
            return 0

    def last_words(self) -> str:
        return self.log.read_text(errors="replace")[-3_000:] if self.log.exists() else ""

    async def _says_ready(self, http: httpx.AsyncClient) -> bool:
        try:
            return (await http.get(f"{self.url}/readyz")).is_success
        except httpx.TransportError:
            return False
