"""The values that events share: ids, channels, people's words, contacts, messages, requirements, what a desk shows. Frozen, standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, NewType, TypeAlias

from standardiste.common.events.base import Instant, quick

TenantId = NewType("TenantId", str)
SponsorId = NewType("SponsorId", str)
CampaignId = NewType("CampaignId", str)
SiteId = NewType("SiteId", str)
TeamId = NewType("TeamId", str)
AgentId = NewType("AgentId", str)
"""A person who takes work, or a bot: the id of the person in the directory."""
ProfileId = NewType("ProfileId", str)
QueueId = NewType("QueueId", str)
SkillId = NewType("SkillId", str)
StatusId = NewType("StatusId", str)
DispositionId = NewType("DispositionId", str)
ChannelAddressId = NewType("ChannelAddressId", str)
CustomerId = NewType("CustomerId", str)
ConversationId = NewType("ConversationId", str)
ContactId = NewType("ContactId", str)
ReceiptId = NewType("ReceiptId", str)
InteractionId = NewType("InteractionId", str)
OfferId = NewType("OfferId", str)
MessageId = NewType("MessageId", str)
SessionId = NewType("SessionId", str)
CommandId = NewType("CommandId", str)
BlobName = NewType("BlobName", str)
"""tenant/contact/sha-256"""

Words: TypeAlias = Mapping[str, str]
"""What a tenant writes, by language tag, e.g. {"fr": "Facturation", "en": "Billing"}; readers fall back to the tenant's language, then to any."""
Attributes: TypeAlias = Mapping[str, str | int | float | bool]


class Channel(StrEnum):
    """What the router knows of a channel; an integrator's own (letter, fax, kiosk) is `other` with a `channel_name`."""

    VOICE = "voice"
    CALLBACK = "callback"
    CHAT = "chat"
    SMS = "sms"
    SOCIAL = "social"
    EMAIL = "email"
    OTHER = "other"


class Direction(StrEnum):
    INBOUND = "inbound"
    OUTBOUND = "outbound"


class Audience(StrEnum):
    CUSTOMER = "customer"
    INTERNAL = "internal"


class AuthorKind(StrEnum):
    CUSTOMER = "customer"
    AGENT = "agent"
    BOT = "bot"
    SYSTEM = "system"


class DeliveryState(StrEnum):
    """Moves forward only, in this order; `failed` is final from any."""

    ACCEPTED = "accepted"
    SENDING = "sending"
    DELAYED = "delayed"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"


class AttachmentState(StrEnum):
    UNSCANNED = "unscanned"
    CLEAN = "clean"
    REFUSED = "refused"


class Assurance(StrEnum):
    """How sure we are that the customer is who the address says."""

    ASSERTED = "asserted"
    AUTHENTICATED = "authenticated"
    SIGNED_VISITOR = "signed_visitor"
    VERIFIED = "verified"


class InteractionState(StrEnum):
    IDENTIFYING = "identifying"
    QUEUED = "queued"
    OFFERED = "offered"
    CONNECTING = "connecting"
    ACTIVE = "active"
    HELD = "held"
    PARKED = "parked"
    WRAPPING = "wrapping"
    CLOSED = "closed"


class AgentState(StrEnum):
    """What the system sees; the status is what the person chose."""

    OFFLINE = "offline"
    NOT_READY = "not_ready"
    READY = "ready"
    OFFERED = "offered"
    BUSY = "busy"
    WRAPPING = "wrapping"
    RESTING = "resting"


class OfferEnd(StrEnum):
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    MEDIA_FAILED = "media_failed"


class Withdrawal(StrEnum):
    CUSTOMER_LEFT = "customer_left"
    AGENT_LOST = "agent_lost"
    AGENT_UNAVAILABLE = "agent_unavailable"
    SUPERSEDED = "superseded"
    CONFIGURATION = "configuration"
    SUPERVISOR = "supervisor"


class QueuedBecause(StrEnum):
    """Why an interaction is (again) waiting. Its age is kept in every case."""

    ARRIVED = "arrived"
    IDENTIFIED = "identified"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    MEDIA_FAILED = "media_failed"
    AGENT_LOST = "agent_lost"
    TRANSFERRED = "transferred"
    UNPARKED = "unparked"
    REQUEUED = "requeued"
    OVERFLOWED = "overflowed"
    QUEUE_REMOVED = "queue_removed"
    RESTORED = "restored"
    CALLBACK = "callback"


