"""The audit record: numbered, chained, append-only, by tenant."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from standardiste.common.clock import ManualClock
from standardiste.common.security.audit import AUDIT, Audit, broken_at
from standardiste.common.store.connect import connect
from standardiste.common.store.port import Body, Document, Store


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    opened = await connect("sqlite://:memory:")
    await opened.open([AUDIT])
    yield opened
    await opened.close()


async def each(documents: Sequence[Document]) -> AsyncIterator[Body]:
    for document in documents:
        yield document.body


async def test_entries_are_numbered_and_chained_by_tenant(store: Store) -> None:
    audit = Audit(store, ManualClock())
    numbers = [await audit.record(tenant, "person:anna", "queue.changed", "queue/main") for tenant in ("t1", "t2", "t1")]
    assert numbers == [1, 1, 2]
    assert await broken_at(each(await audit.page("t1"))) is None


async def test_changed_entry_breaks_the_chain_at_its_number(store: Store) -> None:
    audit = Audit(store, ManualClock())
    for number in range(1, 5):
        await audit.record("t1", "person:anna", "queue.changed", f"queue/{number}", before={"priority": 0}, after={"priority": number})
    entries = await audit.page("t1")
    forged = dict(entries[2].body)
    forged["who"] = "person:ben"
    await store.tenant("t1").put(AUDIT, entries[2].id, forged)
    assert await broken_at(each(await audit.page("t1"))) == 3


async def test_removed_entry_breaks_the_chain_behind_it(store: Store) -> None:
    audit = Audit(store, ManualClock())
    for number in range(3):
        await audit.record("t1", "person:anna", "queue.changed", f"queue/{number}")
    await store.tenant("t1").delete(AUDIT, (await audit.page("t1"))[1].id)
    assert await broken_at(each(await audit.page("t1"))) == 3


async def test_two_writers_of_one_store_make_one_chain(store: Store) -> None:
    writers = [Audit(store, ManualClock()) for _ in range(4)]
    await asyncio.gather(*(writers[n % 4].record("t1", "service:x", "thing.done", str(n)) for n in range(40)))
    entries = await writers[0].page("t1")
    assert [entry.body["number"] for entry in entries] == list(range(1, 41))
    assert await broken_at(each(entries)) is None


async def test_page_goes_on_after_a_number(store: Store) -> None:
    audit = Audit(store, ManualClock())
    for number in range(5):
        await audit.record("t1", "person:anna", "queue.changed", f"queue/{number}")
    assert [entry.body["number"] for entry in await audit.page("t1", after=2, limit=2)] == [3, 4]
