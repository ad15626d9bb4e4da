"""
Exactly once: the loop that drives one processor over one partition. Every adapter's `process` runs this.

Theory. Taking a partition is always in this order: fence the predecessor and read the committed offsets (the adapter's `take`), restore the state
topic to its end, `resumed`, then records. What a call returns commits together with the offsets of what it was given. Anything that fails
throws the processor away and starts over; nothing is ever undone in memory.

A batch whose `handle` raises leaves its offsets behind as `suspects`: after the next restore these records are handled one by one, all in one transaction. The
one that raises is the `culprit`: after another restore what comes before it is committed, and it goes to dead-letters, with its offset, and is never
handled. Where the bus refused what came of a batch, nobody knows of which record: then each is taken in a transaction of its own. What the processor tells of it goes along, unless that fails as well. A deadline that raises has no record to blame: the partition waits, with backoff and an error in the log, and loses nothing. The same goes for a
cancellation that nobody asked of us: a client library may let one out of its own workings, and a partition whose loop ended would stand still in silence; and
for a record of a newer program's format, which is left for that program.

While a commit is on its way records gather for the next batch; an idle partition waits for nothing. A batch that waiting would not make larger is handled while
the one before it is committed (ahead.py), in slices, so that the commit gets on and the other partitions of the process have their turn. One piece of work runs
between two rounds of the event loop, whatever the number of partitions: the heartbeats that keep this member in its group need them.

Deadlines fire when nothing that was fetched waits to be taken: what the log knows to have come before them is handled before them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from random import Random
from typing import Final, Protocol

from standardiste.common.bus.ahead import Ahead
from standardiste.common.bus.lanes import own_fault, reason_of
from standardiste.common.bus.port import Handled, Outgoing, Outputs, Processor, ProcessorFactory, Record
from standardiste.common.bus.steady_clock import SteadyClock
from standardiste.common.bus.timers import Backoff
from standardiste.common.bus.topics import TOPICS, Topic
from standardiste.common.clock import Clock
from standardiste.common.errors import Away, BadInput, FormatTooNew, OperatorError
from standardiste.common.events.base import Instant
from standardiste.common.log import logger
from standardiste.common.metrics import counter
from standardiste.common.tracing import has_exporter, note

GAP_MS: Final = 2_000
"""Without reading or committing for so long, the partition counts as taken anew."""

LEAP_MS: Final = 1_000
"""A clock that falls by so much was set back."""

TICK_MS: Final = 1_000
"""How often an idle partition looks at the clock, so that a stopped machine is told from a quiet one."""

BATCH_RECORDS: Final = 500
"""What one transaction takes at most of each topic, however much has come."""

SLICES: Final = 16
"""A whole batch is handled in so many goes of a few milliseconds."""

OUTPUTS_MAX: Final = 5_000
"""So many outputs are enough for one transaction: after a pause a batch may lead to many times what it usually does."""

BREATH: Final = 8
"""Rounds of the event loop between two slices: an answer of the broker takes about six to become the next request."""

AGAIN_FIRST_MS: Final = 20
AGAIN_MAX_MS: Final = 5_000
MENDED_MAX_MS: Final = 30_000
"""What a person must mend is looked at less often: each look reads the whole state, on a process that has other partitions."""

KEPT_MS: Final = 3_600_000
"""A quiet partition commits so often where it stands: a cluster forgets what was not said for a week, or a day."""

COMPACTED: Final = frozenset(topic for topic, spec in TOPICS.items() if spec.is_compacted)

log = logger("bus")


class NoLongerOwner(Exception):
    """Another took the partition; this task ends."""


class Owned(Protocol):
    """One partition while it is ours. Any of its methods may raise: the loop then gives it up and takes the partition anew."""

    @property
    def committed_at(self) -> Instant | None:
        """When the group last committed here; None when it never did."""
        ...

    def restore(self) -> AsyncIterator[Sequence[Record]]:
        """The state topic from its start to its end."""
        ...

    @property
    def batch_records(self) -> int:
        """How many records of each topic one `take` gives at most."""
        ...

    @property
    def waiting(self) -> int:
        """How many records are there to be taken; 0 when all is read to the end as last fetched."""
        ...

    def take(self) -> Sequence[Record]:
        """What was fetched and not yet taken, a batch at most, in (appended_at, topic, offset) order."""
        ...

    async def wait(self, until: Instant) -> None:
        """Return when `take` has something, or at `until`."""
        ...

    async def ask_the_time(self) -> None:
        """Hold the clock against the log's own, where that is another."""
        ...

    async def commit(self, outputs: Outputs, offsets: Mapping[Topic, int]) -> None:
        """Outputs and next offsets, together or not at all."""
        ...

    async def close(self) -> None:
        """Throw away whatever the adapter held for this partition."""
        ...


