"""The stored sends of one service: how they are found, written under their version, and forgotten."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from standardiste.common.errors import VersionConflict
from standardiste.common.outbox.record import INDEXES, SendRecord, from_document, to_body
from standardiste.common.store.port import Collection, Find, Store, Where

PER_ROUND = 128
END_WITHIN_MS = 20
"""It is out: were this lost, the provider would be asked again, which it bears."""


class Sends:
    """One collection of send documents."""

    def __init__(self, store: Store, service: str) -> None:
        self._store = store
        self.collection = Collection(name=f"{service}-sends", indexes=INDEXES)

    async def get(self, tenant: str, message: str) -> SendRecord | None:
        document = await self._store.tenant(tenant).get(self.collection, message)
        return None if document is None else from_document(document)

    async def by_provider_id(self, tenant: str, provider_id: str) -> SendRecord | None:
        return await self._first(tenant, Find(where=(Where(index="provider_id", equals=provider_id),), limit=1))

    async def head(self, tenant: str, conversation: str) -> SendRecord | None:
        """The conversation's earliest send that has not ended."""
        return await self._first(tenant, Find(where=(Where(index="open_in", equals=conversation),), sort="order", limit=1))

    async def write(self, record: SendRecord, *, expected: int, within_ms: int = 0) -> SendRecord:
        """Raises VersionConflict."""
        documents = self._store.tenant(record.tenant)
        version = await documents.put(self.collection, record.message, to_body(record), expected=expected, within_ms=within_ms)
        return replace(record, version=version)

    async def write_if_still(self, record: SendRecord) -> None:
        """Write what only matters if nobody else has touched the document: whoever did looks after it."""
        try:
            await self.write(record, expected=record.version)
        except VersionConflict:
            return

    async def write_end(self, ended: SendRecord) -> SendRecord | None:
        """A provider's yes or no counts whoever else has taken the send in hand meanwhile; None when it had ended already."""
        expected = ended.version
        while True:
            try:
                return await self.write(ended, expected=expected, within_ms=END_WITHIN_MS)
            except VersionConflict:
                current = await self.get(ended.tenant, ended.message)
                if current is None or not current.is_open:
                    return None
                expected = current.version

    async def due(self, now: int) -> list[SendRecord]:
        """What is due, the longest due first, at most PER_ROUND."""
        return await self._sweep("due_at", now + 1, lambda record: True)

    async def in_hand(self) -> list[SendRecord]:
        """Whatever anybody has in hand, or had when his process ended."""
        return await self._sweep("due_at", None, lambda record: record.holder is not None)

    async def forget(self, ended_before: int) -> None:
        """Remove what ended before, at most PER_ROUND."""
        for record in await self._sweep("ended_at", ended_before, lambda record: True):
            await self._store.tenant(record.tenant).delete(self.collection, record.message)

    async def _first(self, tenant: str, find: Find) -> SendRecord | None:
        page = await self._store.tenant(tenant).find(self.collection, find)
        return from_document(page.documents[0]) if page.documents else None

    async def _sweep(self, index: str, below: int | None, is_wanted: Callable[[SendRecord], bool]) -> list[SendRecord]:
        found: list[SendRecord] = []
        find = Find(where=(Where(index=index, below=below),), sort=index, limit=PER_ROUND)
        async for document in self._store.every_tenant(self.collection, find):
            record = from_document(document)
            if is_wanted(record):
                found.append(record)
            if len(found) >= PER_ROUND:
                break
        return found
