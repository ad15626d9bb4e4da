"""
What the API answers. A test holds these against the OpenAPI documents: same members, same ones always there.

Instants are aware datetimes in UTC. Members that an installation adds later are passed over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Attributes = Mapping[str, str | int | float | bool]
DeliveryState = Literal["accepted", "sending", "delayed", "sent", "delivered", "read", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Accepted durably. What becomes of it is said by `receipt`; answers of agents come to the conversation."""

    receipt: str
    conversation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyAuthor:
    kind: Literal["agent", "bot", "system"]
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyAttachment:
    """A file of an answer; `Standardiste.file(url)` gives its bytes."""

    id: str
    name: str
    media_type: str
    size_bytes: int
    sha256: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer. Its `id` makes a repeat recognisable."""

    id: str
    conversation: str
    interaction: str
    author: ReplyAuthor
    text: str
    sent_at: datetime
    attachments: tuple[ReplyAttachment, ...]
    is_machine_made: bool
    subject: str | None = None
    language: str | None = None
    in_reply_to: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyPage:
    """`next` is always given: kept and sent again as `after`, it brings what came since."""

    items: tuple[Reply, ...]
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    message: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMessage:
    """
    A message to a person and where it stands. `state`: accepted, refused (`reason` says by which name), or a delivery state, which moves forward only.

    `message` is its id within the conversation, once it is on its way; the answer of the person comes to the same conversation.
    """

    id: str
    state: Literal["accepted", "refused", "sending", "delayed", "sent", "delivered", "read", "failed"]
    receipt: str
    conversation: str
    interaction: str
    updated_at: datetime
    message: str | None = None
    reason: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownWebhook:
    """An endpoint. `secret` is in the answer that made it, and never again."""

    id: str
    url: str
    types: tuple[str, ...]
    description: str
    state: Literal["active", "disabled"]
    because: str
    created_at: datetime
    changed_at: datetime
    sponsor: str | None = None
    secret: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookPage:
    items: tuple[ShownWebhook, ...]
    next: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownTry:
    at: datetime
    status: int | None = None
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownDelivery:
    """What became of one fact: its `cursor` is where a replay may begin."""

    event: str
    type: str
    subject: str
    cursor: str
    state: str
    tries: int
    attempts: tuple[ShownTry, ...]
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryPage:
    items: tuple[ShownDelivery, ...]
    next: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """`queued` facts will be delivered again; `next` is where to go on when there is more."""

    queued: int
    next: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A CloudEvent: what happened, with the cursor of its place. `data` is as docs/events.md says for its type."""

    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: str
    cursor: str
    data: Mapping[str, Any]
    traceparent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FactPage:
    items: tuple[Fact, ...]
    next: str


# ---- what the customers' record answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of a contact, for good. `state`: accepted, closed or undeliverable."""

    id: str
    state: str
    updated_at: datetime
    contact: str | None = None
    interaction: str | None = None
    accepted_at: datetime | None = None
    closed_at: datetime | None = None
    reason: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerAddress:
    family: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Who it is. `version` is what a change must name."""

    id: str
    addresses: tuple[CustomerAddress, ...]
    name: str | None = None
    language: str | None = None
    labels: tuple[str, ...] = ()
    attributes: Attributes = field(default_factory=dict[str, "str | int | float | bool"])
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """A thread with one customer on one channel."""

    id: str
    channel: str
    channel_name: str
    first_at: datetime
    last_at: datetime
    customer: str | None = None
    interaction: str | None = None
    subject: str | None = None
    is_live: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageAuthor:
    kind: Literal["customer", "agent", "bot", "system"]
    id: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageContent:
    text: str = ""
    subject: str | None = None
    language: str | None = None
    is_truncated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of a conversation, in either direction."""

    id: str
    author: MessageAuthor
    audience: Literal["customer", "internal"]
    content: MessageContent
    sent_at: datetime
    channel: str
    conversation: str | None = None
    interaction: str | None = None
    is_machine_made: bool = False
