"""The law of the lanes: whatever order handlers end in, lanes keep their order and no unfinished record counts as done."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from standardiste.common.bus.lanes import Lanes, reason_of
from standardiste.common.bus.port import Record, RetryPolicy
from standardiste.common.bus.topics import Topic
from standardiste.common.errors import BadInput
from standardiste.common.events.base import Instant
from standardiste.common.tracing import current_traceparent


def record(offset: int, key: str, partition: int = 0) -> Record:
    return Record(topic=Topic.INPUTS, partition=partition, offset=offset, appended_at=Instant(0), key=key, value=b"", headers={})


class Hands:
    """A handler whose every call ends when the test says so."""

    def __init__(self) -> None:
        self.waiting: dict[tuple[int, int], asyncio.Future[None]] = {}
        self.started: list[Record] = []

    async def __call__(self, taken: Record) -> None:
        self.started.append(taken)
        self.waiting[taken.partition, taken.offset] = asyncio.get_running_loop().create_future()
        await self.waiting[taken.partition, taken.offset]


async def turns() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@given(st.lists(st.tuples(st.integers(0, 1), st.sampled_from("abc-"), st.integers(1, 3)), max_size=25), st.randoms(use_true_random=False))
@settings(max_examples=80, deadline=None)
async def test_lanes_keep_order_and_offsets_tell_the_truth(fed: list[tuple[int, str, int]], random: Random) -> None:
    hands, done = Hands(), set[tuple[int, int]]()
    committed: dict[int, int] = {}
    buried: list[int] = []

    async def bury(taken: Record, reason: str, tries: int) -> None:
        buried.append(taken.offset)

    def progress(topic: Topic, partition: int, next_offset: int) -> None:
        assert next_offset >= committed.get(partition, 0)
        committed[partition] = next_offset

    def lane(taken: Record) -> str | None:
        return None if taken.key == "-" else taken.key

    lanes = Lanes(hands, bury, progress, lane=lane, in_flight=6, retry=RetryPolicy(tries=1), random=random)
    offsets = {0: 0, 1: 0}
    all_fed: list[Record] = []

    async def end_one() -> None:
        place = random.choice(sorted(hands.waiting))
        ending = hands.waiting.pop(place)
        if random.random() < 0.2:
            ending.set_exception(BadInput("bad", "as drawn"))
        else:
            ending.set_result(None)
        done.add(place)
        await turns()
        for partition, next_offset in committed.items():
            unfinished = [each.offset for each in all_fed if each.partition == partition and (partition, each.offset) not in done]
            assert next_offset <= min(unfinished, default=next_offset)

    for partition, key, gap in fed:
        while lanes.room == 0:
            await end_one()
        taken = record(offsets[partition] + gap - 1, f"{key}", partition)
        offsets[partition] = taken.offset + 1
        if lane(taken) is not None:
            all_fed.append(taken)
        lanes.start(taken)
        await turns()
        assert len(hands.waiting) <= 6
    while hands.waiting:
        await end_one()
    for key in "abc":
        assert [each for each in all_fed if each.key == key] == [each for each in hands.started if each.key == key]
    assert {partition: end for partition, end in offsets.items() if end} == committed
    assert lanes.room == 6


def test_a_reason_names_our_errors_and_withholds_the_text_of_others() -> None:
    with pytest.raises(ValueError, match="Martin") as caught:
        int("Mrs Martin, 06 12 34 56 78")
    assert reason_of(caught.value).startswith("ValueError at test_lanes.py:")
    assert reason_of(BadInput("bad_field", "not a number")) == "bad_field: not a number"


async def test_a_handler_runs_within_its_records_trace() -> None:
    traces: list[str | None] = []

    async def handle(taken: Record) -> None:
        traces.append(current_traceparent())

    async def bury(taken: Record, reason: str, tries: int) -> None:
        raise AssertionError

    lanes = Lanes(handle, bury, lambda *_: None, lane=None, in_flight=6, retry=RetryPolicy(), random=Random(0))
    for offset, headers in enumerate(({"traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"}, {}, {"traceparent": "odd"})):
        lanes.start(replace(record(offset, "one key"), headers=headers))
    await turns()
    assert traces == ["00-" + "a" * 32 + "-" + "b" * 16 + "-01", None, "odd"]
