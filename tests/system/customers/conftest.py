"""A running customers service, and the router's part in its tests."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from standardiste.common.bus.kafka import KafkaBus
from standardiste.common.bus.kafka_settings import KafkaSettings
from standardiste.common.bus.kafka_topics import apply
from standardiste.common.bus.port import Bus
from standardiste.common.bus.topics import Topic
from standardiste.common.clock import SystemClock
from standardiste.common.events.base import Data, Event, Instant
from standardiste.common.events.codec import encode
from standardiste.common.testing.builders import AT
from standardiste.common.testing.running import Running, key_of_test, running, tenant_of_test
from standardiste.customers.app import build
from standardiste.customers.settings import CustomersSettings

EVERYTHING = ("customer.read", "customer.write", "customer.import", "customer.export", "customer.erase", "receipt.read", "history.read")
_prefixes = itertools.count()
OTHER_KEY = "sk_another-tenants-key"


@pytest_asyncio.fixture
async def bus(request: pytest.FixtureRequest) -> AsyncIterator[Bus | None]:
    """None: the embedded one. With the parameter "kafka", topics of the test's own on the tests' cluster."""
    if getattr(request, "param", "") != "kafka":
        yield None
        return
    settings = KafkaSettings(bootstrap=(request.getfixturevalue("kafka"),), prefix=f"customers{next(_prefixes)}.")
    await apply(settings, partitions=1, replication=1)
    made = await KafkaBus.connect_to(settings, SystemClock())
    yield made
    await made.close()


@pytest_asyncio.fixture
async def site(tmp_path: Path, bus: Bus | None) -> AsyncIterator[Running]:
    async with running(tmp_path, lambda parts: build(CustomersSettings(), parts), bus=bus) as found:
        await found.configure("t1", tenant_of_test(), key_of_test(*EVERYTHING))
        await found.configure("t2", tenant_of_test("t2"), key_of_test(*EVERYTHING, key=OTHER_KEY, id="key2"))
        yield found


@pytest_asyncio.fixture
async def http(site: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with site.client() as found:
        yield found


class Floor:
    """The router's part, for a test: decisions with ids and a position."""

    def __init__(self, site: Running) -> None:
        self._site = site
        self._count = 0
        self._waited_ms = 0

    async def decide(self, *data: Data, id: str | None = None) -> str:
        """Write decisions; give the seq of the last."""
        for each in data:
            self._count += 1
            subject = str(getattr(each, "interaction", None) or getattr(each, "conversation", None) or "t1")
            event = Event(
                id=id or f"d{self._count}",
                source="router",
                subject=subject,
                tenant="t1",
                time=Instant(AT + self._waited_ms + self._count),
                data=each,
            )
            await self._site.parts.bus.publish(encode(event, Topic.DECISIONS))
        end = (await self._site.parts.bus.ends(Topic.DECISIONS))[0]
        return f"0:{end - 1}"

    def wait(self, ms: int) -> None:
        """Time passes between decisions."""
        self._waited_ms += ms

    def again(self) -> Floor:
        """One that counts its ids from the beginning: what it decides is told twice."""
        return Floor(self._site)


@pytest.fixture
def floor(site: Running) -> Floor:
    return Floor(site)
