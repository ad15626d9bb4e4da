"""
The edge of the record: `decisions` in, timeline, receipts and history out.

One lane per interaction (per conversation where a decision names none), so that what opens an interaction, who it is from and its first words are worked
in as they were decided. All else may come in any order: every merge is a pure function of what is stored (timeline.py, receipts.py), safe to repeat.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from standardiste.common.blobs.port import BlobRef
from standardiste.common.bus.port import Record
from standardiste.common.bus.topics import Topic
from standardiste.common.clock import rfc3339
from standardiste.common.errors import VersionConflict
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
from standardiste.common.events.model import ContactId, ConversationId, Delivery, DeliveryState, InteractionId, MessageId
from standardiste.common.parts import Parts
from standardiste.common.store.port import ABSENT, Find, TenantStore, Where
from standardiste.customers import receipts, timeline
from standardiste.customers.documents import change, read
from standardiste.customers.history import KINDS, history_body
from standardiste.customers.progress import IN_FLIGHT, Progress
from standardiste.customers.reading import Reader
from standardiste.customers.records import CONVERSATIONS, HISTORY, MESSAGES, RECEIPTS, Conversation, Receipt, StoredMessage, load

GROUP: Final = "customers-decisions"
MERGED_RECEIPTS_MAX: Final = 1_000

_STATE_OF: Final = {cls: DeliveryState(name) for name, cls in MESSAGE_FACTS.items()}
_OF_INTEREST: Final = (
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


class Chronicle:
    """Subscribes to `decisions` and keeps the documents."""

    def __init__(self, parts: Parts, progress: Progress) -> None:
        self._store, self._bus, self._blobs, self._progress = parts.store, parts.bus, parts.blobs, progress
        self._reader = Reader(_OF_INTEREST, _lane_of)

    async def run(self, ready: Callable[[], None]) -> None:
        await self._bus.subscribe(GROUP, (Topic.DECISIONS,), self.take, lane=self._lane, in_flight=IN_FLIGHT, ready=ready)

    async def take(self, record: Record) -> None:
        """Work one decision in. Idempotent."""
        event = self._reader.take(record)
        if event is not None:
            await self._work_in(event, record)
        self._progress.done(record.partition, record.offset)

    def _lane(self, record: Record) -> str:
        self._progress.start(record.partition, record.offset)
        return self._reader.lane(record)

    async def _work_in(self, event: Event, record: Record) -> None:
        documents, data, at = self._store.tenant(event.tenant), event.data, event.time
        match data:
            case InteractionCreated() | ContactJoined():
                await _contact(documents, data, at)
            case CustomerIdentified():
                await _identified(documents, data)
            case MessageReceived() | MessageAccepted():
                await _words(documents, data)
            case InteractionOpened():
                await asyncio.gather(
                    change(documents, RECEIPTS, Receipt, data.receipt, lambda it: receipts.opened(it, data)),
                    change(documents, CONVERSATIONS, Conversation, data.conversation, lambda it: timeline.opened_by_us(it, data)),
                )
            case InteractionConnecting() | InteractionActivated():
                if data.conversation is not None:
                    await _change_known(documents, data.conversation, lambda it: timeline.taken_by(it, data.owner))
            case InteractionClosed():
                await asyncio.gather(_closed(documents, data), _remember(documents, event, record))
            case InteractionMerged():
                await _merged(documents, data, at)
            case MessageRedacted():
                await self._redacted(documents, data)
            case VoicemailTaken():
                await _voicemail(documents, event.id, data, at)
            case ContactRepeated():
                await change(documents, RECEIPTS, Receipt, data.receipt, lambda it: receipts.repeated(it, data, at))
            case ContactUndeliverable():
                if (receipt := data.receipt) is not None:
                    await change(documents, RECEIPTS, Receipt, receipt, lambda it: receipts.undeliverable(it, receipt, data, at))
            case _ if type(data) in KINDS:
                await _remember(documents, event, record)
            case _:
                await _delivered(documents, data)

    async def _redacted(self, documents: TenantStore, data: MessageRedacted) -> None:
        """Blobs first: were this to stop half-way, the message still names what is left."""
        former = await read(documents, MESSAGES, StoredMessage, data.message)
        for name in () if former is None else former.blobs:
            if (ref := blob_ref(name)) is not None:
                await self._blobs.delete(ref)
        await change(documents, MESSAGES, StoredMessage, data.message, lambda it: timeline.redacted(it, data.conversation, data.message))
        contact = None if former is None else former.contact
        await _change_known(documents, data.conversation, lambda it: timeline.without_subject(it, contact))


def blob_ref(name: str) -> BlobRef | None:
    """The blob of this name, tenant/contact/sha-256."""
    tenant, _, rest = name.partition("/")
    contact, _, sha256 = rest.rpartition("/")
    return BlobRef(tenant=tenant, contact=contact, sha256=sha256) if tenant and contact and sha256 else None


def waiting_id(contact: ContactId) -> str:
    """The document that keeps what a contact tells of its conversation until that is known."""
    return f"contact:{contact}"


async def _contact(documents: TenantStore, data: InteractionCreated | ContactJoined, at: Instant) -> None:
    contact = data.contact
    conversation = data.conversation or waiting_id(contact.id)
    await asyncio.gather(
        change(documents, RECEIPTS, Receipt, contact.receipt, lambda it: receipts.accepted(it, contact, data.interaction, at)),
        change(documents, CONVERSATIONS, Conversation, conversation, lambda it: timeline.begun_by(it, contact, data.interaction)),
    )


async def _identified(documents: TenantStore, data: CustomerIdentified) -> None:
    waiting = await read(documents, CONVERSATIONS, Conversation, waiting_id(data.contact))
    await change(documents, CONVERSATIONS, Conversation, data.conversation, lambda it: timeline.settled(it, waiting, data.customer.id))
    if waiting is None:
        return
    page = await documents.find(MESSAGES, Find(where=(Where(index="contact", equals=data.contact),), limit=10))
    for found in page.documents:
        await change(
            documents, MESSAGES, StoredMessage, found.id, lambda it: None if it is None else timeline.in_conversation(it, data.conversation)
        )
    await documents.delete(CONVERSATIONS, waiting_id(data.contact))


async def _words(documents: TenantStore, data: MessageReceived | MessageAccepted) -> None:
    message = data.message
    words = change(documents, MESSAGES, StoredMessage, message.id, lambda it: timeline.with_words(it, data))
    if isinstance(data, MessageReceived):
        await words
    else:
        await asyncio.gather(words, _change_known(documents, data.conversation, lambda it: timeline.heard_of(it, message.sent_at)))


async def _delivered(documents: TenantStore, data: Any) -> None:
    delivery = Delivery(state=_STATE_OF[type(data)], at=data.at, recipient=data.recipient, code=data.code, detail=data.detail)
    conversation: ConversationId = data.conversation
    message: MessageId = data.message
    await change(documents, MESSAGES, StoredMessage, message, lambda it: timeline.with_delivery(it, conversation, message, delivery))


async def _closed(documents: TenantStore, data: InteractionClosed) -> None:
    work: list[Awaitable[object]] = [
        change(documents, RECEIPTS, Receipt, id, lambda it, id=id: receipts.closed(it, id, data)) for id in data.receipts
    ]
    if data.conversation is not None:
        work.append(_change_known(documents, data.conversation, lambda it: timeline.ended(it, data)))
    await asyncio.gather(*work)


async def _merged(documents: TenantStore, data: InteractionMerged, at: Instant) -> None:
    """Receipts and conversation go along with the interaction that goes on."""
    mine = (Where(index="interaction", equals=data.interaction),)
    moved = await documents.find(RECEIPTS, Find(where=mine, limit=MERGED_RECEIPTS_MAX))
    for found in moved.documents:
        await change(documents, RECEIPTS, Receipt, found.id, lambda it: None if it is None else receipts.moved(it, data.into, at))
    for conversation in await _conversations_of(documents, data.interaction):
        await _change_known(documents, conversation, lambda it: timeline.merged_into(it, data.interaction, data.into))


async def _voicemail(documents: TenantStore, id: str, data: VoicemailTaken, at: Instant) -> None:
    conversation = next(iter(await _conversations_of(documents, data.interaction)), None)
    message = timeline.voicemail(MessageId(f"voicemail:{id}"), conversation, data.interaction, data.blob, at)
    await change(documents, MESSAGES, StoredMessage, message.message.id, lambda it: it or message)


async def _remember(documents: TenantStore, event: Event, record: Record) -> None:
    """The history line, once: its id is the event's."""
    body = history_body(KINDS[type(event.data)], record, event.id, rfc3339(event.time))
    try:
        await documents.put(HISTORY, event.id, body, expected=ABSENT)
    except VersionConflict:
        return  # delivered again; the line stands


async def _change_known(documents: TenantStore, conversation: str, merge: Callable[[Conversation], Conversation]) -> Conversation | None:
    return await change(documents, CONVERSATIONS, Conversation, conversation, lambda it: None if it is None else merge(it))


async def _conversations_of(documents: TenantStore, interaction: InteractionId) -> list[ConversationId]:
    page = await documents.find(CONVERSATIONS, Find(where=(Where(index="interaction", equals=interaction),), limit=10))
    return [ConversationId(found.id) for found in page.documents if load(Conversation, found.body)]


def _lane_of(event: Event) -> str:
    data = event.data
    return str(getattr(data, "interaction", None) or getattr(data, "conversation", None) or event.subject)
