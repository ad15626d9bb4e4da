"""The bus in simulation: whatever crashes, is lost or comes twice, its promises hold; and a seed decides everything."""

from __future__ import annotations

import asyncio
import json

import pytest

from standardiste.common.bus.memory import Faults, MemoryBus
from standardiste.common.bus.port import Record
from standardiste.common.bus.processing import BATCH_RECORDS
from standardiste.common.bus.topics import Topic
from standardiste.common.errors import BusAway, CorruptState
from standardiste.common.testing.bus import Ledger, outgoing, text_of
from standardiste.common.testing.jumping_loop import Stalled
from standardiste.common.testing.simulation import Outcome, World, simulate

TOPICS = (Topic.INPUTS, Topic.DIRECTORY)
SEEDS = range(25)
FAULTS = Faults(lost=0.02, unsure=0.02, twice=0.05, delay_ms_max=40)
RECORDS = 120
BATCHES = (BATCH_RECORDS, 1, 4, 40)
"""With the small ones the processor runs ahead of its commits, as it does under a large backlog."""


class Chain:
    """Publishers that try until they are told it arrived, a router, and a subscriber that keeps what it handled."""

    def __init__(self) -> None:
        self.accepted: set[str] = set()
        self.handled: list[tuple[int, int]] = []

    async def router(self, bus: MemoryBus) -> None:
        await bus.process("router", TOPICS, Topic.ROUTER_STATE, Ledger)

    async def customers(self, bus: MemoryBus) -> None:
        async def handle(record: Record) -> None:
            await asyncio.sleep(0.003)
            self.handled.append((record.partition, record.offset))

        await bus.subscribe("customers", (Topic.DECISIONS,), handle)

    async def ingest(self, bus: MemoryBus) -> None:
        for number in range(RECORDS):
            text = f"in {number * 7}" if number % 5 == 0 else f"n {number}"
            while text not in self.accepted:
                try:
                    await bus.publish(outgoing(text, tenant=f"t_{number % 4}"))
                    self.accepted.add(text)
                except BusAway:
                    await asyncio.sleep(0.05)
        await asyncio.Event().wait()

    async def scenario(self, world: World) -> None:
        world.keep("ingest", self.ingest, crash_rate=0.002)
        world.keep("router", self.router, crash_rate=0.005)
        world.keep("router", self.router, crash_rate=0.005)
        world.keep("customers", self.customers, crash_rate=0.005)
        await world.until(lambda: len(self.accepted) == RECORDS)
        world.spare()
        await world.until(lambda: self._is_settled(world.bus))
        self._check(world.bus)

    def _is_settled(self, bus: MemoryBus) -> bool:
        inputs, decisions = bus.stored(Topic.INPUTS), bus.stored(Topic.DECISIONS)
        deadlines = sum(text_of(record).startswith("in ") for record in inputs)
        handled = {(record.partition, record.offset) for record in decisions} <= set(self.handled)
        return len(decisions) >= len(inputs) + deadlines and handled

    def _check(self, bus: MemoryBus) -> None:
        inputs, decisions = bus.stored(Topic.INPUTS), bus.stored(Topic.DECISIONS)
        assert self.accepted <= {text_of(record) for record in inputs}
        for tenant in ("t_0", "t_1", "t_2", "t_3"):
            entries = [json.loads(text_of(record)) for record in decisions if record.headers["ce_tenant"] == tenant]
            own = [text_of(record) for record in inputs if record.headers["ce_tenant"] == tenant]
            assert [entry["number"] for entry in entries] == list(range(1, len(entries) + 1))
            assert [entry["text"] for entry in entries if entry["text"] != "fired"] == own
            assert sum(entry["text"] == "fired" for entry in entries) == sum(text.startswith("in ") for text in own)
        assert bus.stored(Topic.DEAD_LETTERS) == []


def run(seed: int, partitions: int) -> Outcome:
    return simulate(seed, Chain().scenario, faults=FAULTS, partitions=partitions, batch_records=BATCHES[seed % len(BATCHES)])


@pytest.mark.parametrize("seed", SEEDS)
def test_promises_hold_and_the_same_seed_gives_the_same_log(seed: int) -> None:
    partitions = 1 + seed % 3
    first = run(seed, partitions)
    assert first == run(seed, partitions)


def test_seeds_differ_and_things_do_crash() -> None:
    outcomes = [run(seed, 1) for seed in range(6)]
    assert len({outcome.log for outcome in outcomes}) == len(outcomes)
    assert sum(len(outcome.crashes) for outcome in outcomes) > 10


def test_a_partition_that_a_person_must_mend_is_looked_at_twice_a_minute_and_no_more() -> None:
    tries: list[int] = []

    def broken(partition: int) -> Ledger:
        tries.append(partition)
        raise CorruptState("router-state of partition 0")

    async def service(bus: MemoryBus) -> None:
        await bus.process("router", TOPICS, Topic.ROUTER_STATE, broken)

    async def scenario(world: World) -> None:
        world.keep("router", service)
        await asyncio.sleep(3_600)
        assert 120 <= len(tries) <= 300

    simulate(0, scenario)


def test_a_day_costs_what_happens_in_it() -> None:
    async def sleeps(world: World) -> None:
        await asyncio.sleep(86_400)

    assert simulate(0, sleeps).lasted_ms == 86_400_000


def test_who_waits_for_ever_is_told() -> None:
    async def waits(world: World) -> None:
        await asyncio.Event().wait()

    with pytest.raises(Stalled):
        simulate(0, waits)


def test_a_crash_leaves_no_time_to_clean_up() -> None:
    lives: list[str] = []

    async def service(bus: MemoryBus) -> None:
        lives.append("begins")
        try:
            await asyncio.sleep(1_000)
        finally:
            lives.append("cleans up")

    async def scenario(world: World) -> None:
        node = world.keep("service", service)
        await asyncio.sleep(1)
        world.crash(node)
        await asyncio.sleep(60)
        assert lives == ["begins", "begins"]

    simulate(0, scenario)
