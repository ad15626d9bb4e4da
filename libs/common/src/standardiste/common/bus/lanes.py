"""
Lanes: handlers run in order within a lane, side by side across lanes, never more at once than allowed. Every adapter's `subscribe` feeds this.

Theory. A record is unfinished from `start` until its handler has returned or it lies in dead-letters. `room` says how many more may be started;
an adapter fetches no more than that, which is what pausing a partition means. Of each partition the lowest unfinished offset may be committed:
whatever is above it may run again after a crash, never what is below it. A handler's Away is waited for without end (the world is at fault, and
the lane must keep its order), and so is a record of a newer program's format; a BadInput goes to dead-letters at once; anything else is tried again, then goes there with the reason.
"""

from __future__ import annotations

import asyncio
import traceback
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from random import Random
from typing import Final, TypeAlias

from standardiste.common.bus.port import Handler, Lane, Record, RetryPolicy
from standardiste.common.bus.timers import Backoff
from standardiste.common.bus.topics import Topic
from standardiste.common.errors import Away, BadInput, FormatTooNew, OperatorError
from standardiste.common.log import logger
from standardiste.common.metrics import counter
from standardiste.common.tracing import accepted_traceparent, child_of, enter, has_exporter

AWAY_FIRST_MS: Final = 50
AWAY_MAX_MS: Final = 5_000
DRAIN_S: Final = 5.0
PLACES_NAMED: Final = 3

WAITED_FOR: Final = (Away, FormatTooNew)
"""What is no fault of the record: the world's, or a program's that is too old for it."""

DeadLetter: TypeAlias = Callable[[Record, str, int], Awaitable[None]]
"""Writes a record to dead-letters with the reason and the number of tries; may raise Away."""

log = logger("bus")


class _Offsets:
    """Which offsets of one partition are unfinished. What is passed over leaves nothing behind, however long an earlier one takes."""

    __slots__ = ("_end", "_finished", "_started", "next")

    def __init__(self, next_offset: int) -> None:
        self.next = self._end = next_offset
        self._started: deque[int] = deque()
        self._finished: set[int] = set()

    def start(self, offset: int) -> None:
        self._started.append(offset)
        self._end = offset + 1

    def pass_over(self, offset: int) -> bool:
        """Start and finish at once. True when the lowest unfinished offset moved."""
        self._end = offset + 1
        return self._moved()

    def finish(self, offset: int) -> bool:
        """True when the lowest unfinished offset moved."""
        self._finished.add(offset)
        while self._started and self._started[0] in self._finished:
            self._finished.remove(self._started.popleft())
        return self._moved()

    def _moved(self) -> bool:
        former, self.next = self.next, self._started[0] if self._started else self._end
        return former != self.next


