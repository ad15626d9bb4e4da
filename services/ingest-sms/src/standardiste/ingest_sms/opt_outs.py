"""
Who wants no texts from which of our numbers. One document per pair, named by a keyed hash, so that no number is stored.

STOP and START also go into the consent ledger of all services, and what stands there (a withdrawal that an agent wrote down, a block) holds here too.
"""

from __future__ import annotations

from typing import Final

from standardiste.common.errors import VersionConflict
from standardiste.common.events.base import Instant
from standardiste.common.events.model import Channel, SponsorId
from standardiste.common.events.refusals import Refusal
from standardiste.common.ids import keyed_id
from standardiste.common.intake import TenantKeys
from standardiste.common.permission.consent import SERVICE, ConsentEntry, Word
from standardiste.common.permission.ledger import Ledger
from standardiste.common.store.port import ABSENT, Collection, Store
from standardiste.ingest_sms.keywords import Keyword

OPT_OUTS: Final = Collection(name="ingest-sms-opt-outs")


class OptOuts:
    """STOP and START by number of ours. The latest word counts, by the instant it was received."""

    def __init__(self, store: Store, keys: TenantKeys, ledger: Ledger) -> None:
        self._store, self._keys, self._ledger = store, keys, ledger

    async def note(
        self, tenant: str, sponsor: SponsorId, channel_address: str, number: str, word: Keyword, at: Instant, message: str
    ) -> None:
        """Keep what the customer asked; `message` is the provider's id of the text that proves it. A repeat or an older word changes nothing."""
        address = self._ledger.address_id(tenant, sponsor, Channel.SMS, Channel.SMS.value, number)
        if address is not None:
            await self._ledger.record(
                tenant,
                ConsentEntry(
                    id=keyed_id(self._keys.tenant(tenant, "opt-out"), "co", channel_address, message),
                    address=address,
                    sponsor=sponsor,
                    word=Word.WITHDRAWN if word is Keyword.STOP else Word.RESUMED,
                    channel=Channel.SMS,
                    at=at,
                    recorded_at=at,
                    recorded_by="service:ingest-sms",
                    source=f"sms:{channel_address}",
                    proof=message,
                ),
            )
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

    async def refused(self, tenant: str, sponsor: SponsorId, channel_address: str, number: str, at: Instant) -> Refusal | None:
        """Why this number may not be texted, asked right before a text leaves; None when it may."""
        found = await self._store.tenant(tenant).get(OPT_OUTS, self._id(tenant, channel_address, number))
        if found is not None and found.body["word"] == Keyword.STOP.value:
            return Refusal.OPTED_OUT
        address = self._ledger.address_id(tenant, sponsor, Channel.SMS, Channel.SMS.value, number)
        refused = await self._ledger.may_contact(tenant, address, SERVICE, Channel.SMS, at)
        return None if refused is None else Refusal(refused.reason)

    def _id(self, tenant: str, channel_address: str, number: str) -> str:
        return keyed_id(self._keys.tenant(tenant, "opt-out"), "opt", channel_address, number)
