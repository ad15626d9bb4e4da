"""Finds or makes the customer and the conversation of a contact: reads and writes what identify.py decides. Idempotent."""

from __future__ import annotations

from standardiste.common.errors import UniqueConflict
from standardiste.common.events.directory import Site
from standardiste.common.events.model import Contact, ConversationId, CustomerId
from standardiste.common.parts import Parts
from standardiste.common.store.port import ABSENT, Find, TenantStore, Where
from standardiste.customers import identify
from standardiste.customers.documents import change, read
from standardiste.customers.records import (
    CONVERSATIONS,
    CUSTOMERS,
    MESSAGES,
    THREADS,
    Conversation,
    Customer,
    StoredMessage,
    Thread,
    dump,
    load,
)


class Resolver:
    """
    Costs two look-ups when the customer is known, one durable write more when not.

    `remember` writes a mail's place among others; it may run beside what follows from `resolve`.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def resolve(self, tenant: str, contact: Contact) -> tuple[Customer, ConversationId]:
        """Who it is, and which conversation."""
        documents = self._parts.store.tenant(tenant)
        customer, is_new = await self._customer(tenant, documents, contact)
        return customer, await self._conversation(documents, contact, customer, is_new)

    async def remember(self, tenant: str, customer: CustomerId, contact: Contact, conversation: ConversationId) -> None:
        """A mail's place, for the answers to it. The first stays."""
        if contact.thread is None:
            return
        thread = Thread(conversation=conversation)
        id = identify.thread_id(customer, contact.thread.message_id)
        await change(self._parts.store.tenant(tenant), THREADS, Thread, id, lambda former: former or thread)

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
