"""What goes wrong: a decision that cannot be stored, a store that is away, a process that is killed and comes back, blobs that nobody names."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from standardiste.common.bus.topics import Topic
from standardiste.common.clock import ManualClock
from standardiste.common.errors import StoreAway
from standardiste.common.events.base import Event
from standardiste.common.events.codec import encode
from standardiste.common.events.decisions import ContactRepeated, InteractionCreated, MessageAccepted
from standardiste.common.events.inputs import ContactIdentified, ContactReceived
from standardiste.common.events.model import Contact, ContactId, ConversationId, InteractionId, ReceiptId
from standardiste.common.parts import Parts
from standardiste.common.store.port import Body, Collection, Document, Find, Page, Store, TenantStore
from standardiste.common.testing import builders
from standardiste.common.testing.builders import AT
from standardiste.common.testing.running import Running, key_of_test, parts_in, records, running, tenant_of_test
from standardiste.customers.app import build
from standardiste.customers.records import COLLECTIONS, MESSAGES
from standardiste.customers.settings import CustomersSettings
from standardiste.customers.sweep import DAY_MS, claim, sweep


class FlakyStore:
    """A store whose first puts of a collection find it away: a decorator around a real one."""

    def __init__(self, inner: Store, collection: str, failures: int) -> None:
        self._inner, self.collection, self.failures = inner, collection, failures

    @property
    def epoch(self) -> int:
        return self._inner.epoch

    async def raise_epoch(self) -> int:
        return await self._inner.raise_epoch()

    async def open(self, collections: Sequence[Collection]) -> None:
        await self._inner.open(collections)

    def tenant(self, tenant: str) -> TenantStore:
        return _FlakyTenant(self, self._inner.tenant(tenant))

    def every_tenant(self, collection: Collection, find: Find) -> AsyncIterator[Document]:
        return self._inner.every_tenant(collection, find)

    async def delete_tenant(self, tenant: str) -> int:
        return await self._inner.delete_tenant(tenant)

    async def close(self) -> None:
        await self._inner.close()


class _FlakyTenant:
    def __init__(self, store: FlakyStore, inner: TenantStore) -> None:
        self._store, self._inner = store, inner

    async def get(self, collection: Collection, id: str) -> Document | None:
        return await self._inner.get(collection, id)

    async def put(self, collection: Collection, id: str, body: Body, *, expected: int | None = None, within_ms: int = 0) -> int:
        if collection.name == self._store.collection and self._store.failures > 0:
            self._store.failures -= 1
            raise StoreAway("for a test")
        return await self._inner.put(collection, id, body, expected=expected, within_ms=within_ms)

    async def delete(self, collection: Collection, id: str, *, expected: int | None = None, within_ms: int = 0) -> bool:
        return await self._inner.delete(collection, id, expected=expected, within_ms=within_ms)

    async def find(self, collection: Collection, find: Find) -> Page:
        return await self._inner.find(collection, find)


def created(contact: Contact, interaction: str = "i1") -> InteractionCreated:
    return InteractionCreated(
        interaction=InteractionId(interaction),
        contact=contact,
        conversation=ConversationId("cv1"),
        enqueued_at=AT,
        change_set=1,
        identify_by=AT,
    )


def answered(message: str, text: str = "Bien sûr.") -> MessageAccepted:
    return MessageAccepted(interaction=InteractionId("i1"), conversation=ConversationId("cv1"), message=builders.message(message, text))


async def texts(http: httpx.AsyncClient, seq: str) -> list[str]:
    response = await http.get("/v1/customers/conversations/cv1/messages", params={"at_least": seq})
    assert response.status_code == 200, response.text
    return [each["content"]["text"] for each in response.json()["items"]]


async def test_a_decision_that_cannot_be_stored_goes_to_dead_letters_alone(site: Running, http: httpx.AsyncClient, floor: Any) -> None:
    poison = ContactRepeated(interaction=InteractionId("too long to be indexed " * 100), contact=ContactId("c9"), receipt=ReceiptId("r9"))
    seq = await floor.decide(created(builders.contact("c1")), answered("m1", "before"), poison, answered("m2", "after"))
    assert await texts(http, seq) == ["before", "after"]
    async for record in records(site.parts.bus, Topic.DEAD_LETTERS):
        assert "not_indexable" in " ".join(record.headers.values())
        break


async def test_bytes_that_are_no_decision_hold_nothing_up(site: Running, http: httpx.AsyncClient, floor: Any) -> None:
    broken = encode(Event(id="x", source="router", subject="x", tenant="t1", time=AT, data=answered("m1")), Topic.DECISIONS)
    await site.parts.bus.publish(replace(broken, value=b"{"))
    seq = await floor.decide(created(builders.contact("c1")), answered("m2"))
    assert await texts(http, seq) == ["Bien sûr."]


async def test_while_the_store_is_away_decisions_and_contacts_wait_in_order(tmp_path: Path) -> None:
    stores: list[FlakyStore] = []

    def flaky(parts: Parts) -> Any:
        stores.append(FlakyStore(parts.store, "customers-messages", 2))
        return build(CustomersSettings(), replace(parts, store=FlakyStore(stores[0], "customers", 1)))

    async with running(tmp_path, flaky) as site:
        await site.configure("t1", tenant_of_test(), key_of_test("customer.read"))
        contact = builders.contact("c1")
        await site.parts.bus.publish(
            encode(
                Event(id="c1", source="ingest-email", subject="c1", tenant="t1", time=AT, data=ContactReceived(contact=contact)),
                Topic.INPUTS,
            )
        )
        assert [each.contact for each in await site.inputs(ContactIdentified)] == ["c1"]
        for data in (created(contact), answered("m1", "one"), answered("m2", "two")):
            await site.decide("t1", data)
        async with site.client() as http, asyncio.timeout(10):
            while (await http.get("/v1/customers/conversations/cv1", params={"at_least": "0:2"})).status_code == 503:
                pass  # held at each turn until the position moves
            assert await texts(http, "0:2") == ["one", "two"]
    assert stores[0].failures == 0


async def test_a_restart_goes_on_where_it_was_and_doubles_nothing(tmp_path: Path) -> None:
    contact = builders.contact("c1")
    for turn in range(2):
        async with running(tmp_path, lambda parts: build(CustomersSettings(), parts)) as site:
            if turn == 0:
                await site.configure("t1", tenant_of_test(), key_of_test("customer.read"))
                await site.decide("t1", created(contact), answered("m1"))
            async with site.client() as http:
                assert await texts(http, "0:1") == ["Bien sûr."]


async def test_blobs_that_no_document_names_go_after_eight_days(tmp_path: Path) -> None:
    clock = ManualClock()
    parts = await parts_in(tmp_path, clock=clock)
    await parts.store.open(COLLECTIONS)
    named, orphan = await parts.blobs.put("t1", "c1", b"named"), await parts.blobs.put("t1", "c1", b"orphan")
    await parts.store.tenant("t1").put(MESSAGES, "m1", {"blobs": [named.name]})
    clock.advance(8 * DAY_MS)
    young = await parts.blobs.put("t1", "c2", b"young")
    assert await sweep(parts.store, parts.blobs, clock.now(), 8) == 0  # eight days old, not older
    clock.advance(1)
    assert await sweep(parts.store, parts.blobs, clock.now(), 8) == 1
    assert [await parts.blobs.get(ref) for ref in (named, orphan, young)] == [b"named", None, b"young"]
    renewed = await parts.blobs.put("t1", "c2", b"young")
    clock.advance(8 * DAY_MS + 1)
    await parts.blobs.put("t1", "c2", b"young")
    assert await sweep(parts.store, parts.blobs, clock.now(), 8) == 0
    assert await parts.blobs.get(renewed) == b"young"
    clock.advance(8 * DAY_MS + 1)
    assert await sweep(parts.store, parts.blobs, clock.now(), 8) == 1
    for part in (parts.bus, parts.blobs, parts.store):
        await part.close()


async def test_one_process_sweeps_a_day(tmp_path: Path) -> None:
    clock = ManualClock()
    parts = await parts_in(tmp_path, clock=clock)
    await parts.store.open(COLLECTIONS)
    assert sum(await asyncio.gather(*(claim(parts.store, clock.now()) for _ in range(5)))) == 1
    clock.advance(DAY_MS - 1)
    assert not await claim(parts.store, clock.now())
    clock.advance(1)
    assert await claim(parts.store, clock.now())
    for part in (parts.bus, parts.blobs, parts.store):
        await part.close()
