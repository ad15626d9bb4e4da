"""The installation as a process of its own: started, watched, stopped, killed, for demo, tests and benchmarks."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

READY_WITHIN_S = 60.0
STOP_WITHIN_S = 30.0


class DidNotStart(Exception):
    """The process ended or said nothing in time; its last words are in the message."""


@dataclass(slots=True)
class Installation:
    """One data folder and, while it runs, its process. `url` and `smtp_port` are known once started."""

    data: Path
    options: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    process: asyncio.subprocess.Process | None = None
    facts: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def url(self) -> str:
        return str(self.facts["url"])

    @property
    def smtp_port(self) -> int:
        return int(self.facts["smtp_port"])

    @property
    def log(self) -> Path:
        return self.data.with_suffix(".log")

    async def start(self) -> None:
        """Start it and wait until it is ready. The second start listens where the first did, as a restart does. Raises DidNotStart."""
        running = self.data / "running.json"
        running.unlink(missing_ok=True)
        port = str(self.facts["url"]).rsplit(":", 1)[-1] if self.facts else "0"
        command = [
            "-m",
            "standardiste.all_in_one",
            "run",
            "--data",
            str(self.data),
            "--port",
            port,
            "--smtp-port",
            str(self.facts.get("smtp_port", 0)),
            *self.options,
        ]
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, *command, stdout=log, stderr=log, stdin=asyncio.subprocess.DEVNULL, env={**os.environ, **self.environment}
            )
        try:
            async with asyncio.timeout(READY_WITHIN_S):
                while not running.exists():
                    if self.process.returncode is not None:
                        raise DidNotStart(self.last_words())
                    await asyncio.sleep(0.02)
        except TimeoutError:
            await self.kill()
            raise DidNotStart(self.last_words()) from None
        self.facts = json.loads(running.read_text())

    async def stop(self) -> int:
        """SIGTERM, and wait; the exit code."""
        assert self.process is not None
        self.process.terminate()
        async with asyncio.timeout(STOP_WITHIN_S):
            return await self.process.wait()

    async def kill(self) -> None:
        """SIGKILL: nothing is flushed, nothing is said."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGKILL)
        await self.process.wait()

    def cpu_s(self) -> float:
        """CPU seconds used by the process so far, user and system."""
        assert self.process is not None
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss_bytes(self) -> int:
        assert self.process is not None
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def last_words(self) -> str:
        return self.log.read_text(errors="replace")[-4_000:] if self.log.exists() else ""


@asynccontextmanager
async def running(data: Path, *options: str, environment: Mapping[str, str] | None = None) -> AsyncGenerator[Installation]:
    """A running installation on this data folder; stopped at the end, killed if it does not stop."""
    installation = Installation(data, options, environment or {})
    await installation.start()
    try:
        yield installation
    finally:
        if installation.process is not None and installation.process.returncode is None:
            try:
                await installation.stop()
            except TimeoutError:
                await installation.kill()
