"""The law of every reader: all that was committed, once, never back in time, and what is taken at once in order."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from standardiste.common.bus.core import Bounds
from standardiste.common.bus.log import pack_headers, unpack_headers
from standardiste.common.bus.memory import MemoryBus
from standardiste.common.bus.port import Record
from standardiste.common.bus.topics import Topic
from standardiste.common.bus.window import CHUNK
from standardiste.common.clock import ManualClock
from standardiste.common.testing.bus import outgoing

READ = (Topic.INPUTS, Topic.DIRECTORY)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("publish"), st.lists(st.tuples(st.sampled_from(READ), st.integers(0, 5)), min_size=1, max_size=8)),
        st.tuples(st.just("burst"), st.sampled_from(READ)),
        st.tuples(st.just("take"), st.integers(1, 30)),
        st.tuples(st.just("wait"), st.integers(1, 5)),
    ),
    max_size=30,
)


def in_order(batch: Sequence[Record]) -> Sequence[Record]:
    keys = [(record.appended_at, record.topic, record.partition, record.offset) for record in batch]
    assert sorted(keys) == keys
    return batch


@given(STEPS, st.integers(1, 3), st.sampled_from([0, 5_000, 10_000_000]))
@settings(max_examples=80, deadline=None)
async def test_a_cursor_gives_everything_once_and_in_order(steps: list[tuple[str, object]], partitions: int, window_bytes: int) -> None:
    clock = ManualClock()
    bus = await MemoryBus.open(clock, partitions, bounds=Bounds(window_bytes_max=window_bytes))
    cursor = bus.cursor(READ)
    taken: list[Record] = []
    for what, how in steps:
        match what, how:
            case "publish", list() as records:
                await bus.publish(*(outgoing(topic=topic, tenant=f"t_{tenant}") for topic, tenant in records))
            case "burst", Topic() as topic:
                await bus.publish(*(outgoing(topic=topic) for _ in range(CHUNK + 10)))
            case "take", int() as limit:
                taken += in_order(cursor.take(limit))
            case _, int() as ms:
                clock.advance(ms)
            case _:
                raise AssertionError(what)
    while cursor.is_behind:
        batch = cursor.take(7)
        assert batch
        taken += in_order(batch)
    for partition in range(partitions):
        own = [record.appended_at for record in taken if record.partition == partition]
        assert sorted(own) == own
    ends = {(topic, partition): end for topic in READ for partition, end in (await bus.ends(topic)).items()}
    expected = {(*place, offset) for place, end in ends.items() for offset in range(end)}
    assert expected == {(record.topic, record.partition, record.offset) for record in taken}
    assert len(expected) == len(taken)


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"))


@given(st.dictionaries(TEXT, TEXT))
def test_headers_come_back_as_they_went(headers: dict[str, str]) -> None:
    assert headers == unpack_headers(pack_headers(headers))