class Lanes:
    """The running handlers of one subscription. Used by one task; `progress` is called on the loop whenever an offset may be committed."""

    def __init__(
        self,
        handler: Handler,
        dead_letter: DeadLetter,
        progress: Callable[[Topic, int, int], None],
        *,
        lane: Lane | None,
        in_flight: int,
        retry: RetryPolicy,
        random: Random,
    ) -> None:
        self._handler, self._dead_letter, self._progress = handler, dead_letter, progress
        self._lane, self._in_flight, self._retry, self._random = lane, in_flight, retry, random
        self._lanes: dict[str, deque[Record]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._offsets: dict[tuple[Topic, int], _Offsets] = {}
        self._unfinished = 0
        self._is_draining = False
        self._woken: asyncio.Future[None] | None = None

    @property
    def room(self) -> int:
        return self._in_flight - self._unfinished

    def start(self, record: Record) -> None:
        """Queue a record in its lane, or pass it over. The caller has looked at `room`."""
        place = (record.topic, record.partition)
        offsets = self._offsets.get(place)
        if offsets is None:
            offsets = self._offsets[place] = _Offsets(record.offset)
        key = self._lane_of(record)
        if key is None:
            if offsets.pass_over(record.offset):
                self._progress(record.topic, record.partition, offsets.next)
            return
        offsets.start(record.offset)
        self._unfinished += 1
        waiting = self._lanes.get(key)
        if waiting is None:
            self._begin(key, deque((record,)))
        else:
            waiting.append(record)

    def _lane_of(self, record: Record) -> str | None:
        if self._lane is None:
            return record.key
        try:
            return self._lane(record)
        except Exception:
            return record.key  # its handler will say what is wrong with it, and is heard there

    def _begin(self, key: str, waiting: deque[Record]) -> None:
        self._lanes[key] = waiting
        task = self._tasks[key] = asyncio.get_running_loop().create_task(self._run(waiting))
        task.add_done_callback(partial(self._ended, key))

    async def until_room(self) -> None:
        while self.room <= 0:
            await self._wait()

    async def drain(self) -> None:
        """Start nothing more, let what runs end, for 5 s; then cancel it: it will be delivered again."""
        self._is_draining = True
        timer = asyncio.get_running_loop().call_later(DRAIN_S, self._cancel)
        try:
            while self._tasks:
                await self._wait()
        except asyncio.CancelledError:
            self._cancel()
            raise
        finally:
            timer.cancel()

    def _cancel(self) -> None:
        for task in list(self._tasks.values()):
            task.cancel()

    async def _wait(self) -> None:
        self._woken = asyncio.get_running_loop().create_future()
        try:
            await self._woken
        finally:
            self._woken = None

    def _wake(self) -> None:
        if self._woken is not None and not self._woken.done():
            self._woken.set_result(None)

    async def _run(self, waiting: deque[Record]) -> None:
        while waiting and not self._is_draining:
            record = waiting[0]
            await self._finish(record)
            waiting.popleft()
            self._unfinished -= 1
            offsets = self._offsets[record.topic, record.partition]
            if offsets.finish(record.offset):
                self._progress(record.topic, record.partition, offsets.next)
            self._wake()

    def _ended(self, key: str, task: asyncio.Task[None]) -> None:
        """A lane is empty, or was cancelled, perhaps before its first step. What comes next of its key begins a new one."""
        waiting = self._lanes.pop(key)
        del self._tasks[key]
        if waiting and not self._is_draining:
            self._begin(key, waiting)
        self._wake()

    async def _finish(self, record: Record) -> None:
        """Return when the record needs nothing more: handled, or in dead-letters."""
        try:
            await self._handle(record)
        except Exception as error:
            await self._try_again(record, error)
        except asyncio.CancelledError as error:
            await self._try_again(record, own_fault(error))

    async def _handle(self, record: Record) -> None:
        """Call the handler within the record's own trace: what it logs and publishes belongs there. The context is the lane's alone."""
        traceparent = record.headers.get("traceparent")
        if has_exporter():
            with child_of(accepted_traceparent(traceparent), f"{record.topic.value} handle", "consumer"):
                await self._handler(record)
        else:
            enter(traceparent)
            await self._handler(record)

    async def _try_again(self, record: Record, error: Exception) -> None:
        tries = 1
        away = Backoff(AWAY_FIRST_MS, AWAY_MAX_MS, self._random.random)
        own = Backoff(self._retry.backoff_ms, self._retry.backoff_max_ms, self._random.random)
        while True:
            if isinstance(error, FormatTooNew):
                log.error("record_too_new", topic=record.topic.value, partition=record.partition, offset=record.offset, reason=str(error))
            if isinstance(error, WAITED_FOR):
                await away.wait()
            elif isinstance(error, BadInput) or tries >= self._retry.tries:
                await self._bury(record, error, tries)
                return
            else:
                await own.wait()
            try:
                await self._handle(record)
                return
            except Exception as again:
                error = again
            except asyncio.CancelledError as again:
                error = own_fault(again)
            if not isinstance(error, WAITED_FOR):
                tries += 1

    async def _bury(self, record: Record, error: Exception, tries: int) -> None:
        backoff = Backoff(AWAY_FIRST_MS, AWAY_MAX_MS, self._random.random)
        while True:
            try:
                await self._dead_letter(record, reason_of(error), tries)
            except Away:
                await backoff.wait()
            else:
                counter("standardiste_bus_dead_letters_total").labels(record.topic.value).inc()
                log.error(
                    "record_dead_lettered",
                    topic=record.topic.value,
                    partition=record.partition,
                    offset=record.offset,
                    reason=reason_of(error),
                )
                return


def own_fault(error: asyncio.CancelledError) -> Exception:
    """What lets a cancellation out although nobody cancelled this task has failed like anything else; a task that was cancelled ends: raises the error."""
    task = asyncio.current_task()
    if task is None or task.cancelling():
        raise error
    return RuntimeError("cancelled from within").with_traceback(error.__traceback__)


def reason_of(error: Exception) -> str:
    """
    One line that says why.

    Our own refusals name themselves; of any other error only its type and the innermost places, since its text may hold customer text.
    """
    if isinstance(error, BadInput):
        return f"{error.reason}: {error.detail}"
    if isinstance(error, OperatorError):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)[: -PLACES_NAMED - 1 : -1]
    places = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames)
    return f"{type(error).__name__} at {places}" if places else type(error).__name__
