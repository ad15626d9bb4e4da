"""
How the log lies in SQLite: one table per topic and partition, group offsets, and a few facts of the whole file.

Theory. A partition is a table whose rowid is the offset, so every append goes to the rightmost leaf and a read is a range of rowids. The last row
of a table is never deleted: it carries the next offset and the last append time through every sweep. One connection writes (its inserts run
where the loop runs, only its COMMIT, the one call that waits for the disk, runs in a thread); another reads, so that no reader ever waits for
an fsync. Inserting from the thread was rejected: sqlite3 lets go of the GIL at every row and would wait up to 5 ms for it each time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Final, TypeAlias

from standardiste.common.bus.port import Record
from standardiste.common.bus.topics import Topic
from standardiste.common.errors import BadInput, BusAway, FormatTooNew
from standardiste.common.events.base import Instant
from standardiste.common.files import durable_rename

FORMAT: Final = 1
PAGES_IN_CACHE: Final = 4_000
PARTITIONS_MAX: Final = 256
BUSY_MS: Final = 20
"""Commits begin on the event loop's thread: a foreign program that locks the file makes the bus away, not the whole process deaf."""

Row: TypeAlias = tuple[int, int, str, bytes, bytes | None]
"""offset, appended_at, key, headers as `pack_headers` gives them, value"""

GroupSlot: TypeAlias = tuple[str, Topic, int]
"""group, topic, partition"""


@dataclass(frozen=True, slots=True)
class Committed:
    """Where a group goes on in one partition, and when it last said so."""

    next_offset: int
    at: Instant


@dataclass(slots=True)
class SlotFacts:
    """What the file knows of one partition of one topic when it is opened."""

    next_offset: int
    last_at: int


