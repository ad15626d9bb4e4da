"""What a sweep takes and what it leaves."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from standardiste.common.bus.embedded import EmbeddedBus
from standardiste.common.bus.memory import MemoryBus
from standardiste.common.bus.port import Bus
from standardiste.common.bus.topics import DAY_MS, HOUR_MS, Topic
from standardiste.common.clock import ManualClock
from standardiste.common.testing.bus import Seen, outgoing, read, read_all, running, text_of, tombstone


async def texts(bus: Bus, topic: Topic) -> list[str]:
    return [text_of(record) for record in await read_all(bus, topic)]


async def reopened(bus: EmbeddedBus, path: Path, clock: ManualClock) -> EmbeddedBus:
    """The same log with nothing of it in memory."""
    await bus.close()
    return await EmbeddedBus.open(path, clock)


async def test_records_leave_when_their_time_is_over_and_offsets_go_on(tmp_path: Path) -> None:
    clock = ManualClock()
    bus = await EmbeddedBus.open(tmp_path, clock)
    await bus.publish(*(outgoing(f"old {number}") for number in range(600)))
    clock.advance(6 * DAY_MS)
    await bus.publish(outgoing("young"))
    assert await bus.sweep() == 0
    clock.advance(DAY_MS + 1)
    assert await bus.sweep() == 600
    bus = await reopened(bus, tmp_path, clock)
    assert await texts(bus, Topic.INPUTS) == ["young"]
    clock.advance(30 * DAY_MS)
    assert await bus.sweep() == 0, "the last record of a partition stays"
    bus = await reopened(bus, tmp_path, clock)
    await bus.publish(outgoing("next"))
    assert [record.offset for record in await read_all(bus, Topic.INPUTS)] == [600, 601]
    await bus.close()


async def test_dead_letters_are_kept_longer(tmp_path: Path) -> None:
    clock = ManualClock()
    bus = await EmbeddedBus.open(tmp_path, clock)
    await bus.publish(outgoing("a", topic=Topic.DEAD_LETTERS), outgoing("b", topic=Topic.DEAD_LETTERS))
    clock.advance(29 * DAY_MS)
    assert await bus.sweep() == 0
    clock.advance(2 * DAY_MS)
    assert await bus.sweep() == 1
    await bus.close()


async def test_a_reader_whose_place_was_swept_goes_on_with_what_is_left(tmp_path: Path) -> None:
    clock = ManualClock()
    bus = await EmbeddedBus.open(tmp_path, clock)
    await bus.publish(outgoing("a"), outgoing("b"))
    clock.advance(8 * DAY_MS)
    await bus.publish(outgoing("c"))
    await bus.sweep()
    bus = await reopened(bus, tmp_path, clock)
    assert [text_of(record) for record in await read(bus, Topic.INPUTS, count=1, positions={(Topic.INPUTS, 0): 1})] == ["c"]
    seen = Seen()
    async with running(bus.subscribe("g", (Topic.INPUTS,), seen)):
        assert await seen.until(1) == ["c"]
    await bus.close()


async def test_of_a_compacted_topic_the_last_of_each_key_stays(tmp_path: Path) -> None:
    clock = ManualClock()
    bus = await EmbeddedBus.open(tmp_path, clock)
    for turn in range(3):
        await bus.publish(*(outgoing(f"{key}{turn}", topic=Topic.DIRECTORY, key=f"t_1/queue/{key}") for key in "abc"))
    assert await bus.sweep() == 6
    bus = await reopened(bus, tmp_path, clock)
    assert await texts(bus, Topic.DIRECTORY) == ["a2", "b2", "c2"]
    await bus.publish(outgoing("b3", topic=Topic.DIRECTORY, key="t_1/queue/b"))
    assert await bus.sweep() == 1, "what was written before it was opened is known too"
    await bus.close()


async def test_a_tombstone_stays_for_its_time_and_until_every_group_is_past_it() -> None:
    clock = ManualClock()
    bus = await MemoryBus.open(clock)
    await bus.publish(outgoing("a", topic=Topic.DIRECTORY, key="t_1/queue/a"))
    seen = Seen()
    async with running(bus.subscribe("g", (Topic.DIRECTORY,), seen)):
        await seen.until(1)
    await bus.publish(tombstone("t_1/queue/a"), outgoing("b", topic=Topic.DIRECTORY, key="t_1/queue/b"))
    assert await bus.sweep() == 1, "the value leaves"
    clock.advance(DAY_MS + 1)
    assert await bus.sweep() == 0, "the group has not seen the deletion"
    async with running(bus.subscribe("g", (Topic.DIRECTORY,), seen)):
        await seen.until(3)
    assert await bus.sweep() == 1


async def test_tombstones_of_the_routers_state_leave_after_an_hour() -> None:
    clock = ManualClock()
    bus = await MemoryBus.open(clock)
    await bus.publish(tombstone("t_1/i/1", topic=Topic.ROUTER_STATE), outgoing("x", topic=Topic.ROUTER_STATE, key="t_1/i/2"))
    clock.advance(HOUR_MS + 1)
    assert await bus.sweep() == 1


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.one_of(st.none(), st.text("xyz", max_size=2)), st.booleans()), max_size=60))
@settings(max_examples=60, deadline=None)
async def test_a_swept_topic_says_the_same_as_the_whole_one(steps: list[tuple[str, str | None, bool]]) -> None:
    """Replaying what is left gives the same last value of each key, whenever the sweeps came."""
    clock = ManualClock()
    bus = await MemoryBus.open(clock)
    expected: dict[str, str] = {}
    for key, text, sweeps in steps:
        full = f"t_1/k/{key}"
        await bus.publish(tombstone(full) if text is None else outgoing(text, topic=Topic.DIRECTORY, key=full))
        if text is None:
            expected.pop(full, None)
        else:
            expected[full] = text
        clock.advance(DAY_MS // 10)
        if sweeps:
            await bus.sweep()
    left = bus.stored(Topic.DIRECTORY)
    found: dict[str, str] = {}
    for record in left:
        if record.value is None:
            found.pop(record.key, None)
        else:
            found[record.key] = text_of(record)
    assert expected == found
