"""
Webhooks: every public fact that an endpoint wants, posted to it, signed, tried for a day, in order within its subject.

Theory. `take` stores a fact for each endpoint that wants it before the record's offset moves on; from there on everything is a due time in a document.
A try is claimed by moving the due time to the end of its lease, so of several processes one posts; if that one dies, another posts again after the
lease: at least once, and `webhook-id` tells the receiver. Tries at once are bounded, over all and for each endpoint, and a slow endpoint holds up no
other. An endpoint that takes nothing for 24 hours, or answers 410, is disabled: on record in the audit and shown with the reason; a replay from the
cursor of the first fact it missed brings the rest.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from random import Random
from typing import Any, Final, cast

from standardiste.common.bus.port import Bus, Record
from standardiste.common.clock import Clock
from standardiste.common.errors import Away
from standardiste.common.events.base import Instant, spec_of
from standardiste.common.events.decisions import InteractionCreated, InteractionOpened
from standardiste.common.log import logger
from standardiste.common.outside import Answer, Target
from standardiste.common.secrets.port import Secrets
from standardiste.common.security.audit import Audit
from standardiste.common.security.webhook_signature import sign
from standardiste.common.store.port import Collection, Document
from standardiste.ingest_open.log_reading import fact_of
from standardiste.ingest_open.webhooks_model import PUBLIC_TYPES, Webhook, WebhookState
from standardiste.ingest_open.webhooks_store import DELIVERIES, INTERACTIONS, WEBHOOKS, WebhookStore

BACKOFF_MS: Final = 5_000
BACKOFF_MAX_MS: Final = 3_600_000
GIVE_UP_AFTER_MS: Final = 24 * 3_600_000
LEASE_MS: Final = 60_000
BEHIND_RECHECK_MS: Final = 60_000
FORGET_AFTER_MS: Final = 7 * 24 * 3_600_000
FORGET_EVERY_MS: Final = 3_600_000
AT_ONCE_MAX: Final = 64
AT_ONCE_PER_ENDPOINT_MAX: Final = 8
LOOK_AT_MAX: Final = 2_000
ATTEMPTS_KEPT: Final = 10
TICK_S: Final = 0.5
GONE: Final = 410

_CREATED: Final = spec_of(InteractionCreated).name
_OPENED: Final = spec_of(InteractionOpened).name
log = logger("webhooks")


def secret_name(webhook: str) -> str:
    """The name under which the secrets port keeps an endpoint's secret."""
    return f"webhook-{webhook}"


