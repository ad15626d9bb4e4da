"""What a real Kafka does to us, and what becomes of it: a clock an hour off, a topic that takes smaller records than ours, records of a newer program."""

from __future__ import annotations

import asyncio
import itertools
import json
import time

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from standardiste.common.bus.dead_letters import dead_letters
from standardiste.common.bus.kafka import KafkaBus
from standardiste.common.bus.kafka_settings import KafkaSettings
from standardiste.common.bus.kafka_topics import apply, check
from standardiste.common.bus.topics import Topic
from standardiste.common.clock import SystemClock
from standardiste.common.errors import BadInput
from standardiste.common.events.base import Instant
from standardiste.common.testing.bus import Ledger, Seen, entries_of, outgoing, read, read_all, running, text_of

pytestmark = pytest.mark.needs("kafka")
HOUR_MS = 3_600_000
TOPICS = (Topic.INPUTS, Topic.DIRECTORY)
_numbers = itertools.count()


class OffClock:
    """The machine's clock, so much ahead."""

    def __init__(self, ahead_ms: int) -> None:
        self._clock, self._ahead_ms = SystemClock(), ahead_ms

    def now(self) -> Instant:
        return Instant(self._clock.now() + self._ahead_ms)


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
