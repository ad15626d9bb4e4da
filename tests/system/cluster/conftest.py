"""Every service a process of its own on a Kafka and a MongoDB that may be killed. Minutes each, so they run when STANDARDISTE_LONG is set: `make help` names them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio

from standardiste.all_in_one.cluster.local import Cluster, cluster
from standardiste.all_in_one.players.agent import Diary, tireless
from standardiste.all_in_one.players.crowd import Crowd
from standardiste.all_in_one.players.floor import Floor, floor_document
from standardiste.common.testing.servers import Server, kafka_server, mongo_server, started

ROOT = Path(__file__).parents[3]
AGENTS = 20
CLOSED_WITHIN_S = 180.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.needs("kafka", "mongodb"))
            if not os.environ.get("STANDARDISTE_LONG"):
                item.add_marker(pytest.mark.skip(reason="takes minutes: set STANDARDISTE_LONG=1, or see `make help`"))


@dataclass(slots=True, kw_only=True)
class Site:
    """A floor of agents on a cluster of services, its engines, and its customers."""

    cluster: Cluster
    kafka: Server
    mongod: Server
    floor: Floor
    crowd: Crowd
    diary: Diary = field(default_factory=Diary)
    _agents: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]])

    def work(self) -> None:
        """Every agent takes what is offered, from now on."""
        self._agents = [
            asyncio.create_task(tireless(lambda: self.cluster.url, token, lambda work: f"Answer to {work.id}", self.diary))
            for token in self.floor.agent_tokens
        ]

    async def rest(self) -> None:
        for agent in self._agents:
            agent.cancel()
        await asyncio.gather(*self._agents, return_exceptions=True)

    def rss_bytes(self) -> int:
        """Memory of all services and engines now."""
        servers = [server.process.pid for server in (self.kafka, self.mongod) if server.process is not None]
        return sum(service.rss_bytes() for service in self.cluster.services.values()) + sum(map(_rss, servers))

    async def books(self, allowed: frozenset[str] = frozenset({"handled"})) -> dict[str, object]:
        """Wait until all is closed, hold the books against each other, and give the figures. Raises AssertionError, TimeoutError."""
        receipts = await self.crowd.all_closed(CLOSED_WITHIN_S)
        assert [agent for agent in self._agents if agent.done()] == [], "every agent is still at work"
        closes = await self.crowd.closes()
        reasons = {receipt["reason"] for receipt in receipts.values()}
        assert reasons <= allowed, reasons
        interactions = [close["interaction"] for close in closes]
        assert len(interactions) == len(set(interactions)), "none closed twice"
        assert {receipt["interaction"] for receipt in receipts.values()} == set(interactions), "receipts and history add up"
        return {
            "accepted": len(self.crowd.receipts),
            "closed": len(receipts),
            "records": len(closes),
            "other_answers": dict(self.crowd.said),
        }


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncGenerator[Site]:
    """A running site with nobody at work yet."""
    async with _site(tmp_path) as made:
        yield made
        await made.rest()


@asynccontextmanager
async def _site(folder: Path) -> AsyncGenerator[Site]:
    parts = ROOT / "build"
    document = floor_document(folder, AGENTS).read_bytes()
    async with (
        started(await kafka_server(parts, folder / "kafka")) as kafka,
        started(await mongo_server(parts, folder / "mongodb")) as mongod,
        cluster(folder / "services", document, bus=f"kafka://{kafka.address}", store=f"mongodb://{mongod.address}/site") as services,
    ):
        floor = await Floor.of(services, AGENTS)
        crowd = Crowd(lambda: services.url, floor.api_key, watcher=floor.agent_tokens[0])
        yield Site(cluster=services, kafka=kafka, mongod=mongod, floor=floor, crowd=crowd)


def _rss(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
