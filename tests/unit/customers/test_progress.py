"""How far decisions are in the documents."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from standardiste.common.bus.memory import MemoryBus
from standardiste.common.bus.port import Outgoing
from standardiste.common.bus.topics import Topic, partition_of
from standardiste.common.clock import ManualClock
from standardiste.common.errors import BadInput
from standardiste.customers.progress import Progress, parse_at_least


@pytest_asyncio.fixture
async def bus() -> AsyncIterator[MemoryBus]:
    bus = await MemoryBus.open(ManualClock())
    yield bus
    await bus.close()


@pytest.fixture
def progress(bus: MemoryBus) -> Progress:
    return Progress(bus, "customers-decisions")


def start(progress: Progress, *offsets: int) -> None:
    for offset in offsets:
        progress.start(0, offset)


async def test_the_position_is_the_lowest_that_is_not_done(progress: Progress) -> None:
    start(progress, 5, 6, 7)
    progress.done(0, 6)
    assert await progress.position(0) == 0
    progress.done(0, 5)
    assert await progress.position(0) == 7
    assert await progress.reached(0, 6)
    assert not await progress.reached(0, 7, wait_s=0)


async def test_a_reader_is_held_until_its_position_is_reached(progress: Progress) -> None:
    start(progress, 0)
    reached = progress.reached(0, 0, wait_s=20)
    progress.done(0, 0)
    assert await reached


async def test_whoever_asks_is_held_until_all_that_stands_in_the_log_is_done(bus: MemoryBus, progress: Progress) -> None:
    assert await progress.caught_up(wait_s=0)
    await bus.publish(*(Outgoing(topic=Topic.DECISIONS, tenant="t1", key="k", value=b"{}") for _ in range(2)))
    start(progress, 0, 1)
    progress.done(0, 0)
    assert not await progress.caught_up(wait_s=0)
    caught_up = progress.caught_up(wait_s=20)
    progress.done(0, 1)
    assert await caught_up


async def test_what_is_delivered_anew_is_counted_anew(progress: Progress) -> None:
    start(progress, 0, 1, 2)
    progress.done(0, 1)
    start(progress, 0, 1)
    progress.done(0, 0)
    assert await progress.position(0) == 1
    progress.done(0, 2)  # of the former delivery: nobody waits for it
    progress.done(0, 1)
    assert await progress.position(0) == 2


@pytest.mark.parametrize(("expected", "text"), [((0, 12), "0:12"), ((3, 12), "3:12:1")])
def test_a_frames_seq_names_a_position(expected: tuple[int, int], text: str) -> None:
    assert parse_at_least(text) == expected


@pytest.mark.parametrize("text", ["", "12", "a:b", "0:-1", "0:1:2:3", "0:" + "9" * 19, "0:²"])
def test_what_is_no_seq_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="invalid_field"):
        parse_at_least(text)


async def test_whoever_asks_for_one_tenant_is_held_by_its_partition_alone() -> None:
    bus = await MemoryBus.open(ManualClock(), partitions=2)
    here, elsewhere = (next(name for name in ("t1", "t2", "t3", "t4") if partition_of(name, 2) == n) for n in (0, 1))
    try:
        await bus.publish(Outgoing(topic=Topic.DECISIONS, tenant=elsewhere, key="k", value=b"{}"))
        progress = Progress(bus, "customers-decisions")
        assert await progress.caught_up(wait_s=0, tenant=here)
        assert not await progress.caught_up(wait_s=0, tenant=elsewhere)
    finally:
        await bus.close()