class Webhooks:
    """Takes facts and brings them to endpoints. `is_held` says that nothing may leave the house (after a restore, until released)."""

    def __init__(
        self,
        *,
        store: WebhookStore,
        bus: Bus,
        secrets: Secrets,
        clock: Clock,
        audit: Audit,
        target: Callable[[], Target],
        is_held: Callable[[], bool] = lambda: False,
        random: Random | None = None,
    ) -> None:
        self.store = store
        self._bus, self._secrets, self._clock, self._audit = bus, secrets, clock, audit
        self._make_target, self._is_held, self._random = target, is_held, random or Random()
        self._wake = asyncio.Event()
        self._in_hand: Counter[str] = Counter()
        self._busy: set[tuple[str, str]] = set()
        self._forgot_at = 0

    @property
    def collections(self) -> tuple[Collection, ...]:
        """For Service.collections."""
        return (WEBHOOKS, DELIVERIES, INTERACTIONS)

    def may_want(self, record: Record) -> bool:
        """Whether an endpoint might want this decision, as far as is known without asking the store."""
        if record.headers.get("ce_type") not in PUBLIC_TYPES:
            return False
        known = self.store.known_now(record.headers.get("ce_tenant", ""))
        return known is None or bool(known)

    async def take(self, record: Record) -> None:
        """Store one decision for the endpoints that want it. Idempotent. Raises StoreAway."""
        type, tenant = record.headers.get("ce_type", ""), record.headers.get("ce_tenant", "")
        if type not in PUBLIC_TYPES or record.value is None:
            return
        webhooks = await self.store.known(tenant)
        if not webhooks:
            return
        sponsor = await self._sponsor(tenant, record, type) if any(each.sponsor for each in webhooks) else None
        wanting = [
            each
            for each in webhooks
            if each.wants(type) and each.changed_at <= record.appended_at and (each.sponsor is None or each.sponsor == sponsor)
        ]
        if not wanting:
            return
        fact = fact_of(self._bus, record)
        payload = payload_of(fact)
        for webhook in wanting:
            await self.store.add(tenant, webhook.id, fact, payload, order_of(record))
        self._wake.set()

    async def follow_due(self, ready: Callable[[], None]) -> None:
        """Bring what is due, until cancelled. A store that is away is waited for."""
        target = self._make_target()
        try:
            async with asyncio.TaskGroup() as group:
                ready()
                while True:
                    try:
                        self._wake.clear()
                        await self.begin_due(target, lambda work: group.create_task(work))
                        await self._forget()
                    except Away as away:
                        log.warning("webhooks_wait", away=away.what)
                    with suppress(TimeoutError):
                        async with asyncio.timeout(TICK_S):
                            await self._wake.wait()
        finally:
            await target.aclose()

    async def begin_due(self, target: Target, start: Callable[[Any], object]) -> int:
        """Begin all tries that are due and for which there is room; give how many. `start` runs each beside the others."""
        if self._is_held():
            return 0
        begun = seen = 0
        async for delivery in self.store.due(self._clock.now()):
            seen += 1
            if self._in_hand.total() >= AT_ONCE_MAX or seen > LOOK_AT_MAX:
                break
            webhook, key = f"{delivery.tenant}/{delivery.body['webhook']}", (delivery.tenant, delivery.id)
            if key in self._busy or self._in_hand[webhook] >= AT_ONCE_PER_ENDPOINT_MAX:
                continue
            self._busy.add(key)
            self._in_hand[webhook] += 1
            start(self._guarded(target, delivery, webhook))
            begun += 1
        return begun

    async def _guarded(self, target: Target, delivery: Document, webhook: str) -> None:
        try:
            await self._try(target, delivery)
        except Away as away:
            log.warning("webhook_waits", away=away.what)  # its lease ends, then it is due again
        finally:
            self._busy.discard((delivery.tenant, delivery.id))
            self._in_hand[webhook] -= 1
            self._in_hand += Counter()  # drops the zeros

    async def _try(self, target: Target, delivery: Document) -> None:
        now = self._clock.now()
        webhook = await self.store.get(delivery.tenant, str(delivery.body["webhook"]))
        if webhook is None or webhook.state is WebhookState.DISABLED:
            await self._end(delivery, "failed", now)
            return
        if not await self.store.is_first(delivery):
            await self.store.write(delivery, due_at=now + BEHIND_RECHECK_MS)
            return
        claimed = await self.store.write(delivery, due_at=now + LEASE_MS, tries=cast("int", delivery.body["tries"]) + 1)
        if claimed is None:
            return
        answer = await self._post(target, webhook, claimed, now)
        if answer is None:
            await self._disable(claimed.tenant, webhook, "its secret is gone")
            await self._end(claimed, "failed", now)
            return
        await self._note(webhook, claimed, answer)

    async def _post(self, target: Target, webhook: Webhook, delivery: Document, now: Instant) -> Answer | None:
        secret = await self._secrets.get(delivery.tenant, secret_name(webhook.id))
        if secret is None:
            return None
        id, body, at_s = str(delivery.body["event"]), str(delivery.body["payload"]).encode(), now // 1000
        headers = {
            "content-type": "application/json",
            "user-agent": "Standardiste-Webhooks/1",
            "webhook-id": id,
            "webhook-timestamp": str(at_s),
            "webhook-signature": sign(secret, id, at_s, body),
        }
        return await target.post(webhook.url, headers, body)

    async def _note(self, webhook: Webhook, delivery: Document, answer: Answer) -> None:
        now = self._clock.now()
        attempt = {"at": now, "error": answer.error, **({} if answer.status is None else {"status": answer.status})}
        attempts = [*cast("list[Any]", delivery.body["attempts"]), attempt][-ATTEMPTS_KEPT:]
        began_at, tries = cast("Instant", delivery.body["began_at"]), cast("int", delivery.body["tries"])
        if answer.is_taken:
            await self._end(delivery, "delivered", now, attempts=attempts, taken=f"{webhook.id}/{now:015d}")
        elif answer.status == GONE:
            await self._disable(delivery.tenant, webhook, "it answered 410 Gone")
            await self._end(delivery, "failed", now, attempts=attempts)
        elif now >= began_at + GIVE_UP_AFTER_MS:
            if not await self.store.has_taken_since(delivery.tenant, webhook.id, began_at):
                await self._disable(delivery.tenant, webhook, "it took nothing for 24 hours")
            await self._end(delivery, "failed", now, attempts=attempts)
        else:
            due_at = min(now + backoff_ms(tries, self._random), began_at + GIVE_UP_AFTER_MS)
            await self.store.write(delivery, due_at=due_at, attempts=attempts)

    async def _end(self, delivery: Document, state: str, now: Instant, **changes: Any) -> None:
        behind = await self.store.next_of(delivery)
        await self.store.write(delivery, state=state, ended_at=now, due_at=None, lane=None, payload=None, **changes)
        if behind is not None:
            await self.store.write(behind, due_at=now)
        self._wake.set()

    async def _disable(self, tenant: str, webhook: Webhook, because: str) -> None:
        if await self.store.turn(tenant, webhook.id, WebhookState.DISABLED, because) is not None:
            log.warning("webhook_disabled", webhook=webhook.id, because=because)
            await self._audit.record(tenant, "service:ingest-open", "webhook.disabled", f"webhook/{webhook.id}", why=because)

    async def _sponsor(self, tenant: str, record: Record, type: str) -> str | None:
        """The sponsor of the fact's interaction, learned where it began; None for facts of no interaction, or of one that began before any filter."""
        data = json.loads(record.value or b"{}")
        interaction = data.get("interaction")
        if interaction is None:
            return None
        if type in (_CREATED, _OPENED):
            scope = data["contact"]["scope"] if type == _CREATED else data["scope"]
            await self.store.learn_sponsor(tenant, interaction, scope["sponsor"], record.appended_at)
        return await self.store.sponsor_of(tenant, interaction)

    async def _forget(self) -> None:
        now = self._clock.now()
        if now >= self._forgot_at + FORGET_EVERY_MS:
            self._forgot_at = now
            await self.store.forget(Instant(now - FORGET_AFTER_MS))


def payload_of(fact: Mapping[str, Any]) -> str:
    """The body of a delivery: the fact as `GET /v1/events` gives it, and what Standard Webhooks ask of every payload (type, timestamp, data)."""
    return json.dumps({**fact, "timestamp": fact["time"]}, separators=(",", ":"), ensure_ascii=False)


def order_of(record: Record) -> str:
    """Its place among all facts of the tenant, as text that sorts."""
    return f"{record.appended_at:015d}.{record.offset:015d}"


def backoff_ms(tries: int, random: Random) -> int:
    """How long to wait after the n-th try: doubling from 5 s to an hour, half of it by chance."""
    whole = min(BACKOFF_MS * 2 ** min(tries - 1, 20), BACKOFF_MAX_MS)
    return whole // 2 + random.randrange(whole // 2 + 1)
