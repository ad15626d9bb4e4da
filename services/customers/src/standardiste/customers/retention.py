"""
What is kept too long goes each night: conversations by channel, sponsor and purpose, records without any, values of attributes. And how many went is told.

Theory. A rule that names more counts before one that names less; of two that name as much, the shorter. Where no rule fits, it is kept. A conversation's time
runs from its last word, and while it is live it does not end. What goes, goes as in an erasure: files first, then messages, then what other services keep,
then itself; broken off, it is gone on with the next night. A run is one tenant's, and no two processes do the same one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from standardiste.common.bus.topics import DAY_MS
from standardiste.common.clock import rfc3339
from standardiste.common.errors import Away, VersionConflict
from standardiste.common.events.base import Instant
from standardiste.common.events.directory_customers import CustomerAttribute, Retention
from standardiste.common.events.model import CustomerId
from standardiste.common.log import logger
from standardiste.common.parts import Parts
from standardiste.common.permission.consent import SERVICE
from standardiste.common.security.audit import Audit
from standardiste.common.store.port import ABSENT, Find, TenantStore, Where
from standardiste.customers.documents import change
from standardiste.customers.erasures import Erasures
from standardiste.customers.records import CONVERSATIONS, CUSTOMERS, RETENTIONS, Conversation, Customer, dump, load

LOOK_EVERY_S: Final = 600
FROM_HOUR_UTC: Final = 1
PAGE: Final = 200
BREATHE_S: Final = 0.01

log = logger("customers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One night of one tenant: how much went, by rule's id; `attributes` by attribute's. `ended_at` is absent while it is under way, or was broken off."""

    day: str
    begun_at: Instant
    ended_at: Instant | None = None
    conversations: Mapping[str, int] = field(default_factory=dict[str, int])
    messages: int = 0
    files: int = 0
    customers: Mapping[str, int] = field(default_factory=dict[str, int])
    attributes: Mapping[str, int] = field(default_factory=dict[str, int])
    format: int = 1


def rule_of(rules: Iterable[Retention], conversation: Conversation) -> Retention | None:
    """The rule that counts for a conversation; None: it is kept."""
    purpose = conversation.purpose or SERVICE
    fitting = [
        rule
        for rule in rules
        if rule.keeps == "conversations"
        and rule.channel in (None, conversation.channel)
        and rule.sponsor in (None, conversation.scope.sponsor)
        and rule.purpose in (None, purpose)
    ]
    return min(fitting, key=lambda rule: (-_named(rule), rule.days, rule.id), default=None)


def rule_of_record(rules: Iterable[Retention], customer: Customer) -> Retention | None:
    """The rule that counts for a record without conversations."""
    fitting = [rule for rule in rules if rule.keeps == "customers" and rule.sponsor in (None, customer.sponsor)]
    return min(fitting, key=lambda rule: (-_named(rule), rule.days, rule.id), default=None)


def without_old(customer: Customer, declared: Iterable[CustomerAttribute], now: Instant) -> tuple[Customer, list[str]]:
    """The record without values that were set longer ago than they are kept; and which those were."""
    old = [
        each.id
        for each in declared
        if each.keep_days is not None and each.id in customer.attributes and _since(customer, each.id) < now - each.keep_days * DAY_MS
    ]
    if not old:
        return customer, []
    return (
        replace(
            customer,
            attributes={name: value for name, value in customer.attributes.items() if name not in old},
            attributes_at={name: at for name, at in customer.attributes_at.items() if name not in old},
        ),
        old,
    )


