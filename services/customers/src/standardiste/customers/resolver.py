"""Finds or makes the customer and the conversation of a contact: reads and writes what identify.py decides. Idempotent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from standardiste.common.errors import UniqueConflict
from standardiste.common.events.directory import Site
from standardiste.common.events.model import Contact, ConversationId, CustomerId, SiteId
from standardiste.common.parts import Parts
from standardiste.common.store.port import ABSENT, Find, TenantStore, Where
from standardiste.customers import identify
from standardiste.customers.documents import change, read
from standardiste.customers.progress import Progress
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
    Costs two look-ups when the customer is known, one durable write more when not. With `progress`, a mail that answers one of ours which the documents
    do not know waits until they have caught up with the log: a machine answers sooner than they are written. Who writes them must not wait for himself.

    `remember` writes a mail's place among others; it may run beside what follows from `resolve`.
    """

    def __init__(self, parts: Parts, progress: Progress | None = None) -> None:
        self._parts, self._progress = parts, progress

    async def resolve(self, tenant: str, contact: Contact) -> tuple[Customer, ConversationId]:
        """Who it is, and which conversation."""
        documents = self._parts.store.tenant(tenant)
        customer, is_new = await self._customer(tenant, documents, contact)
        return customer, await self._conversation(tenant, documents, contact, customer, is_new)

    async def customer_at(self, tenant: str, key: str, fresh: Callable[[CustomerId], Customer]) -> tuple[Customer, bool]:
        """The customer who has this address; else the one that `fresh` makes, and True."""
        documents = self._parts.store.tenant(tenant)
        while True:
            page = await documents.find(CUSTOMERS, Find(where=(Where(index="key", equals=key),), limit=1))
            if page.documents:
                return load(Customer, page.documents[0].body), False
            made = fresh(CustomerId(self._parts.ids.mint("cu")))
            try:
                await documents.put(CUSTOMERS, made.id, dump(made), expected=ABSENT)
            except UniqueConflict:
                continue  # another contact of the same address was first: it is there now
            return made, True

    def key_of(self, tenant: str, contact: Contact) -> str | None:
        """The key of the contact's address; None when it says nobody."""
        return identify.key_of(contact, self.region(tenant, contact.scope.site))

    def region(self, tenant: str, site: SiteId) -> str | None:
        """The country whose national numbers are read there."""
        found = self._parts.directory.get(Site, tenant, site)
        return None if found is None else found.country

    async def remember(self, tenant: str, customer: Customer, contact: Contact, conversation: ConversationId) -> None:
        """A mail's place, for the answers to it, and that of the mails it refers to, which we may never have had. The first stays."""
        thread, documents = Thread(conversation=conversation), self._parts.store.tenant(tenant)
        identity = identify.identity_of(customer, self.key_of(tenant, contact))
        ids = [identify.thread_id(identity, id) for id in identify.ids_of_thread(contact)]
        await asyncio.gather(*(change(documents, THREADS, Thread, id, lambda former: former or thread) for id in ids))

    async def linked(self, tenant: str, contact: Contact, customer: Customer, conversation: ConversationId) -> ConversationId | None:
        """The conversation of another customer of the same sponsor that a mail names, when it therefore began one of its own."""
        thread = contact.thread
        if thread is None or conversation != identify.own_conversation(contact):
            return None
        documents = self._parts.store.tenant(tenant)
        for id in (thread.conversation, *[await self._named(documents, id, contact) for id in identify.message_ids(contact)]):
            other = None if id is None else await read(documents, CONVERSATIONS, Conversation, id)
            if other is not None and other.customer not in (None, customer.id) and other.scope.sponsor == contact.scope.sponsor:
                return id
        return None

    async def _named(self, documents: TenantStore, message_id: str, contact: Contact) -> ConversationId | None:
        """The conversation of the message of ours that this id names."""
        ours = identify.our_message(message_id, contact)
        stored = None if ours is None else await read(documents, MESSAGES, StoredMessage, ours)
        return None if stored is None else stored.conversation

    async def _customer(self, tenant: str, documents: TenantStore, contact: Contact) -> tuple[Customer, bool]:
        key = self.key_of(tenant, contact)
        if key is None:
            return await self._stranger(documents, contact), False
        customer, is_new = await self.customer_at(tenant, key, lambda id: self._fresh(contact, key, id))
        return (customer, True) if is_new else (await self._known(documents, customer, contact), False)

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

    async def _conversation(
        self, tenant: str, documents: TenantStore, contact: Contact, customer: Customer, is_new: bool
    ) -> ConversationId:
        identity = identify.identity_of(customer, self.key_of(tenant, contact))
        found = identify.conversation_brought(contact, identity)
        if found is None and not is_new:
            found = await self._thread(tenant, documents, contact, customer.id, identity)
        return found or identify.own_conversation(contact)

    async def _thread(
        self, tenant: str, documents: TenantStore, contact: Contact, customer: CustomerId, identity: CustomerId
    ) -> ConversationId | None:
        behind = self._progress
        for message_id in identify.message_ids(contact):
            thread = await read(documents, THREADS, Thread, identify.thread_id(identity, message_id))
            if thread is not None:
                return thread.conversation
            ours = identify.our_message(message_id, contact)
            if ours is None:
                continue
            stored = await read(documents, MESSAGES, StoredMessage, ours)
            if stored is None and behind is not None:
                await behind.caught_up(tenant=tenant)
                behind = None
                stored = await read(documents, MESSAGES, StoredMessage, ours)
            named = None if stored is None or stored.conversation is None else await self._if_his(documents, stored.conversation, customer)
            if named is not None:
                return named
        token = contact.thread.conversation if contact.thread is not None else None
        return None if token is None else await self._if_his(documents, token, customer)

    async def _if_his(self, documents: TenantStore, id: ConversationId, customer: CustomerId) -> ConversationId | None:
        conversation = await read(documents, CONVERSATIONS, Conversation, id)
        return id if conversation is not None and conversation.customer == customer else None
