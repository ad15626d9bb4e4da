"""Reading and changing this service's documents: a change is a pure function of what is stored, tried again when another writer was first."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from standardiste.common.errors import VersionConflict
from standardiste.common.store.port import ABSENT, Collection, TenantStore
from standardiste.customers.records import dump, load

T = TypeVar("T")


async def read(documents: TenantStore, collection: Collection, cls: type[T], id: str) -> T | None:
    """The record of this id, if there is one."""
    found = await documents.get(collection, id)
    return None if found is None else load(cls, found.body)


async def change(documents: TenantStore, collection: Collection, cls: type[T], id: str, merge: Callable[[T | None], T | None]) -> T | None:
    """
    Store what `merge` makes of what is stored; nothing when that is None or the same. Gives what is stored then.

    `merge` may be called more than once. Raises StoreAway, UniqueConflict.
    """
    while True:  # each turn another writer has gone ahead
        found = await documents.get(collection, id)
        former = None if found is None else load(cls, found.body)
        fresh = merge(former)
        if fresh is None or fresh == former:
            return former
        try:
            await documents.put(collection, id, dump(fresh), expected=ABSENT if found is None else found.version)
        except VersionConflict:
            continue
        return fresh
