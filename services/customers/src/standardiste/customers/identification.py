"""The edge of identification: `inputs` in, one `contact.identified` for each contact out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from standardiste.common.bus.port import Record
from standardiste.common.bus.topics import Topic
from standardiste.common.events.base import Event
from standardiste.common.events.codec import encode
from standardiste.common.events.inputs import ContactReceived
from standardiste.common.events.model import Contact
from standardiste.common.parts import Parts
from standardiste.customers import identify
from standardiste.common.addresses import family_of
from standardiste.customers.documents import read
from standardiste.customers.reading import Reader
from standardiste.customers.records import RECEIPTS, Receipt
from standardiste.customers.resolver import Resolver

GROUP: Final = "customers"
SOURCE: Final = "customers"


class Identification:
    """Subscribes to `inputs` as one lane per customer address; everything but contacts is passed over by its type, undecoded."""

    def __init__(self, parts: Parts, resolver: Resolver) -> None:
        self._parts, self._resolver = parts, resolver
        self._reader = Reader((ContactReceived,), _lane_of)

    async def run(self, ready: Callable[[], None]) -> None:
        await self._parts.bus.subscribe(GROUP, (Topic.INPUTS,), self.take, lane=self._reader.lane, ready=ready)

    async def take(self, record: Record) -> None:
        """Idempotent: a redelivery publishes the same event again under the same id."""
        event = self._reader.take(record)
        if event is None:
            return
        contact: Contact = event.data.contact
        receipt = await read(self._parts.store.tenant(event.tenant), RECEIPTS, Receipt, contact.receipt)
        customer, conversation = await self._resolver.resolve(event.tenant, contact)
        linked_to = await self._resolver.linked(event.tenant, contact, customer, conversation)
        identified = Event(
            id=f"{contact.id}:identified",
            source=SOURCE,
            subject=conversation,
            tenant=event.tenant,
            time=self._parts.clock.now(),
            data=identify.identified(contact, customer, conversation, receipt, linked_to),
            traceparent=event.traceparent,
        )
        publish = self._parts.bus.publish(encode(identified, Topic.INPUTS))
        if contact.thread is None:
            await publish
        else:  # neither waits for the other's disk; the offset waits for both
            await asyncio.gather(publish, self._resolver.remember(event.tenant, customer.id, contact, conversation))


def _lane_of(event: Event) -> str:
    contact: Contact = event.data.contact
    return f"{family_of(contact.channel, contact.channel_name)}:{contact.address}"
