"""
The bus port: publish, subscribe, process, tail. No more.

Theory. A topic is a set of partitions; a partition is an ordered, durable log whose offsets grow. Everything of one tenant lies in one
partition of every topic (murmur2(tenant) mod n, computed by us on every adapter), so one task owns all that concerns a tenant, in order,
alone. Three ways of reading follow from three needs:

- `subscribe`: at least once, for handlers whose work is idempotent (documents, sends).
- `process`: exactly once, for the router: outputs, state and input offsets commit together or not at all.
- `tail`: without a group or any memory in the bus, for whoever shows what passes (gateways, chat sockets).

Every reader sees committed records only. Adapters: embedded (one SQLite file), memory (the same on ":memory:", for simulation), kafka.
One contract suite (tests/contract/bus) holds for all of them.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, NamedTuple, Protocol, TypeAlias, runtime_checkable

from standardiste.common.bus.topics import Topic
from standardiste.common.events.base import Instant, quick


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A record to be written. `tenant` chooses the partition; `key` orders lanes and names compacted entries; value None is a tombstone."""

    topic: Topic
    tenant: str
    key: str
    value: bytes | None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A record as it lies in the log. `appended_at` is the log's own clock (Kafka: LogAppendTime) and never falls within a partition."""

    topic: Topic
    partition: int
    offset: int
    appended_at: Instant
    key: str
    value: bytes | None
    headers: Mapping[str, str]


@runtime_checkable
class HasEpoch(Protocol):
    """A bus whose positions may begin anew: its epoch is raised by a restore, and positions of two epochs say nothing of each other."""

    @property
    def epoch(self) -> int: ...


@runtime_checkable
class CanBlank(Protocol):
    """A bus that can take the values out of single dead letters, for the erasure of a person. Where it cannot, they go by their retention."""

    async def blank(self, partition: int, offsets: Sequence[int]) -> int:
        """
        From now on no reader is given the values of these dead letters. Durable on return; without offsets, what was broken off is ended.

        Embedded, they stay where they are, without values. On Kafka they go whole, and the others of the partition are copied to its end in their order: look
        again for what was not to be found a moment ago. Gives how long, in ms, the bytes may still lie on a disk of the broker, out of any reader's
        reach. Raises BusAway, BusRefuses.
        """
        ...


def epoch_of(bus: object) -> int:
    """The bus's epoch; 1 where positions never begin anew."""
    return bus.epoch if isinstance(bus, HasEpoch) else 1


Outputs: TypeAlias = Sequence[Outgoing]


class Handled(NamedTuple):
    """What came of the first `taken` of the records that were given; the others are given again, in the same order."""

    outputs: Outputs
    taken: int


class Processor(Protocol):
    """
    What `process` drives: a pure state machine that owns one partition. No method awaits; each call's outputs are committed with
    the offsets of what it took, or the processor is thrown away and a fresh one restored. One call does a bounded piece of work, for nothing else of the
    process runs meanwhile, not even what keeps its membership alive: after a pause thousands of deadlines may be due at once.
    """

    def restore(self, records: Sequence[Record]) -> None:
        """Take in one batch of router-state, oldest first; called until its end, before anything else. A tombstone has value None."""
        ...

    def resumed(self, at: Instant, gap_ms: int | None) -> Outputs:
        """The partition was taken, or nothing was read or committed for 2 s. `gap_ms` is the time unaccounted for; None when never owned before."""
        ...

    def handle(self, records: Sequence[Record]) -> Handled:
        """
        Records of all input topics of this partition, in (appended_at, topic, offset) order. Deadlines that fall before a record fire before it; where
        those are too many for one transaction, it takes fewer records, or none yet.
        """
        ...

    def buried(self, record: Record, reason: str) -> Outputs:
        """What is to be told of a record that could not be handled and goes to dead-letters now, together with this. It is not to be handled."""
        ...

    def next_deadline(self) -> Instant | None:
        """When `fire` must be called if nothing arrives before; None when nothing waits for time."""
        ...

    def fire(self, at: Instant) -> Outputs:
        """Fire the deadlines up to and including `at`, in (instant, id) order: all, or as many as fit one transaction, as `next_deadline` then tells."""
        ...

    def left(self) -> None:
        """It is asked no more: the partition is another's now, or begun anew. What it shows operators of that partition it takes down."""
        ...


