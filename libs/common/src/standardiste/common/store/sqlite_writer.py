"""
Group commit: many writes, one fsync.

Theory. A commit that is durable costs a disk's round trip (about 1 ms); a row costs some 30 µs. So the writes that gather while one commit is on its
way go together into the next. Rows are written on the event loop's thread and only the commit, which is all waiting, runs in the writer's own
thread: a thread that executed each statement would hand the interpreter's lock back and forth with a busy loop at each of them and stand in line
up to 5 ms every time. One transaction is open at a time; the connection belongs to the loop between transactions and to the thread during a commit.

A write says how long it may wait for company (mostly not at all): the most urgent of those that wait decides when the next commit begins, and all others
go along with it (next_commit.py).

What may not happen: a caller told "done" before the commit, or one caller's refusal (a version, a unique value) undoing its neighbours' rows. Works
therefore refuse before they write, and any other failure rolls back the whole group, answers StoreAway to all of it and opens a new connection for
the next: a disk that was full for a while needs nobody's help.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeAlias, TypeVar

from standardiste.common.commit_thread import CommitThread
from standardiste.common.errors import StandardisteError, StoreAway
from standardiste.common.next_commit import NOW, NextCommit

WAITING_MAX: Final = 10_000
"""Writes that may wait for a commit; one more is answered StoreAway at once."""
GROUP_MAX: Final = 128
"""Writes of one commit: some 5 ms of the loop's time at most."""

T = TypeVar("T")
Work: TypeAlias = Callable[[sqlite3.Connection], T]


@dataclass(slots=True)
class _Job:
    work: Work[Any]
    future: asyncio.Future[Any]
    is_long: bool
    result: Any = None
    refused: StandardisteError | None = None


class GroupCommit:
    """Runs works in transactions, in the order in which they came. `is_inline`: commit on the loop's thread too (a database in memory)."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], *, is_inline: bool = False) -> None:
        self._connect = connect
        self._connection: sqlite3.Connection | None = None
        self._is_inline = is_inline
        self._thread: CommitThread | None = None
        self._waiting: deque[_Job] = deque()
        self._next = NextCommit(self._begin)
        self._idle: asyncio.Future[None] | None = None
        self._is_closed = False

    async def run(self, work: Work[T], *, is_long: bool = False, within_ms: int = 0) -> T:
        """
        The work's result, once it is durable. `is_long`: a transaction of its own, all of it in the writer's thread. `within_ms`: how long it may wait
        for others to go along with.

        Raises what the work refused with, StoreAway.
        """
        if self._is_closed:
            raise StoreAway("closed")
        if len(self._waiting) >= WAITING_MAX:
            raise StoreAway("too many writes are waiting")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._waiting.append(_Job(work, future, is_long))
        if within_ms == 0 or self._is_inline or len(self._waiting) >= GROUP_MAX:
            self._next.by(NOW)
        else:
            self._next.by(loop.time() + within_ms / 1000)
        return await future

    async def close(self) -> None:
        """Let what waits be committed, then release the file."""
        self._is_closed = True
        if self._waiting or self._next.is_under_way:
            self._idle = asyncio.get_running_loop().create_future()
            self._next.by(NOW)
            await self._idle
        if self._thread is not None:
            self._thread.stop()
        self._drop_connection()

    def _begin(self) -> None:
        if not self._waiting:
            return
        jobs = self._take()
        self._next.began()
        if self._waiting:
            self._next.by(NOW)
        if jobs[0].is_long:
            self._in_thread(jobs, lambda: self._write_and_commit(jobs))
            return
        try:
            connection = self._write(jobs)
        except Exception as error:  # whatever it is, the callers of this group are told; the next group begins afresh
            self._settle(jobs, error)
            return
        self._in_thread(jobs, lambda: connection.execute("COMMIT"))

    def _take(self) -> list[_Job]:
        jobs = [self._waiting.popleft()]
        while not jobs[0].is_long and self._waiting and not self._waiting[0].is_long and len(jobs) < GROUP_MAX:
            jobs.append(self._waiting.popleft())
        return jobs

    def _write(self, jobs: list[_Job]) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = self._connect()
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        for job in jobs:
            try:
                job.result = job.work(connection)
            except StandardisteError as refused:
                job.refused = refused
        return connection

    def _write_and_commit(self, jobs: list[_Job]) -> None:
        connection = self._write(jobs)
        connection.execute("ROLLBACK" if jobs[0].refused else "COMMIT")

    def _in_thread(self, jobs: list[_Job], step: Callable[[], object]) -> None:
        if self._is_inline:
            error: Exception | None = None
            try:
                step()
            except Exception as raised:  # told to the callers, as above
                error = raised
            self._settle(jobs, error)
            return
        if self._thread is None:
            self._thread = CommitThread(asyncio.get_running_loop(), "store-commit")
        self._thread.submit(step, partial(self._settle, jobs))

    def _settle(self, jobs: list[_Job], error: Exception | None) -> None:
        if error is not None:
            self._drop_connection()
        for job in jobs:
            if job.future.done():
                continue
            if error is not None:
                job.future.set_exception(StoreAway(str(error)) if isinstance(error, sqlite3.Error) else error)
            elif job.refused is not None:
                job.future.set_exception(job.refused)
            else:
                job.future.set_result(job.result)
        self._next.ended()
        if not self._waiting and self._idle is not None and not self._idle.done():
            self._idle.set_result(None)

    def _drop_connection(self) -> None:
        """Closing rolls back what is open."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
