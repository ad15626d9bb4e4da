"""The edge of identification: `inputs` in, one `contact.identified` for each contact out, one `opening.examined` for each `interaction.open`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from standardiste.common.addresses import family_of
from standardiste.common.bus.port import Record
from standardiste.common.bus.topics import Topic
from standardiste.common.events.base import Data, Event
from standardiste.common.events.codec import encode
from standardiste.common.events.commands import OpenInteraction
from standardiste.common.events.directory_customers import CustomerAttribute
from standardiste.common.events.inputs import ContactReceived, MailFound
from standardiste.common.events.model import Channel, CommandId, Contact
from standardiste.common.parts import Parts
from standardiste.customers import identify
from standardiste.customers.documents import change, read
from standardiste.customers.hook import Hook, Known, record_with, summary_with
from standardiste.customers.opening import Examiner
from standardiste.customers.placing import Placer
from standardiste.customers.reading import Reader
from standardiste.customers.records import CUSTOMERS, RECEIPTS, Customer, Receipt
from standardiste.customers.resolver import Resolver

GROUP: Final = "customers"
SOURCE: Final = "customers"


class Identification:
    """Subscribes to `inputs` as one lane per customer address; everything but contacts and openings is passed over by its type, undecoded."""

    def __init__(self, parts: Parts, resolver: Resolver, examiner: Examiner, hook: Hook) -> None:
        self._parts, self._resolver, self._examiner, self._hook = parts, resolver, examiner, hook
        self._placer = Placer(parts, resolver)
        self._reader = Reader((ContactReceived, OpenInteraction, MailFound), _lane_of)

    async def run(self, ready: Callable[[], None]) -> None:
        try:
            await self._subscribed(ready)
        finally:
            await self._hook.aclose()

    async def _subscribed(self, ready: Callable[[], None]) -> None:
        await self._parts.bus.subscribe(GROUP, (Topic.INPUTS,), self.take, lane=self._reader.lane, ready=ready)

    async def take(self, record: Record) -> None:
        """Idempotent: a redelivery publishes the same event again under the same id."""
        event = self._reader.take(record)
        match event.data:
            case ContactReceived(contact=contact):
                await self._identify(event, contact)
            case OpenInteraction() as asked:
                examined = await self._examiner.examine(event.tenant, CommandId(event.id), asked)
                await self._publish(event, f"{event.id}:examined", event.subject, examined)
            case MailFound() as found:
                noted = await self._placer.place(event.tenant, found)
                if noted is not None:
                    await self._publish(event, f"{event.id}:noted", noted.conversation, noted)
            case _:
                pass

    async def _identify(self, event: Event, contact: Contact) -> None:
        tenant = event.tenant
        receipt = await read(self._parts.store.tenant(tenant), RECEIPTS, Receipt, contact.receipt)
        customer, conversation = await self._resolver.resolve(tenant, contact)
        linked_to = await self._resolver.linked(tenant, contact, customer, conversation)
        declared = self._parts.directory.all(CustomerAttribute, tenant)
        summary = identify.summary_of(customer, self._resolver.key_of(tenant, contact), declared)
        known = await self._hook.known(tenant, contact, customer)
        if known is not None:
            summary = summary_with(summary, known, declared)
        identified = identify.identified(contact, customer, summary, conversation, receipt, linked_to)
        publish = self._publish(event, f"{contact.id}:identified", conversation, identified)
        beside: list[Awaitable[object]] = []  # neither waits for the other's disk; the offset waits for all
        if contact.thread is not None:
            beside.append(self._resolver.remember(tenant, customer, contact, conversation))
        if known is not None and record_with(customer, known, self._parts.clock.now()) is not None:
            beside.append(self._keep(tenant, customer, known))
        if not beside:
            await publish
        else:
            await asyncio.gather(publish, *beside)

    async def _keep(self, tenant: str, customer: Customer, known: Known) -> None:
        """What a CRM said stands in the record, for whoever reads it."""
        documents, at = self._parts.store.tenant(tenant), self._parts.clock.now()
        await change(documents, CUSTOMERS, Customer, customer.id, lambda it: None if it is None else record_with(it, known, at))

    async def _publish(self, cause: Event, id: str, subject: str, data: Data) -> None:
        answer = Event(
            id=id,
            source=SOURCE,
            subject=subject,
            tenant=cause.tenant,
            time=self._parts.clock.now(),
            data=data,
            traceparent=cause.traceparent,
        )
        await self._parts.bus.publish(encode(answer, Topic.INPUTS))


def _lane_of(event: Event) -> str:
    match event.data:
        case OpenInteraction(channel=channel, address=address):
            return f"{family_of(channel, channel.value)}:{address}"
        case MailFound(to=to):
            return f"{family_of(Channel.EMAIL, Channel.EMAIL.value)}:{to[0] if to else ''}"
        case data:
            contact: Contact = data.contact
            return f"{family_of(contact.channel, contact.channel_name)}:{contact.address}"
