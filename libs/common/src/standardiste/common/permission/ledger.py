"""
The ledger of what was said about contact, one for all services over one collection: record, read, ask.

An address stands in it as a keyed id (of tenant, sponsor and address), so a withdrawal outlives the erasure of the person who made it and says nothing of
him. Every service may have its own ledger over the same store, as with the audit record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Protocol, TypeVar, cast

from standardiste.common.addresses import customer_key, family_of, normal_address
from standardiste.common.calendars import hours_of
from standardiste.common.clock import rfc3339
from standardiste.common.errors import BadInput, Refused, VersionConflict
from standardiste.common.events.base import Instant
from standardiste.common.events.codec import adapter
from standardiste.common.events.directory import Calendar
from standardiste.common.events.directory_customers import Purpose
from standardiste.common.events.model import Channel
from standardiste.common.ids import keyed_id
from standardiste.common.permission.consent import SERVICE, ConsentEntry, Word, fault_of, may_contact
from standardiste.common.store.port import ABSENT, Body, Collection, Find, Index, Store, Where

CONSENT: Final = Collection(name="consent", indexes=(Index(name="address", path="entry.address"), Index(name="place", path="place")))
ENTRIES_READ: Final = 1_000
"""How many entries of an address are read, the newest: somebody who says STOP and START without end does not make each question dearer."""

E = TypeVar("E")


class TenantKeys(Protocol):
    """What of the installation's keys is needed here."""

    def tenant(self, tenant: str, purpose: str) -> bytes: ...


class Purposes(Protocol):
    """What of the configuration is needed here: purposes and their calendars."""

    def get(self, kind: type[E], tenant: str, id: str) -> E | None: ...


class Ledger:
    """Cheap to make. Every verb may raise StoreAway."""

    def __init__(self, store: Store, keys: TenantKeys, purposes: Purposes) -> None:
        self._store, self._keys, self._purposes = store, keys, purposes

    def address_id(
        self, tenant: str, sponsor: str, channel: Channel, channel_name: str, address: str, region: str | None = None
    ) -> str | None:
        """How an address stands in the ledger; None when it says nobody (a withheld number). Channels of one family share it."""
        family = family_of(channel, channel_name)
        normal = normal_address(family, address, region)
        return None if normal is None else self.id_of_key(tenant, customer_key(sponsor, family, normal))

    def id_of_key(self, tenant: str, key: str) -> str:
        """The same for a customer's key (common/addresses.py)."""
        return keyed_id(self._keys.tenant(tenant, "consent"), "ad", key)

    async def record(self, tenant: str, entry: ConsentEntry) -> bool:
        """
        Add an entry, durably; False when one of this id is there already: nothing is ever overwritten.

        Raises BadInput for a consent without purpose or basis.
        """
        fault = fault_of(entry.word, entry.purpose, entry.basis)
        if fault is not None:
            raise BadInput("invalid_field", fault, "/word")
        body = {"entry": _ENTRY.dump_python(entry, mode="json", exclude_none=True), "place": _place(entry)}
        try:
            await self._store.tenant(tenant).put(CONSENT, entry.id, cast(Body, body), expected=ABSENT)
        except VersionConflict:
            return False
        return True

    async def entries(self, tenant: str, address: str) -> Sequence[ConsentEntry]:
        """What was said about an address, the newest first."""
        documents = self._store.tenant(tenant)
        inside = Where(index="place", at_least=f"{address}/", below=f"{address}0")  # "0" follows "/"
        page = await documents.find(CONSENT, Find(where=(inside,), sort="place", is_descending=True, limit=ENTRIES_READ))
        return [_ENTRY.validate_python(document.body["entry"]) for document in page.documents]

    async def may_contact(self, tenant: str, address: str | None, purpose: str, channel: Channel, at: Instant) -> Refused | None:
        """
        None when the address (its id here) may be contacted; else the named reason. Ask before anything leaves, whatever the way out.

        A purpose that the tenant has not declared needs consent, but for `service`.
        """
        entries = () if address is None else await self.entries(tenant, address)
        needs_consent = address is not None and self.needs_consent(tenant, purpose)
        return may_contact(entries, purpose, channel, at, needs_consent=needs_consent, is_open=self.is_open(tenant, purpose, at))

    def is_open(self, tenant: str, purpose: str, at: Instant) -> bool:
        """Whether it is within the hours of the purpose, in its calendar's zone. A calendar that is not there, or is none, closes nothing."""
        declared = None if purpose == SERVICE else self._purposes.get(Purpose, tenant, purpose)
        if declared is None or declared.is_archived or declared.calendar is None:
            return True
        calendar = self._purposes.get(Calendar, tenant, declared.calendar)
        hours = None if calendar is None or calendar.is_archived else hours_of(calendar)
        return hours is None or hours.is_open(at)

    def needs_consent(self, tenant: str, purpose: str) -> bool:
        declared = self._purposes.get(Purpose, tenant, purpose)
        return purpose != SERVICE if declared is None else declared.needs_consent

    async def forget(self, tenant: str, address: str) -> int:
        """
        For an erasure: what allowed contact goes; what forbids it stays, without wording, source or proof. Gives how many entries went.
        """
        documents, gone = self._store.tenant(tenant), 0
        while True:
            page = await documents.find(CONSENT, Find(where=(Where(index="address", equals=address),), limit=ENTRIES_READ))
            fresh = 0
            for document in page.documents:
                entry = _ENTRY.validate_python(document.body["entry"])
                if entry.word not in (Word.WITHDRAWN, Word.BLOCKED):
                    fresh += await documents.delete(CONSENT, document.id)
                elif (bare := _bare(entry)) != entry:
                    body = {"entry": _ENTRY.dump_python(bare, mode="json", exclude_none=True), "place": _place(bare)}
                    await documents.put(CONSENT, document.id, cast(Body, body))
            gone += fresh
            if not fresh or page.cursor is None:
                return gone


def _bare(entry: ConsentEntry) -> ConsentEntry:
    return replace(entry, wording="", source="", proof="", language=None)


def _place(entry: ConsentEntry) -> str:
    return f"{entry.address}/{rfc3339(entry.at)}/{entry.id}"


_ENTRY: Final = adapter(ConsentEntry)
