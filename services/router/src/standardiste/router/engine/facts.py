"""What a routing rule may ask about: the facts of a contact, its customer and our address, as plain values. docs/guides has the list for administrators."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Final

from standardiste.common.events.contact_facts import ContactFacts
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.events.model import CustomerSummary

ROOTS: Final = frozenset({"contact", "customer", "address"})


def facts_of(
    contact: ContactFacts, address: ChannelAddress | None, customer: CustomerSummary | None = None, asked: Set[str] = ROOTS
) -> Mapping[str, object]:
    """The facts that rules see, as far as any rule asks for them. At arrival the customer is an unknown one."""
    facts: dict[str, object] = {}
    if "contact" in asked:
        facts["contact"] = _contact_facts(contact)
    if "customer" in asked:
        facts["customer"] = customer_facts(customer)
    if "address" in asked:
        facts["address"] = _address_facts(contact, address)
    return facts


def _contact_facts(contact: ContactFacts) -> Mapping[str, object]:
    return {
        "channel": contact.channel.value,
        "channel_name": contact.channel_name,
        "address": contact.address,
        "our_address": contact.our_address,
        "subject": contact.subject,
        "text": contact.text,
        "language": contact.language,
        "name": contact.name,
        "attributes": dict(contact.attributes),
        "sponsor": contact.scope.sponsor,
        "campaign": contact.scope.campaign,
        "site": contact.scope.site,
        "queue": contact.queue or "",
        "priority": contact.priority or 0,
        "assurance": contact.assurance.value,
        "is_machine_made": contact.is_machine_made,
        "is_live": contact.is_live,
        "has_attachments": contact.has_attachments,
    }


def _address_facts(contact: ContactFacts, address: ChannelAddress | None) -> Mapping[str, object]:
    return {
        "id": contact.channel_address,
        "channel": contact.channel.value,
        "address": contact.our_address,
        "language": (address.language if address else None) or "",
        "sponsor": (address.sponsor if address else None) or contact.scope.sponsor,
        "campaign": (address.campaign if address else None) or contact.scope.campaign,
        "site": (address.site if address else None) or contact.scope.site,
        "queue": (address.queue if address else None) or "",
    }


def customer_facts(customer: CustomerSummary | None) -> Mapping[str, object]:
    """The facts of a customer; all empty for an unknown one."""
    if customer is None:
        return {"id": "", "name": "", "language": "", "zone": "", "is_known": False, "labels": [], "attributes": {}, "preferred_agent": ""}
    return {
        "id": customer.id,
        "name": customer.name or "",
        "language": customer.language or "",
        "zone": customer.zone or "",
        "is_known": customer.is_known,
        "labels": list(customer.labels),
        "attributes": dict(customer.attributes),
        "preferred_agent": customer.preferred_agent or "",
    }
