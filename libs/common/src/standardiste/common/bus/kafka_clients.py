"""The clients of the Kafka adapter: how they are made and closed, records there and back, errors by whose fault they are."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Generator, Mapping, Sequence
from typing import Any, Final, Protocol, TypeAlias, cast

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, RecordTooLargeError
from aiokafka.producer import sender
from aiokafka.structs import OffsetAndMetadata

from standardiste.common.bus import kafka_complaints as kafka_complaints  # folds what aiokafka says over and over
from standardiste.common.bus import kafka_connection as kafka_connection  # repairs aiokafka's connections
from standardiste.common.bus.kafka_settings import KafkaSettings
from standardiste.common.bus.lanes import own_fault
from standardiste.common.bus.port import Outgoing, Record
from standardiste.common.bus.topics import TOPICS, Topic
from standardiste.common.errors import BadInput, BusAway
from standardiste.common.events.base import Instant, maker

CLOSE_WITHIN_S: Final = 5.0
RETRY_BACKOFF_MS: Final = 5  # aiokafka waits this between the requests of a transaction; its default of 100 stalls them
FETCH_WAIT_MS: Final = 500
TEAR_DOWN_TRIES: Final = 5
TEAR_DOWN_AGAIN_S: Final = 0.1
BATCH_BYTES_MAX: Final = 512 * 1024
"""One request of a partition is under way at a time, so a small batch would bound what passes."""

RECORD_BYTES_MAX: Final = {topic: spec.record_bytes_max for topic, spec in TOPICS.items()}
REQUEST_BYTES_MAX: Final = max(RECORD_BYTES_MAX.values()) + 64 * 1024

sender.BACKOFF_OVERRIDE = 0.002  # likewise between two transactions that follow at once

_PARTS: Final = ("_sender", "_fetcher", "_coordinator", "_client", "client")
"""Where aiokafka's producer and consumer keep what has tasks of its own."""

TOO_LARGE: Final = (MessageSizeTooLargeError, RecordTooLargeError)

_record = maker(Record)

Raw = ConsumerRecord[bytes, bytes]


class Consumer(Protocol):
    """What we use of aiokafka's consumer, which carries no types."""

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    def assign(self, partitions: Sequence[TopicPartition]) -> None: ...
    def subscribe(self, topics: Sequence[str], *, listener: ConsumerRebalanceListener) -> None: ...
    def assignment(self) -> frozenset[TopicPartition]: ...
    def pause(self, *partitions: TopicPartition) -> None: ...
    def seek(self, partition: TopicPartition, offset: int) -> None: ...
    async def position(self, partition: TopicPartition) -> int: ...
    async def beginning_offsets(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]: ...
    async def end_offsets(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]: ...
    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None: ...
    async def getmany(
        self, *partitions: TopicPartition, timeout_ms: int = 0, max_records: int | None = None
    ) -> Mapping[TopicPartition, Sequence[Raw]]: ...


class Batch(Protocol):
    """Records of one partition, packed by the caller. `append` gives None when there is no room: the batch is full and takes nothing more."""

    def append(
        self, *, timestamp: int | None, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes]]
    ) -> object | None: ...
    def close(self) -> None: ...


class Producer(Protocol):
    """What we use of aiokafka's producer, which carries no types."""

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    async def send(self, **arguments: Any) -> asyncio.Future[Any]: ...
    def create_batch(self) -> Batch: ...
    async def send_batch(self, batch: Batch, topic: str, *, partition: int) -> asyncio.Future[Any]: ...
    async def begin_transaction(self) -> None: ...
    async def send_offsets_to_transaction(self, offsets: Mapping[TopicPartition, OffsetAndMetadata], group_id: str) -> None: ...
    async def abort_transaction(self) -> None: ...
    async def commit_transaction(self) -> None: ...


def record_of(settings: KafkaSettings, raw: Raw, *, not_before: int = 0) -> Record:
    """The record as the port has it. `not_before` is the instant of the one before it: a broker's clock may be set back, the port's never falls."""
    return _record(
        topic=settings.topic(raw.topic),
        partition=raw.partition,
        offset=raw.offset,
        appended_at=Instant(max(not_before, raw.timestamp)),
        key=(raw.key or b"").decode("utf-8", "replace"),
        value=raw.value,
        headers={name: (value or b"").decode("utf-8", "replace") for name, value in raw.headers},
    )


Packed: TypeAlias = tuple[bytes, bytes | None, list[tuple[str, bytes]]]
"""key, value, headers"""


