"""
What the router is held against: bare transactional loops that read the same inputs, decode and encode JSON, and write the router's very records.

They write a share of the records for each input, in transactions of up to 500 records read, as the router does. The aiokafka loop has our adapter's own settings of
batches and pauses, which are better than the defaults.
"""

from __future__ import annotations

import asyncio
import gc
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from standardiste.common.bus.kafka_clients import BATCH_BYTES_MAX, RETRY_BACKOFF_MS
from standardiste.common.bus.kafka_settings import KafkaSettings
from standardiste.common.bus.topics import Topic

BATCH = 500
CONSUME_S = 0.01
"""confluent-kafka waits so long for a whole batch: with a second, it would spend most of its time waiting for the last one."""
Written: TypeAlias = tuple[Any, bytes, list[tuple[str, bytes]]]
"""A record that the router wrote: its body as decoded from JSON (None is a tombstone), its key, its headers."""
to_json = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


@dataclass(frozen=True, slots=True)
class Took:
    """How long one side took, and how much of a CPU."""

    wall_s: float
    cpu_s: float


class Watch:
    """Begun when it is made."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def took(self) -> Took:
        return Took(time.perf_counter() - self._wall, time.process_time() - self._cpu)


async def bare(address: str, name: str, wrote: Sequence[Written]) -> Took:
    """What the same inputs take through a loop that only decodes, encodes and writes these records, a share per input."""
    settings = KafkaSettings(bootstrap=(address,), prefix=name)
    place, target = TopicPartition(settings.name(Topic.INPUTS), 0), settings.name(Topic.DECISIONS)
    consumer: Any = AIOKafkaConsumer(bootstrap_servers=address, isolation_level="read_committed", enable_auto_commit=False)
    producer: Any = AIOKafkaProducer(
        bootstrap_servers=address, transactional_id=f"{name}bare", retry_backoff_ms=RETRY_BACKOFF_MS, max_batch_size=BATCH_BYTES_MAX
    )
    await producer.start()
    await consumer.start()
    consumer.assign([place])
    consumer.seek(place, 0)
    end = (await consumer.end_offsets([place]))[place]
    gc.collect()
    watch, read, sent = Watch(), 0, 0
    while read < end:
        batch = (await consumer.getmany(place, timeout_ms=1_000, max_records=BATCH)).get(place, [])
        if not batch:
            continue
        for raw in batch:
            json.loads(raw.value)
        read = batch[-1].offset + 1
        upto = len(wrote) * read // end
        await producer.begin_transaction()
        sends = []
        for body, key, headers in wrote[sent:upto]:
            value = None if body is None else to_json(body).encode()
            sends.append(await producer.send(target, value=value, key=key, partition=0, headers=headers))
        await asyncio.gather(*sends)
        await producer.send_offsets_to_transaction({place: read}, f"{name}bare")
        await producer.commit_transaction()
        sent = upto
    took = watch.took()
    await consumer.stop()
    await producer.stop()
    return took


def bare_confluent(address: str, name: str, wrote: Sequence[Written]) -> Took | None:
    """The same with confluent-kafka; None where it is not installed."""
    try:
        from confluent_kafka import Consumer, Producer
        from confluent_kafka import TopicPartition as Place
    except ImportError:
        return None
    settings = KafkaSettings(bootstrap=(address,), prefix=name)
    topic, target = settings.name(Topic.INPUTS), settings.name(Topic.DECISIONS)
    consumer = Consumer(
        {"bootstrap.servers": address, "group.id": f"{name}confluent", "isolation.level": "read_committed", "enable.auto.commit": False}
    )
    producer = Producer({"bootstrap.servers": address, "transactional.id": f"{name}confluent"})
    producer.init_transactions()
    consumer.assign([Place(topic, 0, 0)])
    _, end = consumer.get_watermark_offsets(Place(topic, 0))
    watch, read, sent = Watch(), 0, 0
    while read < end:
        batch = [raw for raw in consumer.consume(BATCH, CONSUME_S) if raw.error() is None]
        if not batch:
            continue
        for raw in batch:
            json.loads(raw.value())
        read = batch[-1].offset() + 1
        upto = len(wrote) * read // end
        producer.begin_transaction()
        for body, key, headers in wrote[sent:upto]:
            value = None if body is None else to_json(body).encode()
            producer.produce(target, value, key, partition=0, headers=headers)
            producer.poll(0)
        producer.send_offsets_to_transaction([Place(topic, 0, read)], consumer.consumer_group_metadata())
        producer.commit_transaction()
        sent = upto
    took = watch.took()
    consumer.close()
    return took
