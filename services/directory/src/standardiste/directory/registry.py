"""Which tenants the installation has."""

from __future__ import annotations

from typing import Final

from standardiste.common.security.principal import INSTALLATION
from standardiste.common.store.port import ABSENT, Collection, Find, Index, Store

TENANTS: Final = Collection(name="tenants", indexes=(Index(name="created_at", path="created_at"),))
FORMAT: Final = 1


async def tenants_of(store: Store) -> list[str]:
    """Their ids, oldest first."""
    return [document.id async for document in store.every_tenant(TENANTS, Find(sort="created_at", limit=500))]


async def enter_tenant(store: Store, tenant: str, at: int) -> None:
    """Enter a tenant. Raises VersionConflict when it is there already."""
    await store.tenant(INSTALLATION).put(TENANTS, tenant, {"format": FORMAT, "created_at": at}, expected=ABSENT)


async def is_tenant(store: Store, tenant: str) -> bool:
    return await store.tenant(INSTALLATION).get(TENANTS, tenant) is not None


async def leave_tenant(store: Store, tenant: str) -> None:
    """Take back the entry of a tenant that came to nothing."""
    await store.tenant(INSTALLATION).delete(TENANTS, tenant)