class CloseReason(StrEnum):
    """What became of an interaction, for good."""

    HANDLED = "handled"
    ABANDONED = "abandoned"
    SHORT_ABANDONED = "short_abandoned"
    CUSTOMER_AWAY = "customer_away"
    MERGED = "merged"
    REPEAT = "repeat"
    BLOCKED = "blocked"
    SPAM = "spam"
    LIST = "list"
    FLOOD = "flood"
    OVERFLOWED = "overflowed"
    VOICEMAIL = "voicemail"
    CALLBACK_TAKEN = "callback_taken"
    TRANSFERRED_OUTSIDE = "transferred_outside"
    FAILED = "failed"
    CLOSED_BY_SUPERVISOR = "closed_by_supervisor"
    CLOSED_BY_API = "closed_by_api"


class LeftBecause(StrEnum):
    HUNG_UP = "hung_up"
    SAID_GOODBYE = "said_goodbye"
    GONE = "gone"
    FAILED = "failed"


class WrapUpMode(StrEnum):
    NONE = "none"
    OPTIONAL = "optional"
    TIMED = "timed"
    MANDATORY = "mandatory"


class RankingName(StrEnum):
    LONGEST_IDLE = "longest_idle"
    MOST_PROFICIENT = "most_proficient"
    LEAST_LOADED = "least_loaded"
    FEWEST_SKILLS = "fewest_skills"
    ROUND_ROBIN = "round_robin"


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


# ---- requirements and reasons


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillNeed:
    """A skill at a level, 1–5."""

    skill: SkillId
    level: int = 1


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """What an interaction needs: who may take it and how urgent it is. `due_at` = enqueued_at + the queue's target."""

    queue: QueueId
    skills: tuple[SkillNeed, ...] = ()
    priority: int = 0
    due_at: Instant = Instant(0)
    strict_class: int = 5
    preferred_agent: AgentId | None = None
    labels: tuple[str, ...] = ()


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class FilterCount:
    """How many agents (or interactions) one filter left out, and up to 20 of their ids."""

    filter: str
    count: int
    ids: tuple[str, ...] = ()


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Why a decision came out as it did: considered, left out by which filter, the ranking key that won, the tie-break."""

    considered: int = 0
    left_out: tuple[FilterCount, ...] = ()
    passed_over: tuple[FilterCount, ...] = ()
    ranking: str = ""
    key: tuple[str, ...] = ()
    tie_break: str = ""
    rule: str = ""
    rules_failed: tuple[str, ...] = ()
    change_set: int = 0


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One stretch of an interaction's life: in one state, with one queue and one owner, and what began it."""

    state: InteractionState
    began_at: Instant
    ended_at: Instant
    cause: str = ""
    queue: QueueId | None = None
    agent: AgentId | None = None
    team: TeamId | None = None


# ---- targets of a transfer or consult


@dataclass(frozen=True, slots=True, kw_only=True)
class ToQueue:
    queue: QueueId
    kind: Literal["queue"] = "queue"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToAgent:
    agent: AgentId
    will_wait: bool = False
    kind: Literal["agent"] = "agent"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToOutside:
    """A number or address outside; it rides in the command and the outbound record only."""

    address: str
    kind: Literal["outside"] = "outside"


Target: TypeAlias = ToQueue | ToAgent | ToOutside


# ---- what a desk shows


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """Capacity: units in use of units in all, and pieces of work by channel against the channel's cap."""

    used_units: int
    total_units: int
    by_channel: Mapping[str, int] = field(default_factory=dict[str, int])
    caps: Mapping[str, int] = field(default_factory=dict[str, int])


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class AgentView:
    """An agent as a desk shows it. `version` counts lifecycle steps."""

    id: AgentId
    version: int
    state: AgentState
    since: Instant
    status: StatusId
    next_status: StatusId | None = None
    session: SessionId | None = None
    seat: Seat
    missed_in_a_row: int = 0
    rest_until: Instant | None = None


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class OfferView:
    """An open offer as a desk shows it."""

    id: OfferId
    interaction: InteractionId
    agent: AgentId
    offered_at: Instant
    expires_at: Instant
    is_auto_accept: bool = False
    is_interrupting: bool = False
    is_transfer: bool = False
    is_consult: bool = False


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionView:
    """An interaction as a desk shows it: facts and ids; the customer's words come with messages, his record from `customers`."""

    id: InteractionId
    version: int
    state: InteractionState
    since: Instant
    channel: Channel
    channel_name: str
    direction: Direction
    scope: Scope
    conversation: ConversationId | None = None
    customer: CustomerId | None = None
    contact: ContactId
    receipt: ReceiptId
    requirement: Requirement
    enqueued_at: Instant
    owner: AgentId | None = None
    is_customer_away: bool = False
    wrap_up_ends_at: Instant | None = None
    wrap_up_mode: WrapUpMode = WrapUpMode.NONE
    language: str | None = None
    change_set: int = 0
