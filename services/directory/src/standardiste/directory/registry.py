"""Which tenants the installation has."""

from __future__ import annotations

from typing import Final

from standardiste.common.security.principal import INSTALLATION
from standardiste.common.store.port import ABSENT, Collection, Find, Store

TENANTS: Final = Collection(name="tenants")
FORMAT: Final = 1


async def tenants_of(store: Store) -> list[str]:
    """Their ids, in order."""
    return [document.id async for document in store.every_tenant(TENANTS, Find(limit=500))]


async def enter_tenant(store: Store, tenant: str, at: int) -> None:
    """Enter a tenant. Raises VersionConflict when it is there already."""
    await store.tenant(INSTALLATION).put(TENANTS, tenant, {"format": FORMAT, "created_at": at}, expected=ABSENT)


async def is_tenant(store: Store, tenant: str) -> bool:
    return await store.tenant(INSTALLATION).get(TENANTS, tenant) is not None
