"""
What a CRM outside knows of a customer, asked before routing: within a few hundred milliseconds, or not at all.

Theory. Identification has 500 ms; the hook has less, and whatever happens to it, the contact goes on: with what the record says, and the defaults of declared
attributes. Only those are taken from an answer, each as it was declared. An answer holds for a minute, so that the ten messages of a chat ask once. A CRM that
failed five times running is let alone for half a minute: nobody waits for what will not come. It is reached as webhooks are: public addresses only, signed.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast

from standardiste.common.attributes import fits, told
from standardiste.common.events.base import Instant
from standardiste.common.events.directory_customers import Crm, CustomerAttribute
from standardiste.common.events.model import Attributes, Contact, CustomerSummary
from standardiste.common.ids import keyed_id
from standardiste.common.log import logger
from standardiste.common.metrics import counter
from standardiste.common.outside import Target
from standardiste.common.parts import Parts
from standardiste.common.security.webhook_signature import sign
from standardiste.customers.records import Customer

KNOWN_FOR_MS: Final = 60_000
KNOWN_MAX: Final = 10_000
FAILURES_MAX: Final = 5
LET_ALONE_MS: Final = 30_000
CONNECTIONS_MAX: Final = 64
LABELS_MAX: Final = 20
_NAME_CHARACTERS_MAX: Final = 200

log = logger("customers")
_asked = counter("standardiste_customer_lookups_total")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a CRM said of a customer, as far as it may be taken."""

    attributes: Attributes = field(default_factory=dict[str, "str | int | float | bool"])
    labels: tuple[str, ...] = ()
    name: str | None = None
    language: str | None = None


@dataclass(slots=True)
class _Health:
    failures: int = 0
    let_alone_until: Instant = Instant(0)


