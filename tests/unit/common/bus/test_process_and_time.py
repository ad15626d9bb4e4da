"""How a processor meets time: deadlines at their instant, gaps that are told, records that come late."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from standardiste.common.bus.memory import MemoryBus
from standardiste.common.bus.port import Bus
from standardiste.common.bus.topics import Topic
from standardiste.common.clock import ManualClock
from standardiste.common.testing.bus import Ledger, ManualTimer, entries_of, outgoing, read, read_all, running, text_of

TOPICS = (Topic.INPUTS, Topic.DIRECTORY)
START = 1_000_000


class World:
    """A memory bus whose time is moved by hand, and one processor on it."""

    def __init__(self) -> None:
        self.clock = ManualClock(START)
        self.timer = ManualTimer(self.clock)
        self.ledger = Ledger()
        self.ready = asyncio.Event()

    async def open(self) -> MemoryBus:
        self.bus = await MemoryBus.open(self.clock, timer=self.timer)
        return self.bus

    def make(self, partition: int) -> Ledger:
        self.ledger = Ledger(partition)
        return self.ledger

    async def process(self) -> None:
        await self.bus.process("router", TOPICS, Topic.ROUTER_STATE, self.make, ready=self.ready.set)


async def decisions(bus: Bus, count: int) -> list[tuple[int, str]]:
    return entries_of(await read(bus, Topic.DECISIONS, count=count))


async def turns(count: int = 20) -> None:
    """Let everything that can run now run."""
    for _ in range(count):
        await asyncio.sleep(0)


async def test_a_deadline_waits_for_its_instant() -> None:
    world = World()
    bus = await world.open()
    async with running(world.process()):
        await bus.publish(outgoing("in 500"))
        await decisions(bus, 1)
        await turns()
        world.timer.advance(499)
        await turns()
        assert await decisions(bus, 1) == [(1, "in 500")]
        world.timer.advance(1)
        assert await decisions(bus, 2) == [(1, "in 500"), (2, "fired")]
        assert json.loads(text_of((await read_all(bus, Topic.DECISIONS))[1]))["at"] == START + 500


async def test_deadlines_fire_in_order_and_at_their_own_instants_however_late() -> None:
    world = World()
    bus = await world.open()
    async with running(world.process()):
        await bus.publish(outgoing("in 700"), outgoing("in 500"))
        await decisions(bus, 2)
        await turns()
        world.timer.advance(1_900)
        await decisions(bus, 4)
        fired = [json.loads(text_of(record)) for record in (await read_all(bus, Topic.DECISIONS))[2:]]
        assert [entry["at"] for entry in fired] == [START + 500, START + 700]


async def test_a_deadline_before_a_record_comes_before_it() -> None:
    world = World()
    bus = await world.open()
    async with running(world.process()):
        await bus.publish(outgoing("in 500"))
        await decisions(bus, 1)
        world.clock.advance(600)  # the timer has not gone off: the record itself brings the time
        await bus.publish(outgoing("late"))
        assert await decisions(bus, 3) == [(1, "in 500"), (2, "fired"), (3, "late")]


async def test_a_stopped_machine_is_told_and_a_quiet_one_is_not() -> None:
    world = World()
    bus = await world.open()
    async with running(world.process()):
        await world.ready.wait()
        for _ in range(5):
            await turns()
            world.timer.advance(1_000)
        await turns()
        assert world.ledger.resumed_with == [None]
        world.clock.advance(9_000)
        world.timer.advance(0)
        await turns()
        assert world.ledger.resumed_with == [None, 9_000]
        await bus.publish(outgoing("on it goes"))
        assert await decisions(bus, 1) == [(1, "on it goes")]


async def test_who_takes_a_partition_is_told_since_when_nothing_was_committed() -> None:
    world = World()
    bus = await world.open()
    async with running(world.process()):
        await bus.publish(outgoing("a"))
        await decisions(bus, 1)
    world.clock.advance(45_000)
    world.ready.clear()
    async with running(world.process()):
        await world.ready.wait()
        assert world.ledger.resumed_with == [45_000]
    world.clock.advance(5_000)
    world.ready.clear()
    async with running(world.process()):
        await world.ready.wait()
        assert world.ledger.resumed_with == [5_000]


async def test_a_quiet_partition_says_where_it_stands_once_an_hour() -> None:
    world = World()
    bus = await world.open()
    async with running(world.process()):
        await bus.publish(outgoing("a"))
        await decisions(bus, 1)
        for _ in range(90 * 60):
            await turns(8)
            world.timer.advance(1_000)
        assert world.ledger.resumed_with == [None]
    world.ready.clear()
    async with running(world.process()):
        await world.ready.wait()
        assert world.ledger.resumed_with == [pytest.approx(30 * 60_000, abs=2_000)]


async def test_records_that_gather_during_a_commit_are_taken_together(tmp_path: Path) -> None:
    world = World()
    bus = await world.open()
    async with running(world.process()):
        await world.ready.wait()
        await asyncio.gather(*(bus.publish(outgoing(str(number))) for number in range(30)))
        await decisions(bus, 30)
        assert [[str(number) for number in range(30)]] == world.ledger.batches


async def test_a_restored_deadline_still_fires() -> None:
    world = World()
    bus = await world.open()
    async with running(world.process()):
        await bus.publish(outgoing("in 500"), outgoing("in 900"))
        await decisions(bus, 2)
    world.clock.advance(600)
    async with running(world.process()):
        assert await decisions(bus, 3) == [(1, "in 500"), (2, "in 900"), (3, "fired")]
        await turns()
        world.timer.advance(300)
        assert (await decisions(bus, 4))[-1] == (4, "fired")
        assert world.ledger.deadlines == {}
