"""A processor runs ahead of its commit by one whole batch, and nothing of it is seen before that commit has succeeded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from standardiste.common.bus.core import Bounds, Core
from standardiste.common.bus.log import Log
from standardiste.common.bus.memory import Inline, MemoryBus
from standardiste.common.bus.topics import Topic
from standardiste.common.clock import SystemClock
from standardiste.common.testing.bus import Ledger, entries_of, outgoing, read, running

TOPICS = (Topic.INPUTS, Topic.DIRECTORY)
BATCH = 20


class Disk(Inline):
    """Runs commits at once until it is held; then one when it is told to, and all that came when it is let go."""

    def __init__(self) -> None:
        self._is_held = False
        self._waiting: list[tuple[Callable[[], None], Callable[[Exception | None], None]]] = []

    def hold(self) -> None:
        self._is_held = True

    def submit(self, job: Callable[[], None], done: Callable[[Exception | None], None]) -> None:
        if self._is_held:
            self._waiting.append((job, done))
        else:
            super().submit(job, done)

    def let_go(self) -> None:
        self._is_held = False
        while self._waiting:
            super().submit(*self._waiting.pop(0))

    def fail(self) -> None:
        """What waits is not written; what comes then is."""
        self._is_held = False
        while self._waiting:
            self._waiting.pop(0)[1](OSError("no disk"))


class World:
    """A backlog, and a processor whose disk is held as soon as it has taken its partition."""

    def __init__(self) -> None:
        self.disk = Disk()
        self.bus = MemoryBus(Core(Log(":memory:", 1), SystemClock(), self.disk, None, None, Bounds(batch_records=BATCH)))
        self.ledgers: list[Ledger] = []

    def make(self, partition: int) -> Ledger:
        self.ledgers.append(Ledger(partition))
        return self.ledgers[-1]

    async def process(self, *, is_held: bool = True) -> None:
        ready = self.disk.hold if is_held else None
        await self.bus.process("router", TOPICS, Topic.ROUTER_STATE, self.make, ready=ready)

    async def handled(self, count: int) -> list[str]:
        """What the newest processor was given, once it has come to rest with so many."""
        for _ in range(1_000):
            await asyncio.sleep(0)
        taken = [text for batch in self.ledgers[-1].batches for text in batch]
        assert len(taken) == count
        return taken

    async def entries(self, count: int) -> list[tuple[int, str]]:
        return entries_of(await read(self.bus, Topic.DECISIONS, count=count))


def expected(*texts: str) -> list[tuple[int, str]]:
    return [(number, text) for number, text in enumerate(texts, 1)]


async def backlog(world: World, *texts: str) -> None:
    await world.bus.publish(*(outgoing(text) for text in texts))


NUMBERS = tuple(str(number) for number in range(5 * BATCH // 2))


async def test_one_whole_batch_is_handled_while_the_one_before_it_is_committed() -> None:
    world = World()
    await backlog(world, *NUMBERS)
    async with running(world.process()):
        await world.handled(2 * BATCH)
        assert dict(await world.bus.ends(Topic.DECISIONS)) == {0: 0}
        world.disk.let_go()
        assert expected(*NUMBERS) == await world.entries(len(NUMBERS))


async def test_what_waiting_would_make_larger_waits() -> None:
    world = World()
    await backlog(world, *NUMBERS[: BATCH + 1])
    async with running(world.process()):
        await world.handled(BATCH)
        world.disk.let_go()
        assert expected(*NUMBERS[: BATCH + 1]) == await world.entries(BATCH + 1)


async def test_a_commit_that_fails_takes_what_was_ahead_of_it_away() -> None:
    world = World()
    await backlog(world, *NUMBERS)
    async with running(world.process()):
        await world.handled(2 * BATCH)
        world.disk.fail()
        assert expected(*NUMBERS) == await world.entries(len(NUMBERS))
    assert len(world.ledgers) == 2


async def test_a_record_that_fails_ahead_of_the_log_takes_nothing_of_the_commit_before_it() -> None:
    world = World()
    texts = [*NUMBERS[:BATCH], "poison", *NUMBERS[BATCH:]]
    await backlog(world, *texts)
    async with running(world.process()):
        await world.handled(BATCH + 1)
        assert len(world.ledgers) == 1, "it waits for the commit under way before it gives itself up"
        world.disk.let_go()
        assert expected(*NUMBERS) == await world.entries(len(NUMBERS))
    assert world.ledgers[1].restored == 1


async def test_who_is_stopped_ends_the_commit_that_is_under_way_and_leaves_what_was_ahead_to_the_next() -> None:
    world = World()
    await backlog(world, *NUMBERS)
    async with running(world.process()):
        await world.handled(2 * BATCH)
        asyncio.get_running_loop().call_later(0.01, world.disk.let_go)
    assert expected(*NUMBERS[:BATCH]) == entries_of(world.bus.stored(Topic.DECISIONS))
    async with running(world.process(is_held=False)):
        assert expected(*NUMBERS) == await world.entries(len(NUMBERS))


async def test_of_an_entity_that_several_slices_changed_its_last_word_is_written() -> None:
    world = World()
    await backlog(world, *NUMBERS[:BATCH])
    async with running(world.process()):
        await world.handled(BATCH)
        world.disk.let_go()
        await world.entries(BATCH)
    (state,) = world.bus.stored(Topic.ROUTER_STATE)
    assert state.value == str(BATCH).encode()


async def test_a_deadline_waits_for_what_the_log_has_before_it() -> None:
    world = World()
    await backlog(world, "in 0", *NUMBERS[:BATCH])
    async with running(world.process(is_held=False)):
        entries = await world.entries(BATCH + 2)
    records = {record.value: record for record in world.bus.stored(Topic.INPUTS)}
    due = records[b"in 0"].appended_at
    before = [text for text in NUMBERS[:BATCH] if records[text.encode()].appended_at <= due]
    assert expected("in 0", *before, "fired", *NUMBERS[len(before) : BATCH]) == entries
