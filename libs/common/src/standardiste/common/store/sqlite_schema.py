"""
How documents lie in the SQLite file: tables, format, and what makes declared collections ready.

`documents` holds each document once: its body as JSON, next to it `entries` (its index values by number of the index, as JSON) and `words` (its folded
words), so that a put compares old and new as text and touches the index only where they differ. `entries` the table is the index of all collections;
`texts` the word index; its words come folded (see indexing.py), so its tokenizer has only to part them at spaces. Both name a tenant in every row.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic_core import from_json, to_json

from standardiste.common.errors import FormatTooNew, UniqueConflict
from standardiste.common.store.indexing import values_of, words_of
from standardiste.common.store.port import Body, Collection

FORMAT: Final = 1
BUSY_MS: Final = 2_000
"""Nobody else holds the file (see the lock in sqlite.py); only our own checkpoint can make a statement wait."""
WRITER_BUSY_MS: Final = 20
"""A writer begins on the event loop's thread: a foreign program that locks the file after all makes the store away, not the whole process deaf."""

_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('epoch', 1);
CREATE TABLE collections (collection INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, declared TEXT NOT NULL);
CREATE TABLE indexes (idx INTEGER PRIMARY KEY, collection INTEGER NOT NULL, name TEXT NOT NULL, UNIQUE (collection, name));
CREATE TABLE documents (
    doc INTEGER PRIMARY KEY, collection INTEGER NOT NULL, tenant TEXT NOT NULL, id TEXT NOT NULL,
    version INTEGER NOT NULL, body TEXT NOT NULL, entries TEXT NOT NULL, words TEXT NOT NULL
);
CREATE UNIQUE INDEX documents_by_id ON documents (collection, tenant, id);
CREATE TABLE entries (
    idx INTEGER NOT NULL, tenant TEXT NOT NULL, value NOT NULL, id TEXT NOT NULL, doc INTEGER NOT NULL,
    PRIMARY KEY (idx, tenant, value, id)
) WITHOUT ROWID;
CREATE VIRTUAL TABLE texts USING fts5 (
    scope, words, content='', detail=column, columnsize=0, tokenize='ascii'
);
"""


@dataclass(frozen=True, slots=True)
class Declared:
    """A collection that is ready: its number and those of its indexes by name."""

    collection: Collection
    number: int
    indexes: Mapping[str, int]

    def entries_text(self, body: Body) -> str:
        """The `entries` column of a body. Raises BadInput("not_indexable")."""
        values = values_of(self.collection, body)
        return to_json({str(self.indexes[name]): value for name, value in values.items()}).decode()

    def words_text(self, body: Body) -> str:
        return " ".join(words_of(self.collection, body))


def scope_of(collection: int, tenant: str) -> str:
    """The one word that stands for a collection of a tenant in the word index."""
    return f"c{collection}t{tenant.encode('utf-8', 'surrogatepass').hex()}"


def open_connection(database: str, *, is_writer: bool) -> sqlite3.Connection:
    """
    A connection in autocommit mode that any one thread at a time may use. A writer makes the tables where there are none.

    Raises FormatTooNew before anything is touched, sqlite3.Error.
    """
    connection = sqlite3.connect(database, isolation_level=None, check_same_thread=False, timeout=BUSY_MS / 1000, cached_statements=256)
    try:
        found: int = connection.execute("PRAGMA user_version").fetchone()[0]
        if found > FORMAT:
            raise FormatTooNew(Path(database).name, found, FORMAT)
        connection.execute("PRAGMA cache_size = -16000")  # KiB
        if is_writer:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")  # a commit returns when its WAL frames are fsynced
            if found == 0:
                connection.executescript(f"BEGIN IMMEDIATE;{_TABLES}PRAGMA user_version = {FORMAT};COMMIT;")
            connection.execute(f"PRAGMA busy_timeout = {WRITER_BUSY_MS}")
    except BaseException:
        connection.close()
        raise
    return connection


def declare(connection: sqlite3.Connection, collection: Collection) -> Declared:
    """
    Make a collection and its indexes ready; where the declaration changed since, reckon the entries of its documents anew.

    Inside the caller's transaction. Raises UniqueConflict when what is stored breaks an index that has become unique.
    """
    text = _declaration(collection)
    row = connection.execute("SELECT collection, declared FROM collections WHERE name = ?", (collection.name,)).fetchone()
    if row is None:
        row = connection.execute(
            "INSERT INTO collections (name, declared) VALUES (?, ?) RETURNING collection, declared", (collection.name, text)
        ).fetchone()
    number: int = row[0]
    names = [index.name for index in collection.indexes]
    assert len(set(names)) == len(names), f"{collection.name} declares an index twice"
    connection.executemany("INSERT OR IGNORE INTO indexes (collection, name) VALUES (?, ?)", [(number, name) for name in names])
    known = dict(connection.execute("SELECT name, idx FROM indexes WHERE collection = ?", (number,)).fetchall())
    declared = Declared(collection, number, {name: known[name] for name in names})
    if row[1] != text:
        _reindex(connection, declared, known)
        connection.execute("UPDATE collections SET declared = ? WHERE collection = ?", (text, number))
    return declared


def _reindex(connection: sqlite3.Connection, declared: Declared, known: Mapping[str, int]) -> None:
    connection.executemany("DELETE FROM entries WHERE idx = ?", [(number,) for number in known.values()])
    rows = connection.execute("SELECT doc, tenant, id, body, words FROM documents WHERE collection = ?", (declared.number,))
    for doc, tenant, id, body_text, old_words in rows:
        body: Body = json.loads(body_text)
        entries, words = declared.entries_text(body), declared.words_text(body)
        refuse_taken(connection, declared, tenant, id, entries)
        add_entries(connection, tenant, id, doc, entries)
        change_words(connection, scope_of(declared.number, tenant), doc, old_words, words)
        connection.execute("UPDATE documents SET entries = ?, words = ? WHERE doc = ?", (entries, words, doc))


def refuse_taken(connection: sqlite3.Connection, declared: Declared, tenant: str, id: str, entries: str) -> None:
    """Raise UniqueConflict when another document of the tenant holds one of these values of a unique index."""
    if not any(index.is_unique for index in declared.collection.indexes):
        return
    values: dict[str, str | int | list[str | int]] = from_json(entries)
    for index in declared.collection.indexes:
        number = declared.indexes[index.name]
        value = values.get(str(number))
        if not index.is_unique or value is None:
            continue
        for each in value if isinstance(value, list) else (value,):
            row = connection.execute(
                "SELECT id FROM entries WHERE idx = ? AND tenant = ? AND value = ? AND id <> ? LIMIT 1", (number, tenant, each, id)
            ).fetchone()
            if row is not None:
                raise UniqueConflict(declared.collection.name, index.name, row[0])


def add_entries(connection: sqlite3.Connection, tenant: str, id: str, doc: int, entries: str) -> None:
    connection.executemany(
        "INSERT INTO entries (idx, tenant, value, id, doc) VALUES (?, ?, ?, ?, ?)",
        [(number, tenant, value, id, doc) for number, value in _pairs(entries)],
    )


def remove_entries(connection: sqlite3.Connection, tenant: str, id: str, entries: str) -> None:
    connection.executemany(
        "DELETE FROM entries WHERE idx = ? AND tenant = ? AND value = ? AND id = ?",
        [(number, tenant, value, id) for number, value in _pairs(entries)],
    )


def change_words(connection: sqlite3.Connection, scope: str, doc: int, old: str, new: str) -> None:
    """The word index keeps no text: what is taken out must be named exactly as it was put in."""
    if old == new:
        return
    if old:
        connection.execute("INSERT INTO texts (texts, rowid, scope, words) VALUES ('delete', ?, ?, ?)", (doc, scope, old))
    if new:
        connection.execute("INSERT INTO texts (rowid, scope, words) VALUES (?, ?, ?)", (doc, scope, new))


def _pairs(entries: str) -> list[tuple[int, str | int]]:
    values: dict[str, str | int | list[str | int]] = from_json(entries)
    pairs: list[tuple[int, str | int]] = []
    for number, value in values.items():
        pairs += [(int(number), each) for each in (value if isinstance(value, list) else (value,))]
    return pairs


def _declaration(collection: Collection) -> str:
    indexes = [[index.name, index.path, index.is_unique, index.is_list] for index in collection.indexes]
    return json.dumps([sorted(indexes), list(collection.text)])
