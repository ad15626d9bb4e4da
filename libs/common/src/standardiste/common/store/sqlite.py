"""
The store in one SQLite file: for the embedded edition, where one process holds it, and in memory for tests.

WAL with synchronous=FULL: a put is on disk when it returns; writes of one moment share one fsync (sqlite_writer.py). A read sees what is committed. A get by
id takes some 10 µs and is done where it is called; pages are read in a thread of their own. A lock file keeps a second process out: versions and
unique values are checked by the one writer.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeVar

from standardiste.common.errors import BadInput, StoreAway
from standardiste.common.files import durable_rename, lock_beside
from standardiste.common.store.port import Body, Collection, Document, Find, Page
from standardiste.common.store.sqlite_find import RawRow, document_of, first_look, is_quick, page_of, page_query, sweep_query
from standardiste.common.store.sqlite_rows import Row, delete_row, delete_tenant_rows, put_row
from standardiste.common.store.sqlite_schema import Declared, declare, open_connection
from standardiste.common.store.sqlite_writer import GroupCommit
from standardiste.common.store.text import body_of, body_text, is_unicode

READS_WAITING_MAX: Final = 1_000
_GET = "SELECT version, body FROM documents WHERE collection = ? AND tenant = ? AND id = ?"
_MEMORY = ":memory:"

T = TypeVar("T")


class SqliteStore:
    """The store port over one file, or over memory. Made by `open_file` or `open_memory`; belongs to one event loop."""

    def __init__(self, database: str, lock: int | None) -> None:
        self._database = database
        self._lock = lock
        self._declared: dict[str, Declared] = {}
        self._epoch: int | None = None
        self._is_memory = database == _MEMORY
        only = open_connection(database, is_writer=True) if self._is_memory else None
        self._writer = GroupCommit(lambda: only or open_connection(database, is_writer=True), is_inline=self._is_memory)
        self._here = _Reader(lambda: only or open_connection(database, is_writer=False))
        self._aside = _Reader(lambda: only or open_connection(database, is_writer=False))
        self._pages = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store-reader")
        self._pages_waiting = 0
        self._is_closed = False

    @classmethod
    async def open_file(cls, path: Path | str) -> SqliteStore:
        """The store in this file, made where there is none. Raises FolderInUse, FormatTooNew, StoreAway."""
        path = Path(path)
        with _away():
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = lock_beside(path)
        store = cls(str(path), lock)
        try:
            await store.write(lambda connection: None, is_long=True)
        except BaseException:
            await store.close()
            raise
        return store

    @classmethod
    async def open_memory(cls) -> SqliteStore:
        """A store that ends with its process: no file, no thread, every verb done within one tick of the loop."""
        return cls(_MEMORY, None)

    async def open(self, collections: Sequence[Collection]) -> None:
        for collection in collections:
            known = self._declared.get(collection.name)
            if known is None:
                self._declared[collection.name] = await self.write(lambda connection, it=collection: declare(connection, it), is_long=True)
            else:
                assert known.collection == collection, f"{collection.name} is declared in two ways"

    def tenant(self, tenant: str) -> SqliteTenant:
        assert tenant, "a document belongs to a tenant"
        return SqliteTenant(self, tenant)

    async def every_tenant(self, collection: Collection, find: Find) -> AsyncIterator[Document]:
        declared = self.declared(collection)
        after: tuple[str | int | None, str, str] | None = None
        while True:
            rows = await self.rows(*sweep_query(declared, find, after))
            for row in rows:
                yield document_of(row)
            if len(rows) < find.limit:
                return
            after = rows[-1][4], rows[-1][0], rows[-1][1]

    async def delete_tenant(self, tenant: str) -> int:
        return await self.write(lambda connection: delete_tenant_rows(connection, tenant), is_long=True)

    @property
    def epoch(self) -> int:
        """The installation's epoch: raised by a restore, compared before any version, offset or seq."""
        if self._epoch is None:
            self._epoch = int(self.row("SELECT value FROM meta WHERE key = 'epoch'", ())[0])
        return self._epoch

    async def raise_epoch(self) -> int:
        """Raise it by one, durably; give the new one."""
        sql = "UPDATE meta SET value = value + 1 WHERE key = 'epoch' RETURNING value"
        self._epoch = await self.write(lambda connection: int(connection.execute(sql).fetchall()[0][0]))
        return self._epoch

    async def backup(self, target: Path) -> None:
        """Write a consistent copy of the whole file while running; `target` appears complete or not at all. Raises StoreAway."""
        await self._read_aside(lambda connection: _copy(connection, target))

    async def close(self) -> None:
        """Commit what waits and release the file. Idempotent."""
        self._is_closed = True
        await self._writer.close()
        self._pages.shutdown()
        self._here.close()
        self._aside.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    # ---- for SqliteTenant

    def declared(self, collection: Collection) -> Declared:
        found = self._declared.get(collection.name)
        assert found is not None, f"{collection.name} was not opened"
        return found

    def row(self, sql: str, parameters: Sequence[str | int]) -> Any:
        """One row or None, read here and now."""
        return self._here.read(lambda connection: connection.execute(sql, parameters).fetchone())

    def rows_here(self, sql: str, parameters: Sequence[str | int]) -> list[RawRow]:
        """All rows, read here and now: so few that a thread would cost more."""
        return self._here.read(lambda connection: connection.execute(sql, parameters).fetchall())

    async def rows(self, sql: str, parameters: Sequence[str | int]) -> list[RawRow]:
        """All rows, read in a thread."""
        return await self._read_aside(lambda connection: connection.execute(sql, parameters).fetchall())

    async def write(self, work: Callable[[sqlite3.Connection], T], *, is_long: bool = False, within_ms: int = 0) -> T:
        return await self._writer.run(work, is_long=is_long, within_ms=within_ms)

    async def _read_aside(self, read: Callable[[sqlite3.Connection], T]) -> T:
        if self._is_memory:
            return self._here.read(read)
        if self._is_closed:
            raise StoreAway("closed")
        if self._pages_waiting >= READS_WAITING_MAX:
            raise StoreAway("too many reads are waiting")
        self._pages_waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pages, self._aside.read, read)
        finally:
            self._pages_waiting -= 1


