"""
Writing one document in the SQLite file, inside a transaction that others share.

Every verb reads and refuses before it writes its first row: a refusal leaves the shared transaction as it was, so that its neighbours go on.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from standardiste.common.errors import VersionConflict
from standardiste.common.store.sqlite_schema import Declared, add_entries, change_words, refuse_taken, remove_entries, scope_of

_OLD = "SELECT doc, version, entries, words FROM documents WHERE collection = ? AND tenant = ? AND id = ?"


@dataclass(frozen=True, slots=True)
class Row:
    """A document made ready to be written: everything that can fail for its own sake has been done."""

    declared: Declared
    tenant: str
    id: str
    body: str
    entries: str
    words: str


def put_row(connection: sqlite3.Connection, row: Row, expected: int | None) -> int:
    """Write whole; give the new version. Raises VersionConflict, UniqueConflict."""
    declared = row.declared
    old = connection.execute(_OLD, (declared.number, row.tenant, row.id)).fetchone()
    if expected is not None and expected != (old[1] if old else 0):
        raise VersionConflict(declared.collection.name, row.id, expected, old[1] if old else None)
    if old is None:
        refuse_taken(connection, declared, row.tenant, row.id, row.entries)
        added = connection.execute(
            "INSERT INTO documents (collection, tenant, id, version, body, entries, words) VALUES (?, ?, ?, 1, ?, ?, ?)",
            (declared.number, row.tenant, row.id, row.body, row.entries, row.words),
        )
        assert added.lastrowid is not None
        doc, version, old_words = added.lastrowid, 1, ""
        add_entries(connection, row.tenant, row.id, doc, row.entries)
    else:
        doc, version, old_words = int(old[0]), int(old[1]) + 1, str(old[3])
        if old[2] != row.entries:
            refuse_taken(connection, declared, row.tenant, row.id, row.entries)
            remove_entries(connection, row.tenant, row.id, old[2])
            add_entries(connection, row.tenant, row.id, doc, row.entries)
        connection.execute(
            "UPDATE documents SET version = ?, body = ?, entries = ?, words = ? WHERE doc = ?",
            (version, row.body, row.entries, row.words, doc),
        )
    if old_words != row.words:
        change_words(connection, scope_of(declared.number, row.tenant), doc, old_words, row.words)
    return version


def delete_row(connection: sqlite3.Connection, declared: Declared, tenant: str, id: str, expected: int | None) -> bool:
    """Remove; False when it was not there. Raises VersionConflict when it is there in another version."""
    old = connection.execute(_OLD, (declared.number, tenant, id)).fetchone()
    if old is None:
        return False
    if expected is not None and expected != old[1]:
        raise VersionConflict(declared.collection.name, id, expected, old[1])
    remove_entries(connection, tenant, id, old[2])
    change_words(connection, scope_of(declared.number, tenant), old[0], old[3], "")
    connection.execute("DELETE FROM documents WHERE doc = ?", (old[0],))
    return True


def delete_tenant_rows(connection: sqlite3.Connection, tenant: str) -> int:
    """Remove every document of a tenant, of every collection, opened or not."""
    rows = connection.execute("SELECT doc, collection, words FROM documents WHERE tenant = ? AND words <> ''", (tenant,))
    for doc, collection, words in rows:
        change_words(connection, scope_of(collection, tenant), doc, words, "")
    connection.execute("DELETE FROM entries WHERE tenant = ?", (tenant,))
    return connection.execute("DELETE FROM documents WHERE tenant = ?", (tenant,)).rowcount
