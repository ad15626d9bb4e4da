"""Where a CRM outside shows a customer: its URL with what is known of him, each part quoted. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import quote

from standardiste.common.addresses import family_and_address
from standardiste.common.events.directory_customers import Crm
from standardiste.customers.records import Customer

_PLACE: Final = re.compile(r"\{([a-z_]+)(?:\.([A-Za-z0-9._-]+))?\}")


def lookup_urls(crms: Iterable[Crm], customer: Customer) -> list[dict[str, Any]]:
    """One for each CRM of the customer's sponsor, or of all, whose URL asks for nothing that is not known of him."""
    found: list[dict[str, Any]] = []
    for crm in crms:
        if crm.lookup_url is None or crm.sponsor not in (None, customer.sponsor):
            continue
        url = filled(crm.lookup_url, customer)
        if url is not None:
            found.append({"crm": crm.id, "name": dict(crm.name), "url": url})
    return found


def filled(template: str, customer: Customer) -> str | None:
    """The URL; None when a part that it names is not known."""
    is_whole = True

    def part(match: re.Match[str]) -> str:
        nonlocal is_whole
        value = _value(customer, match[1], match[2])
        is_whole = is_whole and value is not None
        return quote(value or "", safe="")

    url = _PLACE.sub(part, template)
    return url if is_whole else None


def _value(customer: Customer, name: str, inner: str | None) -> str | None:
    first = family_and_address(customer.keys[0]) if customer.keys else None
    match name:
        case "customer":
            return customer.id
        case "name":
            return customer.name
        case "external":
            return customer.external_ids.get(inner or "")
        case "address":
            wanted = [family_and_address(key)[1] for key in customer.keys if inner in (None, family_and_address(key)[0])]
            return wanted[0] if wanted else None
        case "channel":
            return None if first is None else first[0]
        case _:
            return None
