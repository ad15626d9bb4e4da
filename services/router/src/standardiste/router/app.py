"""
The router's runtime: a bus processor that decodes, asks the engines of the partition's tenants, and encodes what they decided.

One processor owns one partition and every tenant in it. It never waits and keeps nothing that router-state does not hold: what it returns is committed with
the offsets of what it was given, or it is thrown away. Each entity that changed is encoded once per batch. What a batch costs does not grow with the tenants of
the partition it does not touch.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from standardiste.common.bus.dead_letters import dead_letter_of
from standardiste.common.bus.port import Handled, Outgoing, Record
from standardiste.common.bus.topics import Topic, partition_of
from standardiste.common.errors import BadInput, CorruptState
from standardiste.common.events.base import Event, Instant, Kind, class_of, maker, spec_of
from standardiste.common.events.codec import DATA_FORMAT, UnknownType, check_format, decode, dump_data, dump_state, headers_of, load_data
from standardiste.common.events.decisions import ContactUndeliverable
from standardiste.common.events.model import Channel
from standardiste.common.events.outbound import OUTBOUND_TOPIC
from standardiste.common.events.refusals import Refusal
from standardiste.common.log import logger
from standardiste.common.parts import Parts
from standardiste.common.service import Service
from standardiste.router.asked import asked_in
from standardiste.router.engine import Engine, Fired
from standardiste.router.engine.persist import FORMATS, DoesNotFit, id_of, type_of
from standardiste.router.engine.policy import Kit
from standardiste.router.first_due import FirstDue
from standardiste.router.kit import STANDARD
from standardiste.router.meter import Meter
from standardiste.router.settings import RouterSettings

NAME: Final = "router"
INPUT_TOPICS: Final = (Topic.INPUTS, Topic.DIRECTORY)
STEPS_MAX: Final = 500
"""Records taken and deadlines fired in one transaction."""
WORK_S_MAX: Final = 0.25
"""And how long it may take: the process does nothing else meanwhile, and loses its place in the group after some seconds of silence."""
TIDIED_EVERY_MS: Final = 60_000
"""How often tenants that nothing is said of are looked after, too: what is remembered of what is over leaves router-state in its time."""

log = logger("router")

_outgoing = maker(Outgoing)

STATE_FORMAT: Final = max((DATA_FORMAT, *FORMATS.values()), key=int)
"""The highest format among the records of router-state."""
STATE_HEADERS: Final = {"format": DATA_FORMAT, "content-type": "application/json"}
_HEADERS_OF: Final = {kind: {**STATE_HEADERS, "format": format} for kind, format in FORMATS.items()}


def build(settings: RouterSettings, parts: Parts) -> Service:
    """The service, not yet running: one task that owns partitions and processes them, exactly once."""

    async def process(ready: Callable[[], None]) -> None:
        factory = partial(Router, seconds=time.monotonic, partitions=parts.bus.partitions)
        await parts.bus.process(NAME, INPUT_TOPICS, Topic.ROUTER_STATE, factory, ready=ready)

    return Service(name=NAME, tasks={"process": process})


class Router:
    """
    A `bus.port.Processor`: the engines of one partition. `seconds` tells how long a call has taken; it decides where a transaction ends, never what is
    decided, and without it time has no say. `partitions` is how many there are, where that is to be held against what is restored.
    """

    def __init__(
        self, partition: int, kit: Kit = STANDARD, *, seconds: Callable[[], float] = lambda: 0.0, partitions: int | None = None
    ) -> None:
        self.partition, self._partitions = partition, partitions
        self.engines: dict[str, Engine] = {}
        self._kit, self._seconds = kit, seconds
        self._meter = Meter(partition)
        self._restored: dict[str, dict[tuple[str, str], Record]] | None = {}
        self._first_due = FirstDue()
        self._waiting: dict[str, int] = {}
        self._waiting_in_all = 0
        self._tidied_at = Instant(0)

    # ---- taking the partition

    def restore(self, records: Sequence[Record]) -> None:
        """
        Take in router-state: of each key the latest record, unread, for most of a busy day's were replaced since or have a tombstone. So one that this program
        cannot read stops the partition with its name (`resumed`) only where no later one replaces it: a repaired record lies in the log until that is compacted.
        """
        assert self._restored is not None, "restore comes first"
        for record in records:
            tenant, kind, id = parts_of(record.key)
            latest = self._restored.setdefault(tenant, {})
            if _is_tombstone(record):
                latest.pop((kind, id), None)
            else:
                latest[kind, id] = record

    def resumed(self, at: Instant, gap_ms: int | None) -> Sequence[Outgoing]:
        """Leases get one full grace; see the engine."""
        self._finish_restore()
        out = _Out(self._seconds)
        for tenant in sorted(self.engines):
            self._add(out, self.engines[tenant].resumed(at, gap_ms), f"resumed:{at}", at, self.engines[tenant])
        return self._commit(out)

    # ---- running

    def handle(self, records: Sequence[Record]) -> Handled:
        """
        Take the records in order; what was due before one fires before it. As much of both together as fits one transaction.

        All are decoded, then all are decided, then all is encoded: done in turns, each of the three would find the processor's caches full of the others.
        """
        self._finish_restore()
        out, taken = _Out(self._seconds), 0
        events = [_decoded(record) for record in records]
        while taken < len(records) and self._fire(out, Instant(records[taken].appended_at - 1)) and not out.is_full:
            if (event := events[taken]) is not None:
                self._take(out, records[taken], event)
            else:
                self._pass_over(out, records[taken])
            taken += 1
        return Handled(self._commit(out), taken)

    def buried(self, record: Record, reason: str) -> Sequence[Outgoing]:
        """The receipt of a contact says that it could not be handled, and who gave a command is refused. What cannot be read never gets so far."""
        out = _Out(self._seconds)
        if (event := _decoded(record)) is not None:
            engine = self._engine(event.tenant)
            self._add(out, engine.buried(event, record.appended_at, reason), f"{record.topic}:{record.offset}", record.appended_at, engine)
        return self._commit(out)

    def next_deadline(self) -> Instant | None:
        first = self._first_due.first()
        return first[0] if first is not None else None

    def fire(self, at: Instant) -> Sequence[Outgoing]:
        """Fire what is due, up to and including `at`; as much of it as fits one transaction."""
        out = _Out(self._seconds)
        self._fire(out, at)
        return self._commit(out)

    def left(self) -> None:
        self._meter.left()

    def _take(self, out: _Out, record: Record, event: Event) -> None:
        engine = self._engine(event.tenant)
        events = engine.step(event, record.appended_at)
        self._meter.step("record")
        self._add(out, events, f"{record.topic}:{record.offset}", record.appended_at, engine)
        for decided in events:
            if isinstance(refused := decided.data, ContactUndeliverable):
                self._set_aside(out, record, f"{refused.reason}: {refused.detail}")

    def _pass_over(self, out: _Out, record: Record) -> None:
        """
        A record without an event. A tombstone of the directory says nothing new: its entity was archived before. What is of a type that this program does not
        know is skipped and counted; what cannot be read is its own fault and no reason to begin anew: it is set aside. Either way a command's asker is told.
        """
        if record.value is None:
            return
        try:
            decode(record)
        except UnknownType:
            self._meter.skipped()
            self._refuse(out, record, Refusal.UNKNOWN_TYPE)
        except BadInput as error:
            self._set_aside(out, record, str(error))
            self._refuse(out, record, Refusal.MALFORMED)

    def _refuse(self, out: _Out, record: Record, reason: Refusal) -> None:
        """Tell who gave this command, where it says so much."""
        if (asked := asked_in(record)) is not None:
            engine = self._engine(asked.tenant)
            events = engine.refused(asked.actor, asked.command, asked.type, reason, record.appended_at, asked.traceparent)
            self._add(out, events, f"{record.topic}:{record.offset}", record.appended_at, engine)

    def _set_aside(self, out: _Out, record: Record, reason: str) -> None:
        out.dead_letters.append(dead_letter_of(record, NAME, reason, 1))
        self._meter.set_aside(record.topic)

    def _fire(self, out: _Out, until: Instant) -> bool:
        """Fire what is due by then, as far as there is room; whether that was all."""
        while (first := self._first_due.first()) is not None and first[0] <= until:
            if out.is_full:
                return False
            engine = self.engines[first[1]]
            fired: Fired | None = engine.fire_next(until)
            assert fired is not None, "it was due"
            self._meter.step("deadline")
            self._add(out, fired.events, f"{fired.due.kind}:{fired.due.at}:{fired.due.id}", fired.at, engine)
        return True

    def _add(self, out: _Out, events: Sequence[Event], step: str, at: Instant, engine: Engine) -> None:
        """One step was taken by this engine: whatever was due first of it may not be any more."""
        out.add(events, step, at, engine)
        self._first_due.note(engine.live.tenant, engine.next_deadline())

    def _engine(self, tenant: str) -> Engine:
        engine = self.engines.get(tenant)
        if engine is None:
            engine = self.engines[tenant] = Engine(tenant, self._kit)
        return engine

    def _finish_restore(self) -> None:
        if self._restored is None:
            return
        for tenant, records in sorted(self._restored.items()):
            self._check_place(tenant)
            entities = {key: entity_of(record) for key, record in records.items()}
            try:
                self._engine(tenant).load(entities)
            except DoesNotFit as error:
                raise CorruptState(f"router-state of partition {self.partition}: {error}") from error
            self._first_due.note(tenant, self.engines[tenant].next_deadline())
        if any(self._restored.values()):
            records = sum(len(records) for records in self._restored.values())
            log.info("partition_restored", partition=self.partition, tenants=len(self._restored), records=records)
        self._restored = None

    def _check_place(self, tenant: str) -> None:
        """Topics that were given more partitions hold the same tenants elsewhere: what comes of them would meet no state there."""
        place = self.partition if self._partitions is None else partition_of(tenant, self._partitions)
        if place != self.partition:
            raise CorruptState(
                f"router-state of partition {self.partition}: tenant {tenant} belongs to partition {place} of {self._partitions}: their number was changed"
            )

    def _commit(self, out: _Out) -> list[Outgoing]:
        """The batch's decisions and sends, what they could not take, then each touched entity once: of the tenants of this batch, and now and then of all."""
        records: list[Outgoing] = []
        for event, mark in out.decided:
            records.append(encode(event, mark))
            self._meter.decided(event.data)
        records += out.dead_letters
        is_for_all = out.at - self._tidied_at >= TIDIED_EVERY_MS
        if is_for_all:
            self._tidied_at = out.at
        pairs = 0
        for tenant in sorted(self.engines if is_for_all else out.tenants):
            engine = self.engines[tenant]
            pairs += engine.pairs_asked()
            for kind, id, record in engine.changes(out.at):
                records.append(state_of(tenant, kind, id, record))
            self._first_due.note(tenant, engine.next_deadline())
            self._count_waiting(tenant, engine.live.waiting)
        self._meter.batch(self._waiting_in_all, pairs)
        return records

    def _count_waiting(self, tenant: str, waiting: int) -> None:
        self._waiting_in_all += waiting - self._waiting.get(tenant, 0)
        self._waiting[tenant] = waiting


