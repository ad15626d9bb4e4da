"""What aiokafka says over and over is said once, and once more when it is over; nothing else is held back."""

from __future__ import annotations

import json
import logging

import pytest

from standardiste.common.bus.kafka_complaints import CALM_AFTER_MS, KINDS_MAX, Complaints
from standardiste.common.clock import ManualClock
from standardiste.common.testing.bus import ManualTimer


class World:
    """A logger of its own beside aiokafka's, and what was written so far."""

    def __init__(self, written: pytest.CaptureFixture[str]) -> None:
        self.clock = ManualClock()
        self.timer = ManualTimer(self.clock)
        self._written = written
        self._logger = logging.Logger("aiokafka.conn")
        self._logger.addHandler(Complaints(self.clock, self.timer))

    def says(self, message: str, *arguments: object) -> None:
        self._logger.warning(message, *arguments)

    def lines(self) -> list[tuple[str, object]]:
        """What came since the last look: the event and what it says."""
        found = [json.loads(line) for line in self._written.readouterr().err.splitlines()]
        return [(line["event"], line.get("message", line.get("kinds"))) for line in found]


@pytest.fixture
def world(capsys: pytest.CaptureFixture[str]) -> World:
    return World(capsys)


def test_the_first_of_a_kind_is_said_as_it_comes_and_the_same_again_is_counted(world: World) -> None:
    for node in range(300):
        world.says("Unable connect to node with id %s: refused", node)
    world.says("Heartbeat failed")
    assert world.lines() == [
        ("library_message", "Unable connect to node with id 0: refused"),
        ("library_message", "Heartbeat failed"),
    ]


def test_when_it_is_over_one_line_says_how_often_each_was_said(world: World) -> None:
    for _ in range(20):
        world.says("refused")
        world.timer.advance(CALM_AFTER_MS - 1)
    world.says("another")
    world.lines()
    world.timer.advance(CALM_AFTER_MS - 1)
    assert world.lines() == []
    world.timer.advance(1)
    assert world.lines() == [("kafka_complaints_over", {"aiokafka.conn: refused": 20, "aiokafka.conn: another": 1})]


def test_the_next_outage_is_told_anew(world: World) -> None:
    for _ in range(2):
        world.says("refused")
        world.says("refused")
        assert world.lines() == [("library_message", "refused")]
        world.timer.advance(CALM_AFTER_MS)
        assert world.lines() == [("kafka_complaints_over", {"aiokafka.conn: refused": 2})]


def test_a_single_complaint_is_one_line(world: World) -> None:
    world.says("refused")
    world.timer.advance(CALM_AFTER_MS)
    assert world.lines() == [("library_message", "refused")]


def test_where_nobody_waits_any_more_the_next_complaint_says_that_the_last_were_over(world: World) -> None:
    world.says("refused")
    world.says("refused")
    world.lines()
    world.clock.advance(CALM_AFTER_MS)
    world.says("refused")
    assert world.lines() == [("kafka_complaints_over", {"aiokafka.conn: refused": 2}), ("library_message", "refused")]


def test_kinds_are_bounded(world: World) -> None:
    for number in range(3 * KINDS_MAX):
        world.says("x" * number)
    assert len(world.lines()) == KINDS_MAX + 1
    world.timer.advance(CALM_AFTER_MS)
    ((_, kinds),) = world.lines()
    assert isinstance(kinds, dict)
    assert kinds["aiokafka.conn"] == 2 * KINDS_MAX
