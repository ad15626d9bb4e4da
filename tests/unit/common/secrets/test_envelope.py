"""What sealing promises: nothing readable in the store, nothing movable, a master key that can be replaced."""

from __future__ import annotations

import json

import pytest

from standardiste.common.errors import WrongKey
from standardiste.common.secrets.envelope import SECRETS, StoredSecrets
from standardiste.common.store.port import Store
from standardiste.common.store.sqlite import SqliteStore

OLD, NEW = b"o" * 32, b"n" * 32


async def opened(store: Store, key: bytes, *former: bytes) -> StoredSecrets:
    secrets = StoredSecrets(store, key, former)
    await secrets.open()
    return secrets


async def test_the_store_holds_nothing_readable() -> None:
    store = await SqliteStore.open_memory()
    await (await opened(store, OLD)).put("t", "smtp", "correct horse battery staple")
    stored = await store.tenant("t").get(SECRETS, "smtp")
    assert stored is not None
    assert "horse" not in json.dumps(dict(stored.body))


@pytest.mark.parametrize(("tenant", "name"), [("t", "other"), ("t2", "smtp")])
async def test_a_sealed_value_that_was_moved_does_not_open(tenant: str, name: str) -> None:
    store = await SqliteStore.open_memory()
    secrets = await opened(store, OLD)
    await secrets.put("t", "smtp", "v")
    stored = await store.tenant("t").get(SECRETS, "smtp")
    assert stored is not None
    await store.tenant(tenant).put(SECRETS, name, stored.body)
    with pytest.raises(WrongKey, match="changed or moved"):
        await secrets.get(tenant, name)


async def test_another_master_key_is_named() -> None:
    store = await SqliteStore.open_memory()
    await (await opened(store, OLD)).put("t", "smtp", "v")
    with pytest.raises(WrongKey, match="not among those given"):
        await (await opened(store, NEW)).get("t", "smtp")


async def test_a_master_key_is_replaced() -> None:
    store = await SqliteStore.open_memory()
    former = await opened(store, OLD)
    await former.put("t", "smtp", "v1")
    await former.put("t", "smtp", "v2")
    both = await opened(store, NEW, OLD)
    assert await both.get("t", "smtp") == "v2"
    await both.put("t2", "sms", "w1")
    assert await both.rewrap() == 1
    assert await both.rewrap() == 0
    alone = await opened(store, NEW)
    assert [await alone.get("t", "smtp", 1), await alone.get("t", "smtp"), await alone.get("t2", "sms")] == ["v1", "v2", "w1"]
