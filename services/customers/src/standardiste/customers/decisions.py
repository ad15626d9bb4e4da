"""
The edge of the record: `decisions` in, documents out, in batches.

Theory. Each decision alone would cost a commit; so handlers lay their record in a queue and wait, and one worker takes all that lie there, in the order
of the log, works them into one sheet and writes it. A batch is at most what may be in flight, and lies up to 60 ms before it is begun: what happens to
one interaction meanwhile changes its documents once. Nobody waits for them that `at_least` does not hold for a moment. With a part away the worker
tries the same batch again for as long as it takes, so the order stays. A batch that cannot be worked in is taken apart, so that the decision at fault
goes the bus's way to dead-letters alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

from standardiste.common.bus.port import Record, RetryPolicy
from standardiste.common.bus.timers import Backoff
from standardiste.common.bus.topics import Topic
from standardiste.common.errors import Away, BadInput, VersionConflict
from standardiste.common.events.base import Event, spec_of
from standardiste.common.events.codec import decode
from standardiste.common.log import logger
from standardiste.common.parts import Parts
from standardiste.customers.chronicle import OF_INTEREST, Chronicle
from standardiste.customers.progress import Progress
from standardiste.customers.resolver import Resolver
from standardiste.customers.sheet import Sheet

GROUP: Final = "customers-decisions"
WITHIN_MS: Final = 60
IN_FLIGHT: Final = 256
RETRY: Final = RetryPolicy()
BREATHE_EVERY: Final = 8
AWAY_FIRST_MS: Final = 50
AWAY_MAX_MS: Final = 5_000

_NAMES: Final = frozenset(spec_of(kind).name for kind in OF_INTEREST)
log = logger("customers")


@dataclass(slots=True)
class _Waiting:
    event: Event
    record: Record
    done: asyncio.Future[None]


class Decisions:
    """Subscribes to `decisions` and keeps the documents."""

    def __init__(self, parts: Parts, progress: Progress, resolver: Resolver) -> None:
        self._store, self._bus, self._progress = parts.store, parts.bus, progress
        self._chronicle = Chronicle(parts.blobs, resolver)
        self._waiting: list[_Waiting] = []
        self._tries: dict[tuple[int, int], int] = {}
        self._woken = asyncio.Event()
        self._random = Random()

    async def run(self, ready: Callable[[], None]) -> None:
        async with asyncio.TaskGroup() as group:
            worker = group.create_task(self._work())
            await self._bus.subscribe(
                GROUP, (Topic.DECISIONS,), self.take, lane=self._lane, in_flight=IN_FLIGHT, within_ms=WITHIN_MS, retry=RETRY, ready=ready
            )
            worker.cancel()

    async def take(self, record: Record) -> None:
        """Return when the decision's documents are durable. Idempotent."""
        try:
            await self._worked_in(record)
        except Exception as error:
            self._fail(record, error)
            raise
        self._progress.done(record.partition, record.offset)

    async def _worked_in(self, record: Record) -> None:
        waiting = _Waiting(decode(record), record, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._woken.set()
        await waiting.done

    def _fail(self, record: Record, error: Exception) -> None:
        """One that the bus lays in dead-letters now holds up nobody who waits for a position."""
        place = (record.partition, record.offset)
        self._tries[place] = self._tries.get(place, 0) + 1
        if isinstance(error, BadInput) or self._tries[place] >= RETRY.tries:
            del self._tries[place]
            self._progress.done(*place)

    def _lane(self, record: Record) -> str | None:
        """Every record may begin at once; the worker keeps their order."""
        self._progress.start(record.partition, record.offset)
        if record.headers.get("ce_type") not in _NAMES:
            self._progress.done(record.partition, record.offset)
            return None
        return str(record.offset)

    async def _work(self) -> None:
        while True:
            await self._woken.wait()
            self._woken.clear()
            batch, self._waiting = self._waiting, []
            batch.sort(key=lambda each: (each.record.partition, each.record.offset))
            await self._until_written(batch)

    async def _until_written(self, batch: list[_Waiting]) -> None:
        backoff = Backoff(AWAY_FIRST_MS, AWAY_MAX_MS, self._random.random)
        while True:
            try:
                await self._write(batch)
            except VersionConflict:
                continue  # another process had one of the documents; begin again from what it left
            except Away as away:
                log.warning("record_put_off", what=away.what, decisions=len(batch))
                await backoff.wait()
            except Exception as error:  # told to the handler of the one at fault: the bus tries it again, then lays it in dead-letters
                if len(batch) == 1:
                    _tell(batch[0], error)
                    return
                for each in batch:
                    await self._until_written([each])
                return
            else:
                for each in batch:
                    _tell(each, None)
                return

    async def _write(self, batch: list[_Waiting]) -> None:
        """Work a batch in and write it, all or (as far as anyone is told) nothing."""
        sheet = Sheet(self._store)
        for number, each in enumerate(batch, 1):
            await self._chronicle.work_in(sheet.of(each.event.tenant), each.event, each.record)
            if number % BREATHE_EVERY == 0:
                await asyncio.sleep(0)  # others of this process have work too
        await sheet.write()


def _tell(waiting: _Waiting, error: Exception | None) -> None:
    if waiting.done.done():
        return
    if error is None:
        waiting.done.set_result(None)
    else:
        waiting.done.set_exception(error)
