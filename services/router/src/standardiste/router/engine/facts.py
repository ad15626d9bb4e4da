"""What a routing rule may ask about: the facts of a contact, its customer, our address and the calendars, as plain values. docs/guides has the list for administrators."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from typing import Final

from standardiste.common.events.contact_facts import ContactFacts, composed
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.events.model import CustomerSummary

_ALL: Final[Mapping[str, Set[str] | None]] = {"contact": None, "customer": None, "address": None, "calendars": None}

_CONTACT: Final[Mapping[str, Callable[[ContactFacts], object]]] = {
    "channel": lambda contact: contact.channel.value,
    "channel_name": lambda contact: contact.channel_name,
    "address": lambda contact: contact.address,
    "our_address": lambda contact: contact.our_address,
    "subject": lambda contact: composed(contact.subject),
    "text": lambda contact: composed(contact.text),
    "language": lambda contact: contact.language,
    "name": lambda contact: composed(contact.name),
    "attributes": lambda contact: dict(contact.attributes),
    "sponsor": lambda contact: contact.scope.sponsor,
    "campaign": lambda contact: contact.scope.campaign,
    "site": lambda contact: contact.scope.site,
    "queue": lambda contact: contact.queue or "",
    "priority": lambda contact: contact.priority or 0,
    "assurance": lambda contact: contact.assurance.value,
    "is_machine_made": lambda contact: contact.is_machine_made,
    "is_live": lambda contact: contact.is_live,
    "has_attachments": lambda contact: contact.has_attachments,
}


def facts_of(
    contact: ContactFacts,
    address: ChannelAddress | None,
    customer: CustomerSummary | None = None,
    asked: Mapping[str, Set[str] | None] = _ALL,
    open_calendars: Sequence[str] = (),
) -> Mapping[str, object]:
    """The facts that rules see, as far as any rule asks for them (None: for all of it). At arrival the customer is an unknown one."""
    facts: dict[str, object] = {}
    if "contact" in asked:
        facts["contact"] = {name: _CONTACT[name](contact) for name in asked["contact"] or _CONTACT}
    if "customer" in asked:
        facts["customer"] = customer_facts(customer)
    if "address" in asked:
        facts["address"] = _address_facts(contact, address)
    if "calendars" in asked:
        facts["calendars"] = {"open": list(open_calendars)}
    return facts


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
        "name": composed(customer.name or ""),
        "language": customer.language or "",
        "zone": customer.zone or "",
        "is_known": customer.is_known,
        "labels": list(customer.labels),
        "attributes": dict(customer.attributes),
        "preferred_agent": customer.preferred_agent or "",
    }
