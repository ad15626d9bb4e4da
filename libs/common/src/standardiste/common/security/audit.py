"""
The audit record: one append-only chain per tenant for all services. Who, in whose name, from where, what, before → after, why.

Theory. An entry is a document whose id is its number; it holds the hash of the one before and its own, reckoned over everything in it, so that a changed,
removed or inserted entry breaks the chain from there on. Two writers of the same number: the store lets one through, the other takes the next number.
Appending is therefore the only thing anyone can do, and no writer needs a lock that outlives it.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from standardiste.common.clock import Clock
from standardiste.common.errors import StoreAway, VersionConflict
from standardiste.common.store.port import ABSENT, Body, Collection, Document, Find, Index, Json, Store, Where

AUDIT: Final = Collection(
    name="audit",
    indexes=(Index(name="number", path="number", is_unique=True), Index(name="at", path="at"), Index(name="what", path="what")),
)
FORMAT: Final = 1
GENESIS: Final = "0" * 64
_TRIES_MAX: Final = 50


class Audit:
    """Writes and reads the record. Cheap to make; every service may have its own over the same store."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._heads: dict[str, tuple[int, str]] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def record(
        self,
        tenant: str,
        who: str,
        act: str,
        what: str,
        before: Json = None,
        after: Json = None,
        why: str = "",
        source: str = "",
        in_name_of: str = "",
    ) -> int:
        """
        Append one entry, durably; give its number, from 1 on.

        `who` is "person:<id>", "api_key:<id>" or "service:<name>"; `act` what was done or refused ("sign_in.refused"); `what` on what ("queue/main").
        """
        said: dict[str, Json] = {
            "format": FORMAT,
            "at": self._clock.now(),
            "who": who,
            "in_name_of": in_name_of,
            "act": act,
            "what": what,
            "before": before,
            "after": after,
            "why": why,
            "source": source,
        }
        async with self._locks[tenant]:
            for _ in range(_TRIES_MAX):
                number, previous = await self._head(tenant)
                entry: dict[str, Json] = {**said, "number": number + 1, "previous": previous}
                entry["hash"] = hash_of(entry)
                try:
                    await self._store.tenant(tenant).put(AUDIT, _id(number + 1), entry, expected=ABSENT)
                except VersionConflict:
                    del self._heads[tenant]  # another process wrote this number; take the next
                    continue
                self._heads[tenant] = (number + 1, str(entry["hash"]))
                return number + 1
        raise StoreAway("the audit record moves faster than it can be written")

    async def page(self, tenant: str, *, after: int = 0, limit: int = 100) -> Sequence[Document]:
        """Entries after a number, oldest first."""
        find = Find(where=(Where(index="number", at_least=after + 1),), sort="number", limit=limit)
        return (await self._store.tenant(tenant).find(AUDIT, find)).documents

    async def _head(self, tenant: str) -> tuple[int, str]:
        if tenant not in self._heads:
            page = await self._store.tenant(tenant).find(AUDIT, Find(sort="number", is_descending=True, limit=1))
            last = page.documents[0].body if page.documents else {"number": 0, "hash": GENESIS}
            self._heads[tenant] = (_int(last["number"]), str(last["hash"]))
        return self._heads[tenant]


async def broken_at(entries: AsyncIterator[Body], previous: str = GENESIS) -> int | None:
    """The number of the first entry whose hash or predecessor is not right; None when the chain holds. Give the entries oldest first."""
    expected = previous
    async for entry in entries:
        if entry.get("previous") != expected or entry.get("hash") != hash_of(entry):
            return _int(entry["number"])
        expected = str(entry["hash"])
    return None


def hash_of(entry: Body) -> str:
    """SHA-256 over the entry without its own hash, as JSON with sorted names."""
    said: dict[str, Any] = {name: value for name, value in entry.items() if name != "hash"}
    return hashlib.sha256(json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()


def _id(number: int) -> str:
    return f"{number:012d}"


def _int(value: Json) -> int:
    assert isinstance(value, int)
    return value
