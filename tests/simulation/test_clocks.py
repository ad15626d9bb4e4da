"""A clock that is set, forward or back, by whatever much: what waits for time waits for it, and not for the clock."""

from __future__ import annotations

import asyncio
import json

import pytest

from standardiste.common.bus.memory import MemoryBus
from standardiste.common.bus.topics import Topic
from standardiste.common.clock import Clock
from standardiste.common.events.base import Instant
from standardiste.common.testing.bus import Ledger, outgoing, running, text_of
from standardiste.common.testing.simulation import World, simulate

TOPICS = (Topic.INPUTS, Topic.DIRECTORY)
HOUR_MS, LENGTH_MS = 3_600_000, 30_000


class Set:
    """A clock that somebody sets."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.by_ms = 0

    def now(self) -> Instant:
        return Instant(self._clock.now() + self.by_ms)


async def until_entered(bus: MemoryBus, count: int) -> list[dict[str, object]]:
    while len(bus.stored(Topic.DECISIONS)) < count:  # noqa: ASYNC110  # time is virtual: it passes for who sleeps
        await asyncio.sleep(0.1)
    return [json.loads(text_of(record)) for record in bus.stored(Topic.DECISIONS)]


@pytest.mark.parametrize("is_restarted", [False, True], ids=["running", "restarted"])
@pytest.mark.parametrize(("by_ms", "at_most"), [(-HOUR_MS, 2), (-LENGTH_MS // 4, 1.25), (0, 1), (HOUR_MS, 0)])
def test_a_deadline_is_late_by_its_own_length_at_most(by_ms: int, at_most: float, is_restarted: bool) -> None:
    async def scenario(world: World) -> None:
        clock = Set(world.clock)
        bus = await MemoryBus.open(clock)
        async with running(bus.process("router", TOPICS, Topic.ROUTER_STATE, Ledger)):
            await bus.publish(outgoing(f"in {LENGTH_MS}"))
            await until_entered(bus, 1)
            began = world.clock.now()
            if not is_restarted:
                clock.by_ms = by_ms
                await until_entered(bus, 2)
        if is_restarted:
            clock.by_ms = by_ms
            async with running(bus.process("router", TOPICS, Topic.ROUTER_STATE, Ledger)):
                await until_entered(bus, 2)
        took_ms, entries = world.clock.now() - began, await until_entered(bus, 2)
        assert entries[1]["at"] == bus.stored(Topic.INPUTS)[0].appended_at + LENGTH_MS
        assert LENGTH_MS * at_most - 200 <= took_ms <= LENGTH_MS * at_most + 1_200

    simulate(0, scenario)