class Hook:
    """Asks the CRM of a contact's sponsor, where there is one. One connection pool for all tenants."""

    def __init__(self, parts: Parts, *, is_private_allowed: bool) -> None:
        self._parts = parts
        self._is_private_allowed = is_private_allowed
        self._target: Target | None = None
        self._known: OrderedDict[str, tuple[Instant, Known]] = OrderedDict()
        self._health: dict[tuple[str, str], _Health] = {}

    async def known(self, tenant: str, contact: Contact, customer: Customer) -> Known | None:
        """What is known outside; None when nobody is asked, or nobody said it in time. Never raises for what the CRM does."""
        crm = crm_of(self._parts.directory.all(Crm, tenant), contact.scope.sponsor)
        if crm is None or crm.hook_url is None:
            return None
        now = self._parts.clock.now()
        id = keyed_id(self._parts.keys.tenant(tenant, "lookup"), "lk", crm.id, str(crm.change_set), customer.id)
        found = self._known.get(id)
        if found is not None and now < found[0] + KNOWN_FOR_MS:
            _asked.labels("remembered").inc()
            return found[1]
        health = self._health.setdefault((tenant, crm.id), _Health())
        if now < health.let_alone_until:
            _asked.labels("let_alone").inc()
            return None
        return await self._ask(tenant, crm, contact, customer, id, health)

    async def aclose(self) -> None:
        if self._target is not None:
            await self._target.aclose()

    async def _ask(self, tenant: str, crm: Crm, contact: Contact, customer: Customer, id: str, health: _Health) -> Known | None:
        assert crm.hook_url is not None
        if self._target is None:
            self._target = Target(is_private_allowed=self._is_private_allowed, connections_max=CONNECTIONS_MAX)
        body = json.dumps(question_of(contact, customer), ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        headers = {"content-type": "application/json", "accept-encoding": "identity", **await self._signature(tenant, crm, contact, body)}
        answer = await self._target.post(crm.hook_url, headers, body, within_s=crm.hook_timeout_ms / 1_000)
        now = self._parts.clock.now()
        known = understood(answer.body, self._parts.directory.all(CustomerAttribute, tenant)) if answer.status == 200 else None
        if known is None and answer.status != 404:  # 404: the CRM does not know him, which is an answer
            health.failures += 1
            if health.failures >= FAILURES_MAX:
                health.failures, health.let_alone_until = 0, Instant(now + LET_ALONE_MS)
            _asked.labels("failed").inc()
            log.warning("customer_lookup_failed", tenant=tenant, crm=crm.id, status=answer.status, error=answer.error)
            return None
        health.failures = 0
        _asked.labels("answered").inc()
        found = known or Known()
        self._known[id] = (now, found)
        self._known.move_to_end(id)
        while len(self._known) > KNOWN_MAX:
            self._known.popitem(last=False)
        return found

    async def _signature(self, tenant: str, crm: Crm, contact: Contact, body: bytes) -> Mapping[str, str]:
        """As of a webhook (Standard Webhooks); none where the CRM has no secret."""
        secret = None if crm.hook_secret is None else await self._parts.secrets.get(tenant, crm.hook_secret)
        if secret is None:
            return {}
        seconds = self._parts.clock.now() // 1_000
        try:
            signature = sign(secret, contact.id, seconds, body)
        except ValueError:  # the secret is no base64: the CRM will say that it misses the signature
            return {}
        return {"webhook-id": contact.id, "webhook-timestamp": str(seconds), "webhook-signature": signature}


def crm_of(crms: Iterable[Crm], sponsor: str) -> Crm | None:
    """The sponsor's own CRM that has a hook, else that of all; of several the first by id."""
    asking = [crm for crm in crms if crm.hook_url is not None and crm.sponsor in (None, sponsor)]
    return min(asking, key=lambda crm: (crm.sponsor is None, crm.id), default=None)


def question_of(contact: Contact, customer: Customer) -> dict[str, Any]:
    """What the CRM is told: who came by which address. No words of his."""
    return {
        "type": "customer.lookup",
        "customer": {"id": customer.id, "name": customer.name or contact.name, "external_ids": dict(customer.external_ids)},
        "contact": {
            "id": contact.id,
            "channel": contact.channel.value,
            "channel_name": contact.channel_name,
            "address": contact.address,
            "our_address": contact.our_address,
            "sponsor": contact.scope.sponsor,
            "assurance": contact.assurance.value,
        },
    }


def understood(body: bytes, declared: Iterable[CustomerAttribute]) -> Known | None:
    """`{"attributes": {…}, "labels": […], "name": …, "language": …}`; what is not as declared is passed over. None when it is no such answer."""
    try:
        said: Any = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict):
        return None
    answer = cast("dict[str, Any]", said)
    raw: Any = answer.get("attributes")
    given = cast("dict[str, Any]", raw) if isinstance(raw, dict) else {}
    listed: Any = answer.get("labels")
    labels = [str(each)[:64] for each in cast("list[Any]", listed)[:LABELS_MAX] if each] if isinstance(listed, list) else []
    return Known(
        attributes={each.id: given[each.id] for each in declared if _is_value(given.get(each.id)) and fits(each, given[each.id])},
        labels=tuple(dict.fromkeys(labels)),
        name=_text(answer.get("name"), _NAME_CHARACTERS_MAX),
        language=_text(answer.get("language"), 35),
    )


def summary_with(summary: CustomerSummary, known: Known, declared: Iterable[CustomerAttribute]) -> CustomerSummary:
    """What the router is told, with what is known outside: of attributes the outside wins, names and languages only fill gaps."""
    return replace(
        summary,
        name=summary.name or known.name,
        language=summary.language or known.language,
        labels=tuple(dict.fromkeys((*summary.labels, *known.labels))),
        attributes=told(declared, {**summary.attributes, **known.attributes}),
    )


def record_with(customer: Customer, known: Known, at: Instant) -> Customer | None:
    """The record with what is known outside, for who reads it; None when that says nothing new."""
    fresh = replace(
        customer,
        name=customer.name or known.name,
        language=customer.language or known.language,
        attributes={**customer.attributes, **known.attributes},
        attributes_at={
            **customer.attributes_at,
            **{name: at for name, value in known.attributes.items() if customer.attributes.get(name) != value},
        },
    )
    return None if fresh == customer else replace(fresh, updated_at=at)


def _is_value(value: object) -> bool:
    return isinstance(value, bool | int | float) or (isinstance(value, str) and len(value) <= 1_000)


def _text(value: object, characters_max: int) -> str | None:
    return value.strip()[:characters_max] or None if isinstance(value, str) else None
