"""
What each decision does to the documents of timeline, receipts and history. It reads and changes a sheet (sheet.py) and knows no bus.

Decisions are worked in one after the other in the order of the log; all of it is safe to repeat.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from standardiste.common.blobs.port import BlobRef, Blobs
from standardiste.common.bus.port import Record
from standardiste.common.clock import rfc3339
from standardiste.common.events.base import Event, Instant
from standardiste.common.events.decisions import (
    MESSAGE_FACTS,
    ContactJoined,
    ContactRepeated,
    ContactUndeliverable,
    CustomerIdentified,
    InteractionActivated,
    InteractionClosed,
    InteractionConnecting,
    InteractionCreated,
    InteractionMerged,
    InteractionOpened,
    MessageAccepted,
    MessageReceived,
    MessageRedacted,
    VoicemailTaken,
)
from standardiste.common.events.model import CloseReason, ConversationId, CustomerId, Delivery, DeliveryState, InteractionId, MessageId
from standardiste.customers import receipts, timeline
from standardiste.customers.history import KINDS, history_body
from standardiste.customers.records import CONVERSATIONS, HISTORY, MESSAGES, RECEIPTS, Conversation, Receipt, StoredMessage
from standardiste.customers.resolver import Resolver
from standardiste.customers.sheet import TenantSheet

_STATE_OF: Final = {cls: DeliveryState(name) for name, cls in MESSAGE_FACTS.items()}
OF_INTEREST: Final = (
    InteractionCreated,
    ContactJoined,
    ContactRepeated,
    ContactUndeliverable,
    CustomerIdentified,
    InteractionOpened,
    InteractionConnecting,
    InteractionActivated,
    InteractionMerged,
    MessageReceived,
    MessageAccepted,
    MessageRedacted,
    VoicemailTaken,
    *_STATE_OF,
    *KINDS,
)
"""The decisions that leave a trace; all others are passed over."""


class Chronicle:
    """Works decisions in. A redaction also removes blobs."""

    def __init__(self, blobs: Blobs, resolver: Resolver) -> None:
        self._blobs, self._resolver = blobs, resolver

    async def work_in(self, sheet: TenantSheet, event: Event, record: Record) -> None:
        """Put on the sheet what this decision changes."""
        data, at = event.data, event.time
        if type(data) in KINDS:
            await sheet.add_once(HISTORY, event.id, history_body(KINDS[type(data)], record, event.id, rfc3339(at)))
        match data:
            case InteractionCreated() | ContactJoined():
                await _contact(sheet, data, at)
            case CustomerIdentified():
                await _settled(sheet, data.interaction, data.conversation, data.customer.id, data.linked_to)
            case MessageReceived():
                await sheet.change(MESSAGES, StoredMessage, data.message.id, lambda it: timeline.with_words(it, data))
            case MessageAccepted():
                await sheet.change(MESSAGES, StoredMessage, data.message.id, lambda it: timeline.with_words(it, data))
                await sheet.change_known(
                    CONVERSATIONS, Conversation, data.conversation, lambda it: timeline.heard_of(it, data.message.sent_at)
                )
            case InteractionOpened():
                await sheet.change(RECEIPTS, Receipt, data.receipt, lambda it: receipts.opened(it, data))
                await sheet.change(CONVERSATIONS, Conversation, data.conversation, lambda it: timeline.opened_by_us(it, data))
            case InteractionConnecting() | InteractionActivated():
                conversation = data.conversation or waiting_id(data.interaction)
                await sheet.change_known(CONVERSATIONS, Conversation, conversation, lambda it: timeline.taken_by(it, data.owner))
            case InteractionClosed():
                await self._closed(sheet, event.tenant, data)
            case InteractionMerged():
                await _merged(sheet, data, at)
            case MessageRedacted():
                await self._redacted(sheet, data)
            case VoicemailTaken():
                await _voicemail(sheet, event.id, data, at)
            case ContactRepeated():
                await sheet.change(RECEIPTS, Receipt, data.receipt, lambda it: receipts.repeated(it, data, at))
            case ContactUndeliverable():
                if (receipt := data.receipt) is not None:
                    await sheet.change(RECEIPTS, Receipt, receipt, lambda it: receipts.undeliverable(it, receipt, data, at))
            case _ if type(data) in _STATE_OF:
                await _delivered(sheet, data)
            case _:
                assert type(data) in KINDS, f"{type(data).__name__} is read and not worked in"

    async def _closed(self, sheet: TenantSheet, tenant: str, data: InteractionClosed) -> None:
        """
        Its receipts say so for good, and its conversation may rest.

        An interaction that closes before the router heard who it was is never told: who it was is found out here, from what was kept of its contact.
        """
        for id in data.receipts:
            await sheet.change(RECEIPTS, Receipt, id, lambda it, id=id: receipts.closed(it, id, data))
        conversation = data.conversation
        kept = await sheet.get(CONVERSATIONS, Conversation, waiting_id(data.interaction))
        if kept is not None and kept.waiting is not None:
            customer, conversation = await self._resolver.resolve(tenant, kept.waiting)
            await _settled(sheet, data.interaction, conversation, customer.id)
            if kept.waiting.close_as is not None:
                aside = kept.waiting
                await sheet.change_known(CONVERSATIONS, Conversation, conversation, lambda it: replace(it, set_aside=aside))
        if conversation is not None and data.reason is not CloseReason.MERGED:
            await sheet.change_known(CONVERSATIONS, Conversation, conversation, lambda it: timeline.ended(it, data))

    async def _redacted(self, sheet: TenantSheet, data: MessageRedacted) -> None:
        """Blobs first: were this to stop half-way, the message still names what is left."""
        former = await sheet.get(MESSAGES, StoredMessage, data.message)
        for name in () if former is None else former.blobs:
            if (ref := blob_ref(name)) is not None:
                await self._blobs.delete(ref)
        await sheet.change(MESSAGES, StoredMessage, data.message, lambda it: timeline.redacted(it, data.conversation, data.message))
        contact = None if former is None else former.contact
        await sheet.change_known(CONVERSATIONS, Conversation, data.conversation, lambda it: timeline.without_subject(it, contact))


def blob_ref(name: str) -> BlobRef | None:
    """The blob of this name, tenant/contact/sha-256."""
    tenant, _, rest = name.partition("/")
    contact, _, sha256 = rest.rpartition("/")
    return BlobRef(tenant=tenant, contact=contact, sha256=sha256) if tenant and contact and sha256 else None


def waiting_id(interaction: InteractionId) -> str:
    """The document that keeps what an interaction's first contact tells of its conversation until that is known."""
    return f"interaction:{interaction}"


