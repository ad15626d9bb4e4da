"""What only the embedded bus promises: one process, one file, a format, a disk that may be full."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from standardiste.common.bus.connect import connect
from standardiste.common.bus.core import Bounds
from standardiste.common.bus.embedded import EmbeddedBus
from standardiste.common.bus.memory import MemoryBus
from standardiste.common.bus.port import Bus
from standardiste.common.bus.topics import Topic
from standardiste.common.clock import ManualClock, SystemClock
from standardiste.common.errors import BusAway, FolderInUse, FormatTooNew
from standardiste.common.testing.bus import Ledger, Seen, entries_of, outgoing, read, read_all, running, text_of

TOPICS = (Topic.INPUTS, Topic.DIRECTORY)


async def texts(bus: Bus, topic: Topic = Topic.INPUTS) -> list[str]:
    return [text_of(record) for record in await read_all(bus, topic)]


async def test_a_second_bus_on_the_folder_is_told_which_folder_is_in_use(tmp_path: Path) -> None:
    bus = await EmbeddedBus.open(tmp_path / "data")
    with pytest.raises(FolderInUse, match=str(tmp_path / "data")):
        await EmbeddedBus.open(tmp_path / "data")
    await bus.close()
    await (await EmbeddedBus.open(tmp_path / "data")).close()


async def test_a_second_process_is_told_so_too(tmp_path: Path) -> None:
    bus = await EmbeddedBus.open(tmp_path)
    code = f"import asyncio\nfrom standardiste.common.bus.embedded import EmbeddedBus\nasyncio.run(EmbeddedBus.open({str(tmp_path)!r}))"
    ended = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert f"FolderInUse: the data folder {tmp_path} is in use by another process" in ended.stderr
    await bus.close()


async def test_a_newer_format_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    await (await EmbeddedBus.open(tmp_path)).close()
    with sqlite3.connect(tmp_path / "bus.sqlite") as connection:
        connection.execute("UPDATE fact SET number = 99 WHERE name = 'format'")
    connection.close()
    with pytest.raises(FormatTooNew, match="format 99"):
        await EmbeddedBus.open(tmp_path)
    with pytest.raises(FormatTooNew):
        await EmbeddedBus.open(tmp_path)


async def test_the_number_of_partitions_is_fixed_when_the_log_is_made(tmp_path: Path) -> None:
    await (await EmbeddedBus.open(tmp_path, partitions=3)).close()
    with pytest.raises(ValueError, match="3 partitions"):
        await EmbeddedBus.open(tmp_path, partitions=4)
    await (await EmbeddedBus.open(tmp_path, partitions=3)).close()


async def test_a_file_that_is_no_log_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "bus.sqlite").write_bytes(b"something else" * 1000)
    with pytest.raises(BusAway, match=r"bus\.sqlite"):
        await EmbeddedBus.open(tmp_path)


async def test_everything_is_there_after_it_was_closed(tmp_path: Path) -> None:
    bus = await EmbeddedBus.open(tmp_path)
    await bus.publish(*(outgoing(str(number), headers={"ce_id": str(number)}) for number in range(700)))
    before = await read_all(bus, Topic.INPUTS)
    await bus.close()
    bus = await EmbeddedBus.open(tmp_path)
    assert before == await read_all(bus, Topic.INPUTS)
    await bus.publish(outgoing("next"))
    assert before[-1].offset + 1 == (await read_all(bus, Topic.INPUTS))[-1].offset
    await bus.close()


async def test_append_time_is_the_clocks_and_never_falls(tmp_path: Path) -> None:
    clock = ManualClock(1_000)
    bus = await EmbeddedBus.open(tmp_path, clock)
    await bus.publish(outgoing("a"))
    clock.at = 400
    await bus.publish(outgoing("b"))
    await bus.close()
    bus = await EmbeddedBus.open(tmp_path, clock)
    await bus.publish(outgoing("c"))
    clock.at = 2_000
    await bus.publish(outgoing("d"))
    assert [record.appended_at for record in await read_all(bus, Topic.INPUTS)] == [1_000, 1_000, 1_000, 2_000]
    await bus.close()


async def test_a_reader_far_behind_reads_the_file_and_meets_the_window(tmp_path: Path) -> None:
    bus = await EmbeddedBus.open(tmp_path, bounds=Bounds(window_bytes_max=20_000))
    for begin in range(0, 1_000, 100):
        await bus.publish(*(outgoing(str(number)) for number in range(begin, begin + 100)))
    assert [str(number) for number in range(1_000)] == await texts(bus)
    await bus.close()


async def test_more_than_allowed_in_flight_is_refused_at_once(tmp_path: Path) -> None:
    bus = await EmbeddedBus.open(tmp_path, bounds=Bounds(in_flight_records_max=10))
    outcomes = await asyncio.gather(*(bus.publish(outgoing(str(number))) for number in range(20)), return_exceptions=True)
    assert outcomes[:10] == [None] * 10
    assert all(isinstance(outcome, BusAway) for outcome in outcomes[10:])
    assert len(await texts(bus)) == 10
    await bus.publish(outgoing("later"))
    await bus.close()


async def test_publishers_of_one_turn_share_a_commit(tmp_path: Path) -> None:
    bus = await EmbeddedBus.open(tmp_path)
    await asyncio.gather(*(bus.publish(outgoing(str(number))) for number in range(50)))
    assert bus.commits == 1
    await bus.close()


async def test_a_closed_bus_is_away(tmp_path: Path) -> None:
    bus = await EmbeddedBus.open(tmp_path)
    await bus.close()
    with pytest.raises(BusAway):
        await bus.publish(outgoing())


async def test_closing_lets_publishes_in_flight_end(tmp_path: Path) -> None:
    bus = await EmbeddedBus.open(tmp_path)
    publishing = [asyncio.ensure_future(bus.publish(outgoing(str(number)))) for number in range(5)]
    await asyncio.sleep(0)
    await bus.close()
    await asyncio.gather(*publishing)
    bus = await EmbeddedBus.open(tmp_path)
    assert len(await texts(bus)) == 5
    await bus.close()


async def test_a_cancelled_publisher_disturbs_nobody(tmp_path: Path) -> None:
    bus = await EmbeddedBus.open(tmp_path)
    first = asyncio.ensure_future(bus.publish(outgoing("first")))
    second = asyncio.ensure_future(bus.publish(outgoing("second")))
    await asyncio.sleep(0)
    first.cancel()
    await second
    assert "second" in await texts(bus)
    await bus.close()


async def test_a_backup_is_whole_while_writers_go_on(tmp_path: Path) -> None:
    copied = tmp_path / "copy"
    copied.mkdir()
    bus = await EmbeddedBus.open(tmp_path / "data")
    seen = Seen()
    async with running(bus.process("router", TOPICS, Topic.ROUTER_STATE, Ledger), bus.subscribe("c", (Topic.INPUTS,), seen)):
        await bus.publish(*(outgoing(str(number)) for number in range(500)))
        await read(bus, Topic.DECISIONS, count=500)
        await seen.until(500)
        publishing = asyncio.gather(*(bus.publish(outgoing(str(number))) for number in range(500, 1_000)))
        await bus.backup(copied / "bus.sqlite")
        await publishing
    await bus.close()
    copy = await EmbeddedBus.open(copied)
    kept = len(await texts(copy))
    assert kept >= 500
    assert (await copy.lag("c", (Topic.INPUTS,)))[0].committed >= 500
    async with running(copy.process("router", TOPICS, Topic.ROUTER_STATE, Ledger)):
        await read(copy, Topic.DECISIONS, count=kept)
    assert [(number + 1, str(number)) for number in range(kept)] == entries_of(await read_all(copy, Topic.DECISIONS))
    await copy.close()


async def test_the_epoch_is_raised_for_good(tmp_path: Path) -> None:
    bus = await EmbeddedBus.open(tmp_path)
    assert (bus.epoch, await bus.raise_epoch(), bus.epoch) == (1, 2, 2)
    await bus.close()
    bus = await EmbeddedBus.open(tmp_path)
    assert bus.epoch == 2
    await bus.close()


@pytest.mark.parametrize("url", ["redis://x", "embedded://data", "embedded:", "nothing"])
async def test_a_url_that_names_no_bus_of_ours_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=url.replace("?", ".")):
        await connect(url, SystemClock())


async def test_a_url_names_the_folder_or_the_file(tmp_path: Path) -> None:
    bus = await connect(f"embedded://{tmp_path}/a%20folder", SystemClock())
    await bus.close()
    bus = await connect(f"embedded://{tmp_path}/own.sqlite", SystemClock())
    await bus.close()
    assert (tmp_path / "a folder" / "bus.sqlite").exists()
    assert (tmp_path / "own.sqlite").exists()
    assert isinstance(await connect("memory://", SystemClock()), MemoryBus)