class _Out:
    """What one batch decided, in order; in how many steps, whose, and when the last of them was."""

    __slots__ = ("_began_s", "_seconds", "at", "dead_letters", "decided", "steps", "tenants")

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds, self._began_s = seconds, seconds()
        self.decided: list[tuple[Event, Mapping[str, str]]] = []
        self.dead_letters: list[Outgoing] = []
        self.steps = 0
        self.tenants: dict[str, None] = {}
        self.at = Instant(0)

    @property
    def is_full(self) -> bool:
        """Whether the next step is for another transaction; the first one never is."""
        return self.steps >= STEPS_MAX or (self.steps > 0 and self._seconds() - self._began_s > WORK_S_MAX)

    def add(self, events: Sequence[Event], step: str, at: Instant, engine: Engine) -> None:
        """Keep what one step decided. `step` names the record taken or the deadline fired; with `at` it is the order every replay speaks of."""
        self.steps += 1
        self.tenants[engine.live.tenant] = None
        self.at = at
        mark = {"step": step, "at": str(at), "change-set": str(engine.live.change_set)}
        self.decided += [(event, mark) for event in events]


def _decoded(record: Record) -> Event | None:
    """The record's event; None for a tombstone, and for what this program does not know or cannot read. Raises FormatTooNew."""
    if record.value is None:
        return None
    try:
        return decode(record)
    except BadInput:
        return None


