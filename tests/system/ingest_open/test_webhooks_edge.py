"""Webhooks and events over real HTTP, log and store: set up, delivered, looked at, replayed; each tenant and sponsor its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from standardiste.common.events.base import Instant
from standardiste.common.events.decisions import CustomerTyping, InteractionOpened, InteractionReopened
from standardiste.common.events.directory import ApiKey
from standardiste.common.events.model import (
    AgentId,
    CampaignId,
    Channel,
    ChannelAddressId,
    CommandId,
    ConversationId,
    InteractionId,
    QueueId,
    ReceiptId,
    Requirement,
    Scope,
    SiteId,
    SponsorId,
)
from standardiste.common.security.api_keys import hash_of
from standardiste.common.security.webhook_signature import sign
from standardiste.common.testing.running import Running, key_of_test, running, tenant_of_test
from standardiste.ingest_open.app import build
from standardiste.ingest_open.settings import OpenSettings

OTHER_KEY, ACME_KEY, NARROW_KEY = "sk_another-tenants-key", "sk_acme-key", "sk_narrow-key"
WITHIN_S = 10


@dataclass(slots=True)
class Receiver:
    """An integrator's server, which counts what it got."""

    url: str = ""
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list[tuple[dict[str, str], bytes]])
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:-2]
        headers = {name.lower(): text for name, text in (line.split(": ", 1) for line in head)}
        body = await reader.readexactly(int(headers["content-length"]))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()
        async with self.arrived:
            self.got.append((headers, body))
            self.arrived.notify_all()

    async def first(self, count: int) -> list[dict[str, Any]]:
        async with asyncio.timeout(WITHIN_S), self.arrived:
            await self.arrived.wait_for(lambda: len(self.got) >= count)
        return [json.loads(body) for _, body in self.got]


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    found = Receiver()
    server = await asyncio.start_server(found.answer, "127.0.0.1", 0)
    found.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    yield found
    server.close()


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path, lambda parts: build(OpenSettings(open_webhooks_private_allowed=True), parts)) as found:
        scopes = ("webhook.write", "event.read")
        acme = ApiKey(id="acme", change_set=0, name="Acme", key_hash=hash_of(ACME_KEY), scopes=scopes, sponsor=SponsorId("acme"))
        await found.configure("t1", tenant_of_test(), key_of_test(*scopes), key_of_test("reply.read", key=NARROW_KEY, id="narrow"), acme)
        await found.configure("t2", tenant_of_test("t2"), key_of_test(*scopes, key=OTHER_KEY, id="key2"))
        yield found


