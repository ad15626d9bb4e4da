"""The partitioner is Kafka's own."""

from __future__ import annotations

import pytest

from standardiste.common.bus.topics import TOPICS, Topic, murmur2, partition_of


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (-973932308, "21"),
        (-790332482, "foobar"),
        (-985981536, "a-little-bit-long-string"),
        (-1486304829, "a-little-bit-longer-string"),
        (-58897971, "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8"),
        (479470107, "abc"),
    ],
)
def test_murmur2_gives_what_kafkas_java_client_gives(expected: int, text: str) -> None:
    """Source: Kafka's UtilsTest.testMurmur2."""
    signed = murmur2(text.encode())
    assert expected == signed - (1 << 32 if signed >= 1 << 31 else 0)


def test_a_partition_is_within_the_number_of_partitions() -> None:
    assert {partition_of(f"t_{number}", 24) for number in range(2_000)} == set(range(24))
    assert {0} == {partition_of(f"t_{number}", 1) for number in range(100)}


def test_every_topic_has_its_row() -> None:
    assert list(Topic) == list(TOPICS)


def test_a_topic_is_kept_by_time_or_by_key() -> None:
    assert all(spec.is_compacted == (spec.retention_ms is None) for spec in TOPICS.values())
