"""What a real Kafka does to us, and what becomes of it: a clock an hour off, a topic that takes smaller records than ours, records of a newer program."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import time
from collections import Counter
from contextlib import aclosing
from pathlib import Path

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError

from standardiste.common.bus.dead_letters import dead_letters
from standardiste.common.bus.kafka import KafkaBus
from standardiste.common.bus.kafka_clients import close, reader
from standardiste.common.bus.kafka_positions import committed
from standardiste.common.bus.kafka_settings import KafkaSettings
from standardiste.common.bus.kafka_topics import apply, check
from standardiste.common.bus.port import From
from standardiste.common.bus.topics import Topic
from standardiste.common.clock import SystemClock
from standardiste.common.errors import BadInput
from standardiste.common.events.base import Instant
from standardiste.common.testing.bus import Ledger, Seen, entries_of, outgoing, read, read_all, running, text_of
from standardiste.common.testing.servers import kafka_server, started

PARTS = Path(__file__).parents[3] / "build"
pytestmark = pytest.mark.needs("kafka")
HOUR_MS = 3_600_000
COMMITS, ANSWERS = 2_000, 200
TOPICS = (Topic.INPUTS, Topic.DIRECTORY)
_numbers = itertools.count()


class OffClock:
    """The machine's clock, so much ahead."""

    def __init__(self, ahead_ms: int) -> None:
        self._clock, self.ahead_ms = SystemClock(), ahead_ms

    def now(self) -> Instant:
        return Instant(self._clock.now() + self.ahead_ms)


@pytest.fixture
async def settings(kafka: str) -> KafkaSettings:
    made = KafkaSettings(bootstrap=(kafka,), prefix=f"bad{next(_numbers)}.")
    await apply(made, partitions=1, replication=1)
    return made


@pytest.mark.parametrize("ahead_ms", [HOUR_MS, -HOUR_MS], ids=["ahead", "behind"])
async def test_deadlines_go_by_the_log_when_our_clock_is_an_hour_off(settings: KafkaSettings, ahead_ms: int) -> None:
    bus = await KafkaBus.connect_to(settings, OffClock(ahead_ms))
    up = asyncio.Event()
    async with running(bus.process("router", TOPICS, Topic.ROUTER_STATE, Ledger, ready=up.set)):
        await up.wait()
        began = time.monotonic()
        await bus.publish(outgoing("in 3000"))
        entered, fired = await read(bus, Topic.DECISIONS, count=2)
        took_s = time.monotonic() - began
    assert json.loads(text_of(fired))["at"] == entered.appended_at + 3_000 - (
        entered.appended_at - (await read(bus, Topic.INPUTS, count=1))[0].appended_at
    )
    assert 2.5 <= took_s <= 10
    await bus.close()


@pytest.mark.parametrize("by_ms", [HOUR_MS, -HOUR_MS], ids=["forward", "back"])
async def test_deadlines_go_by_the_log_when_our_clock_is_set_meanwhile(settings: KafkaSettings, by_ms: int) -> None:
    clock = OffClock(0)
    bus, up = await KafkaBus.connect_to(settings, clock), asyncio.Event()
    async with running(bus.process("router", TOPICS, Topic.ROUTER_STATE, Ledger, ready=up.set)):
        await up.wait()
        began = time.monotonic()
        await bus.publish(outgoing("in 4000"))
        await read(bus, Topic.DECISIONS, count=1)
        clock.ahead_ms = by_ms
        await read(bus, Topic.DECISIONS, count=2)
        took_s = time.monotonic() - began
    assert 3.5 <= took_s <= 10
    await bus.close()


def reader_tasks() -> list[asyncio.Task[object]]:
    return [task for task in asyncio.all_tasks() if getattr(task.get_coro(), "__qualname__", "").endswith("_run_consume_loop")]


async def test_a_subscription_whose_reader_ends_begins_again(settings: KafkaSettings) -> None:
    """aiokafka lets a cancellation out of its own workings now and then; FastStream takes it for the end."""
    bus, seen = await KafkaBus.connect_to(settings, SystemClock()), Seen()
    async with running(bus.subscribe("g", (Topic.INPUTS,), seen)):
        await bus.publish(outgoing("before"))
        await seen.until(1)
        for task in reader_tasks():
            task.cancel()
        await bus.publish(outgoing("after"))
        assert (await seen.until(2))[-1] == "after"
    await bus.close()


def at_work() -> Counter[str]:
    """How many of aiokafka's long-running tasks there are, by kind."""
    names = (getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks())
    return Counter(name for name in names if name.endswith(("_sender_routine", "_md_synchronizer", "_fetch_requests_routine")))


