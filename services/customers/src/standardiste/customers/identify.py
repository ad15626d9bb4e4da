"""
Who a contact is from and which conversation it belongs to: the decisions, pure. resolver.py reads and writes for them.

Theory. A customer is found by one key (addresses.py); the store's unique index makes two first contacts one customer. A conversation is, in this order:
what the contact brings (chat session, call, keyed hash of the address pair); for mail the conversation of a mail it answers, known by its Message-ID,
then the one that a signed token of ours names, both **only** when it is this customer's, so that nobody can put words into a conversation that is not
theirs; else a new one of a mail's own, linked to the other customer's that it named; on other channels the one that this customer keeps open with this
address of ours. Every id is derived from the contact, so a redelivery decides the same again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace

from standardiste.common.addresses import customer_key, family_of, normal_address
from standardiste.common.attributes import told
from standardiste.common.events.base import Instant
from standardiste.common.events.contact_facts import facts_of_contact
from standardiste.common.events.directory_customers import CustomerAttribute
from standardiste.common.events.inputs import ContactIdentified
from standardiste.common.events.model import Channel, ChannelAddressId, Contact, ConversationId, CustomerId, CustomerSummary
from standardiste.customers.records import Customer, Receipt, ReceiptState

REFERENCES_TRIED = 20
"""How many of a mail's references are looked up, the newest first: a long thread names itself many times over."""


def key_of(contact: Contact, region: str | None) -> str | None:
    """The key under which the contact's customer is found; None when the address says nobody, so that nobody shares a record with a stranger."""
    family = family_of(contact.channel, contact.channel_name)
    address = normal_address(family, contact.address, region)
    return None if address is None else customer_key(contact.scope.sponsor, family, address)


def new_customer(id: CustomerId, contact: Contact, key: str | None, at: Instant) -> Customer:
    """The record that a first contact makes."""
    return Customer(
        id=id,
        sponsor=contact.scope.sponsor,
        created_at=at,
        updated_at=at,
        keys=() if key is None else (key,),
        addresses=() if key is None else (contact.address.strip(),),
        name=contact.name,
        language=contact.language,
        first_contact=contact.id,
    )


def named(customer: Customer, contact: Contact, at: Instant) -> Customer | None:
    """The record with the name that this contact brings, when it had none; None when nothing changes. A name once known is changed by people only."""
    if customer.name is not None or not contact.name:
        return None
    return replace(customer, name=contact.name, updated_at=at)


def conversation_brought(contact: Contact, customer: CustomerId) -> ConversationId | None:
    """The conversation that needs no look-up; None for a mail, whose thread decides."""
    if contact.conversation is not None:
        return contact.conversation
    if contact.channel is Channel.EMAIL and contact.thread is not None:
        return None
    if contact.channel in (Channel.VOICE, Channel.CALLBACK, Channel.CHAT, Channel.EMAIL):
        return own_conversation(contact)  # a session is over when it is over
    return lasting_conversation(customer, contact.channel_address)


def lasting_conversation(customer: CustomerId, channel_address: ChannelAddressId) -> ConversationId:
    """The one that a customer keeps open with an address of ours."""
    return ConversationId(f"cv_{_hash(customer, channel_address)}")


def own_conversation(contact: Contact) -> ConversationId:
    """A new conversation that begins with this contact; the router calls it the same until it is told."""
    return ConversationId(f"cv_{contact.receipt.partition('_')[2] or contact.receipt}")


def message_ids(contact: Contact) -> Iterator[str]:
    """The mails whose conversation this one may belong to, the likeliest first: itself (come again), what it answers, what it refers to."""
    thread = contact.thread
    if thread is None:
        return
    seen: set[str] = set()
    newest_first = reversed(thread.references[-REFERENCES_TRIED:])
    for id in (thread.message_id, thread.in_reply_to, *newest_first):
        if id and id not in seen:
            seen.add(id)
            yield id


def ids_of_thread(contact: Contact) -> Iterator[str]:
    """The mails that are known to be of this one's conversation from now on: itself, what it answers, and the root, which we may never have had."""
    thread = contact.thread
    if thread is None:
        return
    for id in dict.fromkeys((thread.message_id, thread.in_reply_to, *thread.references[:1])):
        if id and (id == thread.message_id or our_message(id, contact) is None):
            yield id


def our_message(message_id: str, contact: Contact) -> str | None:
    """The id of the message of ours whose Message-ID this is (`<message>@<domain of our address>`); None when it is not ours."""
    local, _, domain = message_id.rpartition("@")
    return local if local and domain.lower() == contact.our_address.rpartition("@")[2].lower() else None


def thread_id(customer: CustomerId, message_id: str) -> str:
    """The id of the document that says where a mail of this customer belongs. Hashed: a Message-ID may be long and say who wrote."""
    return _hash(customer, message_id)


def identity_of(customer: Customer, key: str | None) -> CustomerId:
    """The name under which an address's threads and conversations are kept: the record's own, or that of the record it was merged from."""
    return customer.id if key is None else customer.origins.get(key, customer.id)


def summary_of(customer: Customer, key: str | None, declared: Iterable[CustomerAttribute]) -> CustomerSummary:
    """What the router's rules and a desk's first glance are told of a customer who came by this address."""
    return CustomerSummary(
        id=customer.id,
        name=customer.name,
        language=customer.language,
        zone=customer.zone,
        is_known=True,
        is_blocked=customer.is_blocked or (key is not None and key in customer.blocked_keys),
        labels=customer.labels,
        attributes=told(declared, customer.attributes),
        preferred_agent=customer.preferred_agent,
    )


def identified(
    contact: Contact,
    customer: Customer,
    summary: CustomerSummary,
    conversation: ConversationId,
    receipt: Receipt | None,
    linked_to: ConversationId | None = None,
) -> ContactIdentified:
    """What the router is told. One whose receipt is closed was handled for good: a repeat, if it has come again."""
    return ContactIdentified(
        contact=contact.id,
        receipt=contact.receipt,
        conversation=conversation,
        customer=replace(summary, name=summary.name or contact.name, is_known=customer.first_contact != contact.id),
        is_repeat=receipt is not None and receipt.state is ReceiptState.CLOSED,
        facts=facts_of_contact(contact),
        linked_to=linked_to,
    )


def _hash(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "replace")).hexdigest()[:32]
