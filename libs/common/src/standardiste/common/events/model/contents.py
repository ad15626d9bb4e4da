"""What people say and where it came from: words, files, messages, contacts, and the customer as a glance shows him."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from standardiste.common.events.base import Instant, quick
from standardiste.common.events.model.ids import (
    AgentId,
    Assurance,
    AttachmentState,
    Attributes,
    Audience,
    AuthorKind,
    BlobName,
    CampaignId,
    Channel,
    ChannelAddressId,
    CloseReason,
    ContactId,
    ConversationId,
    CustomerId,
    DeliveryState,
    Direction,
    MessageId,
    QueueId,
    ReceiptId,
    SiteId,
    SponsorId,
)

# ---- people's words and what is attached to them


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file of a message. Its bytes are the blob; `sha256` lets a reader check them. `content_id` is set for images shown inside the HTML."""

    id: str
    name: str
    media_type: str
    size_bytes: int
    blob: BlobName
    sha256: str
    state: AttachmentState = AttachmentState.UNSCANNED
    content_id: str | None = None


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """
    What was said. `text` is always there, possibly empty, at most 64 KiB; `new_text` is what of it is new (quotes and signature apart), None when all is.
    A longer body is whole in `body_blob` and `text` holds its beginning (`is_truncated`). `html_blob` is the sender's HTML, sanitised. `template` names one
    that the channel's provider has approved (WhatsApp), with its values by name; `text` is then what the customer reads.
    """

    text: str = ""
    new_text: str | None = None
    subject: str | None = None
    language: str | None = None
    html_blob: BlobName | None = None
    body_blob: BlobName | None = None
    raw_blob: BlobName | None = None
    is_truncated: bool = False
    attachments: tuple[Attachment, ...] = ()
    template: str | None = None
    template_values: Mapping[str, str] | None = None


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    kind: AuthorKind
    id: str = ""
    name: str = ""

    @property
    def agent(self) -> AgentId | None:
        """The agent who wrote it, be it a bot; None where a customer or the system did."""
        return AgentId(self.id) if self.id and self.kind in (AuthorKind.AGENT, AuthorKind.BOT) else None


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Where a message stands with one recipient. `recipient` is "" when there is one only. `detail` is the provider's word in plain language."""

    state: DeliveryState
    at: Instant
    recipient: str = ""
    code: str | None = None
    detail: str | None = None


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of a conversation, in either direction."""

    id: MessageId
    author: Author
    audience: Audience
    content: Content
    sent_at: Instant
    channel: Channel
    is_machine_made: bool = False
    deliveries: tuple[Delivery, ...] = ()
    is_redacted: bool = False


# ---- contacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """
    An e-mail's place among others: RFC 5322 ids without angle brackets, and the addresses it went to. `conversation` is what a token of ours in the
    reply address or subject names, its signature checked: believed only of a sender who belongs to that conversation.
    """

    message_id: str
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    reply_to: str | None = None
    conversation: ConversationId | None = None


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Whose the work is. Each has the tenant's default, so a small site never sees them."""

    sponsor: SponsorId
    campaign: CampaignId
    site: SiteId


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """
    One thing a customer did that wants an answer. `id` is the provider's own (MessageSid, CallSid, Message-ID with a hash, the integrator's key).

    `address` is the customer's, normalised for its channel (lower-case mail address, E.164, visitor id); `our_address` is the one of ours that was
    used and `channel_address` its id in the directory. `conversation` is set where the channel brings one (chat session, CallSid, keyed hash of
    the address pair); else `customers` gives it. `wants_reply_on` names another address when the customer asked for it. With `close_as` (spam, list, flood)
    it is closed at arrival for that reason, offered to nobody.
    """

    id: ContactId
    receipt: ReceiptId
    channel: Channel
    channel_name: str
    channel_address: ChannelAddressId
    our_address: str
    address: str
    scope: Scope
    received_at: Instant
    content: Content
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


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerSummary:
    """What the router's rules and a desk's first glance need of a customer. Never in router-state."""

    id: CustomerId
    name: str | None = None
    language: str | None = None
    zone: str | None = None
    is_known: bool = False
    is_blocked: bool = False
    labels: tuple[str, ...] = ()
    attributes: Attributes = field(default_factory=dict[str, "str | int | float | bool"])
    preferred_agent: AgentId | None = None
