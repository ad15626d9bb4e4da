"""The same Idempotency-Key: a repeat, or another request under a used key."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from standardiste.common.clock import ManualClock
from standardiste.common.idempotency import IDEMPOTENCY, KEPT_MS
from standardiste.common.store.sqlite import SqliteStore
from standardiste.ingest_open.key_memory import KeyMemory

PATH = "/v1/interactions"


@pytest_asyncio.fixture
async def store() -> AsyncIterator[SqliteStore]:
    found = await SqliteStore.open_memory()
    await found.open((IDEMPOTENCY,))
    yield found
    await found.close()


async def test_repeat_is_no_reuse_and_another_body_or_path_is(store: SqliteStore) -> None:
    memory = KeyMemory(store, ManualClock())
    assert not await memory.is_reused("t1", "k", PATH, b"a")
    assert not await memory.is_reused("t1", "k", PATH, b"a")
    assert await memory.is_reused("t1", "k", PATH, b"b")
    assert await memory.is_reused("t1", "k", PATH + "/c/messages", b"a")


async def test_key_belongs_to_its_tenant(store: SqliteStore) -> None:
    memory = KeyMemory(store, ManualClock())
    assert not await memory.is_reused("t1", "k", PATH, b"a")
    assert not await memory.is_reused("t2", "k", PATH, b"b")


async def test_key_is_free_again_after_a_day(store: SqliteStore) -> None:
    clock = ManualClock()
    memory = KeyMemory(store, clock)
    assert not await memory.is_reused("t1", "k", PATH, b"a")
    clock.advance(KEPT_MS - 1)
    assert await memory.is_reused("t1", "k", PATH, b"b")
    clock.advance(1)
    assert not await memory.is_reused("t1", "k", PATH, b"b")
    assert await memory.is_reused("t1", "k", PATH, b"a")


async def test_contacts_are_taken_unguarded_with_the_store_away(store: SqliteStore) -> None:
    memory = KeyMemory(store, ManualClock())
    await store.close()
    assert not await memory.is_reused("t1", "k", PATH, b"a")
