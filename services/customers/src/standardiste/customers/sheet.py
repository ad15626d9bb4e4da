"""
A batch of decisions on its way into documents: what they read and change together is read once and written once.

Theory. Decisions come many at a time, and those of one interaction change the same few documents. A sheet keeps what was read and what is to be, merges are
applied to it one decision after the other in the order of the log, and `write` stores every changed document under the version it was read at, all in one
go. Another writer in between is a VersionConflict: the batch is then worked in again on a fresh sheet, which costs time and nothing else, since every
merge may be repeated.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, TypeVar, cast

from standardiste.common.store.port import ABSENT, Body, Collection, Find, Store, TenantStore, Where
from standardiste.customers.records import dump, load

FOUND_MAX: Final = 1_000
WITHIN_MS: Final = 20
"""Nobody waits for these documents: they go along with what others write."""

T = TypeVar("T")
Key: TypeAlias = tuple[str, str, str]
"""Tenant, collection, id."""


@dataclass(slots=True)
class _Entry:
    collection: Collection
    version: int
    stored: object | None
    now: object | None


class Sheet:
    """The documents that one batch touches."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._entries: dict[Key, _Entry] = {}

    def of(self, tenant: str) -> TenantSheet:
        return TenantSheet(self, self._store.tenant(tenant), tenant)

    async def write(self) -> None:
        """Store every change, durably. Raises VersionConflict, StoreAway: some may be stored then; work the batch in anew."""
        changed = [(key, entry) for key, entry in self._entries.items() if entry.now != entry.stored]
        await asyncio.gather(*(self._write(key, entry) for key, entry in changed))

    async def _write(self, key: Key, entry: _Entry) -> None:
        tenant, _, id = key
        documents = self._store.tenant(tenant)
        if entry.now is None:
            await documents.delete(entry.collection, id, expected=entry.version, within_ms=WITHIN_MS)
        else:
            body = cast(Body, entry.now) if isinstance(entry.now, dict) else dump(entry.now)
            await documents.put(entry.collection, id, body, expected=entry.version, within_ms=WITHIN_MS)

    # ---- for TenantSheet

    def entry(self, key: Key) -> _Entry | None:
        return self._entries.get(key)

    def enter(self, key: Key, entry: _Entry) -> None:
        self._entries[key] = entry

    def ids_where(self, tenant: str, collection: Collection, attribute: str, value: str) -> list[str]:
        return [
            id
            for (of_tenant, name, id), entry in self._entries.items()
            if of_tenant == tenant and name == collection.name and entry.now is not None and getattr(entry.now, attribute) == value
        ]


class TenantSheet:
    """The documents of one tenant on a sheet."""

    def __init__(self, sheet: Sheet, documents: TenantStore, tenant: str) -> None:
        self._sheet, self._documents, self._tenant = sheet, documents, tenant

    async def get(self, collection: Collection, cls: type[T], id: str) -> T | None:
        """The record as the decisions so far leave it."""
        return cast("T | None", (await self._entry(collection, cls, id)).now)

    async def change(self, collection: Collection, cls: type[T], id: str, merge: Callable[[T | None], T | None]) -> None:
        """Put what `merge` makes of the record; None leaves it as it is."""
        entry = await self._entry(collection, cls, id)
        fresh = merge(cast("T | None", entry.now))
        if fresh is not None and fresh != entry.now:
            entry.now = fresh

    async def change_known(self, collection: Collection, cls: type[T], id: str, merge: Callable[[T], T]) -> None:
        """As `change`, where there is a record."""
        await self.change(collection, cls, id, lambda former: None if former is None else merge(former))

    async def add_once(self, collection: Collection, id: str, body: Body) -> None:
        """Put an immutable document unless it is there."""
        entry = await self._entry(collection, None, id)
        if entry.now is None:
            entry.now = dict(body)

    async def remove(self, collection: Collection, cls: type[Any], id: str) -> None:
        (await self._entry(collection, cls, id)).now = None

    async def ids_where(self, collection: Collection, cls: type[T], attribute: str, value: str) -> list[str]:
        """The ids of the records whose attribute has this value now, by id. The attribute has an index of its own name."""
        page = await self._documents.find(collection, Find(where=(Where(index=attribute, equals=value),), limit=FOUND_MAX))
        for found in page.documents:
            await self._entry(collection, cls, found.id)
        return sorted(self._sheet.ids_where(self._tenant, collection, attribute, value))

    async def _entry(self, collection: Collection, cls: type[T] | None, id: str) -> _Entry:
        key = (self._tenant, collection.name, id)
        entry = self._sheet.entry(key)
        if entry is None:
            found = await self._documents.get(collection, id)
            stored: object | None = None
            if found is not None:
                stored = found.body if cls is None else load(cls, found.body)
            entry = _Entry(collection, ABSENT if found is None else found.version, stored, stored)
            self._sheet.enter(key, entry)
        return entry