@pytest.mark.timeout(180)
async def test_a_broker_that_hangs_leaves_nothing_of_former_clients_behind(tmp_path: Path) -> None:
    """A partition that is given up while its broker is silent takes its producer and its consumer with it."""
    async with started(await kafka_server(PARTS, tmp_path)) as server:
        settings = KafkaSettings(bootstrap=(server.address,))
        await apply(settings, partitions=1, replication=1)
        bus = await KafkaBus.connect_to(settings, SystemClock())
        async with running(bus.process("router", TOPICS, Topic.ROUTER_STATE, Ledger)):
            await bus.publish(outgoing("before"))
            await read(bus, Topic.DECISIONS, count=1)
            before = at_work()
            publishing = asyncio.create_task(bus.publish(outgoing("meanwhile")))
            await asyncio.sleep(0)
            server.pause()
            await asyncio.gather(publishing, return_exceptions=True)
            await asyncio.sleep(25)  # longer than a transaction and the closing of its producer may take
            server.resume()
            await bus.publish(outgoing("after"))
            async with asyncio.timeout(60), aclosing(bus.tail((Topic.DECISIONS,), {}, default=From.START)) as batches:
                async for batch in batches:
                    if any("after" in text_of(record) for record in batch):
                        break
            await asyncio.sleep(6)
            assert at_work() == before
        await bus.close()


async def taking_at_most(settings: KafkaSettings, topic: Topic, bytes_max: int) -> None:
    """Topics made by others may take less than ours do."""
    admin = AIOKafkaAdminClient(**settings.client())
    await admin.start()
    await admin.alter_configs(
        [ConfigResource(ConfigResourceType.TOPIC, settings.name(topic), configs={"max.message.bytes": str(bytes_max)})]
    )
    await admin.close()
    async with asyncio.timeout(20):
        while not any("max.message.bytes" in line for line in await check(settings)):  # noqa: ASYNC110  # another process tells it in its own time
            await asyncio.sleep(0.1)


async def test_a_record_that_the_broker_refuses_is_its_publishers_fault_and_the_next_one_goes_on(settings: KafkaSettings) -> None:
    bus = await KafkaBus.connect_to(settings, SystemClock())
    await taking_at_most(settings, Topic.INPUTS, 2_000)
    with pytest.raises(BadInput, match="record_too_large"):
        await bus.publish(outgoing("x" * 5_000))
    await bus.publish(outgoing("small"))
    assert [text_of(record) for record in await read_all(bus, Topic.INPUTS)] == ["small"]
    await bus.close()


async def test_an_output_that_the_broker_refuses_is_set_aside_with_its_record_and_the_partition_goes_on(settings: KafkaSettings) -> None:
    bus = await KafkaBus.connect_to(settings, SystemClock())
    await taking_at_most(settings, Topic.DECISIONS, 2_000)
    async with running(bus.process("router", TOPICS, Topic.ROUTER_STATE, Ledger)):
        await bus.publish(outgoing("before"), outgoing("x" * 5_000), outgoing("after"))
        assert entries_of(await read(bus, Topic.DECISIONS, count=2)) == [(1, "before"), (2, "after")]
    (letter,) = await dead_letters(bus)
    assert letter.reason.startswith("record_too_large")
    await bus.close()


@pytest.mark.timeout(180)
async def test_a_group_is_never_taken_for_new_while_a_restarted_broker_reads_its_log(tmp_path: Path) -> None:
    """Asked at that moment where a group stands, it answers with an error and an empty list: to begin anew would be to do a week's commands again."""
    async with started(await kafka_server(PARTS, tmp_path)) as server:
        settings = KafkaSettings(bootstrap=(server.address,))
        await apply(settings, partitions=1, replication=1)
        place = TopicPartition(settings.name(Topic.INPUTS), 0)
        consumer = reader(settings, group_id="g")
        await consumer.start()
        consumer.assign([place])
        for offset in range(1, COMMITS + 1):
            await consumer.commit({place: offset})
        await close(consumer)
        answers: list[dict[TopicPartition, int]] = []

        async def ask() -> None:
            while len(answers) < ANSWERS:
                with contextlib.suppress(KafkaError):
                    answers.append({found: mark.offset for found, mark in (await committed(settings, "g", [place])).items()})

        await server.kill()
        await asyncio.gather(server.start(), *(ask() for _ in range(8)))
        assert [{place: COMMITS}] * len(answers) == answers
