"""What the SQLite adapter promises beyond the port: durability, one process, formats, recovery, backups, changed declarations."""

from __future__ import annotations

import asyncio
import os
import resource
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from standardiste.common.errors import BadInput, FolderInUse, FormatTooNew, StoreAway, UniqueConflict
from standardiste.common.store.connect import connect
from standardiste.common.store.port import Collection, Find, Index, Where
from standardiste.common.store.sqlite import SqliteStore

NUMBERS = Collection(name="numbers", indexes=(Index(name="n", path="n", is_unique=True),), text=("word",))
CHILD = Path(__file__).with_name("writes_until_killed.py")


def killed_after(path: Path, first: int, acknowledged: int) -> list[int]:
    """What a child process said was durable: killed once it had said so many, read to the end of what it had got out."""
    child = subprocess.Popen([sys.executable, str(CHILD), str(path), str(first)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    seen = [int(child.stdout.readline()) for _ in range(acknowledged)]
    child.kill()
    seen += [int(line) for line in child.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
    child.wait()
    return seen


async def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    acknowledged: set[int] = set()
    for enough in (1, 45, 130):  # in the first group, between groups, later
        acknowledged.update(killed_after(path, max(acknowledged, default=0) + 100, enough))
    store = await SqliteStore.open_file(path)
    await store.open([NUMBERS])
    documents = store.tenant("t")
    for n in acknowledged:
        page = await documents.find(NUMBERS, Find(where=(Where(index="n", equals=n),), text=f"w{n}"))
        assert [each.id for each in page.documents] == [str(n)]
    await store.close()


async def test_a_file_is_held_by_one_store_at_a_time(tmp_path: Path) -> None:
    first = await SqliteStore.open_file(tmp_path / "store.db")
    with pytest.raises(FolderInUse):
        await SqliteStore.open_file(tmp_path / "store.db")
    await first.close()
    await (await SqliteStore.open_file(tmp_path / "store.db")).close()


async def test_a_newer_file_is_refused_by_name_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    await (await SqliteStore.open_file(path)).close()
    newer = sqlite3.connect(path)
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    before = path.read_bytes()
    with pytest.raises(FormatTooNew, match=r"store\.db has format 99"):
        await SqliteStore.open_file(path)
    assert path.read_bytes() == before


async def test_what_is_no_database_is_away(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_text("not a database, but long enough to be looked at as one " * 20)
    with pytest.raises(StoreAway, match="not a database"):
        await SqliteStore.open_file(tmp_path / "store.db")


@contextmanager
def full_disk(bytes_left_for_a_file: int) -> Iterator[None]:
    """No file may grow beyond so many bytes: every write fails as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_left_for_a_file, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_on_a_full_disk_puts_are_refused_reads_go_on_and_it_recovers_by_itself(tmp_path: Path) -> None:
    store = await SqliteStore.open_file(tmp_path / "store.db")
    await store.open([NUMBERS])
    documents = store.tenant("t")
    await documents.put(NUMBERS, "kept", {"n": 1})
    with full_disk(200_000):
        results = await asyncio.gather(
            *(documents.put(NUMBERS, f"big{n}", {"word": "x" * 60_000}) for n in range(8)), return_exceptions=True
        )
        assert all(isinstance(result, StoreAway) for result in results)
        kept = await documents.get(NUMBERS, "kept")
        assert kept is not None
    assert await documents.put(NUMBERS, "big0", {"word": "x" * 60_000}, expected=0) == 1
    assert [each.id for each in (await documents.find(NUMBERS, Find())).documents] == ["big0", "kept"]
    await store.close()


async def test_a_closed_store_is_away(tmp_path: Path) -> None:
    store = await SqliteStore.open_file(tmp_path / "store.db")
    await store.open([NUMBERS])
    documents = store.tenant("t")
    last = asyncio.ensure_future(documents.put(NUMBERS, "last", {}))
    await asyncio.gather(last, store.close())
    for verb in (documents.put(NUMBERS, "later", {}), documents.get(NUMBERS, "last"), documents.find(NUMBERS, Find())):
        with pytest.raises(StoreAway):
            await verb
    await store.close()


async def test_a_changed_declaration_is_reckoned_anew(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store = await SqliteStore.open_file(path)
    await store.open([Collection(name="people", indexes=(Index(name="gone", path="old"),), text=("old",))])
    before = Collection(name="people", indexes=(Index(name="gone", path="old"),), text=("old",))
    await store.tenant("t").put(before, "p1", {"old": "Anne", "new": ["x", "y"]})
    await store.tenant("t").put(before, "p2", {"old": "Paul", "new": ["z"]})
    await store.close()

    store = await SqliteStore.open_file(path)
    after = Collection(name="people", indexes=(Index(name="fresh", path="new", is_list=True, is_unique=True),), text=("new",))
    await store.open([after])
    documents = store.tenant("t")
    assert [each.id for each in (await documents.find(after, Find(where=(Where(index="fresh", equals="y"),)))).documents] == ["p1"]
    assert [each.id for each in (await documents.find(after, Find(text="z"))).documents] == ["p2"]
    assert (await documents.find(after, Find(text="anne"))).documents == []
    with pytest.raises(UniqueConflict):
        await documents.put(after, "p3", {"new": ["z"]})
    await store.close()


async def test_an_index_that_cannot_become_unique_is_refused_and_the_former_stays(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    before = Collection(name="people", indexes=(Index(name="city", path="city"),))
    store = await SqliteStore.open_file(path)
    await store.open([before])
    for id in ("p1", "p2"):
        await store.tenant("t").put(before, id, {"city": "Lyon"})
    await store.close()

    store = await SqliteStore.open_file(path)
    with pytest.raises(UniqueConflict):
        await store.open([Collection(name="people", indexes=(Index(name="city", path="city", is_unique=True),))])
    await store.open([before])
    assert len((await store.tenant("t").find(before, Find(where=(Where(index="city", equals="Lyon"),)))).documents) == 2
    await store.close()


async def test_a_backup_made_while_running_opens_as_a_store(tmp_path: Path) -> None:
    store = await SqliteStore.open_file(tmp_path / "store.db")
    await store.open([NUMBERS])
    documents = store.tenant("t")
    await documents.put(NUMBERS, "before", {"n": 1})
    later = asyncio.gather(*(documents.put(NUMBERS, f"n{n}", {"n": n}) for n in range(2, 50)))
    await store.backup(tmp_path / "copy.db")
    await later
    await store.close()
    assert sorted(name for name in os.listdir(tmp_path) if name.startswith("copy")) == ["copy.db"]

    copy = await SqliteStore.open_file(tmp_path / "copy.db")
    await copy.open([NUMBERS])
    assert (await copy.tenant("t").get(NUMBERS, "before")) is not None
    await copy.close()


async def test_the_epoch_only_rises_and_stays(tmp_path: Path) -> None:
    store = await SqliteStore.open_file(tmp_path / "store.db")
    assert store.epoch == 1
    assert await store.raise_epoch() == 2
    await store.close()
    store = await SqliteStore.open_file(tmp_path / "store.db")
    assert store.epoch == 2
    await store.close()


@pytest.mark.parametrize("url", ["", "postgresql://db/standardiste", "sqlite://", "sqlite:///", "/tmp/store.db"])
async def test_a_url_without_an_adapter_is_refused(url: str) -> None:
    with pytest.raises(BadInput, match="store_url_invalid"):
        await connect(url)


async def test_nothing_is_said_without_a_thread(tmp_path: Path) -> None:
    """Whatever else is asked of what is not there, one look in the leading index finds out."""
    places = Collection(name="places", indexes=(Index(name="of", path="of"), Index(name="place", path="place")))
    store = await SqliteStore.open_file(tmp_path / "store.sqlite")
    await store.open([places])
    documents = store.tenant("t1")
    await documents.put(places, "p1", {"of": "b", "place": "b/1"})
    running = threading.active_count()
    nothing = (
        Find(where=(Where(index="of", equals="a"),), sort="place", limit=1),
        Find(where=(Where(index="place", at_least="a/", below="a0"),), sort="place", is_descending=True, limit=200),
    )
    for find in nothing:
        assert (await documents.find(places, find)).documents == []
    assert threading.active_count() == running
    found = Find(where=(Where(index="place", at_least="b/", below="b0"),), sort="place", is_descending=True, limit=200)
    assert [document.id for document in (await documents.find(places, found)).documents] == ["p1"]
    await store.close()
