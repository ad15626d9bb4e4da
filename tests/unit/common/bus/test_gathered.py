"""What lies fetched in memory is bounded in records and in bytes, and comes out in the order of the log."""

from __future__ import annotations

from standardiste.common.bus.gathered import Gathered
from standardiste.common.bus.port import Record
from standardiste.common.bus.topics import Topic
from standardiste.common.events.base import Instant


def record(offset: int, at: int, topic: Topic = Topic.INPUTS, size: int = 9) -> Record:
    """`size` bytes with its key, "k"."""
    return Record(topic=topic, partition=0, offset=offset, appended_at=Instant(at), key="k", value=b"x" * (size - 1), headers={})


def test_records_of_several_topics_come_out_in_the_order_of_the_log() -> None:
    gathered = Gathered()
    gathered.add([record(0, 10), record(1, 30)])
    gathered.add([record(7, 20, Topic.DIRECTORY), record(8, 30, Topic.DIRECTORY)])
    taken = [(each.appended_at, each.topic.value) for each in gathered.take()]
    assert taken == [(10, "inputs"), (20, "directory"), (30, "directory"), (30, "inputs")]
    assert list(gathered.take()) == []


def test_so_many_records_are_enough() -> None:
    gathered = Gathered(records_max=3)
    gathered.add([record(0, 1), record(1, 2)])
    assert not gathered.is_full
    gathered.add([record(2, 3)])
    assert gathered.is_full


def test_so_many_bytes_are_enough_and_what_was_taken_makes_room() -> None:
    gathered = Gathered(bytes_max=100, take_max=1)
    gathered.add([record(0, 1, size=50), record(1, 2, size=50)])
    assert gathered.is_full
    gathered.take()
    assert not gathered.is_full


def test_a_batch_is_bounded_in_records_and_in_bytes() -> None:
    gathered = Gathered(take_max=3, take_bytes_max=100)
    gathered.add([record(n, n) for n in range(4)] + [record(n, n, size=60) for n in range(4, 6)])
    assert [len(gathered.take()) for _ in range(4)] == [3, 2, 1, 0]


def test_a_record_larger_than_a_batch_goes_alone() -> None:
    gathered = Gathered(take_bytes_max=100)
    gathered.add([record(0, 1, size=500), record(1, 2)])
    assert [len(gathered.take()) for _ in range(3)] == [1, 1, 0]