async def _contact(sheet: TenantSheet, data: InteractionCreated | ContactJoined, at: Instant) -> None:
    contact = data.contact
    former = await sheet.get(RECEIPTS, Receipt, contact.receipt)
    await sheet.change(RECEIPTS, Receipt, contact.receipt, lambda it: receipts.accepted(it, contact, data.interaction, at))
    if receipts.has_come_again(former, at):
        return
    if data.conversation is not None:
        await sheet.change(CONVERSATIONS, Conversation, data.conversation, lambda it: timeline.begun_by(it, contact, data.interaction))
    else:
        kept = timeline.waiting(contact, data.interaction)
        await sheet.change(CONVERSATIONS, Conversation, waiting_id(data.interaction), lambda it: it or kept)


async def _settled(
    sheet: TenantSheet,
    interaction: InteractionId,
    conversation: ConversationId,
    customer: CustomerId,
    linked_to: ConversationId | None = None,
) -> None:
    """The conversation is this customer's, and with it what waited to know its conversation: messages keep the interaction they came with."""
    kept = await sheet.get(CONVERSATIONS, Conversation, waiting_id(interaction))
    await sheet.change(CONVERSATIONS, Conversation, conversation, lambda it: timeline.settled(it, kept, customer, linked_to))
    if kept is None:
        return
    for message in await sheet.ids_where(MESSAGES, StoredMessage, "interaction", interaction):
        await sheet.change_known(MESSAGES, StoredMessage, message, lambda it: timeline.in_conversation(it, conversation))
    await sheet.remove(CONVERSATIONS, Conversation, waiting_id(interaction))


async def _delivered(sheet: TenantSheet, data: Any) -> None:
    delivery = Delivery(state=_STATE_OF[type(data)], at=data.at, recipient=data.recipient, code=data.code, detail=data.detail)
    conversation: ConversationId = data.conversation
    message: MessageId = data.message
    await sheet.change(MESSAGES, StoredMessage, message, lambda it: timeline.with_delivery(it, conversation, message, delivery))


async def _merged(sheet: TenantSheet, data: InteractionMerged, at: Instant) -> None:
    """Receipts and conversation go along with the interaction that goes on."""
    for receipt in await sheet.ids_where(RECEIPTS, Receipt, "interaction", data.interaction):
        await sheet.change_known(RECEIPTS, Receipt, receipt, lambda it: receipts.moved(it, data.into, at))
    for conversation in await sheet.ids_where(CONVERSATIONS, Conversation, "interaction", data.interaction):
        await sheet.change_known(
            CONVERSATIONS, Conversation, conversation, lambda it: timeline.merged_into(it, data.interaction, data.into)
        )


async def _voicemail(sheet: TenantSheet, id: str, data: VoicemailTaken, at: Instant) -> None:
    found = await sheet.ids_where(CONVERSATIONS, Conversation, "interaction", data.interaction)
    conversation = ConversationId(found[0]) if found else None
    message = timeline.voicemail(MessageId(f"voicemail:{id}"), conversation, data.interaction, data.blob, at)
    await sheet.change(MESSAGES, StoredMessage, message.message.id, lambda it: it or message)
