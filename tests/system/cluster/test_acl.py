"""A broker that grants nothing but what `standardiste topics acl` writes: every service comes up under its own name, and a letter goes all the way."""

from __future__ import annotations

import argparse
import asyncio
import shlex
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import CreateAclsRequest

from standardiste.all_in_one.begin import set_up
from standardiste.all_in_one.cluster.prefixes import SERVICES
from standardiste.all_in_one.cluster.process import ServiceProcess
from standardiste.all_in_one.players import floor
from standardiste.all_in_one.players.floor import floor_document
from standardiste.all_in_one.players.stage import KEY_SCOPES
from standardiste.common.bus.dead_letters import dead_letter_of, dead_letters
from standardiste.common.bus.kafka import KafkaBus
from standardiste.common.bus.kafka_settings import KafkaSettings
from standardiste.common.bus.kafka_topics import acl
from standardiste.common.bus.port import Record
from standardiste.common.bus.topics import Topic
from standardiste.common.clock import SystemClock
from standardiste.common.errors import BusRefuses
from standardiste.common.events.base import Instant
from standardiste.common.serving import free_port
from standardiste.common.settings import CommonSettings
from standardiste.common.testing.servers import Server, kafka_server, mongo_server, started

PARTS = Path(__file__).parents[3] / "build"
pytestmark = pytest.mark.timeout(600)
PASSWORD: Final = "correct horse"
PREFIX: Final = "acme."
KINDS: Final = {"topic": 2, "group": 3, "transactional_id": 5}
OPERATIONS: Final = {"Read": 3, "Write": 4, "Delete": 6, "Describe": 8, "DescribeConfigs": 10}
PATTERNS: Final = {"literal": 3, "prefixed": 4}
ALLOW: Final = 3


@asynccontextmanager
async def guarded(folder: Path) -> AsyncGenerator[tuple[Server, int]]:
    """A broker whose users are the services, none with any right; who comes by the other listener may do everything. And the users' port."""
    port, users, controller = free_port(), free_port(), free_port()
    more = {
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},USERS://127.0.0.1:{users},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port},USERS://127.0.0.1:{users}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,USERS:SASL_PLAINTEXT",
        "listener.name.users.sasl.enabled.mechanisms": "SCRAM-SHA-256",
        "listener.name.users.scram-sha-256.sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule required;",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",
    }
    scram = [f"SCRAM-SHA-256=[name={name},password={PASSWORD}]" for name in (*SERVICES, "stranger")]
    async with started(await kafka_server(PARTS, folder, port, more=more, scram=scram)) as server:
        yield server, users


async def grant(settings: KafkaSettings, lines: Sequence[str]) -> None:
    """What `kafka-acls` does with these lines, in one connection instead of as many programs."""
    admin = AIOKafkaAdminClient(**settings.client())
    await admin.start()
    try:
        for line in lines:
            for one in entries(line):
                answer: Any = await admin._send_request(CreateAclsRequest(*one))
                assert [code for code, _ in answer.creation_responses] == [0], line
    finally:
        await admin.close()


def entries(line: str) -> list[tuple[int, str, int, str, str, int, int]]:
    reader = argparse.ArgumentParser(exit_on_error=False)
    reader.add_argument("--add", action="store_true", required=True)
    for name in ("--allow-principal", "--operation", "--topic", "--group", "--transactional-id"):
        reader.add_argument(name, action="append", default=[])
    reader.add_argument("--resource-pattern-type", default="literal")
    said = reader.parse_args(shlex.split(line))
    return [
        (number, resource, PATTERNS[said.resource_pattern_type], principal, "*", OPERATIONS[operation], ALLOW)
        for kind, number in KINDS.items()
        for resource in getattr(said, kind)
        for principal in said.allow_principal
        for operation in said.operation
    ]