class Keeper:
    """Runs every tenant's rules once a night."""

    def __init__(self, parts: Parts, erasures: Erasures) -> None:
        self._parts, self._erasures = parts, erasures
        self._audit = Audit(parts.store, parts.clock)

    async def run(self, ready: Callable[[], None]) -> None:
        """Until cancelled. What a part that is away keeps it from is done at the next look."""
        ready()
        while True:
            for tenant in [each.id for each in self._parts.directory.tenants()]:
                try:
                    await self.tonight(tenant)
                except Away as away:
                    log.warning("retention_put_off", what=away.what)
            await asyncio.sleep(LOOK_EVERY_S)

    async def tonight(self, tenant: str) -> Run | None:
        """This night's run of a tenant; None when there is nothing to run, it is too early, or somebody has begun it."""
        now = self._parts.clock.now()
        moment = datetime.fromtimestamp(now / 1000, UTC)
        rules = self._parts.directory.all(Retention, tenant)
        declared = [each for each in self._parts.directory.all(CustomerAttribute, tenant) if each.keep_days is not None]
        if moment.hour < FROM_HOUR_UTC or not (rules or declared):
            return None
        begun, documents = Run(day=moment.date().isoformat(), begun_at=now), self._parts.store.tenant(tenant)
        try:
            version = await documents.put(RETENTIONS, begun.day, dump(begun), expected=ABSENT)
        except VersionConflict:
            return None
        try:
            done = await self._keep(tenant, documents, rules, declared, begun)
        except Away:
            await documents.delete(RETENTIONS, begun.day, expected=version)  # tried again tonight
            raise
        await documents.put(RETENTIONS, done.day, dump(done))
        body = dump(done)
        await self._audit.record(tenant, "service:customers", "retention.run", f"retention/{done.day}", after=body)
        log.info("retention_ran", conversations=sum(done.conversations.values()), messages=done.messages, files=done.files)
        return done

    async def _keep(
        self, tenant: str, documents: TenantStore, rules: list[Retention], declared: list[CustomerAttribute], begun: Run
    ) -> Run:
        now = begun.begun_at
        counts: dict[str, int] = dict.fromkeys(("conversations", "messages", "files", "elsewhere"), 0)
        conversations = await self._conversations(tenant, documents, rules, now, counts)
        customers: dict[str, int] = {}
        attributes: dict[str, int] = {}
        if declared or any(rule.keeps == "customers" for rule in rules):
            await self._records(tenant, documents, rules, declared, now, customers, attributes)
        return replace(
            begun,
            ended_at=self._parts.clock.now(),
            conversations=conversations,
            messages=counts["messages"],
            files=counts["files"],
            customers=customers,
            attributes=attributes,
        )

    async def _conversations(
        self, tenant: str, documents: TenantStore, rules: list[Retention], now: Instant, counts: dict[str, int]
    ) -> dict[str, int]:
        days = min((rule.days for rule in rules if rule.keeps == "conversations"), default=None)
        gone: dict[str, int] = {}
        if days is None:
            return gone
        cursor, oldest = None, Where(index="last_at", below=rfc3339(now - days * DAY_MS))
        while True:
            page = await documents.find(CONVERSATIONS, Find(where=(oldest,), sort="last_at", limit=PAGE, cursor=cursor))
            for document in page.documents:
                conversation = load(Conversation, document.body)
                rule = rule_of(rules, conversation)
                if rule is None or conversation.is_live or conversation.last_at >= now - rule.days * DAY_MS:
                    continue
                await self._erasures.forget_conversation(tenant, document.id, conversation, counts)
                gone[rule.id] = gone.get(rule.id, 0) + 1
                await asyncio.sleep(0)
            cursor = page.cursor
            if cursor is None:
                return gone
            await asyncio.sleep(BREATHE_S)  # by night, and beside the others

    async def _records(
        self,
        tenant: str,
        documents: TenantStore,
        rules: list[Retention],
        declared: list[CustomerAttribute],
        now: Instant,
        customers: dict[str, int],
        attributes: dict[str, int],
    ) -> None:
        cursor = None
        while True:
            page = await documents.find(CUSTOMERS, Find(limit=PAGE, cursor=cursor))
            for document in page.documents:
                customer = load(Customer, document.body)
                rule = rule_of_record(rules, customer)
                if (
                    rule is not None
                    and customer.updated_at < now - rule.days * DAY_MS
                    and not await _has_conversation(documents, customer.id)
                ):
                    await self._erasures.forget_record(tenant, customer)
                    customers[rule.id] = customers.get(rule.id, 0) + 1
                    continue
                _, old = without_old(customer, declared, now)
                if old:
                    await change(documents, CUSTOMERS, Customer, document.id, lambda it: it and without_old(it, declared, now)[0])
                for name in old:
                    attributes[name] = attributes.get(name, 0) + 1
            cursor = page.cursor
            if cursor is None:
                return
            await asyncio.sleep(BREATHE_S)


async def _has_conversation(documents: TenantStore, customer: CustomerId) -> bool:
    page = await documents.find(CONVERSATIONS, Find(where=(Where(index="customer", equals=customer),), limit=1))
    return bool(page.documents)


def _since(customer: Customer, name: str) -> Instant:
    return customer.attributes_at.get(name, customer.created_at)


def _named(rule: Retention) -> int:
    return sum(each is not None for each in (rule.channel, rule.sponsor, rule.purpose))
