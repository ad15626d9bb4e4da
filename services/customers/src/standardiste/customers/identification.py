"""The edge of identification: `inputs` in, one `contact.identified` for each contact out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from standardiste.common.bus.port import Record
from standardiste.common.bus.topics import Topic
from standardiste.common.errors import UniqueConflict
from standardiste.common.events.base import Event
from standardiste.common.events.codec import encode
from standardiste.common.events.directory import Site
from standardiste.common.events.inputs import ContactReceived
from standardiste.common.events.model import Contact, ConversationId, CustomerId
from standardiste.common.parts import Parts
from standardiste.common.store.port import ABSENT, Find, TenantStore, Where
from standardiste.customers import identify
from standardiste.customers.addresses import family_of
from standardiste.customers.documents import change, read
from standardiste.customers.reading import Reader
from standardiste.customers.records import (
    CONVERSATIONS,
    CUSTOMERS,
    MESSAGES,
    RECEIPTS,
    THREADS,
    Conversation,
    Customer,
    Receipt,
    StoredMessage,
    Thread,
    dump,
    load,
)

GROUP: Final = "customers"
SOURCE: Final = "customers"


class Identification:
    """
    Subscribes to `inputs` as one lane per customer address; everything but contacts is passed over by its type, undecoded.

    A contact costs two look-ups when its customer is known, one durable write more when not (one commit with a mail's thread), and one publish.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._reader = Reader((ContactReceived,), _lane_of)

    async def run(self, ready: Callable[[], None]) -> None:
        await self._parts.bus.subscribe(GROUP, (Topic.INPUTS,), self.take, lane=self._reader.lane, ready=ready)

    async def take(self, record: Record) -> None:
        """Idempotent: a redelivery publishes the same event again under the same id."""
        event = self._reader.take(record)
        if event is None:
            return
        contact: Contact = event.data.contact
        documents = self._parts.store.tenant(event.tenant)
        receipt = await read(documents, RECEIPTS, Receipt, contact.receipt)
        customer, is_new = await self._customer(event.tenant, documents, contact)
        conversation = await self._conversation(documents, contact, customer, is_new)
        identified = Event(
            id=f"{contact.id}:identified",
            source=SOURCE,
            subject=conversation,
            tenant=event.tenant,
            time=self._parts.clock.now(),
            data=identify.identified(contact, customer, conversation, receipt),
            traceparent=event.traceparent,
        )
        publish = self._parts.bus.publish(encode(identified, Topic.INPUTS))
        if contact.thread is None:
            await publish
        else:  # neither waits for the other's disk; the offset waits for both
            await asyncio.gather(publish, _remember(documents, customer.id, contact.thread.message_id, conversation))

    async def _customer(self, tenant: str, documents: TenantStore, contact: Contact) -> tuple[Customer, bool]:
        key = identify.key_of(contact, self._region(tenant, contact))
        if key is None:
            return await self._stranger(documents, contact), False
        while True:
            page = await documents.find(CUSTOMERS, Find(where=(Where(index="key", equals=key),), limit=1))
            if page.documents:
                return await self._known(documents, load(Customer, page.documents[0].body), contact), False
            fresh = self._fresh(contact, key, CustomerId(self._parts.ids.mint("cu")))
            try:
                await documents.put(CUSTOMERS, fresh.id, dump(fresh), expected=ABSENT)
            except UniqueConflict:
                continue  # another contact of the same address was first: it is there now
            return fresh, True

    async def _stranger(self, documents: TenantStore, contact: Contact) -> Customer:
        """A customer of his own for each contact whose address says nobody."""
        fresh = self._fresh(contact, None, CustomerId(f"cu_{contact.id}"))
        return await change(documents, CUSTOMERS, Customer, fresh.id, lambda former: former or fresh) or fresh

    def _fresh(self, contact: Contact, key: str | None, id: CustomerId) -> Customer:
        return identify.new_customer(id, contact, key, self._parts.clock.now())

    async def _known(self, documents: TenantStore, customer: Customer, contact: Contact) -> Customer:
        if identify.named(customer, contact, customer.updated_at) is None:
            return customer
        at = self._parts.clock.now()
        return (
            await change(documents, CUSTOMERS, Customer, customer.id, lambda it: None if it is None else identify.named(it, contact, at))
            or customer
        )

    async def _conversation(self, documents: TenantStore, contact: Contact, customer: Customer, is_new: bool) -> ConversationId:
        found = identify.conversation_brought(contact, customer.id)
        if found is None and not is_new:
            found = await self._thread(documents, contact, customer.id)
        return found or identify.own_conversation(contact)

    async def _thread(self, documents: TenantStore, contact: Contact, customer: CustomerId) -> ConversationId | None:
        for message_id in identify.message_ids(contact):
            thread = await read(documents, THREADS, Thread, identify.thread_id(customer, message_id))
            if thread is not None:
                return thread.conversation
            ours = identify.our_message(message_id, contact)
            if ours is not None and (conversation := await self._of_our_message(documents, ours, customer)) is not None:
                return conversation
        return None

    async def _of_our_message(self, documents: TenantStore, message: str, customer: CustomerId) -> ConversationId | None:
        stored = await read(documents, MESSAGES, StoredMessage, message)
        if stored is None or stored.conversation is None:
            return None
        conversation = await read(documents, CONVERSATIONS, Conversation, stored.conversation)
        return stored.conversation if conversation is not None and conversation.customer == customer else None

    def _region(self, tenant: str, contact: Contact) -> str | None:
        site = self._parts.directory.get(Site, tenant, contact.scope.site)
        return None if site is None else site.country


async def _remember(documents: TenantStore, customer: CustomerId, message_id: str, conversation: ConversationId) -> None:
    """A mail's place, for the answers to it. The first stays."""
    thread = Thread(conversation=conversation)
    await change(documents, THREADS, Thread, identify.thread_id(customer, message_id), lambda former: former or thread)


def _lane_of(event: Event) -> str:
    contact: Contact = event.data.contact
    return f"{family_of(contact.channel, contact.channel_name)}:{contact.address}"