ProcessorFactory: TypeAlias = Callable[[int], Processor]
Handler: TypeAlias = Callable[[Record], Awaitable[None]]
Lane: TypeAlias = Callable[[Record], str | None]
"""The lane of a record; None passes it over: it is finished at once, and its handler is not called."""


class From(StrEnum):
    """Where a tail begins when no position is given."""

    START = "start"
    END = "end"


Positions: TypeAlias = Mapping[tuple[Topic, int], int]
"""The next offset to read, by (topic, partition). A partition that is not named begins as `default` says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How a message whose handler raises is tried again: its own fault, so it is dead-lettered after `tries`, with backoff and full jitter."""

    tries: int = 5
    backoff_ms: int = 50
    backoff_max_ms: int = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupLag:
    """How far a group is behind in one partition: `end` is the next offset that will be written, `committed` the next that the group will read."""

    topic: Topic
    partition: int
    committed: int
    end: int


class Bus(Protocol):
    """The port. `subscribe` and `process` run until cancelled; on cancellation they stop fetching, let what is in flight end (5 s), commit and return."""

    @property
    def partitions(self) -> int:
        """n, fixed at installation: 24 on Kafka, 1 embedded."""
        ...

    async def publish(self, *outgoing: Outgoing, within_ms: int = 0) -> None:
        """
        Return when every record is durable (embedded: in one transaction, fsynced; Kafka: acks=all, idempotent). `within_ms`: for what nobody waits
        for; it may wait so long to share its disk write with others.

        Raises BusAway after 5,000 ms, or at once when the bounded number in flight is reached or the disk is full. After BusAway a record may
        still have arrived; its id makes that harmless.
        """
        ...

    async def subscribe(
        self,
        group: str,
        topics: Sequence[Topic],
        handler: Handler,
        *,
        lane: Lane | None = None,
        in_flight: int = 64,
        within_ms: int = 0,
        retry: RetryPolicy | None = None,
        ready: Callable[[], None] | None = None,
    ) -> None:
        """
        Call `handler` at least once for every record that `lane` does not pass over: in order within a lane (the key unless `lane` says another), lanes
        side by side, at most `in_flight` at once, beyond that the partition is paused. The lowest unfinished offset of each partition is committed. A new group begins at
        the start. A handler that raises Away is called again for the same record, with backoff, for as long as it takes; any other Exception is
        retried per `retry`, then the record goes to dead-letters with the reason and the lane goes on. A BadInput is dead-lettered at once.
        `within_ms`: for what nobody waits for; records may lie so long to be looked at together (on Kafka they come in fetches anyway).
        """
        ...

    async def process(
        self, group: str, topics: Sequence[Topic], state: Topic, factory: ProcessorFactory, *, ready: Callable[[], None] | None = None
    ) -> None:
        """
        Exactly once: one processor per owned partition. Taking a partition: fence the predecessor, read committed offsets, restore `state` to
        its end, `resumed`, then records. Outputs and offsets commit in one transaction. When `handle` raises, the transaction is aborted, the state
        restored and the batch retried record by record; one that fails alone is dead-lettered in a transaction of its own, with what `buried` tells of
        it, and the partition goes on.
        """
        ...

    def tail(
        self, topics: Sequence[Topic], positions: Positions, *, default: Literal[From.START, From.END] = From.END
    ) -> AsyncGenerator[Sequence[Record], None]:
        """Batches of records as they are committed, from the given positions on, without a group. Never ends by itself; close it with aclose()."""
        ...

    async def ends(self, topic: Topic) -> Mapping[int, int]:
        """The offset after the last record that readers are given now, by partition: whoever has read that far has read all. 0 when there is none."""
        ...

    async def lag(self, group: str, topics: Sequence[Topic]) -> Sequence[GroupLag]:
        """How far a group is behind: for drains, readiness and metrics."""
        ...

    async def close(self) -> None:
        """Let publishes in flight end, then release everything. Idempotent."""
        ...
