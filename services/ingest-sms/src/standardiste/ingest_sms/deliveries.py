"""
How far each text has come, as the provider's callbacks tell it. Forward only: callbacks overtake one another, and the last to arrive is not the last to have happened.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from standardiste.common.clock import Clock
from standardiste.common.errors import VersionConflict
from standardiste.common.events.base import Instant
from standardiste.common.events.model import DeliveryState
from standardiste.common.store.port import ABSENT, Collection, Find, Index, Store, Where

DELIVERIES: Final = Collection(name="ingest-sms-deliveries", indexes=(Index(name="at", path="at"),))
KEPT_MS: Final = 30 * 24 * 3600 * 1000
FORGET_EVERY_S: Final = 3_600

STATES: Final = {
    "sent": DeliveryState.SENT,
    "delivered": DeliveryState.DELIVERED,
    "read": DeliveryState.READ,
    "undelivered": DeliveryState.FAILED,
    "failed": DeliveryState.FAILED,
}
"""The provider's words that say something new; queued, sending and accepted do not."""
_RANK: Final = {DeliveryState.SENT: 1, DeliveryState.FAILED: 2, DeliveryState.DELIVERED: 3, DeliveryState.READ: 4}


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One callback's news."""

    message: str
    state: DeliveryState
    at: Instant
    provider_id: str
    code: str | None = None


class Deliveries:
    """The furthest state of each text."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def is_news(self, tenant: str, progress: Progress) -> bool:
        """Whether it goes further than what is known. A text that was delivered did not fail; one that failed stays so."""
        known = await self._store.tenant(tenant).get(DELIVERIES, progress.message)
        if known is None:
            return True
        former = DeliveryState(str(known.body["state"]))
        return former is not DeliveryState.FAILED and _RANK[progress.state] > _RANK[former]

    async def note(self, tenant: str, progress: Progress) -> None:
        """Keep it, unless something further was kept meanwhile."""
        documents = self._store.tenant(tenant)
        body = {"state": progress.state.value, "at": progress.at, "provider_id": progress.provider_id, "code": progress.code, "format": 1}
        while await self.is_news(tenant, progress):
            known = await documents.get(DELIVERIES, progress.message)
            try:
                await documents.put(DELIVERIES, progress.message, body, expected=ABSENT if known is None else known.version)
            except VersionConflict:
                continue
            return

    async def forget(self) -> int:
        """Remove what is older than 30 days; gives how many."""
        before = self._clock.now() - KEPT_MS
        old = [document async for document in self._store.every_tenant(DELIVERIES, Find(where=(Where(index="at", below=before),)))]
        for document in old:
            await self._store.tenant(document.tenant).delete(DELIVERIES, document.id)
        return len(old)
