"""
How every ingest service hands something in: bodies and attachments to blobs, then one durable record on `inputs`.

The receipt is a keyed hash of our address and the provider's id, so the same thing handed in twice is answered the same from no memory, and the
router changes nothing the second time. Nothing is acknowledged before `accept` returns.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Protocol

from standardiste.common.blobs.port import BODY_BYTES_INLINE_MAX, BlobRef, Blobs
from standardiste.common.bus.port import Bus
from standardiste.common.bus.topics import Topic
from standardiste.common.channel_health.arrivals import Arrivals
from standardiste.common.clock import Clock
from standardiste.common.errors import BadInput
from standardiste.common.events.base import Data, Event, Instant
from standardiste.common.events.codec import encode
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.events.inputs import ContactReceived
from standardiste.common.events.model import (
    Assurance,
    Attachment,
    AttachmentState,
    Attributes,
    BlobName,
    CloseReason,
    Contact,
    ContactId,
    Content,
    ConversationId,
    Direction,
    QueueId,
    ReceiptId,
    Scope,
    Thread,
)
from standardiste.common.ids import keyed_id
from standardiste.common.scanning.screen import Screen
from standardiste.common.tracing import current_traceparent, new_traceparent

ATTACHMENTS_MAX = 50
PROVIDER_ID_CHARACTERS_MAX = 512


class TenantKeys(Protocol):
    """Keys derived per tenant and purpose (security.keys.Keys)."""

    def tenant(self, tenant: str, purpose: str) -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentDraft:
    name: str
    media_type: str
    content: bytes
    content_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactDraft:
    """What an edge knows of a contact. `provider_id` is the provider's own id, `received_at` its instant (None: now). `raw` is kept whole beside."""

    tenant: str
    channel_address: ChannelAddress
    scope: Scope
    address: str
    provider_id: str
    text: str
    new_text: str | None = None
    subject: str | None = None
    html: str | None = None
    raw: bytes | None = None
    attachments: tuple[AttachmentDraft, ...] = ()
    received_at: Instant | None = None
    direction: Direction = Direction.INBOUND
    name: str | None = None
    conversation: ConversationId | None = None
    thread: Thread | None = None
    language: str | None = None
    assurance: Assurance = Assurance.ASSERTED
    attributes: Attributes = field(default_factory=dict[str, "str | int | float | bool"])
    queue: QueueId | None = None
    priority: int | None = None
    is_machine_made: bool = False
    is_live: bool = False
    is_test: bool = False
    close_as: CloseReason | None = None


def contact_of(receipt: ReceiptId) -> ContactId:
    """The contact that this receipt is for: one hash names both."""
    return ContactId("c" + receipt[1:])


