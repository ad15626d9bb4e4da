"""A record of router-state that cannot be read, on a real Kafka: its partition stops and says why, the others go on, and the repair of the operators' guide brings it back."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import pytest
from prometheus_client import REGISTRY

from standardiste.common.bus.kafka import KafkaBus
from standardiste.common.bus.kafka_settings import KafkaSettings
from standardiste.common.bus.kafka_topics import apply
from standardiste.common.bus.port import From, Outgoing, Record
from standardiste.common.bus.topics import Topic, partition_of
from standardiste.common.clock import SystemClock
from standardiste.common.events import inputs
from standardiste.common.events.codec import encode
from standardiste.common.events.directory import ChangeSetCommitted
from standardiste.common.events.model import Channel
from standardiste.common.testing.builders import AT, configuration, contact, event
from standardiste.common.testing.bus import read_all, running
from standardiste.router.app import INPUT_TOPICS, Router
from standardiste.router.repair import repair

pytestmark = pytest.mark.needs("kafka")
PARTITIONS = 3
BROKEN = "acme"
SOUND = next(name for n in range(99) if partition_of(name := f"velo{n}", PARTITIONS) != partition_of(BROKEN, PARTITIONS))
PARTITION = partition_of(BROKEN, PARTITIONS)
WITHIN_S, LOOK_S = 60, 0.05
_numbers = itertools.count()


class Site:
    """A router in this process, and what it decided so far: (tenant, interaction) of each that was created."""

    def __init__(self, bus: KafkaBus, url: str) -> None:
        self.bus, self.url = bus, url
        self.created: list[tuple[str, str]] = []

    async def follow(self) -> None:
        async for batch in self.bus.tail((Topic.DECISIONS,), {}, default=From.START):
            for record in batch:
                if record.headers["ce_type"] == "standardiste.interaction.created.v1":
                    self.created.append((record.headers["ce_tenant"], json.loads(record.value or b"{}")["interaction"]))

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(WITHIN_S):
            while not holds():  # noqa: ASYNC110  # what it waits for is partly another process's doing
                await asyncio.sleep(LOOK_S)

    async def contact(self, tenant: str, id: str) -> None:
        made = contact(id, channel=Channel.SMS)
        await self.bus.publish(encode(event(inputs.ContactReceived(contact=made), id=id, tenant=tenant), Topic.INPUTS))

    async def configure(self, tenant: str) -> None:
        entities = configuration(tenant_id=tenant)
        commit = ChangeSetCommitted(number=1, members=len(entities), by="p", committed_at=AT)
        for n, data in enumerate((*entities, commit)):
            await self.bus.publish(encode(event(data, id=f"d{n}", source="directory", tenant=tenant), Topic.DIRECTORY, f"{tenant}/x/{n}"))

    @asynccontextmanager
    async def routing(self) -> AsyncGenerator[None]:
        async with running(self.bus.process("router", INPUT_TOPICS, Topic.ROUTER_STATE, Router)):
            yield

    async def state(self) -> dict[str, Record]:
        held = {record.key: record for record in await read_all(self.bus, Topic.ROUTER_STATE)}
        return {key: record for key, record in held.items() if record.value is not None}


@asynccontextmanager
async def site(address: str) -> AsyncGenerator[Site]:
    prefix = f"corrupt{next(_numbers)}."
    settings = KafkaSettings(bootstrap=(address,), prefix=prefix)
    await apply(settings, partitions=PARTITIONS, replication=1)
    made = Site(await KafkaBus.connect_to(settings, SystemClock()), f"kafka://{address}?prefix={prefix}")
    async with running(made.follow()):
        for tenant in (BROKEN, SOUND):
            await made.configure(tenant)
        async with made.routing():
            await made.contact(BROKEN, "m1")
            await made.contact(BROKEN, "m2")
            await made.until(lambda: len(made.created) == 2)
        yield made
    await made.bus.close()


def failures() -> float:
    return REGISTRY.get_sample_value("standardiste_bus_processor_failures_total") or 0


def broken(key: str) -> Outgoing:
    return Outgoing(topic=Topic.ROUTER_STATE, tenant=BROKEN, key=f"{BROKEN}/{key}", value=b'{"id":', headers={"format": "1"})


@pytest.mark.timeout(240)
async def test_it_stops_its_partition_by_name_and_the_documented_repair_brings_it_back(
    kafka: str, capfd: pytest.CaptureFixture[str]
) -> None:
    async with site(kafka) as made:
        await made.bus.publish(broken("interaction/in_m1"))
        before = failures()
        async with made.routing():
            await made.contact(BROKEN, "m3")
            await made.contact(SOUND, "s1")
            await made.until(lambda: (SOUND, "in_s1") in made.created)
            await made.until(lambda: failures() >= before + 2)
            assert (BROKEN, "in_m3") not in made.created, "nothing starts afresh"
            said = capfd.readouterr()
            assert "partition_failed" in said.out + said.err
            assert f"router-state '{BROKEN}/interaction/in_m1' at offset" in said.out + said.err

            assert not await repair(made.url, PARTITION, writes=False), "only looked at"
            assert f"{BROKEN}/interaction/in_m1" in await made.state()
            assert await repair(made.url, PARTITION, writes=True)
            await made.until(lambda: made.created.count((BROKEN, "in_m1")) == 2 and (BROKEN, "in_m3") in made.created)
        state = await made.state()
        meta = json.loads(state[f"{BROKEN}/meta/"].value or b"{}")
        live = [key for key in state if key.startswith(f"{BROKEN}/interaction/")]
        assert (meta["ingested"], meta.get("closed", 0), len(live)) == (3, 0, 3)
        assert await repair(made.url, PARTITION, writes=False), "it is well"


@pytest.mark.timeout(240)
async def test_what_a_tenant_cannot_go_on_without_is_named_and_left_alone(kafka: str) -> None:
    async with site(kafka) as made:
        await made.bus.publish(broken("entity/queue/main"), broken("interaction/in_m1"))
        before = await made.state()
        assert not await repair(made.url, PARTITION, writes=True)
        assert before == await made.state()
