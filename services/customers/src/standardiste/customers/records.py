"""
The documents of this service, as typed records: customers, conversations, messages, threads, receipts, history. Each carries its format number.

Instants lie in the store as RFC 3339 with milliseconds, which sorts as text; a document is shown over HTTP almost as it lies. Every document is bounded:
a conversation holds facts and its last few agents, each message is a document of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, TypeVar, cast

from standardiste.common.events.base import Instant
from standardiste.common.events.codec import adapter
from standardiste.common.events.model import (
    AgentId,
    Attributes,
    Channel,
    ChannelAddressId,
    Contact,
    ContactId,
    ConversationId,
    CustomerId,
    InteractionId,
    Message,
    ReceiptId,
    Scope,
    SponsorId,
)
from standardiste.common.store.port import Body, Collection, Index

FORMAT: Final = 1
AGENTS_KEPT: Final = 20
"""The last agents of a conversation that are remembered: they may read it with a right over their own work only."""

CUSTOMERS: Final = Collection(
    name="customers",
    indexes=(
        Index(name="key", path="keys", is_unique=True, is_list=True),
        Index(name="external", path="externals", is_unique=True, is_list=True),
        Index(name="updated_at", path="updated_at"),
    ),
    text=("name", "addresses"),
)
CONVERSATIONS: Final = Collection(
    name="customers-conversations",
    indexes=(
        Index(name="customer", path="customer"),
        Index(name="interaction", path="interaction"),
        Index(name="last_at", path="last_at"),
    ),
)
MESSAGES: Final = Collection(
    name="customers-messages",
    indexes=(
        Index(name="place", path="place"),
        Index(name="interaction", path="interaction"),
        Index(name="blob", path="blobs", is_list=True),
    ),
    text=("message.content.text", "message.content.subject"),
)
THREADS: Final = Collection(name="customers-threads")
RECEIPTS: Final = Collection(
    name="customers-receipts",
    indexes=(Index(name="interaction", path="interaction"), Index(name="open", path="open_since")),
)
HISTORY: Final = Collection(name="customers-history", indexes=(Index(name="position", path="position"),))
JOINS: Final = Collection(
    name="customers-joins",
    indexes=(Index(name="into", path="into"), Index(name="gone", path="gone"), Index(name="stage", path="stage")),
)
ERASURES: Final = Collection(
    name="customers-erasures", indexes=(Index(name="subject", path="subjects", is_list=True), Index(name="stage", path="stage"))
)
RETENTIONS: Final = Collection(name="customers-retentions")
SWEEPS: Final = Collection(name="customers-sweeps")
COLLECTIONS: Final = (CUSTOMERS, CONVERSATIONS, MESSAGES, THREADS, RECEIPTS, HISTORY, JOINS, ERASURES, RETENTIONS, SWEEPS)

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """
    A customer of one sponsor. `keys` are the addresses as they are compared (addresses.py), `addresses` the same as people search them.

    `first_contact` is the contact that made the record: to it the customer was new. `external_ids` are his in other systems, by system, `externals` the
    same as they are found. `attributes_at` says when each attribute was set. `blocked_keys` are those of his addresses that are blocked, `is_blocked` means
    all. `origins` names, for addresses that came by a merge, the record they came from: threads and conversations go on under that name. A record that was
    merged away has `merged_into` and no addresses.
    """

    id: CustomerId
    sponsor: SponsorId
    created_at: Instant
    updated_at: Instant
    keys: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    name: str | None = None
    language: str | None = None
    zone: str | None = None
    labels: tuple[str, ...] = ()
    attributes: Attributes = field(default_factory=dict[str, "str | int | float | bool"])
    is_blocked: bool = False
    preferred_agent: AgentId | None = None
    first_contact: ContactId | None = None
    external_ids: Mapping[str, str] = field(default_factory=dict[str, str])
    externals: tuple[str, ...] = ()
    attributes_at: Mapping[str, Instant] = field(default_factory=dict[str, Instant])
    blocked_keys: tuple[str, ...] = ()
    origins: Mapping[str, CustomerId] = field(default_factory=dict[str, CustomerId])
    merged_into: CustomerId | None = None
    format: int = FORMAT


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """
    What is said between a customer and us on one channel, over any number of interactions. `interaction` is the last, begun at `contact_at`; the
    conversation is live as long as that is.

    `home` is the record under which it was begun, where a merge has moved it.

    `linked_to` is a conversation of another customer that its first mail named: not his, but worth a look.

    `set_aside` is its last contact that was closed at once, without its words, should it come again.

    Under the id "interaction:<id>" it waits for its first contact to be identified: who and which conversation are not known yet. `waiting` is that
    contact, without its words.
    """

    channel: Channel
    channel_name: str
    scope: Scope
    first_at: Instant
    last_at: Instant
    contact_at: Instant
    channel_address: ChannelAddressId | None = None
    customer: CustomerId | None = None
    interaction: InteractionId | None = None
    is_live: bool = True
    address: str | None = None
    name: str | None = None
    subject: str | None = None
    subject_from: ContactId | None = None
    agents: tuple[AgentId, ...] = ()
    linked_to: ConversationId | None = None
    purpose: str | None = None
    home: CustomerId | None = None
    set_aside: Contact | None = None
    waiting: Contact | None = None
    format: int = FORMAT


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMessage:
    """
    A message in its conversation's timeline. `place` orders it there and is absent while its words or its conversation are not known; `blobs` names
    every blob it refers to.
    """

    message: Message
    conversation: ConversationId | None = None
    interaction: InteractionId | None = None
    contact: ContactId | None = None
    place: str | None = None
    blobs: tuple[str, ...] = ()
    has_words: bool = True
    format: int = FORMAT


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """Which conversation a mail of this customer belongs to; the document's id is the keyed hash of customer and Message-ID."""

    conversation: ConversationId
    format: int = FORMAT


class ReceiptState(StrEnum):
    ACCEPTED = "accepted"
    UNDELIVERABLE = "undeliverable"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of a contact, for good. No personal data. `open_since` is there until it is closed."""

    id: ReceiptId
    state: ReceiptState
    updated_at: Instant
    contact: ContactId | None = None
    interaction: InteractionId | None = None
    sponsor: SponsorId | None = None
    reason: str | None = None
    accepted_at: Instant | None = None
    open_since: Instant | None = None
    closed_at: Instant | None = None
    repeated_at: Instant | None = None
    format: int = FORMAT


def load(cls: type[T], body: Body) -> T:
    """The record in a document."""
    return cast(T, adapter(cls).validate_python(body))


def dump(record: Any) -> Body:
    """The record as a document's body; what is None is left out."""
    return cast(Body, adapter(cast("type[Any]", type(record))).dump_python(record, mode="json", exclude_none=True))
