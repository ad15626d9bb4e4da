"""Group commit: who goes along with whom."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from standardiste.common.errors import StoreAway
from standardiste.common.store.sqlite_writer import GroupCommit

NEVER_MS = 3_600_000


class Counted:
    """A database of one table, and how many transactions were begun on it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.transactions = 0

    def connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        connection.execute("CREATE TABLE IF NOT EXISTS row (n INTEGER)")
        connection.set_trace_callback(self._count)
        return connection

    def _count(self, statement: str) -> None:
        self.transactions += statement.startswith("BEGIN")

    def rows(self) -> list[int]:
        with sqlite3.connect(self._path) as connection:
            return [n for (n,) in connection.execute("SELECT n FROM row ORDER BY n")]


def insert(n: int):
    return lambda connection: connection.execute("INSERT INTO row VALUES (?)", (n,)).rowcount


@pytest.fixture
def counted(tmp_path: Path) -> Counted:
    return Counted(tmp_path / "rows.sqlite")


async def test_what_may_wait_goes_along_with_what_may_not(counted: Counted) -> None:
    writer = GroupCommit(counted.connect)
    patient = [asyncio.ensure_future(writer.run(insert(n), within_ms=NEVER_MS)) for n in range(3)]
    await writer.run(insert(3))
    await asyncio.gather(*patient)
    assert (counted.rows(), counted.transactions) == ([0, 1, 2, 3], 1)
    await writer.close()


async def test_what_may_wait_is_written_by_itself_in_the_end(counted: Counted) -> None:
    writer = GroupCommit(counted.connect)
    await asyncio.gather(*(writer.run(insert(n), within_ms=1 + n) for n in range(3)))
    assert (counted.rows(), counted.transactions) == ([0, 1, 2], 1)
    await writer.close()


async def test_closing_writes_what_still_waits(counted: Counted) -> None:
    writer = GroupCommit(counted.connect)
    patient = asyncio.ensure_future(writer.run(insert(1), within_ms=NEVER_MS))
    await asyncio.sleep(0)
    await writer.close()
    assert (await patient, counted.rows()) == ((1, [1]))
    with pytest.raises(StoreAway):
        await writer.run(insert(2))


async def test_a_full_group_waits_for_nothing_more(counted: Counted) -> None:
    writer = GroupCommit(counted.connect)
    await asyncio.gather(*(writer.run(insert(n), within_ms=NEVER_MS) for n in range(128)))
    assert len(counted.rows()) == 128
    await writer.close()
