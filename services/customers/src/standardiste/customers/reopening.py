"""
Takes back what was closed at once: spam that is none, mail of a list that somebody wants, a flood that was a rush, a sender who is blocked no more. For 30 days.

The contact comes again as it was, with its words, into its conversation, under a receipt of its own that is derived from the first: asked twice, it comes once.
What became of the first receipt stays as it is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from fastapi import APIRouter, Request, Response

from standardiste.common.bus.topics import Topic
from standardiste.common.events.base import Event
from standardiste.common.events.codec import encode
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.events.inputs import ContactReceived
from standardiste.common.events.model import ChannelAddressId, CloseReason, Contact, ContactId, ReceiptId
from standardiste.common.http import Act, Principal, accepted, problem
from standardiste.common.ids import keyed_id
from standardiste.common.intake import contact_of
from standardiste.common.store.port import Find, Where
from standardiste.customers.access import Access, object_of
from standardiste.customers.documents import read
from standardiste.customers.identify import summary_of
from standardiste.customers.records import (
    CONVERSATIONS,
    CUSTOMERS,
    MESSAGES,
    RECEIPTS,
    Conversation,
    Customer,
    Receipt,
    StoredMessage,
    load,
)

DAYS: Final = 30
REVERSIBLE: Final = frozenset({CloseReason.SPAM, CloseReason.LIST, CloseReason.FLOOD, CloseReason.BLOCKED})
_DAY_MS: Final = 24 * 3_600_000


class ReopeningEdge:
    """The endpoint."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def add_to(self, router: APIRouter) -> None:
        router.add_api_route("/receipts/{receipt}/reopen", self.reopen, methods=["POST"], status_code=202)

    async def reopen(self, request: Request, receipt: str) -> Response:
        """Let a contact come again that was closed as spam, list, flood or blocked. The answer names its new receipt."""
        who = await self._access.who(request, Act.CUSTOMER_WRITE, f"receipt/{receipt}")
        documents = self._access.documents(who)
        former = await read(documents, RECEIPTS, Receipt, receipt)
        if former is None or former.interaction is None:
            raise problem("not_found")
        found = await documents.find(MESSAGES, Find(where=(Where(index="interaction", equals=former.interaction),), limit=100))
        messages = [load(StoredMessage, each.body) for each in found.documents]
        message = next((each for each in messages if each.contact is not None and each.contact == former.contact), None)
        conversation = await documents.get(CONVERSATIONS, message.conversation) if message is not None and message.conversation else None
        if message is None or conversation is None:
            raise problem("not_found")
        await self._access.require(request, who, Act.CUSTOMER_WRITE, object_of(who, conversation), f"receipt/{receipt}")
        record = load(Conversation, conversation.body)
        self._require_reversible(former)
        contact = self._again(who, former, message, record)
        await self._require_unblocked(who, record, contact)
        await self._access.record(request, who, "receipt.reopen", f"receipt/{receipt}", after={"receipt": contact.receipt})
        event = Event(
            id=contact.receipt,
            source="customers",
            subject=conversation.id,
            tenant=who.tenant,
            time=self._access.clock.now(),
            data=ContactReceived(contact=contact),
        )
        await self._access.parts.bus.publish(encode(event, Topic.INPUTS))
        return accepted(f"/v1/customers/receipts/{contact.receipt}", {"receipt": contact.receipt})

    def _require_reversible(self, former: Receipt) -> None:
        if former.closed_at is None or former.reason not in REVERSIBLE:
            raise problem("not_reopenable", "It was not closed as spam, list, flood or blocked.")
        if former.closed_at + DAYS * _DAY_MS < self._access.clock.now():
            raise problem("not_reopenable", f"It was closed more than {DAYS} days ago.")

    async def _require_unblocked(self, who: Principal, record: Conversation, contact: Contact) -> None:
        customer = None if record.customer is None else await read(self._access.documents(who), CUSTOMERS, Customer, record.customer)
        if customer is not None and summary_of(customer, None, ()).is_blocked:
            raise problem("not_reopenable", "The sender is blocked.")

    def _again(self, who: Principal, former: Receipt, message: StoredMessage, record: Conversation) -> Contact:
        """The contact as it came, as far as it is known, with a receipt of its own and no mark."""
        key = self._access.parts.keys.tenant(who.tenant, "receipt")
        receipt = ReceiptId(keyed_id(key, "r", "reopened", former.id))
        kept = record.set_aside if record.set_aside is not None and record.set_aside.receipt == former.id else None
        known = kept if kept is not None else self._rebuilt(who, former, message, record)
        return replace(
            known,
            id=contact_of(receipt),
            receipt=receipt,
            conversation=message.conversation,
            content=message.message.content,
            close_as=None,
            attributes={**known.attributes, "reopened_from": former.reason or ""},
        )

    def _rebuilt(self, who: Principal, former: Receipt, message: StoredMessage, record: Conversation) -> Contact:
        address = None if record.channel_address is None else self._access.directory.get(ChannelAddress, who.tenant, record.channel_address)
        return Contact(
            id=ContactId(former.id),
            receipt=former.id,
            channel=record.channel,
            channel_name=record.channel_name,
            channel_address=record.channel_address or ChannelAddressId(""),
            our_address="" if address is None else address.address,
            address=record.address or "",
            scope=record.scope,
            received_at=message.message.sent_at,
            content=message.message.content,
            name=record.name,
            language=message.message.content.language,
            is_machine_made=message.message.is_machine_made,
        )
