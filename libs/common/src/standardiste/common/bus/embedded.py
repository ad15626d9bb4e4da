"""
The embedded bus: a partitioned log in one SQLite file, for one process.

Durable means fsynced (WAL, synchronous=FULL). The file belongs to whoever holds the lock beside it; a second process is told so by name.
A thread of its own runs the commits, another what the file needs now and then: checkpoints and backups.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Final

from standardiste.common.bus.core import Bounds, Core
from standardiste.common.bus.local import LocalBus
from standardiste.common.bus.log import Log, file_of
from standardiste.common.bus.timers import Timer
from standardiste.common.clock import Clock, SystemClock
from standardiste.common.commit_thread import CommitThread
from standardiste.common.errors import BusAway
from standardiste.common.files import lock_beside
from standardiste.common.log import logger

DEFAULT_BOUNDS: Final = Bounds()
LOOK_EVERY_S: Final = 1.0
SWEEP_EVERY_LOOKS: Final = 10
CHECKPOINT_EVERY_COMMITS: Final = 500
CHECKPOINT_EVERY_BYTES: Final = 8 * 1024 * 1024
"""Either makes about 8 MB of write-ahead log: small enough to stay in memory, large enough that its own fsync is rare."""

log = logger("bus")


class EmbeddedBus(LocalBus):
    """`await EmbeddedBus.open(path)`; `await bus.close()`."""

    _lock: int
    _thread: CommitThread
    _care: ThreadPoolExecutor
    _looking_after: asyncio.Task[None]

    @classmethod
    async def open(
        cls,
        path: Path | str,
        clock: Clock | None = None,
        partitions: int = 1,
        *,
        timer: Timer | None = None,
        random: Random | None = None,
        bounds: Bounds = DEFAULT_BOUNDS,
    ) -> EmbeddedBus:
        """
        Open the log at `path` (a .sqlite or .db file, or the folder for bus.sqlite), making what is missing.

        Raises FolderInUse when a process holds it, FormatTooNew, ValueError when it was made with another number of partitions, BusAway when the
        file cannot be opened.
        """
        file = file_of(Path(path))
        file.parent.mkdir(parents=True, exist_ok=True)
        lock = lock_beside(file)
        try:
            log = Log(str(file), partitions)
        except sqlite3.Error as error:
            os.close(lock)
            raise BusAway(f"{file}: {error}") from error
        except BaseException:
            os.close(lock)
            raise
        thread = CommitThread(asyncio.get_running_loop(), "bus-commit")
        bus = cls(Core(log, clock or SystemClock(), thread, timer, random, bounds))
        bus._lock, bus._thread, bus._care = lock, thread, ThreadPoolExecutor(1, "bus-care")
        bus._looking_after = asyncio.get_running_loop().create_task(bus._look_after(), name="bus-care")
        return bus

    async def _beside(self, work: Callable[[], None]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._care, work)

    async def _look_after(self) -> None:
        """Checkpoints and sweeps, now and then, until cancelled."""
        writer = self._core.writer
        commits, written = writer.commits, writer.written_bytes
        turns = 0
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            turns += 1
            try:
                if writer.commits - commits >= CHECKPOINT_EVERY_COMMITS or writer.written_bytes - written >= CHECKPOINT_EVERY_BYTES:
                    commits, written = writer.commits, writer.written_bytes
                    await self._checkpoint()
                if turns % SWEEP_EVERY_LOOKS == 0:
                    await self.sweep()
            except (BusAway, sqlite3.Error) as error:
                log.warning("bus_care_failed", reason=str(error))

    async def _checkpoint(self) -> None:
        """Most of it beside the writers; what they added meanwhile between two commits, else a busy log would never begin anew."""
        await self._beside(self._core.log.checkpoint_beside)
        await self._core.writer.put_care(lambda log: log.checkpoint())

    async def close(self) -> None:
        if self._looking_after.cancel():
            with contextlib.suppress(asyncio.CancelledError):
                await self._looking_after
        await super().close()

    async def _release(self) -> None:
        self._care.shutdown(wait=True)
        self._thread.stop()
        self._core.log.close()
        os.close(self._lock)
