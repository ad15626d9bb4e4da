"""The hub over a bus in memory: what it does when the bus goes away, when a desk does not read, when rights change."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from standardiste.agent_gateway.hub import Hub
from standardiste.agent_gateway.line import Line
from standardiste.agent_gateway.questions import Questions
from standardiste.agent_gateway.session import Place
from standardiste.common.bus.memory import NO_FAULTS, Faults, MemoryBus
from standardiste.common.bus.port import Record
from standardiste.common.bus.topics import Topic
from standardiste.common.clock import SystemClock
from standardiste.common.directory_view import DirectoryView
from standardiste.common.errors import BusAway
from standardiste.common.events.codec import decode, encode
from standardiste.common.events.decisions import GatewayLost, InteractionHeld, SessionStarted
from standardiste.common.events.directory import ChangeSetCommitted, RightGrant
from standardiste.common.events.inputs import GatewayBeat, SessionClosed, SessionOpened
from standardiste.common.events.model import AgentId, InteractionId
from standardiste.common.events.wire import Close
from standardiste.common.testing.builders import AT, event, queue
from standardiste.common.testing.bus import running
from standardiste.common.testing.decisions import decision
from standardiste.common.testing.desk import token_of

AWAY = Faults(lost=1.0)
WITHIN_S = 10.0


class Reader:
    """Reads a line as a socket would, and keeps what it was told."""

    def __init__(self, line: Line) -> None:
        self._frames = line.frames()
        self.line = line

    async def until(self, kind: str) -> dict[str, Any]:
        async with asyncio.timeout(WITHIN_S):
            async for text in self._frames:
                frame = json.loads(text)
                if frame["kind"] == kind:
                    return frame
        raise AssertionError(f"the line was shut ({self.line.shut_with}) before a {kind} came")


@pytest_asyncio.fixture
async def bus() -> MemoryBus:
    return await MemoryBus.open()


@pytest_asyncio.fixture
async def router(bus: MemoryBus) -> MemoryBus:
    """The same log as the router sees it: its faults are not the gateway's."""
    return bus.another(NO_FAULTS)


@pytest_asyncio.fixture
async def hub(bus: MemoryBus, place: Place) -> AsyncIterator[Hub]:
    found = Hub(bus=bus, clock=SystemClock(), place=place, look_back=0, beat_every_ms=20)
    up, upper = asyncio.Event(), asyncio.Event()
    async with running(found.follow(up.set), found.pulse(upper.set)):
        await up.wait()
        yield found


def hello(private_pem: bytes, person: str = "anna", **fields: Any) -> str:
    return json.dumps({"kind": "hello", "token": token_of(private_pem, SystemClock().now(), person, **fields)})


async def sit_down(hub: Hub, private_pem: bytes, **fields: Any) -> Reader:
    reader = Reader(hub.join())
    await hub.receive(reader.line, hello(private_pem, **fields))
    await reader.until("welcome")
    return reader


async def heard(router: MemoryBus, kind: type, holds: Callable[[Any], bool] = lambda _: True) -> Any:
    """The first input of this kind for which it holds; waits for it."""
    async with asyncio.timeout(WITHIN_S):
        async for batch in router.tail((Topic.INPUTS,), {(Topic.INPUTS, 0): 0}):
            for record in batch:
                data = decode(record).data
                if isinstance(data, kind) and holds(data):
                    return data
    raise AssertionError("a tail does not end")


async def sessions_said(router: MemoryBus) -> set[str]:
    """The sessions that inputs speak of."""
    end = (await router.ends(Topic.INPUTS))[0]
    records: list[Record] = []
    async for batch in router.tail((Topic.INPUTS,), {(Topic.INPUTS, 0): 0}):
        records += batch
        if records[-1].offset >= end - 1:
            break
    return {str(data.session) for data in (decode(record).data for record in records) if isinstance(data, (SessionOpened, SessionClosed))}


async def start(router: MemoryBus, reader: Reader) -> None:
    """The router has heard of the session."""
    session = reader.line.session.id
    started = SessionStarted(session=session, agent=AgentId("anna"), gateway="g1")
    await router.publish(decision(started, f"session:{session}"))
    await reader.until("event")


def held(id: str = "i1") -> InteractionHeld:
    return InteractionHeld(interaction=InteractionId(id), version=1, owner=AgentId("anna"))


async def test_bus_that_goes_away_is_told_and_comes_back_by_itself(hub: Hub, bus: MemoryBus, router: MemoryBus, private_pem: bytes) -> None:
    anna, ben = await sit_down(hub, private_pem), await sit_down(hub, private_pem, person="ben")
    bus.faults = AWAY
    await hub.receive(anna.line, json.dumps({"kind": "command", "id": "c1", "type": "offer.accept", "data": {"offer": "o1"}}))
    problem = await anna.until("problem")
    assert (problem["reason"], problem["command"]) == ("bus_away", "c1")
    assert [(await each.until("away"))["is_away"] for each in (anna, ben)] == [True, True]
    bus.faults = NO_FAULTS
    assert [(await each.until("away"))["is_away"] for each in (anna, ben)] == [False, False]


