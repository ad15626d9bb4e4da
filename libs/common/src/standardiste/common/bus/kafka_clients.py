"""Small pieces that every part of the Kafka adapter uses: records there and back, errors by whose fault they are, clients closed in time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Generator, Sequence
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, RecordTooLargeError
from aiokafka.producer import sender

from standardiste.common.bus.kafka_settings import KafkaSettings
from standardiste.common.bus.log import pack_headers
from standardiste.common.bus.port import Outgoing, Record
from standardiste.common.bus.topics import Topic
from standardiste.common.errors import BadInput, BusAway
from standardiste.common.events.base import Instant

CLOSE_WITHIN_S: Final = 5.0
RETRY_BACKOFF_MS: Final = 5  # aiokafka waits this between the requests of a transaction; its default of 100 stalls them
FETCH_WAIT_MS: Final = 500

sender.BACKOFF_OVERRIDE = 0.002  # likewise between two transactions that follow at once


def record_of(settings: KafkaSettings, raw: ConsumerRecord[bytes, bytes]) -> Record:
    """The record as the port has it."""
    return Record(
        topic=settings.topic(raw.topic),
        partition=raw.partition,
        offset=raw.offset,
        appended_at=Instant(raw.timestamp),
        key=(raw.key or b"").decode("utf-8", "replace"),
        value=raw.value,
        headers={name: value.decode("utf-8", "replace") for name, value in raw.headers},
    )


def arguments_of(settings: KafkaSettings, out: Outgoing, partition: int) -> dict[str, Any]:
    """What a producer's `send` takes. Raises BadInput for what cannot be written, so that it fails alone."""
    pack_headers(out.headers)  # refuses what other adapters could not keep
    try:
        key, headers = out.key.encode(), [(name, value.encode()) for name, value in out.headers.items()]
    except UnicodeEncodeError:
        raise BadInput("bad_key", "the key holds half a character (a lone surrogate)") from None
    return {"topic": settings.name(out.topic), "value": out.value, "key": key, "partition": partition, "headers": headers}


def places(settings: KafkaSettings, topics: Sequence[Topic], partitions: Sequence[int]) -> list[TopicPartition]:
    return [TopicPartition(settings.name(topic), partition) for topic in topics for partition in partitions]


def reader(settings: KafkaSettings, **more: Any) -> AIOKafkaConsumer[bytes, bytes]:
    """A consumer that sees committed records only and commits nothing by itself."""
    return AIOKafkaConsumer(
        **settings.client(),
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=FETCH_WAIT_MS,
        **more,
    )


async def visible_end(consumer: AIOKafkaConsumer[bytes, bytes], place: TopicPartition) -> int:
    """
    The offset after the last record that a reader is given; 0 when there is none.

    The log's own end lies further: transactions leave markers, aborted ones records, compaction holes. Looked for backwards, in doubling steps.
    """
    consumer.assign([place])
    first, end = (await consumer.beginning_offsets([place]))[place], (await consumer.end_offsets([place]))[place]
    last, step = 0, 16
    begin = end
    while not last and begin > first:
        begin, step = max(first, end - step), step * 4
        consumer.seek(place, begin)
        while await consumer.position(place) < end:
            for raw in (await consumer.getmany(place, timeout_ms=FETCH_WAIT_MS)).values():
                last = max(last, raw[-1].offset + 1)
    return last


@contextlib.contextmanager
def away() -> Generator[None]:
    """Kafka's errors as ours: too large is the record's own fault, all else means that the bus does not answer now."""
    try:
        yield
    except (MessageSizeTooLargeError, RecordTooLargeError) as error:
        raise BadInput("record_too_large", str(error)) from error
    except (KafkaError, TimeoutError, OSError) as error:
        raise BusAway(f"{type(error).__name__}: {error}") from error


async def close(client: Any) -> None:
    """Stop a client; one that hangs because its broker is away is left to the garbage collector after 5 s."""
    with contextlib.suppress(TimeoutError, KafkaError, OSError):
        async with asyncio.timeout(CLOSE_WITHIN_S):
            await client.stop()
