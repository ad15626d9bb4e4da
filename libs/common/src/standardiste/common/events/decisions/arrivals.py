"""A contact arrives, or an agent asks to begin; who the customer is, and whether he is there."""

from __future__ import annotations

from dataclasses import dataclass, field

from standardiste.common.events.base import Instant
from standardiste.common.events.decisions.deciding import decision
from standardiste.common.events.model import (
    AgentId,
    Attributes,
    Channel,
    ChannelAddressId,
    CommandId,
    Contact,
    ContactId,
    ConversationId,
    CustomerId,
    CustomerSummary,
    InteractionId,
    LeftBecause,
    ReceiptId,
    Requirement,
    Scope,
    SessionId,
)


@decision("interaction.created", is_on_websocket=False)
@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionCreated:
    """A contact opened an interaction (state identifying). The contact rides along, body and addresses included: here is where `ingest-*` and `customers` learn it."""

    interaction: InteractionId
    contact: Contact
    conversation: ConversationId | None = None
    enqueued_at: Instant
    change_set: int
    identify_by: Instant
    linked_to: InteractionId | None = None


@decision("interaction.opened")
@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionOpened:
    """An agent or the API opened it: outbound, owned from the start."""

    interaction: InteractionId
    version: int
    receipt: ReceiptId
    owner: AgentId | None = None
    channel: Channel
    channel_address: ChannelAddressId
    conversation: ConversationId
    customer: CustomerId | None = None
    scope: Scope
    requirement: Requirement
    opened_at: Instant
    change_set: int
    command: CommandId
    address_hash: str = ""
    purpose: str = "service"
    attributes: Attributes = field(default_factory=dict[str, "str | int | float | bool"])


@decision("opening.asked", is_on_websocket=False)
@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningAsked:
    """
    An `interaction.open` that rights and capacity allow: it waits for opening.examined until `until`, then it is refused. The command itself is not kept.
    """

    command: CommandId
    agent: AgentId | None = None
    session: SessionId | None = None
    api_key: str | None = None
    until: Instant


@decision("contact.joined", is_on_websocket=False)
@dataclass(frozen=True, slots=True, kw_only=True)
class ContactJoined:
    """A further contact of a conversation that has a live interaction."""

    interaction: InteractionId
    contact: Contact
    conversation: ConversationId | None = None


@decision("contact.repeated", is_on_websocket=False)
@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRepeated:
    """The same contact again; nothing changed."""

    interaction: InteractionId | None = None
    contact: ContactId
    receipt: ReceiptId


@decision("customer.identified")
@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerIdentified:
    """
    Who the customer is, and the conversation. The desk learns it here; the state keeps the ids. `linked_to` is a conversation of somebody else that the
    contact named and does not belong to.
    """

    interaction: InteractionId
    version: int
    contact: ContactId
    conversation: ConversationId
    customer: CustomerSummary
    linked_to: ConversationId | None = None


@decision("customer.away")
@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerAway:
    """A chat customer's last socket is gone; he may return."""

    interaction: InteractionId
    version: int
    since: Instant


@decision("customer.returned")
@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerReturned:
    """He is back."""

    interaction: InteractionId
    version: int


@decision("customer.left")
@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerLeft:
    """The customer of an owned live interaction has left; the owner may wrap up."""

    interaction: InteractionId
    version: int
    because: LeftBecause


@decision("customer.typing")
@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerTyping:
    """The customer is writing."""

    interaction: InteractionId