async def made(site: Running, receiver: Receiver, key: str | None = None, **more: Any) -> dict[str, Any]:
    async with site.client(key) if key else site.client() as http:
        answer = await http.post("/v1/webhooks", json={"url": receiver.url, "types": ["interaction.reopened"], **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


def reopened(interaction: str) -> InteractionReopened:
    return InteractionReopened(interaction=InteractionId(interaction), version=1, owner=AgentId("a1"))


def opened(interaction: str, sponsor: str) -> InteractionOpened:
    return InteractionOpened(
        interaction=InteractionId(interaction),
        version=1,
        receipt=ReceiptId("r"),
        channel=Channel.OTHER,
        channel_address=ChannelAddressId("ca"),
        conversation=ConversationId("c"),
        scope=Scope(sponsor=SponsorId(sponsor), campaign=CampaignId("main"), site=SiteId("main")),
        requirement=Requirement(queue=QueueId("q")),
        opened_at=Instant(1),
        change_set=1,
        command=CommandId("c1"),
    )


def name_of(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["type"].rsplit("/", 1)[1]


async def test_fact_arrives_signed_is_in_the_delivery_log_and_comes_again_by_replay(site: Running, receiver: Receiver) -> None:
    webhook = await made(site, receiver)
    await site.decide("t1", reopened("i1"), reopened("i2"))
    facts = await receiver.first(2)
    assert sorted(each["data"]["interaction"] for each in facts) == ["i1", "i2"]
    headers, body = receiver.got[0]
    assert headers["webhook-signature"] == sign(webhook["secret"], headers["webhook-id"], int(headers["webhook-timestamp"]), body)
    async with site.client() as http:
        path = f"/v1/webhooks/{webhook['id']}"
        assert "secret" not in (await http.get(path)).json()
        logged = (await http.get(f"{path}/deliveries")).json()["items"]
        assert {each["event"] for each in logged} == {each["id"] for each in facts}
        first = min(logged, key=lambda each: int(each["cursor"].split(".")[1]))
        replayed = await http.post(f"{path}/replay", json={"after": first["cursor"]})
    assert replayed.status_code == 202
    assert replayed.json() == {"queued": 1, "next": None}
    assert (await receiver.first(3))[2]["data"]["interaction"] == "i2"


async def test_other_tenants_facts_and_webhooks_are_out_of_reach(site: Running, receiver: Receiver) -> None:
    webhook = await made(site, receiver)
    path = f"/v1/webhooks/{webhook['id']}"
    async with site.client(OTHER_KEY) as http:
        answers = [
            await http.get(path),
            await http.get(f"{path}/deliveries"),
            await http.post(f"{path}/replay", json={}),
            await http.post(f"{path}/enable"),
            await http.delete(path),
        ]
        assert [name_of(each) for each in answers] == [(404, "not_found")] * 5
        assert (await http.get("/v1/webhooks")).json()["items"] == []
        await site.decide("t1", reopened("mine"))
        await receiver.first(1)
        await site.decide("t2", reopened("theirs"))
        events = (await http.get("/v1/events", params={"wait_s": 5})).json()["items"]
        assert [each["data"]["interaction"] for each in events] == ["theirs"]
    await site.decide("t1", reopened("mine-too"))
    assert [each["data"]["interaction"] for each in await receiver.first(2)] == ["mine", "mine-too"]


async def test_key_of_one_sponsor_gets_its_facts_only(site: Running, receiver: Receiver) -> None:
    everyone = await made(site, receiver, types=["interaction.reopened"], url=receiver.url + "?all")
    async with site.client(ACME_KEY) as http:
        whole = await http.post("/v1/webhooks", json={"url": receiver.url, "types": ["*"]})
        assert name_of(whole) == (403, "not_allowed")
        assert name_of(await http.get("/v1/events")) == (403, "not_allowed")
        assert name_of(await http.get(f"/v1/webhooks/{everyone['id']}")) == (404, "not_found")
    async with site.client() as http:
        await http.delete(f"/v1/webhooks/{everyone['id']}")
    await made(site, receiver, ACME_KEY, sponsor="acme")
    await site.decide("t1", opened("i1", "other"), opened("i2", "acme"), reopened("i1"), reopened("i2"))
    assert [each["data"]["interaction"] for each in await receiver.first(1)] == ["i2"]


async def test_events_are_read_on_from_the_cursor_and_waited_for(site: Running) -> None:
    async with site.client() as http:
        start = (await http.get("/v1/events", params={"after": "latest"})).json()["next"]
        waiting = asyncio.create_task(http.get("/v1/events", params={"after": start, "wait_s": 9, "types": "interaction.reopened"}))
        await site.decide("t1", CustomerTyping(interaction=InteractionId("i1")), reopened("i1"))
        first = (await waiting).json()
        assert [each["data"]["interaction"] for each in first["items"]] == ["i1"]
        assert "tenant" not in first["items"][0]
        await site.decide("t1", reopened("i2"))
        params: dict[str, Any] = {"after": first["next"], "wait_s": 9, "types": "interaction.reopened"}
        second = (await http.get("/v1/events", params=params)).json()
        assert [each["data"]["interaction"] for each in second["items"]] == ["i2"]
        whole = (await http.get("/v1/events")).json()
        assert [each["data"]["interaction"] for each in whole["items"]] == ["i1", "i1", "i2"]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"after": "nonsense"}, (400, "cursor_invalid")),
        ({"after": "e99.1"}, (400, "cursor_invalid")),
        ({"types": "snapshot.began"}, (400, "invalid_field")),
        ({"wait_s": 26}, (400, "invalid_field")),
        ({"limit": 0}, (400, "invalid_field")),
    ],
)
async def test_bad_question_about_events_gets_its_problem(site: Running, params: dict[str, Any], expected: tuple[int, str]) -> None:
    async with site.client() as http:
        assert name_of(await http.get("/v1/events", params=params)) == expected


async def test_key_without_the_scopes_gets_nothing(site: Running, receiver: Receiver) -> None:
    async with site.client(NARROW_KEY) as http:
        body = {"url": receiver.url, "types": ["*"]}
        answers = [await http.get("/v1/events"), await http.get("/v1/webhooks"), await http.post("/v1/webhooks", json=body)]
    assert [name_of(each) for each in answers] == [(403, "not_allowed")] * 3


async def test_address_inside_is_refused_unless_allowed(tmp_path: Path) -> None:
    async with running(tmp_path, lambda parts: build(OpenSettings(), parts)) as strict:
        await strict.configure("t1", tenant_of_test(), key_of_test("webhook.write"))
        async with strict.client() as http:
            answer = await http.post("/v1/webhooks", json={"url": "https://127.0.0.1/x", "types": ["*"]})
    assert (*name_of(answer), answer.json()["pointer"]) == (400, "invalid_field", "/url")
