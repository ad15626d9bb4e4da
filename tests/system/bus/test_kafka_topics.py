"""The topics of a real Kafka: made, checked, refused by name when they are not as they must be; dead-letters listed and driven again."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions

from standardiste.all_in_one.cli import main
from standardiste.common.bus.dead_letters import dead_letter_of, dead_letters
from standardiste.common.bus.kafka import KafkaBus
from standardiste.common.bus.kafka_settings import KafkaSettings
from standardiste.common.bus.kafka_topics import apply, check
from standardiste.common.bus.port import Outgoing, Record
from standardiste.common.bus.topics import TOPICS, Topic
from standardiste.common.clock import SystemClock
from standardiste.common.errors import BusAway, BusRefuses
from standardiste.common.events.base import Instant
from standardiste.common.serving import free_port
from standardiste.common.testing.bus import outgoing, read_all, text_of

pytestmark = pytest.mark.needs("kafka")
_numbers = itertools.count()


@pytest.fixture
def settings(kafka: str) -> KafkaSettings:
    return KafkaSettings(bootstrap=(kafka,), prefix=f"topics{next(_numbers)}.")


async def test_applying_again_changes_nothing(settings: KafkaSettings) -> None:
    done = await apply(settings, partitions=2, replication=1)
    assert len(done) == len(TOPICS)
    assert await apply(settings, partitions=2, replication=1) == []
    assert await check(settings) == []


async def test_another_partition_count_is_refused(settings: KafkaSettings) -> None:
    await apply(settings, partitions=2, replication=1)
    with pytest.raises(ValueError, match="cannot be changed"):
        await apply(settings, partitions=3, replication=1)


async def test_a_start_without_topics_names_them_and_the_remedy(settings: KafkaSettings) -> None:
    with pytest.raises(ValueError, match=rf"{settings.prefix}inputs.*topics apply"):
        await KafkaBus.connect_to(settings, SystemClock())
    assert f"missing: {settings.prefix}inputs" in await check(settings)


async def test_a_topic_with_another_number_of_partitions_is_told_at_the_start(settings: KafkaSettings) -> None:
    await apply(settings, partitions=1, replication=1)
    admin = AIOKafkaAdminClient(**settings.client())
    await admin.start()
    await admin.create_partitions({settings.name(Topic.DECISIONS): NewPartitions(total_count=2)})
    await admin.close()
    async with asyncio.timeout(20):
        while await check(settings) == []:  # noqa: ASYNC110  the brokers learn of it in their own time
            await asyncio.sleep(0.1)
    with pytest.raises(ValueError, match=rf"same number of partitions.*{settings.prefix}decisions': 2"):
        await KafkaBus.connect_to(settings, SystemClock())


async def test_no_broker_is_said_at_once() -> None:
    with pytest.raises(BusAway):
        await KafkaBus.connect_to(KafkaSettings(bootstrap=(f"127.0.0.1:{free_port()}",)), SystemClock())


async def test_who_is_not_known_is_told_that_the_bus_refuses(settings: KafkaSettings, tmp_path) -> None:
    """This broker speaks no SASL: that is an error at the start, and no wait without end."""
    (tmp_path / "password").write_text("wrong")
    stranger = KafkaSettings(
        bootstrap=settings.bootstrap, security="SASL_PLAINTEXT", username="nobody", password_file=str(tmp_path / "password")
    )
    with pytest.raises(BusRefuses, match="SASL_PLAINTEXT with PLAIN as nobody"):
        async with asyncio.timeout(30):
            await KafkaBus.connect_to(stranger, SystemClock())


def test_dead_letters_are_listed_and_driven_again(settings: KafkaSettings, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"kafka://{settings.bootstrap[0]}?prefix={settings.prefix}"
    main(["topics", "apply", "--bus", url, "--partitions", "1", "--replication", "1"])
    main(["topics", "check", "--bus", url])

    async def bury() -> None:
        bus = await KafkaBus.connect_to(settings, SystemClock())
        out = outgoing("lost letter")
        record = Record(
            topic=Topic.INPUTS, partition=0, offset=7, appended_at=SystemClock().now(), key=out.key, value=out.value, headers=out.headers
        )
        await bus.publish(dead_letter_of(record, "customers", "RuntimeError at edge.py:1", 5))
        await bus.close()

    async def inputs() -> list[str]:
        bus = await KafkaBus.connect_to(settings, SystemClock())
        found = [text_of(record) for record in await read_all(bus, Topic.INPUTS)]
        await bus.close()
        return found

    asyncio.run(bury())
    main(["dead-letters", "list", "--bus", url])
    assert "inputs/0/7" in capsys.readouterr().out
    main(["dead-letters", "redrive", "0/0", "--bus", url])
    assert asyncio.run(inputs()) == ["lost letter"]


async def test_two_processes_that_take_dead_letters_out_at_once_lose_none_and_leave_none(settings: KafkaSettings) -> None:
    """Each rewrites the partition; the later fences the earlier, which begins again."""
    await apply(settings, partitions=1, replication=1)
    buses = [await KafkaBus.connect_to(settings, SystemClock()) for _ in range(3)]
    record = Record(topic=Topic.INPUTS, partition=0, offset=1, appended_at=Instant(1), key="t1", value=b"", headers={"ce_tenant": "t1"})
    await buses[0].publish(*(dead_letter_of(replace(record, value=str(n).encode()), "customers", "why", 5) for n in range(300)))

    async def forget(bus: KafkaBus, name: bytes) -> None:
        while offsets := [letter.offset for letter in await dead_letters(bus, limit=1_000) if letter.value == name]:
            await bus.blank(0, offsets)

    names = (b"7", b"150", b"299")
    await asyncio.gather(*(forget(bus, name) for bus, name in zip(buses, names, strict=True)))
    assert [letter.value for letter in await dead_letters(buses[0], limit=1_000)] == [
        value for value in (str(n).encode() for n in range(300)) if value not in names
    ]
    for bus in buses:
        await bus.close()


async def test_a_rewriting_that_was_broken_off_shows_no_letter_twice_and_is_ended(settings: KafkaSettings) -> None:
    """The copies stand and the deletion is missing: what a crash between the two leaves."""
    await apply(settings, partitions=1, replication=1)
    bus = await KafkaBus.connect_to(settings, SystemClock())
    record = Record(topic=Topic.INPUTS, partition=0, offset=1, appended_at=Instant(1), key="t1", value=b"his", headers={"ce_tenant": "t1"})
    others = dead_letter_of(replace(record, value=b"another"), "customers", "why", 5)
    await bus.publish(dead_letter_of(record, "customers", "why", 5), others)
    await bus.publish(Outgoing(topic=Topic.DEAD_LETTERS, tenant="t1", key="rewritten", value=None, headers={"dl-before": "2"}), others)
    assert [letter.value for letter in await dead_letters(bus)] == [b"another"]
    assert b"his" in [each.value for each in await read_all(bus, Topic.DEAD_LETTERS)]
    await bus.blank(0, ())
    assert [each.value for each in await read_all(bus, Topic.DEAD_LETTERS)] == [None, b"another"]
    await bus.close()
