"""Who wants no texts from which of our numbers. One document per pair, named by a keyed hash, so that no number is stored."""

from __future__ import annotations

from typing import Final

from standardiste.common.errors import VersionConflict
from standardiste.common.events.base import Instant
from standardiste.common.ids import keyed_id
from standardiste.common.intake import TenantKeys
from standardiste.common.store.port import ABSENT, Collection, Store
from standardiste.ingest_sms.keywords import Keyword

OPT_OUTS: Final = Collection(name="ingest-sms-opt-outs")


class OptOuts:
    """The ledger of STOP and START. The latest word counts, by the instant it was received."""

    def __init__(self, store: Store, keys: TenantKeys) -> None:
        self._store, self._keys = store, keys

    async def note(self, tenant: str, channel_address: str, number: str, word: Keyword, at: Instant, message: str) -> None:
        """Keep what the customer asked; `message` is the provider's id of the text that proves it. A repeat or an older word changes nothing."""
        documents, id = self._store.tenant(tenant), self._id(tenant, channel_address, number)
        while True:
            former = await documents.get(OPT_OUTS, id)
            if former is not None and (int(str(former.body["at"])) > at or former.body["message"] == message):
                return
            body = {"word": word.value, "at": at, "message": message, "channel_address": channel_address, "format": 1}
            try:
                await documents.put(OPT_OUTS, id, body, expected=ABSENT if former is None else former.version)
            except VersionConflict:
                continue
            return

    async def has_opted_out(self, tenant: str, channel_address: str, number: str) -> bool:
        found = await self._store.tenant(tenant).get(OPT_OUTS, self._id(tenant, channel_address, number))
        return found is not None and found.body["word"] == Keyword.STOP.value

    def _id(self, tenant: str, channel_address: str, number: str) -> str:
        return keyed_id(self._keys.tenant(tenant, "opt-out"), "opt", channel_address, number)
