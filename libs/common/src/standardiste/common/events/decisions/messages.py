"""Messages: what was said, and how far an answer came."""

from __future__ import annotations

from dataclasses import dataclass

from standardiste.common.events.base import Instant
from standardiste.common.events.decisions.deciding import decision
from standardiste.common.events.model import (
    AgentId,
    ContactId,
    ConversationId,
    InteractionId,
    Message,
    MessageId,
)


@decision("message.received")
@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReceived:
    """The customer's words, for desks and the timeline."""

    interaction: InteractionId
    conversation: ConversationId | None = None
    contact: ContactId
    message: Message


@decision("message.accepted")
@dataclass(frozen=True, slots=True, kw_only=True)
class MessageAccepted:
    """An agent's message was accepted for sending (or a note was kept); outbound carries it on."""

    interaction: InteractionId
    conversation: ConversationId
    message: Message


@decision("message.sent")
@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSent:
    """Handed to the provider. `segments`: how many parts a text took."""

    conversation: ConversationId
    interaction: InteractionId | None = None
    message: MessageId
    at: Instant
    recipient: str = ""
    code: str | None = None
    detail: str | None = None
    segments: int | None = None


@decision("message.delivered")
@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDelivered:
    """It reached the customer's device or mailbox."""

    conversation: ConversationId
    interaction: InteractionId | None = None
    message: MessageId
    at: Instant
    recipient: str = ""
    code: str | None = None
    detail: str | None = None


@decision("message.read")
@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRead:
    """The customer has seen it."""

    conversation: ConversationId
    interaction: InteractionId | None = None
    message: MessageId
    at: Instant
    recipient: str = ""
    code: str | None = None
    detail: str | None = None


@decision("message.delayed")
@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDelayed:
    """Not sent yet; being tried."""

    conversation: ConversationId
    interaction: InteractionId | None = None
    message: MessageId
    at: Instant
    recipient: str = ""
    code: str | None = None
    detail: str | None = None


@decision("message.failed")
@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFailed:
    """Given up, with the reason in plain words."""

    conversation: ConversationId
    interaction: InteractionId | None = None
    message: MessageId
    at: Instant
    recipient: str = ""
    code: str | None = None
    detail: str | None = None


@decision("message.redacted")
@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRedacted:
    """Its words are gone for good."""

    conversation: ConversationId
    message: MessageId
    by: AgentId | None = None
    reason: str