class Log:
    """The file. Every method is synchronous; whoever calls it decides on which thread."""

    def __init__(self, path: str, partitions: int) -> None:
        """Open or make the file. Raises FormatTooNew; ValueError when the file was made with another number of partitions."""
        assert 1 <= partitions <= PARTITIONS_MAX
        self.path = path
        self.partitions = partitions
        self._is_memory = path == ":memory:"
        self.writer = self._connect()
        try:
            self.epoch = _prepare(self.writer, path, partitions)
            self.writer.execute(f"PRAGMA busy_timeout={BUSY_MS}")
            self.reader = self.writer if self._is_memory else self._connect()
        except BaseException:
            self.writer.close()
            raise

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, cached_statements=1024)
        if not self._is_memory:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA wal_autocheckpoint=0")  # a checkpoint inside a commit would be paid by whoever waits for it
        connection.execute(f"PRAGMA cache_size={PAGES_IN_CACHE}")
        return connection

    def facts(self, topic: Topic, partition: int) -> SlotFacts:
        row = self.reader.execute(f"SELECT off, at FROM {table(topic, partition)} ORDER BY off DESC LIMIT 1").fetchone()
        return SlotFacts(row[0] + 1, row[1]) if row else SlotFacts(0, 0)

    def committed(self) -> dict[GroupSlot, Committed]:
        known = set(Topic)
        rows = self.reader.execute("SELECT grp, topic, part, next, at FROM group_offset ORDER BY grp, topic, part").fetchall()
        return {(grp, Topic(topic), part): Committed(after, Instant(at)) for grp, topic, part, after, at in rows if topic in known}

    def read(self, topic: Topic, partition: int, start: int, end: int, limit: int) -> list[Record]:
        """Records from `start` up to but without `end`, oldest first. Offsets may have gaps where a sweep passed."""
        rows = self._select(
            f"SELECT off, at, key, headers, value FROM {table(topic, partition)} WHERE off >= ? AND off < ? ORDER BY off LIMIT ?",
            (start, end, limit),
        )
        return [
            Record(topic=topic, partition=partition, offset=off, appended_at=at, key=key, value=value, headers=unpack_headers(headers))
            for off, at, key, headers, value in rows
        ]

    def keys(self, topic: Topic, partition: int, start: int, end: int, limit: int) -> list[tuple[int, int, str, bool]]:
        """offset, appended_at, key, is_tombstone of a compacted partition: what compaction must know."""
        return self._select(
            f"SELECT off, at, key, value IS NULL FROM {table(topic, partition)} WHERE off >= ? AND off < ? ORDER BY off LIMIT ?",
            (start, end, limit),
        )

    def end_of_older(self, topic: Topic, partition: int, horizon: int, limit: int) -> int:
        """The offset after the oldest records that were appended before `horizon`, at most `limit` of them; 0 when there are none."""
        name = table(topic, partition)
        first = self._select(f"SELECT off, at FROM {name} ORDER BY off LIMIT 1", ())
        if not first or first[0][1] >= horizon:
            return 0
        oldest = self._select(f"SELECT max(off) FROM (SELECT off, at FROM {name} ORDER BY off LIMIT ?) WHERE at < ?", (limit, horizon))
        return oldest[0][0] + 1

    def _select(self, statement: str, parameters: tuple[int, ...]) -> list[Any]:
        try:
            return self.reader.execute(statement, parameters).fetchall()
        except sqlite3.Error as error:
            raise BusAway(f"reading: {error}") from error

    def begin(self) -> None:
        self.writer.execute("BEGIN IMMEDIATE")

    def insert(self, topic: Topic, partition: int, rows: Sequence[Row]) -> None:
        self.writer.executemany(_insert_of(topic, partition), rows)

    def put_offsets(self, offsets: Mapping[GroupSlot, int], at: int) -> None:
        self.writer.executemany(
            "INSERT OR REPLACE INTO group_offset (grp, topic, part, next, at) VALUES (?, ?, ?, ?, ?)",
            [(grp, topic.value, part, after, at) for (grp, topic, part), after in offsets.items()],
        )

    def set_epoch(self, epoch: int) -> None:
        """Durably, in a transaction of its own."""
        with self._transaction():
            self.writer.execute("UPDATE fact SET number = ? WHERE name = 'epoch'", (epoch,))
        self.epoch = epoch

    def delete_before(self, topic: Topic, partition: int, offset: int) -> int:
        """Delete what lies before `offset`, in a transaction of its own; the last row stays whatever is asked. Returns how many it were."""
        name = table(topic, partition)
        with self._transaction():
            done = self.writer.execute(f"DELETE FROM {name} WHERE off < ? AND off < (SELECT max(off) FROM {name})", (offset,))
        return done.rowcount

    def delete(self, topic: Topic, partition: int, offsets: Iterable[int]) -> int:
        """Delete these offsets, in a transaction of its own; the last row stays whatever is asked. Returns how many it were."""
        name, listed = table(topic, partition), ",".join(map(str, offsets))
        with self._transaction():
            done = self.writer.execute(
                f"DELETE FROM {name} WHERE off IN (SELECT value FROM json_each(?)) AND off < (SELECT max(off) FROM {name})",
                (f"[{listed}]",),
            )
        return done.rowcount

    def blank(self, topic: Topic, partition: int, offsets: Iterable[int]) -> int:
        """Take the values out of these records, in a transaction of its own; keys, headers and places stay. Returns how many it were."""
        name, listed = table(topic, partition), ",".join(map(str, offsets))
        with self._transaction():
            done = self.writer.execute(
                f"UPDATE {name} SET value = NULL WHERE value IS NOT NULL AND off IN (SELECT value FROM json_each(?))", (f"[{listed}]",)
            )
        return done.rowcount

    @contextmanager
    def _transaction(self) -> Generator[None]:
        self.begin()
        try:
            yield
            self.commit()
        except BaseException:
            self.rollback()
            raise

    def commit(self) -> None:
        """The only call that waits for the disk."""
        self.writer.execute("COMMIT")

    def rollback(self) -> None:
        """Undo what was begun. SQLite may have done so already, on a full disk for one."""
        if self.writer.in_transaction:
            self.writer.execute("ROLLBACK")

    def checkpoint(self) -> None:
        """Carry the rest of the write-ahead log into the file between two commits, so that the next one begins it anew."""
        self.writer.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def checkpoint_beside(self) -> None:
        """Carry what the write-ahead log holds into the file while commits go on, on a connection of its own, from any thread."""
        with closing(self._connect()) as connection:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def backup(self, target: Path) -> None:
        """Write a consistent copy to `target`, whole or not at all. Commits go on meanwhile; from any thread."""
        part = target.with_name(target.name + ".part")
        part.unlink(missing_ok=True)
        try:
            with closing(sqlite3.connect(part)) as copy:
                if self._is_memory:
                    self.writer.backup(copy)
                else:
                    with closing(self._connect()) as source:
                        source.backup(copy)  # all pages in one step: one snapshot, which no commit makes begin anew
            durable_rename(part, target)
        except BaseException:
            part.unlink(missing_ok=True)
            raise

    def close(self) -> None:
        self.reader.close()
        self.writer.close()


