"""Ids, and the closed sets: channels, states, reasons. What a record names another by, and every word it may choose from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NewType, TypeAlias

from standardiste.common.events.base import Word

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


class Channel(Word):
    """What the router knows of a channel; an integrator's own (letter, fax, kiosk) is `other` with a `channel_name`."""

    VOICE = "voice"
    CALLBACK = "callback"
    CHAT = "chat"
    SMS = "sms"
    SOCIAL = "social"
    EMAIL = "email"
    OTHER = "other"


class Direction(Word):
    INBOUND = "inbound"
    OUTBOUND = "outbound"


class Audience(Word):
    CUSTOMER = "customer"
    INTERNAL = "internal"


class AuthorKind(Word):
    CUSTOMER = "customer"
    AGENT = "agent"
    BOT = "bot"
    SYSTEM = "system"


class DeliveryState(Word):
    """Moves forward only, in this order; `failed` is final from any."""

    ACCEPTED = "accepted"
    SENDING = "sending"
    DELAYED = "delayed"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"


class AttachmentState(Word):
    UNSCANNED = "unscanned"
    CLEAN = "clean"
    REFUSED = "refused"


class Assurance(Word):
    """How sure we are that the customer is who the address says."""

    ASSERTED = "asserted"
    AUTHENTICATED = "authenticated"
    SIGNED_VISITOR = "signed_visitor"
    VERIFIED = "verified"


class InteractionState(Word):
    IDENTIFYING = "identifying"
    QUEUED = "queued"
    OFFERED = "offered"
    CONNECTING = "connecting"
    ACTIVE = "active"
    HELD = "held"
    PARKED = "parked"
    WRAPPING = "wrapping"
    CLOSED = "closed"


class AgentState(Word):
    """What the system sees; the status is what the person chose."""

    OFFLINE = "offline"
    NOT_READY = "not_ready"
    READY = "ready"
    OFFERED = "offered"
    BUSY = "busy"
    WRAPPING = "wrapping"
    RESTING = "resting"


class OfferEnd(Word):
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    MEDIA_FAILED = "media_failed"


class Withdrawal(Word):
    CUSTOMER_LEFT = "customer_left"
    AGENT_LOST = "agent_lost"
    AGENT_UNAVAILABLE = "agent_unavailable"
    SUPERSEDED = "superseded"
    CONFIGURATION = "configuration"
    SUPERVISOR = "supervisor"


class QueuedBecause(Word):
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


class CallOrder(Word):
    """What may be asked of a call besides setting it up, and refused by whoever carries it."""

    RECORD = "record"
    PAUSE_RECORDING = "pause_recording"
    SUPERVISE = "supervise"
    DIGITS = "digits"
    CONFERENCE = "conference"


class CloseReason(Word):
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


class LeftBecause(Word):
    HUNG_UP = "hung_up"
    SAID_GOODBYE = "said_goodbye"
    GONE = "gone"
    FAILED = "failed"


class WrapUpMode(Word):
    NONE = "none"
    OPTIONAL = "optional"
    TIMED = "timed"
    MANDATORY = "mandatory"
