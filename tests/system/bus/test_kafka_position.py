"""Where a partition of a real Kafka stood is lost, or no longer there: it stops by name, or says what it lost, and never does again what was done."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from prometheus_client import REGISTRY

from standardiste.common.bus.kafka import KafkaBus
from standardiste.common.bus.kafka_clients import close, places, reader
from standardiste.common.bus.kafka_settings import KafkaSettings
from standardiste.common.bus.kafka_topics import apply
from standardiste.common.bus.topics import Topic
from standardiste.common.clock import SystemClock
from standardiste.common.testing.bus import Ledger, entries_of, outgoing, read, read_all, running

pytestmark = [pytest.mark.needs("kafka"), pytest.mark.timeout(120)]
TOPICS = (Topic.INPUTS, Topic.DIRECTORY)
LOOK_S = 0.05
_numbers = itertools.count()


@pytest.fixture
async def settings(kafka: str) -> KafkaSettings:
    made = KafkaSettings(bootstrap=(kafka,), prefix=f"position{next(_numbers)}.")
    await apply(made, partitions=1, replication=1)
    return made


@pytest.fixture
async def bus(settings: KafkaSettings) -> AsyncGenerator[KafkaBus]:
    made = await KafkaBus.connect_to(settings, SystemClock())
    yield made
    await made.close()


@asynccontextmanager
async def processing(bus: KafkaBus) -> AsyncGenerator[None]:
    async with running(bus.process("router", TOPICS, Topic.ROUTER_STATE, Ledger)):
        yield


def failures() -> float:
    return REGISTRY.get_sample_value("standardiste_bus_processor_failures_total") or 0


def expired() -> float:
    return REGISTRY.get_sample_value("standardiste_bus_expired_records_total", {"topic": "inputs"}) or 0


async def until(holds: Callable[[], bool]) -> None:
    while not holds():  # noqa: ASYNC110  # what it waits for is partly another process's doing
        await asyncio.sleep(LOOK_S)


async def set_position(settings: KafkaSettings, inputs: int) -> None:
    """As an operator does with kafka-consumer-groups --reset-offsets."""
    consumer = reader(settings, group_id=settings.group("router"))
    await consumer.start()
    everywhere = places(settings, TOPICS, [0])
    consumer.assign(everywhere)
    await consumer.commit(dict(zip(everywhere, (inputs, 0), strict=True)))
    await close(consumer)


async def test_a_partition_with_state_and_no_position_stops_by_name_until_it_is_given_one(
    settings: KafkaSettings, bus: KafkaBus, capfd: pytest.CaptureFixture[str]
) -> None:
    await bus.publish(outgoing("7", topic=Topic.ROUTER_STATE, key="t_1/account/1"), *(outgoing(text) for text in ("done", "new")))
    before = failures()
    async with processing(bus):
        await until(lambda: failures() > before + 1)
        assert await read_all(bus, Topic.DECISIONS) == []
        assert "nothing says how far its inputs were taken" in capfd.readouterr().err
        await set_position(settings, 1)
        assert entries_of(await read(bus, Topic.DECISIONS, count=1)) == [(8, "new")]


async def test_a_partition_whose_inputs_end_before_its_position_stops_by_name_until_it_is_given_another(
    settings: KafkaSettings, bus: KafkaBus, capfd: pytest.CaptureFixture[str]
) -> None:
    await bus.publish(*(outgoing(text) for text in ("done", "new")))
    await set_position(settings, 40)
    before = failures()
    async with processing(bus):
        await until(lambda: failures() > before + 1)
        assert await read_all(bus, Topic.DECISIONS) == []
        assert "ends at 2, and 40 was to be the next" in capfd.readouterr().err
        await set_position(settings, 1)
        assert entries_of(await read(bus, Topic.DECISIONS, count=1)) == [(1, "new")]


async def test_records_that_went_by_their_age_before_they_were_taken_are_counted(settings: KafkaSettings, bus: KafkaBus) -> None:
    async with processing(bus):
        await bus.publish(outgoing("taken"))
        await read(bus, Topic.DECISIONS, count=1)
    await bus.publish(*(outgoing(text) for text in ("lost", "lost too", "kept")))
    admin = AIOKafkaAdminClient(**settings.client())
    await admin.start()
    await admin.delete_records({TopicPartition(settings.name(Topic.INPUTS), 0): RecordsToDelete(3)})
    await admin.close()
    before = expired()
    async with processing(bus):
        assert entries_of(await read(bus, Topic.DECISIONS, count=2)) == [(1, "taken"), (2, "kept")]
    assert expired() == before + 2