class PartitionLoop:
    """Runs one partition until cancelled, or until it belongs to another."""

    def __init__(
        self,
        partition: int,
        take: Callable[[], Owned],
        factory: ProcessorFactory,
        clock: Clock,
        *,
        dead_letter: Callable[[Record, str, int], Outgoing],
        random: Random,
        turns: asyncio.Lock,
        ready: Callable[[], None] = lambda: None,
    ) -> None:
        self._partition, self._take, self._factory, self._clock = partition, take, factory, clock
        self._dead_letter, self._turns, self._ready = dead_letter, turns, ready
        self._backoff = Backoff(AGAIN_FIRST_MS, AGAIN_MAX_MS, random.random)
        self._patience = Backoff(AGAIN_FIRST_MS, MENDED_MAX_MS, random.random)
        self._left: Sequence[Record] = ()
        self._suspects: dict[Topic, int] = {}
        self._culprit: tuple[Record, str] | None = None
        self._is_refused = self._is_mute = False
        self._time = SteadyClock(clock)
        self._alive_at = Instant(0)
        self._said_at = Instant(0)
        self._seen_at = Instant(0)

    async def run(self) -> None:
        while True:
            try:
                await self._own()
            except NoLongerOwner:
                return
            except _RecordFailed as failed:
                self._blame(failed)
            except Away as away:
                log.warning("partition_given_up", partition=self._partition, reason=str(away))
                await self._backoff.wait()
            except OperatorError as error:
                await self._after(error, self._patience)
            except Exception as error:
                await self._after(error, self._backoff)
            except asyncio.CancelledError as error:
                await self._after(own_fault(error), self._backoff)

    async def _after(self, error: Exception, backoff: Backoff) -> None:
        counter("standardiste_bus_processor_failures_total").inc()
        log.error("partition_failed", partition=self._partition, reason=reason_of(error))
        await backoff.wait()

    def _blame(self, failed: _RecordFailed) -> None:
        counter("standardiste_bus_processor_failures_total").inc()
        last = failed.records[-1]
        log.error(
            "processor_failed",
            partition=self._partition,
            records=len(failed.records),
            topic=last.topic.value,
            offset=last.offset,
            reason=failed.reason,
        )
        if failed.is_alone:
            self._culprit, self._is_mute = (last, failed.reason), False
        else:
            self._suspects = {record.topic: record.offset for record in failed.records}
            self._is_refused = failed.is_refused

    async def _own(self) -> None:
        processor, latest = self._factory(self._partition), Instant(0)
        owned, self._left = self._take(), ()
        try:
            async for batch in owned.restore():
                latest = max(latest, *(record.appended_at for record in batch)) if batch else latest
                async with self._turns:
                    processor.restore(batch)
            self._time = SteadyClock(self._clock)  # only now: taking the partition may have told us what time it is
            self._time.reach(latest)
            gap_ms = None if owned.committed_at is None else max(0, self._clock.now() - owned.committed_at)
            await self._resume(owned, processor, gap_ms)
            self._ready()
            self._backoff.reset()
            self._patience.reset()
            await self._work(owned, processor)
        finally:
            processor.left()
            await owned.close()

    async def _work(self, owned: Owned, processor: Processor) -> None:
        ahead = Ahead(self._partition)
        try:
            while True:
                await self._turn(owned, processor, ahead)
        except Exception:
            await ahead.settled()  # what failed was ahead of the log; when the commit before it fails too, that is the failure
            raise
        finally:
            await ahead.end()

    async def _resume(self, owned: Owned, processor: Processor, gap_ms: int | None) -> None:
        async with self._turns:
            outputs = processor.resumed(self._time.now(), gap_ms)
        await owned.commit(outputs, {})
        self._alive_at = self._said_at = self._time.now()
        self._seen_at = self._clock.now()

    async def _now(self, owned: Owned, ahead: Ahead) -> Instant:
        """The log's time. Where our clock has leapt since we last looked, the log is asked first: a leap of ours is none of the log's."""
        if not -LEAP_MS < self._clock.now() - self._seen_at < GAP_MS:
            await ahead.settled()
            await owned.ask_the_time()
        self._seen_at = self._clock.now()
        return self._time.now()

    async def _turn(self, owned: Owned, processor: Processor, ahead: Ahead) -> None:
        """Take what there is, let it and what is due be handled, commit; with nothing to do, wait."""
        if (not self._left and owned.waiting < owned.batch_records) or self._suspects:
            await ahead.settled()
        now = await self._now(owned, ahead)
        if now - self._alive_at >= GAP_MS:
            await ahead.settled()
            await self._resume(owned, processor, now - self._alive_at)
        self._alive_at = now
        records = self._left = self._left or owned.take()
        if self._suspects and records:
            await (self._one_by_one if self._is_refused else self._singly)(owned, processor)
            return
        outputs, taken = await self._in_slices(processor, records, max(1, owned.batch_records // SLICES))
        self._left = records[taken:]
        due = processor.next_deadline() if not self._left and not owned.waiting else None
        if due is not None and due <= now:
            outputs = [*outputs, *await self._fired(processor, now)]
        elif not records and now - self._said_at < KEPT_MS:
            await owned.wait(self._time.behind(Instant(min(now + TICK_MS, due) if due is not None else now + TICK_MS)))
            return
        await ahead.settled()
        self._said_at = now
        ahead.begin(_committed(owned, outputs, records[:taken], is_alone=False))

    async def _in_slices(self, processor: Processor, records: Sequence[Record], size: int) -> Handled:
        """What a batch leads to, or as much of it as fits one transaction."""
        outputs: list[Outgoing] = []
        taken = slices = 0
        while taken < len(records) and len(outputs) < OUTPUTS_MAX:
            if slices:
                for _ in range(BREATH):
                    await asyncio.sleep(0)
            given = records[taken : taken + size]
            async with self._turns:
                handled = _handled(processor, given, records, is_alone=False)
            outputs += handled.outputs
            taken += handled.taken
            slices += 1
            if handled.taken < len(given):
                break
        return Handled(outputs if slices < 2 else _last_words(outputs), taken)

    async def _fired(self, processor: Processor, until: Instant) -> Outputs:
        async with self._turns:
            return processor.fire(until)

    async def _singly(self, owned: Owned, processor: Processor) -> None:
        """What is left, each handled by itself and all committed together: whichever raises is to blame. What is due before a record fires by itself."""
        if (reason := self._is_culprit(self._left[0])) is not None:
            await self._bury(owned, processor, self._left[0], reason)
            self._passed(1)
            return
        outputs: list[Outgoing] = []
        taken = 0
        while taken < len(self._left) and len(outputs) < OUTPUTS_MAX and self._is_culprit(self._left[taken]) is None:
            await asyncio.sleep(0)
            record = self._left[taken]
            if (due := processor.next_deadline()) is not None and due < record.appended_at:
                outputs += await self._fired(processor, Instant(record.appended_at - 1))
                continue
            async with self._turns:
                handled = _handled(processor, (record,), (record,), is_alone=True)
            outputs += handled.outputs
            if not handled.taken:
                break
            taken += 1
        await _committed(owned, _last_words(outputs), self._left[:taken], is_alone=False)
        self._passed(taken)

    def _passed(self, taken: int) -> None:
        """So many of what is left are done with; a suspect is none any more when it is."""
        for record in self._left[:taken]:
            if self._suspects.get(record.topic, -1) <= record.offset:
                self._suspects.pop(record.topic, None)
        self._left = self._left[taken:]

    async def _one_by_one(self, owned: Owned, processor: Processor) -> None:
        """What is left, each in a transaction of its own, after the deadlines before it: what one of those raises is no record's fault."""
        while self._left:
            record = self._left[0]
            if (due := processor.next_deadline()) is not None and due < record.appended_at:
                await owned.commit(await self._fired(processor, Instant(record.appended_at - 1)), {})
                continue
            if (reason := self._is_culprit(record)) is not None:
                await self._bury(owned, processor, record, reason)
            else:
                outputs, taken = _handled(processor, (record,), (record,), is_alone=True)
                await _committed(owned, outputs, (record,)[:taken], is_alone=True)
                if not taken:
                    continue
            self._passed(1)

    async def _bury(self, owned: Owned, processor: Processor, record: Record, reason: str) -> None:
        """To dead-letters, with what the processor tells of it. When that cannot be told, the record goes there alone, after another restore."""
        try:
            told = () if self._is_mute else processor.buried(record, reason)
            await owned.commit((*told, self._dead_letter(record, reason, 2)), {record.topic: record.offset + 1})
        except Away:
            raise
        except Exception:
            self._is_mute = True
            raise
        self._culprit = None
        counter("standardiste_bus_dead_letters_total").labels(record.topic.value).inc()

    def _is_culprit(self, record: Record) -> str | None:
        """The reason, when this is the record that failed alone."""
        if self._culprit is None:
            return None
        culprit, reason = self._culprit
        return reason if (culprit.topic, culprit.offset) == (record.topic, record.offset) else None


def _last_words(outputs: Sequence[Outgoing]) -> list[Outgoing]:
    """Without what a later one of its key replaces anyway: several slices may have changed the same entity of the state."""
    last = {(out.topic, out.key): number for number, out in enumerate(outputs) if out.topic in COMPACTED}
    return [out for number, out in enumerate(outputs) if last.get((out.topic, out.key), number) == number]


def _handled(processor: Processor, records: Sequence[Record], batch: Sequence[Record], *, is_alone: bool) -> Handled:
    """What these records of a batch lead to. When they cannot be handled, the batch has failed."""
    try:
        return processor.handle(records)
    except FormatTooNew:
        raise  # no fault of the record: it waits for a newer program
    except Exception as error:
        raise _RecordFailed(batch, reason_of(error), is_alone=is_alone) from error


async def _committed(owned: Owned, outputs: Outputs, records: Sequence[Record], *, is_alone: bool) -> None:
    """Commit what these records led to. An output that the bus cannot take (too large, not to be written) is the fault of the records."""
    began_ns = time.time_ns()
    try:
        await owned.commit(outputs, {record.topic: record.offset + 1 for record in records})
        if has_exporter():
            note((record.headers.get("traceparent") for record in records), "process", began_ns, "consumer")
    except BadInput as error:
        if not records:
            raise
        raise _RecordFailed(records, reason_of(error), is_alone=is_alone, is_refused=True) from error


class _RecordFailed(Exception):
    """`handle` raised over these records, or gave what the bus refuses."""

    def __init__(self, records: Sequence[Record], reason: str, *, is_alone: bool, is_refused: bool = False) -> None:
        super().__init__(reason)
        self.records, self.reason, self.is_alone, self.is_refused = records, reason, is_alone, is_refused


async def until_settled(work: asyncio.Future[None]) -> None:
    """Await what cannot be taken back: a cancellation waits for its outcome and then goes on."""
    try:
        await asyncio.shield(work)
    except asyncio.CancelledError:
        if not work.done():
            await asyncio.shield(work)
        raise


async def run_all(work: Sequence[Coroutine[None, None, None]]) -> None:
    """Run side by side until all have ended; when one fails or we are cancelled, the others are cancelled and waited for, in order."""
    loop = asyncio.get_running_loop()
    tasks = [loop.create_task(one) for one in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
