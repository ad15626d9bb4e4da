"""A thread that waits for the disk, so that the event loop need not: one for each file that is written in group commits."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable


class CommitThread:
    """Runs one job at a time on a thread of its own; the outcome comes back on the loop. Half of what a pool's thread costs a job."""

    def __init__(self, loop: asyncio.AbstractEventLoop, name: str) -> None:
        self._loop = loop
        self._jobs: queue.SimpleQueue[tuple[Callable[[], object], Callable[[Exception | None], None]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, job: Callable[[], object], done: Callable[[Exception | None], None]) -> None:
        """Run `job` there, then `done` here, with what it raised."""
        self._jobs.put((job, done))

    def stop(self) -> None:
        """Let what was submitted end."""
        self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (taken := self._jobs.get()) is not None:
            job, done = taken
            error: Exception | None = None
            try:
                job()
            except Exception as failed:
                error = failed
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                self._loop.call_soon_threadsafe(done, error)
