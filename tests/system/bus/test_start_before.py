"""Services that start before their Kafka and their MongoDB: they wait, say for what, and come up by themselves; who is not taken ends at once."""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from standardiste.all_in_one.begin import set_up
from standardiste.all_in_one.cluster.process import ServiceProcess
from standardiste.common.bus.kafka_settings import KafkaSettings
from standardiste.common.bus.kafka_topics import apply
from standardiste.common.errors import StoreRefuses
from standardiste.common.security.keys import make_secrets
from standardiste.common.serving import free_port
from standardiste.common.settings import CommonSettings
from standardiste.common.store.connect import connect as connect_store
from standardiste.common.testing.servers import kafka_server, mongo_server, started

PARTS = Path(__file__).parents[3] / "build"
STARTS = ("router", "customers", "ingest-open", "agent-gateway")
pytestmark = [pytest.mark.needs("kafka", "mongodb"), pytest.mark.timeout(300)]
_numbers = itertools.count()


def environment(folder: Path, bus: str, store: str) -> Mapping[str, str]:
    given = {"bus": bus, "store": store, "blobs": store, "secrets_folder": str(folder / "secrets"), "start_within_s": "240"}
    return {f"STANDARDISTE_{name.upper()}": value for name, value in given.items()}


@asynccontextmanager
async def services(folder: Path, given: Mapping[str, str]) -> AsyncGenerator[list[ServiceProcess]]:
    """Processes that nobody starts again when they end; ended with the block."""
    made = [ServiceProcess(name=name, port=free_port(), log=folder / f"{name}.log", environment=given) for name in STARTS]
    for each in made:
        await each.start()
    try:
        yield made
    finally:
        await asyncio.gather(*(each.stop() for each in made))


async def says(service: ServiceProcess, what: str) -> None:
    """Return when `/readyz` says 503 and names what is waited for."""
    async with httpx.AsyncClient(timeout=5) as http:
        while True:
            try:
                answer = await http.get(f"{service.url}/readyz")
            except httpx.TransportError:
                await asyncio.sleep(0.1)
                continue
            assert (answer.status_code, service.is_running) == (503, True)
            if what in answer.json()["because"].get("parts", ""):
                return
            await asyncio.sleep(0.1)


async def test_services_wait_for_their_store_and_their_bus(tmp_path: Path) -> None:
    kafka, mongod = await kafka_server(PARTS, tmp_path / "kafka"), await mongo_server(PARTS, tmp_path / "mongodb")
    bus, store = f"kafka://{kafka.address}", f"mongodb://{mongod.address}/site"
    given = environment(tmp_path, bus, store)
    async with started(kafka), started(mongod):
        settings = CommonSettings(bus=bus, store=store, blobs=store, secrets_folder=tmp_path / "secrets")
        await set_up(settings, None, partitions=2, replication=1)
    async with services(tmp_path, given) as pods:
        await asyncio.gather(*(says(pod, "store is away") for pod in pods))
        async with started(mongod):
            await asyncio.gather(*(says(pod, "bus is away") for pod in pods))
            async with started(kafka):
                await asyncio.gather(*(pod.ready() for pod in pods))
                codes = await asyncio.gather(*(pod.stop() for pod in pods))
    assert codes == [0] * len(STARTS)
    assert [pod.starts for pod in pods] == [1] * len(STARTS), "none ended to be started again"


@pytest.mark.parametrize(
    ("bus", "words"),
    [
        ("kafka://{kafka}?prefix=nowhere.", "these topics are missing"),
        ("kafka://{kafka}?prefix={prefix}&security=sasl_plaintext&mechanism=PLAIN&username=u&password_file={password}", "does not take us"),
    ],
    ids=["topics", "credentials"],
)
async def test_what_waiting_does_not_mend_ends_a_start_at_once(kafka: str, mongodb: str, tmp_path: Path, bus: str, words: str) -> None:
    prefix, password = f"before{next(_numbers)}.", tmp_path / "password"
    await apply(KafkaSettings(bootstrap=(kafka,), prefix=prefix), partitions=1, replication=1)
    await asyncio.to_thread(password.write_text, "wrong")
    await asyncio.to_thread(make_secrets, tmp_path / "secrets")
    given = environment(tmp_path, bus.format(kafka=kafka, prefix=prefix, password=password), f"mongodb://{mongodb}/{prefix[:-1]}")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "standardiste.ingest_open",
        env={**os.environ, **given, "STANDARDISTE_PORT": "0"}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    assert process.returncode == 1
    assert words in said.decode()
    assert '"waiting"' not in said.decode()


async def test_a_store_that_does_not_take_us_says_so(tmp_path: Path) -> None:
    plain = await mongo_server(PARTS, tmp_path / "mongodb")
    mongod = replace(plain, command=(*plain.command, "--auth"))
    async with started(mongod):
        with pytest.raises(StoreRefuses, match="does not take us"):
            await connect_store(f"mongodb://{mongod.address}/site")
        with pytest.raises(StoreRefuses, match="Authentication failed"):
            await connect_store(f"mongodb://nobody:wrong@{mongod.address}/site?authSource=admin")