def table(topic: Topic, partition: int) -> str:
    return f'"{topic.value}/{partition}"'


_INSERTS: dict[tuple[Topic, int], str] = {}


def _insert_of(topic: Topic, partition: int) -> str:
    statement = _INSERTS.get((topic, partition))
    if statement is None:
        statement = f"INSERT INTO {table(topic, partition)} (off, at, key, headers, value) VALUES (?, ?, ?, ?, ?)"
        _INSERTS[topic, partition] = statement
    return statement


def pack_headers(headers: Mapping[str, str]) -> bytes:
    """Names and values in turn, NUL between: a quarter of what JSON costs. Raises BadInput on what cannot be written so."""
    packed = "\0".join(chain.from_iterable(headers.items()))
    if packed.count("\0") != max(0, 2 * len(headers) - 1):
        raise BadInput("bad_header", "a header holds a NUL character")
    try:
        return packed.encode()
    except UnicodeEncodeError:
        raise BadInput("bad_header", "a header holds half a character (a lone surrogate)") from None


def unpack_headers(packed: bytes) -> dict[str, str]:
    if not packed:
        return {}
    parts = packed.decode().split("\0")
    return dict(zip(parts[::2], parts[1::2], strict=True))


def _prepare(connection: sqlite3.Connection, path: str, partitions: int) -> int:
    """Make what is missing, refuse what is newer or otherwise cut. Returns the epoch."""
    has_facts = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'fact'").fetchone()
    if has_facts:
        facts: dict[str, int] = dict(connection.execute("SELECT name, number FROM fact").fetchall())
        if facts["format"] > FORMAT:
            raise FormatTooNew(f"the log {path}", facts["format"], FORMAT)
        if facts["partitions"] != partitions:
            raise ValueError(f"the log {path} was made with {facts['partitions']} partitions and stays so; {partitions} were asked for")
    connection.execute("BEGIN IMMEDIATE")
    try:
        if not has_facts:
            connection.execute("CREATE TABLE fact (name TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID")
            connection.executemany("INSERT INTO fact VALUES (?, ?)", [("format", FORMAT), ("partitions", partitions), ("epoch", 1)])
            connection.execute(
                "CREATE TABLE group_offset (grp TEXT, topic TEXT, part INTEGER, next INTEGER NOT NULL, at INTEGER NOT NULL,"
                " PRIMARY KEY (grp, topic, part)) WITHOUT ROWID"
            )
        for topic in Topic:
            for partition in range(partitions):
                connection.execute(
                    f"CREATE TABLE IF NOT EXISTS {table(topic, partition)}"
                    " (off INTEGER PRIMARY KEY, at INTEGER NOT NULL, key TEXT NOT NULL, headers BLOB NOT NULL, value BLOB)"
                )
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return connection.execute("SELECT number FROM fact WHERE name = 'epoch'").fetchone()[0]


def file_of(path: Path) -> Path:
    """The log's file for a path that names it, or the folder it lies in."""
    return path if path.suffix in (".sqlite", ".db") else path / "bus.sqlite"
