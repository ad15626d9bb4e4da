"""Webhooks on a clock in hand: order, retries for a day, giving up with notice, what is forgotten. A receiver of our own answers over real HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest
import pytest_asyncio

from standardiste.common.bus.memory import MemoryBus
from standardiste.common.bus.port import Record
from standardiste.common.bus.topics import Topic
from standardiste.common.clock import ManualClock
from standardiste.common.events.base import Event, Instant
from standardiste.common.events.codec import dump_data, headers_of
from standardiste.common.events.decisions import CustomerTyping, InteractionReopened
from standardiste.common.events.model import AgentId, InteractionId
from standardiste.common.outside import Target
from standardiste.common.secrets.envelope import StoredSecrets
from standardiste.common.security.audit import AUDIT, Audit
from standardiste.common.security.webhook_signature import mint_secret, sign
from standardiste.common.store.sqlite import SqliteStore
from standardiste.ingest_open.webhooks import (
    BACKOFF_MAX_MS,
    BACKOFF_MS,
    FORGET_AFTER_MS,
    GIVE_UP_AFTER_MS,
    LEASE_MS,
    Webhooks,
    backoff_ms,
    secret_name,
)
from standardiste.ingest_open.webhooks_model import Webhook, WebhookState, full_types
from standardiste.ingest_open.webhooks_store import WebhookStore

TENANT = "t1"


@dataclass(slots=True)
class Receiver:
    """An integrator's server: answers `status`, keeps what it got."""

    status: int = 204
    url: str = ""
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list[tuple[dict[str, str], bytes]])

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:-2]
        headers = {name.lower(): text for name, text in (line.split(": ", 1) for line in head)}
        self.got.append((headers, await reader.readexactly(int(headers["content-length"]))))
        writer.write(f"HTTP/1.1 {self.status} x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    def facts(self) -> list[str]:
        return [json.loads(body)["id"] for _, body in self.got]


@dataclass(slots=True)
class Desk:
    webhooks: Webhooks
    store: WebhookStore
    receiver: Receiver
    clock: ManualClock
    target: Target
    audit: Audit
    secret: str
    offsets: int = 0

    async def fact(self, data: Any) -> Record:
        """The router decides; gives the record."""
        self.offsets += 1
        event = Event(id=f"e{self.offsets}", source="router", subject=data.interaction, tenant=TENANT, time=self.clock.now(), data=data)
        record = Record(
            topic=Topic.DECISIONS,
            partition=0,
            offset=self.offsets,
            appended_at=self.clock.now(),
            key=TENANT,
            value=dump_data(data),
            headers=headers_of(event),
        )
        await self.webhooks.take(record)
        return record

    async def run(self) -> None:
        """Do what is due now, until nothing more is."""
        begun = 1
        while begun:
            async with asyncio.TaskGroup() as group:
                begun = await self.webhooks.begin_due(self.target, group.create_task)

    async def states(self) -> list[tuple[str, str, int]]:
        page = await self.store.log(TENANT, "wh1", None, 50)
        return [(str(each.body["event"]), str(each.body["state"]), int(str(each.body["tries"]))) for each in reversed(page.documents)]


def reopened(interaction: str) -> InteractionReopened:
    return InteractionReopened(interaction=InteractionId(interaction), version=1, owner=AgentId("a1"))


@pytest_asyncio.fixture
async def desk() -> AsyncIterator[Desk]:
    clock, documents, bus, receiver = ManualClock(), await SqliteStore.open_memory(), await MemoryBus.open(), Receiver()
    store, audit, secret = WebhookStore(documents, clock), Audit(documents, clock), mint_secret()
    secrets = StoredSecrets(documents, bytes(range(32)))
    target = Target(is_private_allowed=True, connections_max=4)
    webhooks = Webhooks(store=store, bus=bus, secrets=secrets, clock=clock, audit=audit, target=lambda: target, random=Random(1))
    await documents.open((*webhooks.collections, AUDIT))
    await secrets.open()
    server = await asyncio.start_server(receiver.answer, "127.0.0.1", 0)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    await secrets.put(TENANT, secret_name("wh1"), secret)
    now = clock.now()
    await store.put(
        TENANT, Webhook(id="wh1", url=receiver.url, types=full_types(("interaction.reopened",)), created_at=now, changed_at=now)
    )
    yield Desk(webhooks, store, receiver, clock, target, audit, secret)
    server.close()
    await target.aclose()
    await documents.close()
    await bus.close()


async def test_wanted_fact_arrives_signed_and_another_type_does_not(desk: Desk) -> None:
    await desk.fact(reopened("i1"))
    await desk.fact(CustomerTyping(interaction=InteractionId("i1")))
    await desk.run()
    ((headers, body),) = desk.receiver.got
    at_s = int(headers["webhook-timestamp"])
    assert at_s == desk.clock.now() // 1000
    assert headers["webhook-signature"] == sign(desk.secret, headers["webhook-id"], at_s, body)
    told = json.loads(body)
    assert (told["id"], told["type"], told["data"]["interaction"]) == ("e1", "standardiste.interaction.reopened.v1", "i1")
    assert "tenant" not in told


async def test_record_handled_again_is_delivered_once(desk: Desk) -> None:
    record = await desk.fact(reopened("i1"))
    await desk.webhooks.take(record)
    await desk.run()
    await desk.webhooks.take(record)
    await desk.run()
    assert desk.receiver.facts() == ["e1"]


async def test_later_fact_of_a_subject_waits_for_the_first_and_another_subject_does_not(desk: Desk) -> None:
    desk.receiver.status = 500
    await desk.fact(reopened("i1"))
    await desk.run()
    desk.receiver.status = 204
    await desk.fact(reopened("i1"))
    await desk.fact(reopened("i2"))
    await desk.run()
    assert desk.receiver.facts() == ["e1", "e3"]
    desk.clock.advance(BACKOFF_MS)
    await desk.run()
    assert desk.receiver.facts() == ["e1", "e3", "e1", "e2"]
    assert await desk.states() == [("e1", "delivered", 2), ("e2", "delivered", 1), ("e3", "delivered", 1)]


async def test_endpoint_that_takes_nothing_for_a_day_is_disabled_with_notice(desk: Desk) -> None:
    desk.receiver.status = 503
    await desk.fact(reopened("i1"))
    waited = 0
    while waited <= GIVE_UP_AFTER_MS:
        await desk.run()
        waited += BACKOFF_MAX_MS
        desk.clock.advance(BACKOFF_MAX_MS)
    found = await desk.store.get(TENANT, "wh1")
    assert found is not None
    assert (found.state, found.because) == (WebhookState.DISABLED, "it took nothing for 24 hours")
    assert [each.body["act"] for each in await desk.audit.page(TENANT)] == ["webhook.disabled"]
    before = len(desk.receiver.got)
    await desk.fact(reopened("i2"))
    await desk.run()
    assert len(desk.receiver.got) == before


async def test_answer_410_disables_at_once(desk: Desk) -> None:
    desk.receiver.status = 410
    await desk.fact(reopened("i1"))
    await desk.run()
    found = await desk.store.get(TENANT, "wh1")
    assert found is not None
    assert (found.state, found.because) == (WebhookState.DISABLED, "it answered 410 Gone")
    assert await desk.states() == [("e1", "failed", 1)]


async def test_try_whose_process_died_is_made_again_after_its_lease(desk: Desk) -> None:
    await desk.fact(reopened("i1"))
    async for waiting in desk.store.due(desk.clock.now()):
        await desk.store.write(waiting, due_at=desk.clock.now() + LEASE_MS, tries=1)
    await desk.run()
    assert desk.receiver.got == []
    desk.clock.advance(LEASE_MS)
    await desk.run()
    assert desk.receiver.facts() == ["e1"]


async def test_ended_delivery_keeps_no_payload_and_is_forgotten_after_a_week(desk: Desk) -> None:
    await desk.fact(reopened("i1"))
    await desk.run()
    page = await desk.store.log(TENANT, "wh1", None, 50)
    assert "payload" not in page.documents[0].body
    await desk.store.forget(Instant(desk.clock.now() + FORGET_AFTER_MS))
    assert await desk.states() == []


@pytest.mark.parametrize("tries", [1, 2, 5, 40])
def test_backoff_grows_to_an_hour_with_chance_in_it(tries: int) -> None:
    whole = min(BACKOFF_MS * 2 ** (tries - 1), BACKOFF_MAX_MS)
    waits = {backoff_ms(tries, Random(seed)) for seed in range(50)}
    assert all(whole // 2 <= each <= whole for each in waits)
    assert len(waits) > 1
