"""
Merges and splits, carried out document by document so that any of them may be the last before a crash.

Theory. No two documents change together, and an address is one record's at a time. So the join is written first, whole; then the record that gives addresses
away, then the one that gets them, then the conversations, then the router is told of those that live, then the join is done. Every step may be repeated; a
join that is found begun is gone on with. A contact that comes in between makes a record of its own for an address that is nobody's for a moment: it is
folded in when the address turns out to be taken.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Final

from standardiste.common.bus.topics import Topic
from standardiste.common.errors import Away, UniqueConflict
from standardiste.common.events.base import Event
from standardiste.common.events.codec import encode
from standardiste.common.events.directory_customers import CustomerAttribute
from standardiste.common.events.inputs import ContactIdentified
from standardiste.common.events.model import ContactId, ConversationId, CustomerId
from standardiste.common.log import logger
from standardiste.common.parts import Parts
from standardiste.common.store.port import ABSENT, Find, TenantStore, Where
from standardiste.customers import identify, joins
from standardiste.customers.documents import change, read
from standardiste.customers.joins import BEGUN, SETTLING, Join
from standardiste.customers.records import (
    CONVERSATIONS,
    CUSTOMERS,
    JOINS,
    RECEIPTS,
    Conversation,
    Customer,
    Receipt,
    ReceiptState,
    dump,
    load,
)
from standardiste.customers.resolver import Resolver

SOURCE: Final = "customers"
LOOK_EVERY_S: Final = 60
SETTLE_MS: Final = 60_000

log = logger("customers")


class Joiner:
    """Merges and splits customers."""

    def __init__(self, parts: Parts, resolver: Resolver) -> None:
        self._parts, self._resolver = parts, resolver

    async def begin(self, tenant: str, join: Join) -> None:
        """Write the join down, durably, and carry it out. Raises StoreAway, BusAway: it is gone on with later."""
        await self._parts.store.tenant(tenant).put(JOINS, join.id, dump(join), expected=ABSENT)
        await self.carry_out(tenant, join)

    async def carry_out(self, tenant: str, join: Join) -> None:
        """Idempotent."""
        documents = self._parts.store.tenant(tenant)
        if join.kind == "merge":
            await self._merge(tenant, documents, join)
        else:
            await self._split(tenant, documents, join)
        await self._move_conversations(tenant, documents, join, join.gone)
        await change(documents, JOINS, Join, join.id, lambda it: None if it is None else replace(it, stage=SETTLING))

    async def run(self, ready: Callable[[], None]) -> None:
        """Go on with what was begun, and settle what was done, until cancelled."""
        ready()
        while True:
            try:
                async for document in self._parts.store.every_tenant(JOINS, Find(where=(Where(index="stage"),))):
                    join = load(Join, document.body)
                    if join.at + SETTLE_MS < self._parts.clock.now():
                        await self._go_on(document.tenant, join)
            except Away as away:
                log.warning("joins_put_off", what=away.what)
            await asyncio.sleep(LOOK_EVERY_S)

    async def _go_on(self, tenant: str, join: Join) -> None:
        if join.stage == BEGUN:
            await self.carry_out(tenant, join)
            return
        documents = self._parts.store.tenant(tenant)
        gone = await read(documents, CUSTOMERS, Customer, join.gone)
        if join.kind == "merge" and gone is not None and gone.merged_into == join.into:
            await self._move_conversations(tenant, documents, join, join.gone)
        await change(documents, JOINS, Join, join.id, lambda it: None if it is None else replace(it, stage=None))

    # ---- records

    async def _merge(self, tenant: str, documents: TenantStore, join: Join) -> None:
        await change(
            documents, CUSTOMERS, Customer, join.gone, lambda it: None if it is None else joins.merged_away(it, join.into, join.at)
        )
        await self._gain(tenant, documents, join.into, join, lambda it: joins.with_other(it, join.before, join.at))

    async def _split(self, tenant: str, documents: TenantStore, join: Join) -> None:
        await change(documents, CUSTOMERS, Customer, join.gone, lambda it: None if it is None else joins.without(it, join.keys, join.at))
        former = await self._last_merge(documents, join)
        blocked = tuple(key for key in join.before.blocked_keys if key in join.keys)

        def come_back(it: Customer) -> Customer:
            if it.merged_into is None or former is None:
                return it
            return joins.restored(it, former.before, join.keys, blocked, join.at)

        if await read(documents, CUSTOMERS, Customer, join.into) is None:
            fresh = joins.split_off(join.before, join.into, join.keys, join.at)
            await self._until_free(
                tenant, documents, join, lambda: change(documents, CUSTOMERS, Customer, join.into, lambda it: it or fresh)
            )
        else:
            await self._gain(tenant, documents, join.into, join, come_back)

    async def _gain(self, tenant: str, documents: TenantStore, id: CustomerId, join: Join, merge: Callable[[Customer], Customer]) -> None:
        def once(it: Customer | None) -> Customer | None:
            return None if it is None or (all(key in it.keys for key in join.keys) and it.merged_into is None and join.keys) else merge(it)

        await self._until_free(tenant, documents, join, lambda: change(documents, CUSTOMERS, Customer, id, once))

    async def _until_free(self, tenant: str, documents: TenantStore, join: Join, put: Callable[[], Awaitable[object]]) -> None:
        """Put; a record that was made meanwhile for an address that moves gives it up first."""
        while True:
            try:
                await put()
            except UniqueConflict:
                for key in join.keys:
                    page = await documents.find(CUSTOMERS, Find(where=(Where(index="key", equals=key),), limit=1))
                    for newcomer in (CustomerId(document.id) for document in page.documents if document.id not in (join.into, join.gone)):
                        await self._fold(tenant, documents, join, newcomer)
                continue
            return

    async def _fold(self, tenant: str, documents: TenantStore, join: Join, newcomer: CustomerId) -> None:
        await change(documents, CUSTOMERS, Customer, newcomer, lambda it: it and joins.merged_away(it, join.into, join.at))
        await self._move_conversations(tenant, documents, join, newcomer)

    async def _last_merge(self, documents: TenantStore, join: Join) -> Join | None:
        """The merge by which the record that comes back went."""
        page = await documents.find(JOINS, Find(where=(Where(index="gone", equals=join.into),), limit=1_000))
        found = [load(Join, document.body) for document in page.documents]
        merges = [each for each in found if each.kind == "merge" and each.into == join.gone]
        return max(merges, key=lambda each: each.at, default=None)

    # ---- conversations

    async def _move_conversations(self, tenant: str, documents: TenantStore, join: Join, of: CustomerId) -> None:
        async for id, conversation in self._conversations(documents, of):
            region = self._resolver.region(tenant, conversation.scope.site)
            if of == join.gone and not joins.moves(conversation, join, region):
                continue
            await change(documents, CONVERSATIONS, Conversation, id, lambda it: None if it is None else joins.moved(it, join))
            if conversation.is_live:
                await self._tell(tenant, documents, join, ConversationId(id), conversation, region)

    async def _conversations(self, documents: TenantStore, customer: CustomerId) -> AsyncIterator[tuple[str, Conversation]]:
        cursor = None
        while True:
            find = Find(where=(Where(index="customer", equals=customer),), limit=200, cursor=cursor)
            page = await documents.find(CONVERSATIONS, find)
            for document in page.documents:
                yield document.id, load(Conversation, document.body)
            cursor = page.cursor
            if cursor is None:
                return

    async def _tell(
        self, tenant: str, documents: TenantStore, join: Join, id: ConversationId, conversation: Conversation, region: str | None
    ) -> None:
        """Who it is now: the router hears of each live contact anew, and its desks with it."""
        customer = await read(documents, CUSTOMERS, Customer, join.into)
        if customer is None or conversation.interaction is None:
            return
        summary = identify.summary_of(
            customer, joins.key_of_conversation(conversation, region), self._parts.directory.all(CustomerAttribute, tenant)
        )
        page = await documents.find(RECEIPTS, Find(where=(Where(index="interaction", equals=conversation.interaction),), limit=100))
        for receipt in (load(Receipt, document.body) for document in page.documents):
            if receipt.state is not ReceiptState.ACCEPTED:
                continue
            contact = receipt.contact or ContactId(f"c{receipt.id[1:]}")
            told = ContactIdentified(contact=contact, receipt=receipt.id, conversation=id, customer=summary)
            event = Event(id=f"{join.id}:{receipt.id}", source=SOURCE, subject=id, tenant=tenant, time=self._parts.clock.now(), data=told)
            await self._parts.bus.publish(encode(event, Topic.INPUTS))
