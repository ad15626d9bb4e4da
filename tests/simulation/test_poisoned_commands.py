"""Commands that meet a fault of ours, while the router crashes and its commits are lost or unsure: each asker is answered once, and each command is kept."""

from __future__ import annotations

from dataclasses import replace

import pytest

from standardiste.common.bus.memory import Faults, MemoryBus
from standardiste.common.bus.processing import BATCH_RECORDS
from standardiste.common.bus.topics import Topic
from standardiste.common.events import commands as c
from standardiste.common.events import inputs
from standardiste.common.events.base import Data
from standardiste.common.events.codec import decode, encode
from standardiste.common.events.decisions import CommandDone, CommandRefused
from standardiste.common.events.directory import ChangeSetCommitted, Person
from standardiste.common.events.model import AgentId, Channel, ChannelAddressId, Scope, SessionId, StatusId
from standardiste.common.events.refusals import Refusal
from standardiste.common.testing.builders import AT, configuration, event
from standardiste.common.testing.simulation import World, simulate
from standardiste.router.app import INPUT_TOPICS, Router
from standardiste.router.kit import STANDARD

FAULTS = Faults(lost=0.1, unsure=0.1, delay_ms_max=40)
ANNA = c.Actor(agent=AgentId("anna"), session=SessionId("s1"))
COMMANDS = 24
POISONED = {f"x{number}" for number in range(0, COMMANDS, 5)}


def _faulty(tenant: str, person: Person, scope: Scope) -> bool:
    raise LookupError("a fault of ours")


KIT = replace(STANDARD, may_open=_faulty)


def _command(id: str) -> Data:
    if id not in POISONED:
        return c.SetStatus(actor=ANNA, status=StatusId("ready"))
    return c.OpenInteraction(actor=ANNA, channel=Channel.SMS, channel_address=ChannelAddressId(str(Channel.SMS)), address="+33123456789")


async def _router(bus: MemoryBus) -> None:
    await bus.process("router", INPUT_TOPICS, Topic.ROUTER_STATE, lambda partition: Router(partition, KIT))


def _answers(bus: MemoryBus) -> list[tuple[str, str | None]]:
    """Of each answered command, in order, its id and why it was refused."""
    said = [decode(record).data for record in bus.stored(Topic.DECISIONS)]
    return [(data.command, getattr(data, "reason", None)) for data in said if isinstance(data, CommandDone | CommandRefused)]


def _lettered(bus: MemoryBus) -> list[str]:
    return [letter.headers["ce_id"] for letter in bus.stored(Topic.DEAD_LETTERS)]


async def _scenario(world: World) -> None:
    entities = configuration()
    ids = [f"x{number}" for number in range(COMMANDS)]
    await world.bus.publish(
        *(encode(event(entity, id=f"e{n}"), Topic.DIRECTORY, key=f"e{n}") for n, entity in enumerate(entities)),
        encode(event(ChangeSetCommitted(number=1, members=len(entities), by="p", committed_at=AT), id="set"), Topic.DIRECTORY),
    )
    world.keep("router", _router, crash_rate=0.01)
    await world.until(lambda: bool(world.bus.stored(Topic.DECISIONS)))
    session = inputs.SessionOpened(session=SessionId("s1"), agent=AgentId("anna"), gateway="g1")
    await world.bus.publish(
        *(encode(event(data, id=id), Topic.INPUTS) for id, data in [("s", session), *((id, _command(id)) for id in ids)])
    )
    await world.until(lambda: len(_answers(world.bus)) >= COMMANDS)
    world.spare()
    await world.until(lambda: _position(world.bus) == len(world.bus.stored(Topic.INPUTS)))
    assert [(id, Refusal.NOT_HANDLED.value if id in POISONED else None) for id in ids] == _answers(world.bus)
    assert [id for id in ids if id in POISONED] == _lettered(world.bus)


def _position(bus: MemoryBus) -> int:
    """How many of the inputs the decisions' steps have passed, at least."""
    steps = [record.headers["step"] for record in bus.stored(Topic.DECISIONS)]
    return max((int(step.partition(":")[2]) + 1 for step in steps if step.startswith("inputs:")), default=0)


@pytest.mark.parametrize("seed", range(12))
def test_who_gave_a_command_that_is_set_aside_is_refused_once_whatever_crashes(seed: int) -> None:
    simulate(seed, _scenario, faults=FAULTS, batch_records=(BATCH_RECORDS, 1, 4)[seed % 3])
