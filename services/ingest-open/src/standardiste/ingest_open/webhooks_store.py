"""
The documents of webhooks: endpoints, the facts on their way to them, and whose an interaction is.

Theory. A delivery is one fact for one endpoint; its id is made of both, so a record handled again stores nothing twice. While it waits it has a due time
and a place in its lane (endpoint and subject); the first of a lane goes alone. When it ends, its payload goes and the line in the log stays.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final, cast

from standardiste.common.clock import Clock
from standardiste.common.errors import VersionConflict
from standardiste.common.events.base import Instant
from standardiste.common.store.port import ABSENT, Body, Collection, Document, Find, Index, Page, Store, Where
from standardiste.ingest_open.webhooks_model import Webhook, WebhookState, body_of_webhook, webhook_of

WEBHOOKS: Final = Collection(name="webhooks")
DELIVERIES: Final = Collection(
    name="webhook-deliveries",
    indexes=(
        Index(name="due", path="due_at"),
        Index(name="lane", path="lane"),
        Index(name="log", path="log"),
        Index(name="taken", path="taken"),
        Index(name="ended", path="ended_at"),
    ),
)
INTERACTIONS: Final = Collection(name="webhook-interactions", indexes=(Index(name="at", path="at"),))
WEBHOOKS_MAX: Final = 50
"""Endpoints of one tenant."""
KNOWN_FOR_MS: Final = 1_000
REMEMBERED_MAX: Final = 10_000


class WebhookStore:
    """Endpoints and deliveries. Endpoints are remembered for a second: a change made in another process is in force after that."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store, self._clock = store, clock
        self._known: dict[str, tuple[Instant, Sequence[Webhook]]] = {}
        self._sponsors: OrderedDict[tuple[str, str], str | None] = OrderedDict()

    # ---- endpoints

    async def all(self, tenant: str) -> Sequence[Webhook]:
        page = await self.store.tenant(tenant).find(WEBHOOKS, Find(limit=WEBHOOKS_MAX))
        return [webhook_of(each.body) for each in page.documents]

    async def known(self, tenant: str) -> Sequence[Webhook]:
        """As `all`, at most a second old."""
        known = self.known_now(tenant)
        if known is None:
            now = self._clock.now()
            known = await self.all(tenant)
            self._known[tenant] = (now, known)
        return known

    def known_now(self, tenant: str) -> Sequence[Webhook] | None:
        """As `known`; None when the store must be asked again."""
        known = self._known.get(tenant)
        return known[1] if known is not None and known[0] <= self._clock.now() < known[0] + KNOWN_FOR_MS else None

    async def get(self, tenant: str, webhook: str) -> Webhook | None:
        found = await self.store.tenant(tenant).get(WEBHOOKS, webhook)
        return None if found is None else webhook_of(found.body)

    async def put(self, tenant: str, webhook: Webhook) -> None:
        await self.store.tenant(tenant).put(WEBHOOKS, webhook.id, body_of_webhook(webhook))
        self._known.pop(tenant, None)

    async def turn(self, tenant: str, webhook: str, state: WebhookState, because: str = "") -> Webhook | None:
        """Enable or disable; None when it is gone or already so. One of two who ask at once gets it."""
        documents = self.store.tenant(tenant)
        found = await documents.get(WEBHOOKS, webhook)
        if found is None or webhook_of(found.body).state is state:
            return None
        turned = webhook_of(found.body).turned(state, self._clock.now(), because)
        try:
            await documents.put(WEBHOOKS, webhook, body_of_webhook(turned), expected=found.version)
        except VersionConflict:
            return None
        self._known.pop(tenant, None)
        return turned

    async def delete(self, tenant: str, webhook: str) -> bool:
        self._known.pop(tenant, None)
        return await self.store.tenant(tenant).delete(WEBHOOKS, webhook)

    # ---- deliveries

    async def add(self, tenant: str, webhook: str, fact: Mapping[str, Any], payload: str, order: str) -> bool:
        """Store one fact for an endpoint, due now; False when it waits already or has been. `fact` has id, type, subject, cursor."""
        try:
            body = new_delivery(webhook, fact, payload, order, self._clock.now())
            await self.store.tenant(tenant).put(DELIVERIES, delivery_id(webhook, fact["id"]), body, expected=ABSENT)
        except VersionConflict:
            return False
        return True

    async def again(self, tenant: str, webhook: str, fact: Mapping[str, Any], payload: str, order: str) -> bool:
        """As `add`, for a replay: also what has been. False when it waits already."""
        documents, id = self.store.tenant(tenant), delivery_id(webhook, fact["id"])
        found = await documents.get(DELIVERIES, id)
        if found is not None and found.body["state"] == "waiting":
            return False
        try:
            body = new_delivery(webhook, fact, payload, order, self._clock.now())
            await documents.put(DELIVERIES, id, body, expected=ABSENT if found is None else found.version)
        except VersionConflict:
            return False
        return True

    def due(self, now: Instant) -> AsyncIterator[Document]:
        return self.store.every_tenant(DELIVERIES, Find(where=(Where(index="due", below=now + 1),), sort="due", limit=200))

    async def is_first(self, delivery: Document) -> bool:
        """Whether nothing of its lane waits before it."""
        lane = cast("str", delivery.body["lane"])
        prefix = lane.rsplit("/", 1)[0]
        where = Where(index="lane", at_least=f"{prefix}/", below=f"{prefix}0")
        page = await self.store.tenant(delivery.tenant).find(DELIVERIES, Find(where=(where,), sort="lane", limit=1))
        return not page.documents or page.documents[0].id == delivery.id

    async def next_of(self, delivery: Document) -> Document | None:
        """What waits behind it in its lane."""
        lane = cast("str", delivery.body["lane"])
        where = Where(index="lane", at_least=lane + "!", below=f"{lane.rsplit('/', 1)[0]}0")
        page = await self.store.tenant(delivery.tenant).find(DELIVERIES, Find(where=(where,), sort="lane", limit=1))
        return page.documents[0] if page.documents else None

    async def write(self, delivery: Document, **changes: Any) -> Document | None:
        """The delivery with these changes (None removes); None when somebody else wrote first."""
        body = {name: value for name, value in {**delivery.body, **changes}.items() if value is not None}
        try:
            version = await self.store.tenant(delivery.tenant).put(DELIVERIES, delivery.id, body, expected=delivery.version)
        except VersionConflict:
            return None
        return Document(tenant=delivery.tenant, id=delivery.id, version=version, body=body)

    async def log(self, tenant: str, webhook: str, cursor: str | None, limit: int) -> Page:
        """The deliveries of an endpoint, newest fact first."""
        where = Where(index="log", at_least=f"{webhook}/", below=f"{webhook}0")
        return await self.store.tenant(tenant).find(
            DELIVERIES, Find(where=(where,), sort="log", is_descending=True, limit=limit, cursor=cursor)
        )

    async def has_taken_since(self, tenant: str, webhook: str, at: Instant) -> bool:
        where = Where(index="taken", at_least=f"{webhook}/{at:015d}", below=f"{webhook}0")
        page = await self.store.tenant(tenant).find(DELIVERIES, Find(where=(where,), sort="taken", limit=1))
        return bool(page.documents)

    async def forget(self, before: Instant) -> None:
        """Remove what ended before this, and what is known of interactions that began before."""
        for collection, index in ((DELIVERIES, "ended"), (INTERACTIONS, "at")):
            find = Find(where=(Where(index=index, below=before),), sort=index, limit=500)
            async for document in self.store.every_tenant(collection, find):
                await self.store.tenant(document.tenant).delete(collection, document.id)

    # ---- whose an interaction is

    async def learn_sponsor(self, tenant: str, interaction: str, sponsor: str, at: Instant) -> None:
        await self.store.tenant(tenant).put(INTERACTIONS, interaction, {"sponsor": sponsor, "at": at})
        self._remember(tenant, interaction, sponsor)

    async def sponsor_of(self, tenant: str, interaction: str) -> str | None:
        key = (tenant, interaction)
        if key not in self._sponsors:
            found = await self.store.tenant(tenant).get(INTERACTIONS, interaction)
            self._remember(tenant, interaction, None if found is None else cast("str", found.body["sponsor"]))
        return self._sponsors[key]

    def _remember(self, tenant: str, interaction: str, sponsor: str | None) -> None:
        self._sponsors[tenant, interaction] = sponsor
        while len(self._sponsors) > REMEMBERED_MAX:
            self._sponsors.popitem(last=False)


def delivery_id(webhook: str, event: str) -> str:
    return f"{webhook}.{event}"


def new_delivery(webhook: str, fact: Mapping[str, Any], payload: str, order: str, now: Instant) -> Body:
    return {
        "webhook": webhook,
        "event": fact["id"],
        "type": fact["type"],
        "subject": fact["subject"],
        "cursor": fact["cursor"],
        "state": "waiting",
        "tries": 0,
        "began_at": now,
        "due_at": now,
        "lane": f"{webhook}/{fact['subject']}/{order}",
        "log": f"{webhook}/{order}",
        "payload": payload,
        "attempts": [],
    }
