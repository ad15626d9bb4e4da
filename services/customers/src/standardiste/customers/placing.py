"""
Where a mail belongs that a colleague sent from another program: found by the customer it went to and the thread it is in.

Only known customers: a mail to anybody else is none of a customer's business. The thread is remembered in any case, so that the customer's answer finds its
conversation; told to the router, and so to desks and timeline, is only what belongs to a conversation that there is.
"""

from __future__ import annotations

from typing import Final

from standardiste.common.events.inputs import MailFound, MessageNoted
from standardiste.common.events.model import Channel, Contact, ContactId, Content, Direction, ReceiptId
from standardiste.common.parts import Parts
from standardiste.common.store.port import Find, Where
from standardiste.customers.documents import read
from standardiste.customers.records import CONVERSATIONS, CUSTOMERS, Conversation
from standardiste.customers.resolver import Resolver

RECIPIENTS_MAX: Final = 20


class Placer:
    """Finds the place of what was found."""

    def __init__(self, parts: Parts, resolver: Resolver) -> None:
        self._parts, self._resolver = parts, resolver

    async def place(self, tenant: str, found: MailFound) -> MessageNoted | None:
        """The message with its conversation, that of the first known customer it went to; None when there is none. Idempotent."""
        documents, placed = self._parts.store.tenant(tenant), None
        for address in found.to[:RECIPIENTS_MAX]:
            contact = _as_from(found, address)
            key = self._resolver.key_of(tenant, contact)
            known = await documents.find(CUSTOMERS, Find(where=(Where(index="key", equals=key),), limit=1)) if key is not None else None
            if known is None or not known.documents:
                continue
            customer, conversation = await self._resolver.resolve(tenant, contact)
            await self._resolver.remember(tenant, customer, contact, conversation)
            record = await read(documents, CONVERSATIONS, Conversation, conversation)
            if placed is None and record is not None and record.interaction is not None:
                placed = MessageNoted(conversation=conversation, interaction=record.interaction, message=found.message)
        return placed


def _as_from(found: MailFound, address: str) -> Contact:
    """The mail as if the customer had sent it: he and his thread are found by the same rules."""
    return Contact(
        id=ContactId(found.message.id),
        receipt=ReceiptId(f"r_{found.message.id.partition('_')[2]}"),
        channel=Channel.EMAIL,
        channel_name=Channel.EMAIL.value,
        channel_address=found.channel_address,
        our_address=found.our_address,
        address=address,
        scope=found.scope,
        received_at=found.message.sent_at,
        content=Content(),
        direction=Direction.OUTBOUND,
        thread=found.thread,
    )