async def test_what_acl_writes_is_enough_for_every_service(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        kafka, users = await stack.enter_async_context(guarded(tmp_path / "kafka"))
        mongod = await stack.enter_async_context(started(await mongo_server(PARTS, tmp_path / "mongodb")))
        all_rights = KafkaSettings.of_url(f"kafka://{kafka.address}?prefix={PREFIX}")
        store = f"mongodb://{mongod.address}/site"
        settings = CommonSettings(
            bus=f"kafka://{kafka.address}?prefix={PREFIX}", store=store, blobs=store, secrets_folder=tmp_path / "secrets"
        )
        await set_up(settings, floor_document(tmp_path, 1).read_bytes(), partitions=2, replication=1)
        await grant(all_rights, acl(all_rights))
        (tmp_path / "password").write_text(PASSWORD)
        url = f"kafka://127.0.0.1:{users}?prefix={PREFIX}&security=sasl_plaintext&mechanism=SCRAM-SHA-256&password_file={tmp_path / 'password'}"
        with pytest.raises(BusRefuses, match=r"stranger.*topics acl"):
            await KafkaBus.connect_to(KafkaSettings.of_url(f"{url}&username=stranger"), SystemClock())
        pods = {name: pod(name, f"{url}&username={name}&instance={name}", store, tmp_path) for name in SERVICES}
        for each in pods.values():
            await each.start()
            stack.push_async_callback(each.stop)
        await asyncio.gather(*(each.ready() for each in pods.values()))
        assert (await a_letter(pods))["interaction"].startswith("in_")
        await dead_letters_are_taken_out_by_customers_alone(lambda user: KafkaSettings.of_url(f"{url}&username={user}"))


async def dead_letters_are_taken_out_by_customers_alone(as_user: Callable[[str], KafkaSettings]) -> None:
    """For an erasure. Who has not the right is told so, and does not wait for a bus that is there."""
    record = Record(topic=Topic.INPUTS, partition=0, offset=1, appended_at=Instant(1), key="t1", value=b"his", headers={"ce_tenant": "t1"})
    async with AsyncExitStack() as stack:
        buses = [await KafkaBus.connect_to(as_user(user), SystemClock()) for user in ("customers", "ingest-open")]
        for bus in buses:
            stack.push_async_callback(bus.close)
        customers, another = buses
        await another.publish(dead_letter_of(record, "customers", "why", 5))
        (letter,) = await dead_letters(customers)
        with pytest.raises(BusRefuses, match="cannot be deleted"):
            await another.blank(letter.partition, [letter.offset])
        await customers.blank(letter.partition, [letter.offset])
        assert await dead_letters(customers) == []


async def a_letter(pods: dict[str, ServiceProcess]) -> dict[str, Any]:
    """
    Its receipt: in through ingest-open, through the router, written by customers; the key for it goes from directory's relay into every view.
    """
    async with httpx.AsyncClient(timeout=20) as http:
        directory = f"{pods['directory'].url}/v1/directory"
        login = {"name": "admin", "password": floor.PASSWORD}
        admin = {"Authorization": f"Bearer {(await http.post(f'{directory}/sign-in', json=login)).json()['token']}"}
        minted = await http.post(f"{directory}/api-keys", json={"name": "acl", "scopes": list(KEY_SCOPES)}, headers=admin)
        http.headers["Authorization"] = f"Bearer {minted.json()['key']}"
        body = {"channel_address": "post", "from": {"address": "customer-1"}, "text": "Letter"}
        path, once = f"{pods['ingest-open'].url}/v1/interactions", {"Idempotency-Key": "1"}
        while (accepted := await http.post(path, json=body, headers=once)).status_code == httpx.codes.UNAUTHORIZED.value:  # noqa: ASYNC110  another process learns of it in its own time
            await asyncio.sleep(0.2)
        receipt = f"{pods['customers'].url}/v1/customers/receipts/{accepted.json()['receipt']}"
        while not (answer := await http.get(receipt)).is_success:  # noqa: ASYNC110  as above
            await asyncio.sleep(0.2)
        return answer.json()


def pod(name: str, bus: str, store: str, folder: Path) -> ServiceProcess:
    given = {"bus": bus, "store": store, "blobs": store, "secrets_folder": str(folder / "secrets"), "email_smtp_port": str(free_port())}
    environment = {f"STANDARDISTE_{setting.upper()}": value for setting, value in given.items()}
    return ServiceProcess(name=name, port=free_port(), log=folder / f"{name}.log", environment=environment)