class Intake:
    """Accepts contacts and reports of one ingest service."""

    def __init__(self, *, bus: Bus, blobs: Blobs, keys: TenantKeys, clock: Clock, source: str, screen: Screen | None = None) -> None:
        """`screen` looks attachments through as they come, where the tenant asks; without one they stay `unscanned` until they are served."""
        self._screen = screen
        self._bus, self._blobs, self._keys, self._clock, self._source = bus, blobs, keys, clock, source
        self.arrivals = Arrivals()

    def receipt_of(self, tenant: str, channel_address: str, provider_id: str) -> ReceiptId:
        """The receipt that this contact has or would have."""
        return ReceiptId(keyed_id(self._keys.tenant(tenant, "receipt"), "r", channel_address, provider_id))

    async def accept(self, draft: ContactDraft) -> ReceiptId:
        """
        Hand a contact in; durable on return. The same provider id gives the same receipt.

        Raises BadInput (an id too long, too many attachments, an address that no index holds), BlobsAway, BusAway: the edge answers so that the sender tries again.
        """
        if not draft.provider_id or len(draft.provider_id) > PROVIDER_ID_CHARACTERS_MAX:
            raise BadInput("invalid_field", f"the id must have 1 to {PROVIDER_ID_CHARACTERS_MAX} characters", "/id")
        if len(draft.attachments) > ATTACHMENTS_MAX:
            raise BadInput("too_many_attachments", f"at most {ATTACHMENTS_MAX}", "/attachments")
        if "\0" in draft.address:
            raise BadInput("invalid_field", "an address holds no zero character", "/from/address")
        receipt = self.receipt_of(draft.tenant, draft.channel_address.id, draft.provider_id)
        contact = contact_of(receipt)
        received_at = draft.received_at if draft.received_at is not None else self._clock.now()
        address = draft.channel_address
        data = ContactReceived(
            contact=Contact(
                id=contact,
                receipt=receipt,
                channel=address.channel,
                channel_name=address.channel_name or address.channel.value,
                channel_address=address.id,
                our_address=address.address,
                address=draft.address,
                scope=draft.scope,
                received_at=received_at,
                content=await self._content(draft, contact),
                direction=draft.direction,
                name=draft.name,
                conversation=draft.conversation,
                thread=draft.thread,
                language=draft.language or address.language,
                assurance=draft.assurance,
                attributes=draft.attributes,
                queue=draft.queue if draft.queue is not None else address.queue,
                priority=draft.priority,
                is_machine_made=draft.is_machine_made,
                is_live=draft.is_live,
                is_test=draft.is_test,
                close_as=draft.close_as,
            )
        )
        await self._publish(draft.tenant, draft.conversation or contact, data, id=draft.provider_id, time=received_at)
        self.arrivals.note(draft.tenant, address.id, self._clock.now())
        return receipt

    async def report(
        self, tenant: str, subject: str, data: Data, *, id: str, time: Instant | None = None, traceparent: str | None = None
    ) -> None:
        """Publish any other input fact (ContactLeft, MediaConnected, DeliveryReported …); durable on return. `id` makes it idempotent."""
        await self._publish(tenant, subject, data, id=id, time=time if time is not None else self._clock.now(), traceparent=traceparent)

    async def _publish(self, tenant: str, subject: str, data: Data, *, id: str, time: Instant, traceparent: str | None = None) -> None:
        event = Event(
            id=id,
            source=self._source,
            subject=subject,
            tenant=tenant,
            time=time,
            data=data,
            traceparent=traceparent or current_traceparent() or new_traceparent(),
        )
        await self._bus.publish(encode(event, Topic.INPUTS))

    def now(self) -> Instant:
        return self._clock.now()

    async def content_of(self, draft: ContactDraft, contact: ContactId) -> Content:
        """The content of something that is told otherwise than as a contact, its files and long bodies kept under this id."""
        return await self._content(draft, contact)

    async def keep(self, tenant: str, contact: ContactId, content: bytes) -> BlobName:
        """A blob of this contact, durable on return, for what is reported otherwise than as a contact. Raises BlobsAway."""
        return await self._keep(tenant, contact, content)

    async def _content(self, draft: ContactDraft, contact: ContactId) -> Content:
        attachments = [await self._attachment(draft.tenant, contact, number, each) for number, each in enumerate(draft.attachments, 1)]
        text, body_blob = await self._body(draft.tenant, contact, draft.text)
        new_text = None if draft.new_text is None or body_blob is not None else draft.new_text
        return Content(
            text=text,
            new_text=new_text,
            subject=draft.subject,
            language=draft.language,
            html_blob=None if draft.html is None else await self._keep(draft.tenant, contact, draft.html.encode()),
            body_blob=body_blob,
            raw_blob=None if draft.raw is None else await self._keep(draft.tenant, contact, draft.raw),
            is_truncated=body_blob is not None,
            attachments=tuple(attachments),
        )

    async def _body(self, tenant: str, contact: ContactId, text: str) -> tuple[str, BlobName | None]:
        """The text as it rides along, and where the whole is when that is too long."""
        encoded = text.encode("utf-8", "replace")
        if len(encoded) <= BODY_BYTES_INLINE_MAX:
            return text, None
        return encoded[:BODY_BYTES_INLINE_MAX].decode("utf-8", "ignore"), await self._keep(tenant, contact, encoded)

    async def _attachment(self, tenant: str, contact: ContactId, number: int, draft: AttachmentDraft) -> Attachment:
        return Attachment(
            id=f"{contact}-a{number}",
            name=draft.name[:255],
            media_type=draft.media_type,
            size_bytes=len(draft.content),
            blob=await self._keep(tenant, contact, draft.content),
            sha256=hashlib.sha256(draft.content).hexdigest(),
            state=AttachmentState.UNSCANNED if self._screen is None else await self._screen.state_on_arrival(tenant, draft.content),
            content_id=draft.content_id,
        )

    async def _keep(self, tenant: str, contact: ContactId, content: bytes) -> BlobName:
        ref: BlobRef = await self._blobs.put(tenant, contact, content)
        return BlobName(ref.name)