class SqliteTenant:
    """The documents of one tenant."""

    def __init__(self, store: SqliteStore, tenant: str) -> None:
        self._store, self._tenant = store, tenant

    async def get(self, collection: Collection, id: str) -> Document | None:
        if not is_unicode(id):
            return None
        row = self._store.row(_GET, (self._store.declared(collection).number, self._tenant, id))
        return None if row is None else Document(tenant=self._tenant, id=id, version=row[0], body=body_of(row[1]))

    async def put(self, collection: Collection, id: str, body: Body, *, expected: int | None = None, within_ms: int = 0) -> int:
        declared = self._store.declared(collection)
        if not id or not is_unicode(id):
            raise BadInput("id_invalid", "an id is a text that is not empty", "/id")
        row = Row(declared, self._tenant, id, body_text(body), declared.entries_text(body), declared.words_text(body))
        return await self._store.write(lambda connection: put_row(connection, row, expected), within_ms=within_ms)

    async def delete(self, collection: Collection, id: str, *, expected: int | None = None, within_ms: int = 0) -> bool:
        declared = self._store.declared(collection)
        if not is_unicode(id):
            return False
        return await self._store.write(lambda connection: delete_row(connection, declared, self._tenant, id, expected), within_ms=within_ms)

    async def find(self, collection: Collection, find: Find) -> Page:
        declared = self._store.declared(collection)
        epoch = self._store.epoch
        query = page_query(declared, self._tenant, find, epoch)
        if is_quick(declared, find):
            rows = self._store.rows_here(*query)
        elif (look := first_look(find)) is not None and not self._store.rows_here(*page_query(declared, self._tenant, look, epoch)):
            rows = []
        else:
            rows = await self._store.rows(*query)
        return page_of(declared, find, epoch, rows)


class _Reader:
    """A connection that reads, opened when first needed and anew after a failure. One thread at a time."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connect = connect
        self._connection: sqlite3.Connection | None = None
        self._is_closed = False

    def read(self, read: Callable[[sqlite3.Connection], T]) -> T:
        if self._is_closed:
            raise StoreAway("closed")
        with _away():
            connection = self._connection or self._connect()
            self._connection = None
            result = read(connection)
            self._connection = connection
            return result

    def close(self) -> None:
        self._is_closed = True
        if self._connection is not None:
            self._connection.close()


def _copy(source: sqlite3.Connection, target: Path) -> None:
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    copy = sqlite3.connect(part, isolation_level=None)
    try:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, nothing beside it
    finally:
        copy.close()
    durable_rename(part, target)


@contextlib.contextmanager
def _away() -> Generator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise StoreAway(str(error)) from error
