"""What questions cost: what they look at, and not that times all that lives. Whoever asks holds up the whole partition meanwhile."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from standardiste.common.events import commands as c
from standardiste.common.events import inputs
from standardiste.common.events.base import Data, Event, Instant
from standardiste.common.events.directory import ChangeSetCommitted
from standardiste.common.events.model import AgentId, Channel, InteractionId, SessionId, StatusId
from standardiste.common.testing.builders import AT, TENANT, configuration, contact, event, person
from standardiste.common.testing.effort import calls_of
from standardiste.router.engine import Engine
from standardiste.router.kit import STANDARD

FEW, MANY = 10, 40
ASKER = c.Actor(agent=AgentId("a0"), session=SessionId("s0"), may_supervise=True)


def floor(agents: int, waiting: int) -> Engine:
    """So many agents with a call each, and so many calls that wait."""
    engine = Engine(TENANT, STANDARD)

    def take(data: Data) -> tuple[Event, ...]:
        return engine.step(event(data, id=f"x{engine.live.decisions}"), Instant(AT))

    people = (person(f"a{n}") for n in range(agents))
    for entity in configuration(*people):
        take(entity)
    take(ChangeSetCommitted(number=1, members=1, by="p", committed_at=AT))
    for n in range(agents):
        take(inputs.SessionOpened(session=SessionId(f"s{n}"), agent=AgentId(f"a{n}"), gateway="g1"))
        take(c.SetStatus(actor=c.Actor(agent=AgentId(f"a{n}"), session=SessionId(f"s{n}")), status=StatusId("ready")))
    for n in range(agents + waiting):
        take(inputs.ContactReceived(contact=contact(f"m{n}", channel=Channel.VOICE)))
    engine.fire(Instant(AT + 500))
    return engine


def why_waiting(size: int) -> Data:
    return c.ExplainInteraction(actor=ASKER, interaction=InteractionId("in_m9"))  # the last by its id, and so in line


def why_idle(size: int) -> Data:
    return c.ExplainAgent(actor=ASKER, agent=AgentId("a1"))


def doctor(size: int) -> Data:
    return c.AskDoctor(actor=ASKER)


def asked(of: Callable[[int], Data], size: int) -> int:
    """How many calls the answer takes, on a floor of so many agents and as many who wait."""
    engine = floor(size, size)
    question = event(of(size), id="q")
    return calls_of(lambda: engine.step(question, Instant(AT + 600)))


@pytest.mark.parametrize(("of", "growth"), [(why_waiting, 6), (why_idle, 6), (doctor, 20)])
def test_on_a_floor_four_times_as_large_a_question_costs_no_more_than_what_it_looks_at(of: Callable[[int], Data], growth: int) -> None:
    few, many = asked(of, FEW), asked(of, MANY)
    assert many < growth * few, (few, many)