def encode(event: Event, mark: Mapping[str, str]) -> Outgoing:
    """A decision, or a request to a channel, as a record of its topic."""
    topic, key = Topic.DECISIONS, event.tenant
    if spec_of(class_of(event.data)).kind is Kind.COMMAND:
        topic, key = OUTBOUND_TOPIC[Channel(event.to[0].removeprefix("channel:"))], f"{event.tenant}/{event.subject}"
    headers = headers_of(event)
    headers |= mark
    return _outgoing(topic=topic, tenant=event.tenant, key=key, value=dump_data(event.data), headers=headers)


def state_of(tenant: str, kind: str, id: str, entity: object | None) -> Outgoing:
    """An entity as a record of router-state; None is its tombstone."""
    return _outgoing(
        topic=Topic.ROUTER_STATE,
        tenant=tenant,
        key=f"{tenant}/{kind}/{id}",
        value=None if entity is None else dump_state(entity),
        headers=_HEADERS_OF.get(kind, STATE_HEADERS),
    )


def entity_of(record: Record) -> Any:
    """What a record of router-state holds; None for a tombstone. Raises CorruptState with its name, or FormatTooNew."""
    tenant, kind, id = parts_of(record.key)
    try:
        check_format(record.headers, record.key, STATE_FORMAT)
        if record.value is None:
            return None
        entity = load_data(type_of(kind, id), record.value)
        found = id_of(tenant, kind, entity)
    except (BadInput, KeyError) as error:
        raise CorruptState(f"router-state {record.key!r} at offset {record.offset}: {error}") from error
    if found != id:
        raise CorruptState(f"router-state {record.key!r} at offset {record.offset}: it holds {found!r}")
    return entity


def _is_tombstone(record: Record) -> bool:
    """Whether it says that there is nothing any more. Of one that cannot be read that is not known."""
    try:
        return record.value is None and entity_of(record) is None
    except CorruptState:
        return False


def parts_of(key: str) -> tuple[str, str, str]:
    """tenant, kind and id of a record of router-state"""
    tenant, _, rest = key.partition("/")
    kind, _, id = rest.partition("/")
    return tenant, kind, id