async def test_nobody_sits_down_while_the_bus_is_away(hub: Hub, bus: MemoryBus, router: MemoryBus, private_pem: bytes) -> None:
    bus.faults = AWAY
    reader = Reader(hub.join())
    await hub.receive(reader.line, hello(private_pem))
    bye = await reader.until("bye")
    assert (bye["code"], reader.line.shut_with) == (Close.AWAY, (Close.AWAY, bye["reason"]))


async def test_desk_that_leaves_while_the_bus_is_away_is_reported_when_it_is_back(
    hub: Hub, bus: MemoryBus, router: MemoryBus, private_pem: bytes
) -> None:
    anna, ben = await sit_down(hub, private_pem), await sit_down(hub, private_pem, person="ben")
    session = anna.line.session.id
    bus.faults = AWAY
    hub.leave(anna.line)
    await ben.until("away")
    bus.faults = NO_FAULTS
    assert (await heard(router, SessionClosed)).session == session


async def test_of_desks_that_came_and_went_while_the_bus_was_away_the_router_hears_nothing(
    hub: Hub, bus: MemoryBus, router: MemoryBus, private_pem: bytes
) -> None:
    anna = await sit_down(hub, private_pem)
    bus.faults = AWAY
    await hub.receive(anna.line, json.dumps({"kind": "command", "id": "c1", "type": "offer.accept", "data": {"offer": "o1"}}))
    await anna.until("away")
    turned_away: list[str] = []
    for _ in range(5):
        ben = Reader(hub.join())
        await hub.receive(ben.line, hello(private_pem, person="ben"))
        turned_away.append((await ben.until("welcome"))["session"])
        assert (await ben.until("bye"))["code"] == Close.AWAY
        hub.leave(ben.line)
    hub.leave(anna.line)
    bus.faults = NO_FAULTS
    assert (await heard(router, SessionClosed)).session == anna.line.session.id
    assert not set(turned_away) & await sessions_said(router)


async def test_desk_that_does_not_read_is_cut_off_and_reported(hub: Hub, router: MemoryBus, private_pem: bytes) -> None:
    anna = await sit_down(hub, private_pem)
    await start(router, anna)
    for _ in range(45):
        await router.publish(*(decision(held(), "agent:anna") for _ in range(100)))
    closed = await heard(router, SessionClosed)
    assert (closed.session, anna.line.shut_with) == (anna.line.session.id, (Close.TOO_SLOW, "Too much was waiting to be read."))
    assert (await anna.until("bye"))["code"] == Close.TOO_SLOW


async def test_gateway_that_was_believed_lost_opens_its_sessions_again(hub: Hub, router: MemoryBus, private_pem: bytes) -> None:
    anna = await sit_down(hub, private_pem)
    await router.publish(decision(GatewayLost(gateway="another")), decision(GatewayLost(gateway="g1")))
    opened = await heard(router, SessionOpened, lambda data: data.is_resuming)
    assert opened.session == anna.line.session.id


async def test_gateway_beats_once_for_each_tenant_with_desks(hub: Hub, router: MemoryBus, private_pem: bytes) -> None:
    anna, ben = await sit_down(hub, private_pem), await sit_down(hub, private_pem, person="ben")
    assert await heard(router, GatewayBeat, lambda beat: beat.sessions == 2) == GatewayBeat(gateway="g1", sessions=2)
    hub.leave(anna.line)
    hub.leave(ben.line)
    assert len(hub) == 0


async def test_new_queue_is_watched_as_soon_as_it_is_in_force(
    hub: Hub, router: MemoryBus, private_pem: bytes, directory: DirectoryView
) -> None:
    async with running(hub.watch_configuration(lambda: None)):
        rights = (RightGrant(role="supervisor"), RightGrant(role="agent", scope="self"))
        anna = await sit_down(hub, private_pem, rights=rights)
        await start(router, anna)
        fresh = replace(queue("fresh"), change_set=2)
        commit = ChangeSetCommitted(number=2, members=1, by="test", committed_at=AT)
        for offset, data in enumerate((fresh, commit), 100):
            await router.publish(encode(event(data, source="directory"), Topic.DIRECTORY, f"t1/{offset}"))
        for record in router.stored(Topic.DIRECTORY):
            directory.take(record)
        await asyncio.sleep(0)  # the watcher's turn
        await router.publish(decision(held("watched"), "queue:fresh"))
        assert (await anna.until("event"))["data"]["interaction"] == "watched"


async def test_questions_that_wait_are_bounded_and_given_back() -> None:
    questions = Questions()
    futures = [questions.wait_for("t1", f"c{n}", wants_explanation=False) for n in range(1_000)]
    with pytest.raises(BusAway):
        questions.wait_for("t1", "more", wants_explanation=False)
    questions.drop("t1", "c0", futures[0])
    assert not questions.wait_for("t1", "more", wants_explanation=False).done()


async def test_answer_reaches_only_who_asked_in_that_tenant() -> None:
    questions = Questions()
    ours, theirs = (questions.wait_for(tenant, "c1", wants_explanation=False) for tenant in ("t1", "t2"))
    questions.answer("t1", "c1", "standardiste.command.done.v1", {"command": "c1"})
    assert (ours.done(), theirs.done()) == (True, False)
