"""
Our exactly-once loop with the real router beside bare transactional loops, on one broker, in one run.

    python bench/kafka.py [--records 3000] [--rounds 5]

A bare aiokafka loop reads the same inputs, decodes and encodes JSON, and writes as many records of the same size, key and headers as the router wrote, in transactions of up
to 500 records read; a bare confluent-kafka loop does the same. Each is timed from the moment it has its place in the log until its last commit; the
bare aiokafka loop has our adapter's own settings of batches and pauses, which are better than the defaults. Interleaved, the median of paired ratios. Then latencies from the publish call to the record in a
`tail` of decisions at 50 and 200 a second with 1,000 agents and a stand-in that identifies at once. Prints PASS or FAIL with its figures.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from standardiste.common.bus.kafka import KafkaBus
from standardiste.common.bus.kafka_clients import BATCH_BYTES_MAX, RETRY_BACKOFF_MS
from standardiste.common.bus.kafka_settings import KafkaSettings
from standardiste.common.bus.kafka_topics import apply
from standardiste.common.bus.port import From, Outgoing, Record
from standardiste.common.bus.topics import Topic
from standardiste.common.clock import SystemClock
from standardiste.common.collector import short_pauses
from standardiste.common.events import commands as c
from standardiste.common.events import inputs
from standardiste.common.events.base import Data, Event, Instant
from standardiste.common.events.codec import encode
from standardiste.common.events.contact_facts import facts_of_contact
from standardiste.common.events.directory import AgentProfile, ChangeSetCommitted, Entity, Rule, RuleSet
from standardiste.common.events.model import AgentId, Channel, ConversationId, ProfileId, QueueId, SessionId, StatusId
from standardiste.common.testing.builders import TENANT, configuration, contact, content, customer, event, needs, person, queue
from standardiste.common.testing.servers import kafka_server, started
from standardiste.router.app import INPUT_TOPICS, Router

BUILD = Path(__file__).parent.parent / "build"
BATCH = 500
THROUGHPUT_MIN = 0.5
P50_MAX_MS, P99_MAX_MS = 50, 200
AGENTS = 1_000
clock = SystemClock()
Shape: TypeAlias = tuple[int, bytes, list[tuple[str, bytes]]]
"""What a bare loop must write to have written as much: the size of the value, the key, the headers."""


def entities(agents: int) -> tuple[Entity, ...]:
    """One queue, one rule, and agents with room for what comes."""
    rules = RuleSet(id="main", change_set=1, rules=(Rule(name="all", when="true", queue=QueueId("q")),))
    people = [person(f"a{n}", skills=needs(sales=3)) for n in range(agents)]
    return (*configuration(AgentProfile(id=ProfileId("main"), change_set=1, units=99), rules), queue("q"), *people)


def stamped(data: Data, id: str) -> Event:
    return event(data, id=id)


def prepared(agents: int) -> list[Outgoing]:
    """What makes a fresh router know the floor and find every agent ready."""
    made = [encode(stamped(entity, f"e{n}"), Topic.DIRECTORY, f"{TENANT}/entity/{n}") for n, entity in enumerate(entities(agents))]
    commit = ChangeSetCommitted(number=1, members=len(made), by="bench", committed_at=clock.now())
    made.append(encode(stamped(commit, "commit"), Topic.DIRECTORY, f"{TENANT}/change-set/main"))
    return made


def seated(agents: int) -> list[Outgoing]:
    made: list[Outgoing] = []
    for n in range(agents):
        agent, session = AgentId(f"a{n}"), SessionId(f"s{n}")
        opened = inputs.SessionOpened(session=session, agent=agent, gateway="g1")
        ready = c.SetStatus(actor=c.Actor(agent=agent, session=session), status=StatusId("ready"))
        made += [encode(stamped(opened, f"o{n}"), Topic.INPUTS), encode(stamped(ready, f"r{n}"), Topic.INPUTS)]
    return made


def arrival(id: str) -> tuple[Outgoing, Outgoing]:
    """A contact, and what identifies it."""
    conversation = ConversationId(f"c{id}")
    made = contact(id, channel=Channel.CHAT, conversation=conversation, content=content("Bonjour, une question sur ma facture."))
    identified = inputs.ContactIdentified(
        contact=made.id, receipt=made.receipt, conversation=conversation, customer=customer(f"cu{id}"), facts=facts_of_contact(made)
    )
    received = encode(stamped(inputs.ContactReceived(contact=made), f"x{id}"), Topic.INPUTS)
    return received, encode(stamped(identified, f"i{id}"), Topic.INPUTS)


class Timed(Router):
    """The router, and when it took its partition over and had committed what so many records led to."""

    def __init__(self, partition: int, records: int) -> None:
        super().__init__(partition)
        self._left, self._looks = records, 0
        self.began = 0.0
        self.ended: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def resumed(self, at: Instant, gap_ms: int | None) -> Sequence[Outgoing]:
        self.began = time.perf_counter()
        return super().resumed(at, gap_ms)

    def handle(self, records: Sequence[Record]) -> Sequence[Outgoing]:
        self._left -= sum(record.topic is Topic.INPUTS for record in records)
        return super().handle(records)

    def next_deadline(self) -> Instant | None:
        """Asked before a commit and after it: the second time that nothing is left, all is committed."""
        if self._left <= 0 and not self.ended.done():
            self._looks += 1
            if self._looks > 1:
                self.ended.set_result(time.perf_counter())
        return super().next_deadline()


async def ours(address: str, records: int, name: str) -> tuple[float, float, list[Shape]]:
    """Seconds for a backlog of so many inputs through the router, outputs per input, and the shapes of what it wrote."""
    settings = KafkaSettings(bootstrap=(address,), prefix=name)
    await apply(settings, partitions=1, replication=1)
    bus = await KafkaBus.connect_to(settings, clock)
    await bus.publish(*prepared(20))
    await bus.publish(*seated(20))
    for start in range(0, records // 2, BATCH):
        await bus.publish(*(out for n in range(start, min(start + BATCH, records // 2)) for out in arrival(f"m{n}")))
    total = records + 40
    made: asyncio.Future[Timed] = asyncio.get_running_loop().create_future()

    def factory(partition: int) -> Timed:
        made.set_result(Timed(partition, total))
        return made.result()

    gc.collect()
    working = asyncio.create_task(bus.process("router", INPUT_TOPICS, Topic.ROUTER_STATE, factory))
    router = await made
    took = await router.ended - router.began
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    shapes = await written(bus)
    await bus.close()
    return took, len(shapes) / total, shapes


async def written(bus: KafkaBus) -> list[Shape]:
    """The shape of each record that the router wrote."""
    shapes: list[Shape] = []
    for topic in (Topic.DECISIONS, Topic.ROUTER_STATE):
        left = (await bus.ends(topic))[0]
        async with contextlib.aclosing(bus.tail((topic,), {}, default=From.START)) as batches:
            async for batch in batches:
                for record in batch:
                    headers = [(header, text.encode()) for header, text in record.headers.items()]
                    shapes.append((len(record.value or b""), record.key.encode(), headers))
                if batch[-1].offset + 1 >= left:
                    break
    return shapes


async def bare(address: str, name: str, shapes: Sequence[Shape]) -> float:
    """Seconds for the same inputs through a loop that only decodes, encodes and writes records of the shapes given, a share per input."""
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
    began, read, written = time.perf_counter(), 0, 0
    while read < end:
        batch = (await consumer.getmany(place, timeout_ms=1_000, max_records=BATCH)).get(place, [])
        if not batch:
            continue
        bodies = [json.loads(raw.value) for raw in batch]
        read = batch[-1].offset + 1
        upto = len(shapes) * read // end
        await producer.begin_transaction()
        sends = []
        for n, (size, key, headers) in enumerate(shapes[written:upto]):
            value = json.dumps(bodies[n % len(bodies)]).encode()[:size].ljust(size)
            sends.append(await producer.send(target, value=value, key=key, partition=0, headers=headers))
        await asyncio.gather(*sends)
        await producer.send_offsets_to_transaction({place: read}, f"{name}bare")
        await producer.commit_transaction()
        written = upto
    took = time.perf_counter() - began
    await consumer.stop()
    await producer.stop()
    return took


def bare_confluent(address: str, name: str, shapes: Sequence[Shape]) -> float | None:
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
    began, read, written = time.perf_counter(), 0, 0
    while read < end:
        batch = [raw for raw in consumer.consume(BATCH, 1.0) if raw.error() is None]
        if not batch:
            continue
        bodies = [json.loads(raw.value()) for raw in batch]
        read = batch[-1].offset() + 1
        upto = len(shapes) * read // end
        producer.begin_transaction()
        for n, (size, key, headers) in enumerate(shapes[written:upto]):
            value = json.dumps(bodies[n % len(bodies)]).encode()[:size].ljust(size)
            producer.produce(target, value, key, partition=0, headers=headers)
            producer.poll(0)
        producer.send_offsets_to_transaction([Place(topic, 0, read)], consumer.consumer_group_metadata())
        producer.commit_transaction()
        written = upto
    took = time.perf_counter() - began
    consumer.close()
    return took


async def latencies(address: str, per_s: int, seconds: int = 10) -> tuple[float, float]:
    """p50 and p99 in ms from the publish call to the contact's first decision in a tail."""
    settings = KafkaSettings(bootstrap=(address,), prefix=f"rate{per_s}.")
    await apply(settings, partitions=1, replication=1)
    bus = await KafkaBus.connect_to(settings, clock)
    await bus.publish(*prepared(AGENTS))
    up = asyncio.Event()
    seen: dict[str, float] = {}
    identified: asyncio.Queue[str] = asyncio.Queue(10_000)

    async def watch() -> None:
        async for batch in bus.tail((Topic.DECISIONS,), {}, default=From.END):
            now = time.perf_counter()
            for record in batch:
                if record.headers.get("ce_type") == "standardiste.interaction.created.v1":
                    body = json.loads(record.value or b"{}")
                    seen.setdefault(str(body.get("contact", {}).get("id", len(seen))), now)

    async def identify() -> None:
        while True:
            await bus.publish(arrival(await identified.get())[1])

    tasks = [
        asyncio.create_task(watch()),
        asyncio.create_task(bus.process("router", INPUT_TOPICS, Topic.ROUTER_STATE, Router, ready=up.set)),
        *(asyncio.create_task(identify()) for _ in range(8)),
    ]
    await up.wait()
    seats = seated(AGENTS)
    for start in range(0, len(seats), BATCH):
        await bus.publish(*seats[start : start + BATCH])
    await asyncio.sleep(5)
    gc.freeze()
    sent: dict[str, float] = {}
    publishing: set[asyncio.Task[None]] = set()
    began = time.perf_counter()
    for n in range(per_s * seconds):
        await asyncio.sleep(max(0.0, began + n / per_s - time.perf_counter()))
        id = f"m{n}"
        sent[id] = time.perf_counter()
        task = asyncio.create_task(bus.publish(arrival(id)[0]))
        publishing.add(task)
        task.add_done_callback(publishing.discard)
        identified.put_nowait(id)
    await asyncio.gather(*publishing)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(20):
            while len(seen) < len(sent):
                await asyncio.sleep(0.1)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await bus.close()
    took = sorted((seen[id] - at) * 1000 for id, at in sent.items() if id in seen)
    assert len(took) == len(sent), f"{len(sent) - len(took)} contacts were not decided"
    return took[len(took) // 2], took[len(took) * 99 // 100]


async def main(records: int, rounds: int) -> bool:
    """As a service's process has it, the collector makes short pauses."""
    with short_pauses(asyncio.get_running_loop()):
        return await measured(records, rounds)


async def measured(records: int, rounds: int) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        async with started(await kafka_server(BUILD, Path(folder))) as server:
            pairs: list[tuple[float, float, float | None]] = []
            for n in range(rounds):
                name = f"round{n}."
                took, ratio, shapes = await ours(server.address, records, name)
                beside = await bare(server.address, name, shapes)
                third = await asyncio.to_thread(bare_confluent, server.address, name, shapes)
                pairs.append((took, beside, third))
                print(
                    f"round {n}: router {took:.2f} s, bare aiokafka {beside:.2f} s, bare confluent-kafka {third and round(third, 2)} s, {ratio:.1f} records out per input"
                )
            throughput = statistics.median(beside / took for took, beside, _ in pairs)
            confluent = [third / took for took, _, third in pairs if third is not None]
            print(
                f"router at {throughput:.2f} of bare aiokafka (aim {THROUGHPUT_MIN}), {records / statistics.median(p[0] for p in pairs):.0f} inputs/s"
            )
            if confluent:
                print(f"router at {statistics.median(confluent):.2f} of bare confluent-kafka")
            is_good = throughput >= THROUGHPUT_MIN
            for per_s in (50, 200):
                p50, p99 = await latencies(server.address, per_s)
                print(f"{per_s}/s, {AGENTS} agents: publish to decision p50 {p50:.0f} ms, p99 {p99:.0f} ms")
                is_good &= per_s != 50 or (p50 <= P50_MAX_MS and p99 <= P99_MAX_MS)
    print("PASS" if is_good else "FAIL")
    return is_good


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=3_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    sys.exit(0 if uvloop.run(main(options.records, options.rounds)) else 1)
