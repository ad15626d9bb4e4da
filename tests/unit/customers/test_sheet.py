"""A batch reads each document once, writes it once, and notices who else wrote it."""

from __future__ import annotations

import pytest

from standardiste.common.errors import VersionConflict
from standardiste.common.events.model import InteractionId, ReceiptId
from standardiste.common.store.port import Store
from standardiste.common.store.sqlite import SqliteStore
from standardiste.common.testing.builders import AT
from standardiste.customers.records import COLLECTIONS, HISTORY, RECEIPTS, Receipt, ReceiptState, dump, load
from standardiste.customers.sheet import Sheet


async def opened() -> Store:
    store = await SqliteStore.open_memory()
    await store.open(COLLECTIONS)
    return store


def receipt(id: str = "r1", interaction: str = "i1") -> Receipt:
    return Receipt(id=ReceiptId(id), state=ReceiptState.ACCEPTED, updated_at=AT, interaction=InteractionId(interaction))


async def stored(store: Store, id: str = "r1") -> tuple[int, Receipt] | None:
    found = await store.tenant("t1").get(RECEIPTS, id)
    return None if found is None else (found.version, load(Receipt, found.body))


async def test_many_changes_of_a_document_are_one_write() -> None:
    store = await opened()
    sheet = Sheet(store)
    for interaction in ("i1", "i2", "i3"):
        await sheet.of("t1").change(RECEIPTS, Receipt, "r1", lambda _, to=interaction: receipt(interaction=to))
    assert await stored(store) is None
    await sheet.write()
    assert await stored(store) == (1, receipt(interaction="i3"))


async def test_what_is_left_as_it_was_is_not_written() -> None:
    store = await opened()
    await store.tenant("t1").put(RECEIPTS, "r1", dump(receipt()))
    sheet = Sheet(store)
    await sheet.of("t1").change(RECEIPTS, Receipt, "r1", lambda _: receipt(interaction="i2"))
    await sheet.of("t1").change(RECEIPTS, Receipt, "r1", lambda _: receipt())
    await sheet.of("t1").change(RECEIPTS, Receipt, "r2", lambda former: former)
    await sheet.write()
    assert await stored(store) == (1, receipt())


async def test_another_writer_in_between_is_noticed() -> None:
    store = await opened()
    sheet = Sheet(store)
    await sheet.of("t1").change(RECEIPTS, Receipt, "r1", lambda _: receipt())
    await store.tenant("t1").put(RECEIPTS, "r1", dump(receipt(interaction="theirs")))
    with pytest.raises(VersionConflict):
        await sheet.write()
    assert await stored(store) == (1, receipt(interaction="theirs"))


async def test_a_search_sees_what_the_batch_has_changed() -> None:
    store = await opened()
    await store.tenant("t1").put(RECEIPTS, "r1", dump(receipt("r1")))
    await store.tenant("t1").put(RECEIPTS, "r2", dump(receipt("r2")))
    sheet = Sheet(store)
    await sheet.of("t1").change(RECEIPTS, Receipt, "r1", lambda _: receipt("r1", "i2"))
    await sheet.of("t1").change(RECEIPTS, Receipt, "r3", lambda _: receipt("r3"))
    await sheet.of("t2").change(RECEIPTS, Receipt, "r4", lambda _: receipt("r4"))
    assert await sheet.of("t1").ids_where(RECEIPTS, Receipt, "interaction", "i1") == ["r2", "r3"]


async def test_removed_is_gone_and_never_put_is_nothing_to_remove() -> None:
    store = await opened()
    await store.tenant("t1").put(RECEIPTS, "r1", dump(receipt()))
    sheet = Sheet(store)
    for id in ("r1", "r2"):
        await sheet.of("t1").remove(RECEIPTS, Receipt, id)
    await sheet.write()
    assert await stored(store) is None


async def test_an_immutable_document_is_put_once() -> None:
    store = await opened()
    for text in ("first", "second"):
        sheet = Sheet(store)
        await sheet.of("t1").add_once(HISTORY, "e1", {"line": text})
        await sheet.write()
    found = await store.tenant("t1").get(HISTORY, "e1")
    assert found is not None
    assert (found.version, found.body) == (1, {"line": "first"})
