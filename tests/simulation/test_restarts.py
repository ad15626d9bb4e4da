"""L7 over restarts: a router killed and restored at random points decides, byte for byte and step for step, as one that only stood still there."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from simulation import run
from simulation.world import Entry, restored

from standardiste.common.events.base import Event, Instant
from standardiste.common.events.codec import dump_data, headers_of
from standardiste.common.testing.builders import TENANT
from standardiste.router.engine import Engine
from standardiste.router.kit import STANDARD

WORLDS = 12
STEPS = 300
RESTARTS = 40


def replay(log: Sequence[Entry], pauses: frozenset[int], *, dies: bool) -> list[bytes]:
    """What is decided over a log, in bytes. Before each entry in `pauses` the router stands still for a moment, or dies and is restored there."""
    engine = Engine(TENANT, STANDARD)
    decided: list[bytes] = []

    def said(events: Sequence[Event], step: object = "") -> None:
        decided.extend(f"{step} {sorted(headers_of(each).items())}".encode() + dump_data(each.data) for each in events)

    def fire(until: Instant) -> None:
        while (fired := engine.fire_next(until)) is not None:
            said(fired.events, fired.due)

    for number, (at, what) in enumerate(log):
        fire(Instant(at - 1))
        if number in pauses:
            if dies:
                engine.changes(Instant(max(at - 1, 0)))
                engine = restored(engine)
            said(engine.resumed(Instant(max(at - 1, 0)), 0))
        match what:
            case Event():
                said(engine.step(what, at))
            case int():
                said(engine.resumed(at, what))
            case None:
                pass
        fire(at)
    return decided


@pytest.mark.parametrize("number", range(WORLDS))
def test_random_restarts_change_no_decision(number: int) -> None:
    log = run.run_world(f"restarts/{number}", STEPS).log
    pauses = frozenset(random.Random(number).sample(range(len(log)), min(RESTARTS, len(log))))
    assert replay(log, pauses, dies=False) == replay(log, pauses, dies=True)
