"""The gateway over real sockets, HTTP and log; the test writes what the router would."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from websockets.exceptions import InvalidStatus

from standardiste.agent_gateway.app import build
from standardiste.agent_gateway.settings import GatewaySettings
from standardiste.common.bus.topics import Topic
from standardiste.common.events.commands import AcceptOffer, Actor, AskDoctor, ExplainInteraction
from standardiste.common.events.decisions import (
    CommandDone,
    CommandRefused,
    DoctorReported,
    InteractionActivated,
    InteractionExplained,
    InteractionHeld,
    MessageReceived,
    OfferMade,
    SessionEnded,
    SessionLost,
    SessionStarted,
    SnapshotBegan,
    SnapshotEnded,
)
from standardiste.common.events.directory import RightGrant
from standardiste.common.events.inputs import GatewayBeat, SessionClosed, SessionOpened
from standardiste.common.events.model import (
    AgentId,
    CommandId,
    ContactId,
    ConversationId,
    FilterCount,
    InteractionId,
    InteractionState,
    OfferId,
    OfferView,
    SessionId,
    Why,
)
from standardiste.common.events.wire import Close
from standardiste.common.testing.builders import AT, configuration, interaction_view, message
from standardiste.common.testing.decisions import decision
from standardiste.common.testing.desk import Desk, connected, sit_down, token_of
from standardiste.common.testing.running import PRIVATE_PEM, Running, key_of_test, running

ANNA, I1, C1 = AgentId("anna"), InteractionId("i1"), ConversationId("c1")
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path, lambda parts: build(GatewaySettings(), parts)) as found:
        await found.configure("t1", *configuration(), key_of_test("agent.work", "agent.supervise"))
        yield found


def token(site: Running, person: str = "anna", **fields: Any) -> str:
    return token_of(PRIVATE_PEM, site.parts.clock.now(), person, **fields)


async def decide(site: Running, *data: Any, to: tuple[str, ...], tenant: str = "t1") -> None:
    """The router decides, addressed to these readers."""
    await site.parts.bus.publish(*(decision(each, *to, tenant=tenant, traceparent=TRACE) for each in data))


async def greeted(site: Running, desk: Desk, number: int = 1) -> None:
    """The router hears of the session and sends its snapshot."""
    opened = (await site.inputs(SessionOpened, number))[-1]
    assert opened.session == desk.session
    to = (f"session:{desk.session}",)
    await decide(site, SessionStarted(session=opened.session, agent=ANNA, gateway=opened.gateway), to=to)
    await decide(site, SnapshotBegan(session=opened.session, agent=ANNA, change_set=1), to=to)
    await decide(site, SnapshotEnded(session=opened.session, interactions=0, offers=0), to=to)
    await desk.until("snapshot.ended")


def held(interaction: str = "i1") -> InteractionHeld:
    return InteractionHeld(interaction=InteractionId(interaction), version=3, owner=ANNA)


def received(id: str) -> MessageReceived:
    return MessageReceived(interaction=I1, conversation=C1, contact=ContactId(id), message=message(id, f"Bonjour {id}"))


def activated() -> InteractionActivated:
    return InteractionActivated(interaction=I1, version=2, conversation=C1, owner=ANNA)


def types(desk: Desk) -> list[str]:
    return [str(frame["type"]).removeprefix("standardiste.").removesuffix(".v1") for frame in desk.events]


async def test_desk_is_welcomed_and_sees_what_is_addressed_to_it(site: Running) -> None:
    async with sit_down(site.url, token(site)) as desk:
        await greeted(site, desk)
        await decide(site, held("other"), to=("agent:ben",))
        await decide(site, held("abroad"), to=("agent:anna",), tenant="t2")
        await decide(site, held(), to=("agent:anna",))
        frame = await desk.until("interaction.held")
        assert (frame["data"]["interaction"], frame["traceparent"], frame["tenant"]) == ("i1", TRACE, "t1")
        assert types(desk) == ["session.started", "snapshot.began", "snapshot.ended", "interaction.held"]
        assert desk.frames[0]["kind"] == "welcome"


async def test_command_is_published_in_the_agents_name_and_answered(site: Running) -> None:
    async with sit_down(site.url, token(site)) as desk:
        await greeted(site, desk)
        await desk.ask("offer.accept", id="c1", offer="o1", traceparent=TRACE)
        (event,) = await site.events(Topic.INPUTS, AcceptOffer)
        assert event.data == AcceptOffer(actor=Actor(agent=ANNA, session=SessionId(desk.session)), offer=OfferId("o1"))
        assert (event.id, event.traceparent) == ("anna:c1", TRACE)
        done = CommandDone(command=CommandId(event.id), command_type="offer.accept", interaction=I1, version=2)
        await decide(site, done, to=("agent:anna",))
        assert (await desk.until("command.done"))["data"]["command"] == "c1"


async def test_accepted_interaction_brings_what_was_written_before(site: Running) -> None:
    async with sit_down(site.url, token(site)) as desk:
        await greeted(site, desk)
        await decide(site, received("m1"), received("m2"), to=())
        await decide(site, activated(), to=("agent:anna",))
        await decide(site, held(), to=("agent:anna",))
        await desk.until("interaction.held")
        assert types(desk)[3:] == ["interaction.activated", "message.received", "message.received", "interaction.held"]


async def test_desk_that_comes_back_is_told_what_it_missed(site: Running) -> None:
    async with sit_down(site.url, token(site)) as desk:
        await greeted(site, desk)
        await decide(site, held("first"), to=("agent:anna",))
        await desk.until("interaction.held")
        await desk.hang_up()
    (closed,) = await site.inputs(SessionClosed)
    await decide(site, received("m1"), to=())
    await decide(site, activated(), to=("agent:anna",))
    async with sit_down(site.url, token(site), session=desk.session, seq=desk.seq) as back:
        opened = (await site.inputs(SessionOpened, 2))[1]
        await decide(site, held("last"), to=("agent:anna",))
        await back.until("interaction.held")
        assert (back.welcome["kind"], types(back)) == ("resumed", ["interaction.activated", "message.received", "interaction.held"])
        assert (closed.session, opened.session, opened.is_resuming) == (desk.session, desk.session, True)


async def test_gateway_reads_back_what_came_before_its_start(tmp_path: Path) -> None:
    async with running(tmp_path, lambda parts: build(GatewaySettings(), parts)) as first:
        await first.configure("t1", *configuration())
        await decide(first, received("m1"), to=())
    async with running(tmp_path, lambda parts: build(GatewaySettings(), parts)) as site, sit_down(site.url, token(site)) as desk:
        await greeted(site, desk)
        await decide(site, activated(), to=("agent:anna",))
        await desk.until("message.received")


async def test_newer_session_of_the_same_agent_closes_the_older(site: Running) -> None:
    async with sit_down(site.url, token(site)) as old, sit_down(site.url, token(site)) as new:
        started = SessionStarted(session=SessionId(new.session), agent=ANNA, gateway="g", superseded=SessionId(old.session))
        await decide(site, started, to=(f"session:{new.session}",))
        assert await old.closed() == Close.SUPERSEDED
        assert old.frames[-1] == {"kind": "bye", "code": 4409, "reason": "A newer session of the same agent has taken over."}


async def test_same_session_on_a_second_socket_closes_the_first(site: Running) -> None:
    async with sit_down(site.url, token(site)) as old:
        await greeted(site, old)
        async with sit_down(site.url, token(site), session=old.session, seq=old.seq) as new:
            assert (new.welcome["kind"], await old.closed()) == ("resumed", Close.SUPERSEDED)
            await new.send(kind="ping")
            await new.until("pong")
    assert len(await site.inputs(SessionClosed)) == 1


async def test_session_that_the_router_lost_or_ended_is_opened_again(site: Running) -> None:
    async with sit_down(site.url, token(site)) as desk:
        await greeted(site, desk)
        session, until = SessionId(desk.session), site.parts.clock.now()
        await decide(site, SessionLost(session=session, agent=ANNA, until=until), to=())
        assert (await site.inputs(SessionOpened, 2))[1].is_resuming
        await decide(site, SessionEnded(session=session, agent=ANNA, because="grace"), to=("agent:anna",))
        welcome = await desk.until("welcome")
        opened = (await site.inputs(SessionOpened, 3))[2]
        assert (opened.session, opened.is_resuming) == (welcome["session"], False)
        assert opened.session != session


async def test_sign_out_is_told_to_the_router(site: Running) -> None:
    async with sit_down(site.url, token(site)) as desk:
        await desk.send(kind="sign_out")
        assert await desk.closed() == Close.SIGNED_OUT
    assert (await site.inputs(SessionClosed))[0].is_sign_out


async def test_gateway_beats_for_tenants_with_sessions_and_closes_them_when_it_ends(tmp_path: Path) -> None:
    async with running(tmp_path, lambda parts: build(GatewaySettings(gateway_beat_every_ms=50), parts)) as site:
        await site.configure("t1", *configuration())
        async with sit_down(site.url, token(site)) as anna, sit_down(site.url, token(site, "ben")):
            beat = (await site.inputs(GatewayBeat))[0]
            opened = (await site.inputs(SessionOpened))[0]
            assert (beat.gateway, beat.sessions >= 1) == (opened.gateway, True)
            await anna.send(kind="ping")
    async with running(tmp_path, lambda parts: build(GatewaySettings(), parts)) as later:
        assert {closed.agent for closed in await later.inputs(SessionClosed, 2)} == {"anna", "ben"}


@pytest.mark.parametrize("frame", [{"kind": "hello", "token": "rubbish"}, {"kind": "dance"}])
async def test_bad_hello_closes_the_socket(site: Running, frame: dict[str, Any]) -> None:
    async with connected(site.url) as desk:
        await desk.send(**frame)
        assert await desk.closed() in (Close.BAD_TOKEN, Close.BAD_FRAME)


async def test_page_of_another_origin_is_refused(site: Running) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with connected(site.url, origin="https://evil.example"):
            pass
    assert refused.value.response.status_code == 403


async def test_unknown_subprotocol_is_refused(site: Running) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with connected(site.url, subprotocol="standardiste.v9"):
            pass
    assert refused.value.response.status_code == 406


# ---- over HTTP


async def test_question_is_answered_from_the_decisions(site: Running) -> None:
    async with site.client(token(site)) as http:
        asking = asyncio.create_task(http.get("/v1/agent/interactions/i1/why"))
        (event,) = await site.events(Topic.INPUTS, ExplainInteraction)
        explained = InteractionExplained(command=CommandId(event.id), interaction=I1, state=InteractionState.QUEUED, why=Why(considered=3))
        await decide(site, CommandDone(command=CommandId(event.id), command_type="interaction.explain"), explained, to=())
        answer = await asking
    assert (answer.status_code, answer.json()["data"]["why"]["considered"]) == (200, 3)


async def test_why_this_agent_is_answered_with_the_record_of_the_last_offer(site: Running) -> None:
    for number, interaction in ((1, "i1"), (2, "i1"), (3, "i2")):
        await decide(site, offered(interaction, number), to=("agent:anna",))
    await decide(site, offered("i1", 9), to=("agent:anna",), tenant="t2")
    async with site.client(token(site)) as http:
        asking = asyncio.create_task(http.get("/v1/agent/interactions/i1/why"))
        (event,) = await site.events(Topic.INPUTS, ExplainInteraction)
        has_it = FilterCount(filter="state:active", count=1, ids=("anna",))
        explained = InteractionExplained(
            command=CommandId(event.id), interaction=I1, state=InteractionState.ACTIVE, why=Why(), summary=(has_it,)
        )
        await decide(site, explained, to=())
        answer = (await asking).json()["data"]["offered"]
    assert (answer["offer"]["id"], answer["why"]["considered"]) == ("i1-o2", 2)


def offered(interaction: str, number: int) -> OfferMade:
    """An offer to anna of which so many agents were considered."""
    offer = OfferView(
        id=OfferId(f"{interaction}-o{number}"), interaction=InteractionId(interaction), agent=ANNA, offered_at=AT, expires_at=AT
    )
    return OfferMade(offer=offer, interaction=interaction_view(interaction), version=2, why=Why(considered=number))


async def test_refused_question_is_a_problem(site: Running) -> None:
    async with site.client(token(site)) as http:
        asking = asyncio.create_task(http.get("/v1/agent/interactions/nope/why"))
        (event,) = await site.events(Topic.INPUTS, ExplainInteraction)
        refused = CommandRefused(command=CommandId(event.id), command_type="interaction.explain", reason="unknown_interaction")
        await decide(site, refused, to=())
        answer = await asking
    assert (answer.status_code, answer.json()["reason"]) == (404, "unknown_interaction")


async def test_command_over_http_is_done_once_per_idempotency_key(site: Running) -> None:
    body = {"type": "interaction.close", "data": {"interaction": "i1", "version": 2, "reason": "test"}, "id": "k1"}
    async with site.client() as http:
        asking = asyncio.create_task(http.post("/v1/agent/commands", json=body, headers={"Idempotency-Key": "k1"}))
        done = CommandDone(command=CommandId("key1:k1"), command_type="interaction.close", interaction=I1, version=3)
        await decide_after_input(site, "standardiste.interaction.close.v1", done)
        first = await asking
        again = await http.post("/v1/agent/commands", json=body, headers={"Idempotency-Key": "k1"})
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert first.json()["data"]["version"] == 3


async def decide_after_input(site: Running, type: str, answer: Any) -> None:
    """Wait until an input of this type lies in the log, then decide."""
    async for batch in site.parts.bus.tail((Topic.INPUTS,), {(Topic.INPUTS, 0): 0}):
        if any(record.headers["ce_type"] == type for record in batch):
            break
    await decide(site, answer, to=())


@pytest.mark.parametrize(
    ("body", "status", "name"),
    [
        ("rubbish", 400, "malformed"),
        ('{"data": {}}', 400, "malformed"),
        ('{"type": "offer.dance"}', 404, "unknown_type"),
        ('{"type": "offer.accept"}', 400, "malformed"),
        ('{"type": "offer.accept", "data": {"offer": "o1"}, "more": 1}', 400, "malformed"),
    ],
)
async def test_bad_command_over_http_is_a_named_problem(site: Running, body: str, status: int, name: str) -> None:
    async with site.client() as http:
        answer = await http.post("/v1/agent/commands", content=body)
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{name}")


async def test_doctor_is_for_supervisors(site: Running) -> None:
    async with site.client(token(site)) as http:
        assert (await http.get("/v1/agent/doctor")).status_code == 403
    supervisor = token(site, rights=(RightGrant(role="supervisor"),))
    async with site.client(supervisor) as http:
        asking = asyncio.create_task(http.get("/v1/agent/doctor"))
        (event,) = await site.events(Topic.INPUTS, AskDoctor)
        await decide(site, DoctorReported(command=CommandId(event.id), findings=()), to=())
        assert (await asking).json() == {
            "type": "standardiste.doctor.reported.v1",
            "data": {"command": event.id.removeprefix("anna:"), "findings": []},
        }


async def test_without_credential_nothing_is_answered(site: Running) -> None:
    async with httpx.AsyncClient(base_url=site.url) as http:
        assert (await http.get("/v1/agent/doctor")).status_code == 401