def packed(out: Outgoing) -> Packed:
    """The record as Kafka has it. Raises BadInput for what cannot be written (on any adapter) or is too large, so that it fails alone."""
    try:
        key = out.key.encode()
    except UnicodeEncodeError:
        raise BadInput("bad_key", "the key holds half a character (a lone surrogate)") from None
    given = out.headers
    said = "".join(given) + "".join(given.values())
    if "\0" in said:
        raise BadInput("bad_header", "a header holds a NUL character")
    try:
        headers = [(name, text.encode()) for name, text in given.items()]
        size = len(key) + len(out.value or b"") + (len(said) if said.isascii() else len(said.encode()))
    except UnicodeEncodeError:
        raise BadInput("bad_header", "a header holds half a character (a lone surrogate)") from None
    if size > RECORD_BYTES_MAX[out.topic]:
        raise BadInput("record_too_large", f"{size} bytes; {out.topic.value} takes up to {RECORD_BYTES_MAX[out.topic]}")
    return key, out.value, headers


def arguments_of(settings: KafkaSettings, out: Outgoing, partition: int) -> dict[str, Any]:
    """What a producer's `send` takes. Raises BadInput as `packed` does."""
    key, value, headers = packed(out)
    return {"topic": settings.name(out.topic), "value": value, "key": key, "partition": partition, "headers": headers}


def places(settings: KafkaSettings, topics: Sequence[Topic], partitions: Sequence[int]) -> list[TopicPartition]:
    return [TopicPartition(settings.name(topic), partition) for topic in topics for partition in partitions]


def reader(settings: KafkaSettings, *, auto_offset_reset: str = "earliest", **more: Any) -> Consumer:
    """A consumer that sees committed records only and commits nothing by itself. What it does where its place is not in the log: KafkaError for "none"."""
    made: Any = AIOKafkaConsumer(
        **settings.client(),
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset=auto_offset_reset,
        fetch_max_wait_ms=FETCH_WAIT_MS,
        **more,
    )
    return cast("Consumer", made)


def writer(settings: KafkaSettings, **more: Any) -> Producer:
    """An idempotent producer whose `send` is done when all replicas have the record."""
    made: Any = AIOKafkaProducer(
        **settings.client(), acks="all", enable_idempotence=True, max_batch_size=BATCH_BYTES_MAX, max_request_size=REQUEST_BYTES_MAX, **more
    )
    return cast("Producer", made)


@contextlib.contextmanager
def away() -> Generator[None]:
    """
    Kafka's errors as ours: too large is the record's own fault, all else means that the bus does not answer now.

    So does a cancellation that nobody asked of this task: aiokafka lets one out when it drops what it was waiting for.
    """
    try:
        yield
    except asyncio.CancelledError as error:
        raise BusAway("cancelled from within") from own_fault(error)
    except TOO_LARGE as error:
        raise BadInput("record_too_large", str(error)) from error
    except (KafkaError, TimeoutError, OSError) as error:
        raise BusAway(f"{type(error).__name__}: {error}") from error


async def close(client: Any) -> None:
    """
    Stop a client. One that hangs because its broker is away is torn down after 5 s, so that nothing of it goes on: a producer left to itself would go on
    trying, and fence whoever took its place.

    A consumer that is stopped while a fetch is under way lets that fetch's cancellation out; it is ours only when somebody cancelled us.
    """
    try:
        async with asyncio.timeout(CLOSE_WITHIN_S):
            await client.stop()
    except (TimeoutError, KafkaError, OSError):
        await tear_down(client)
    except asyncio.CancelledError as error:
        own_fault(error)
        await tear_down(client)


async def tear_down(client: Any) -> None:
    """End every task of the client and of its parts, and its connections. aiokafka's tasks wait for what they began when they are cancelled: they are cancelled again."""
    held = cast("dict[str, Any]", vars(client))
    parts: list[Any] = [client, *(held[name] for name in _PARTS if held.get(name) is not None)]
    facts = [fact for part in parts for fact in cast("dict[str, object]", vars(part)).values()]
    tasks = {cast("asyncio.Task[Any]", fact) for fact in facts if isinstance(fact, asyncio.Task)}
    for _ in range(TEAR_DOWN_TRIES):
        left = {task for task in tasks if not task.done()}
        if not left:
            break
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=TEAR_DOWN_AGAIN_S)
    network = held.get("_client") or held["client"]
    for connection in list(network._conns.values()):
        connection.close()
