"""When a reader is found to stand still."""

from __future__ import annotations

from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import NodeNotReadyError

from standardiste.common.bus.kafka_positions import STANDSTILL_S, Standstill
from standardiste.common.errors import BusAway

PLACE = TopicPartition("inputs", 0)


class Reader:
    """A consumer of one partition: where it stands, and where the log ends."""

    at = 0
    end = 0

    is_silent = False

    async def end_offsets(self, places: object) -> dict[TopicPartition, int]:
        if self.is_silent:
            raise NodeNotReadyError
        return {PLACE: self.end}

    async def position(self, place: TopicPartition) -> int:
        return self.at


class World:
    def __init__(self) -> None:
        self.now = 0.0
        self.reader = Reader()
        self.still = Standstill(lambda: self.now)

    async def look(self, *, at: int, end: int, after_s: float = STANDSTILL_S) -> None:
        self.now += after_s
        self.reader.at, self.reader.end = at, end
        consumer: Any = self.reader
        await self.still.look(consumer, [PLACE])


async def test_a_reader_that_has_read_all_is_well() -> None:
    world = World()
    for _ in range(3):
        await world.look(at=7, end=7)


async def test_a_reader_that_gets_on_is_well_however_far_behind() -> None:
    world = World()
    for at in (1, 2, 3):
        await world.look(at=at, end=1_000)


async def test_a_reader_that_is_behind_and_does_not_move_stands_still() -> None:
    world = World()
    await world.look(at=7, end=9)
    await world.look(at=7, end=9, after_s=1)
    with pytest.raises(BusAway, match="stands still"):
        await world.look(at=7, end=12)


async def test_what_came_a_moment_ago_is_no_standstill() -> None:
    world = World()
    await world.look(at=7, end=7)
    await world.look(at=7, end=8)
    await world.look(at=8, end=8)


async def test_a_broker_that_does_not_answer_shows_nothing() -> None:
    world = World()
    await world.look(at=7, end=9)
    world.reader.is_silent = True
    await world.look(at=7, end=9)
    world.reader.is_silent = False
    await world.look(at=7, end=9)
    with pytest.raises(BusAway):
        await world.look(at=7, end=9)
