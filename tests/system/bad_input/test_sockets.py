"""Bad input on the desk's and the visitor's websocket: named, answered or closed as documented, never a fault, never a hang."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from system.house import Desk, close_code, token_of
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from standardiste.all_in_one.players.stage import CHAT_PAGE, POST_ADDRESS, Stage
from standardiste.common.events.base import REGISTRY, Kind
from standardiste.common.events.refusals import Refusal
from standardiste.common.events.wire import SUBPROTOCOL, Close
from standardiste.common.testing.visitor import Visitor

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("unharmed")]

HANGS_AFTER_S = 3.0
"""An idle machine answers within 50 ms; whatever takes this long hangs."""
_numbers = itertools.count(1)
INVALID_DATA, TOO_BIG = 1007, 1009
COMMANDS = sorted(name.removeprefix("standardiste.").removesuffix(".v1") for name, spec in REGISTRY.items() if spec.kind is Kind.COMMAND)


# ---- the desk


NO_FRAMES = [
    "",
    "x",
    "null",
    "[]",
    "1",
    '"hello"',
    "{}",
    '{"kind": 1}',
    '{"kind": "nonsense"}',
    '{"kind": "hello"}',
    '{"kind": "command"}',
    "[" * 50_000,
]


@pytest.mark.parametrize("text", NO_FRAMES)
async def test_first_frame_that_is_none_closes_the_socket(house: Stage, text: str) -> None:
    async with Desk.open(house, None) as desk:
        await desk.socket.send(text)
        assert await desk.closed() == Close.BAD_FRAME


@pytest.mark.parametrize("text", NO_FRAMES)
async def test_frame_that_is_none_closes_an_open_desk(house: Stage, text: str) -> None:
    async with Desk.open(house, await token_of(house, "bruno")) as desk:
        await desk.socket.send(text)
        assert (await desk.next("bye"))["code"] == Close.BAD_FRAME
        assert await desk.closed() == Close.BAD_FRAME


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c", "sk_nonsense", "\u0000", "é" * 1_000])
async def test_wrong_token_closes_the_socket(house: Stage, token: str) -> None:
    async with Desk.open(house, None) as desk:
        await desk.send(kind="hello", token=token)
        assert await desk.closed() == Close.BAD_TOKEN


async def test_text_that_is_no_utf8_closes_the_socket(house: Stage) -> None:
    async with Desk.open(house, await token_of(house, "bruno")) as desk:
        await desk.socket.send(b'{"kind": "ping\xff"}', text=True)
        assert await desk.closed() == INVALID_DATA


async def test_frame_beyond_the_limit_closes_the_socket(house: Stage) -> None:
    async with Desk.open(house, await token_of(house, "bruno")) as desk:
        with suppress(ConnectionClosed):
            await desk.socket.send("x" * 600_000)
        assert await desk.closed() == TOO_BIG


async def test_other_subprotocol_and_other_origin_are_refused(house: Stage) -> None:
    url = house.url.replace("http", "ws", 1) + "/v1/agent/ws"
    for options, status in (
        ({"subprotocols": [Subprotocol("other")]}, 406),
        ({"subprotocols": [Subprotocol(SUBPROTOCOL)], "origin": "https://evil.example"}, 403),
    ):
        with pytest.raises(InvalidStatus) as refused:
            await connect(url, proxy=None, **options)  # pyright: ignore[reportArgumentType]  each case gives other options
        assert refused.value.response.status_code == status


async def test_unknown_type_and_malformed_command_are_named_and_the_desk_goes_on(house: Stage) -> None:
    async with Desk.open(house, await token_of(house, "bruno")) as desk:
        for id, type_, data, reason in (
            ("u1", "nonsense.do", {}, "unknown_type"),
            ("u2", "standardiste.offer.made.v1", {}, "unknown_type"),
            ("u3", "", {}, "unknown_type"),
            ("m1", "offer.accept", {}, "malformed"),
            ("m2", "offer.accept", {"offer": 7}, "malformed"),
            ("m3", "message.send", {"interaction": "i", "content": "text"}, "malformed"),
            ("m4", "status.set", {"status": None}, "malformed"),
            ("n1", "offer.accept", {"offer": "nonsense"}, "unknown_offer"),
            ("n2", "interaction.complete", {"interaction": "nonsense", "version": 1}, "unknown_interaction"),
            ("n3", "status.set", {"status": "nonsense"}, "unknown_status"),
        ):
            answer = await desk.ask(id, type_, **data)
            assert answer["reason"] == reason, (id, answer)
        for id in ("", "x" * 101, "with space", "\u0000"):
            await desk.send(kind="command", id=id, type="status.set", data={"status": "ready"})
            assert (await desk.next("problem"))["reason"] == "malformed"
        assert "reason" not in await desk.ask("good", "status.set", status="ready")


async def test_command_with_an_old_version_is_stale(house: Stage) -> None:
    async with Desk.open(house, await token_of(house, "claire")) as desk:
        await desk.ask("ready", "status.set", status="ready")
        await house.integrator.post("stale", POST_ADDRESS, "client-stale", "Bonjour")
        offer = await desk.decided("offer.made")
        await desk.ask("accept", "offer.accept", offer=offer["offer"]["id"])
        interaction = offer["interaction"]["id"]
        activated = await desk.decided("interaction.activated")
        version = activated["version"]
        for id, old in (("old", version - 1), ("zero", 0), ("future", version + 5)):
            answer = await desk.ask(id, "interaction.complete", interaction=interaction, version=old)
            assert answer["reason"] == "stale_version", answer
        done = await desk.ask("now", "interaction.complete", interaction=interaction, version=version)
        assert "reason" not in done
        again = await desk.ask("now", "interaction.complete", interaction=interaction, version=version)
        assert again == done
        late = await desk.ask("late", "interaction.complete", interaction=interaction, version=version)
        assert late["reason"] in ("stale_version", "wrong_state", "unknown_interaction", "interaction_closed")


# ---- the visitor


async def test_visitors_frame_that_is_none_is_named_and_ten_are_enough(house: Stage) -> None:
    visitor = await Visitor.begin(house.url, CHAT_PAGE)
    async with visitor.connected() as socket:
        reasons: list[str] = []
        for text in (
            "",
            "x",
            "null",
            "[]",
            "{}",
            '{"kind": "nonsense"}',
            '{"kind": "say"}',
            '{"kind": "say", "id": "", "text": "x"}',
            "[" * 10_000,
        ):
            await socket.raw.send(text)
            reasons.append((await socket.next("problem"))["reason"])
        assert set(reasons) <= {"malformed", "invalid_field"}
        assert (await socket.say("Bonjour"))["kind"] == "accepted"
        await socket.raw.send("x")
        assert await close_code(socket.raw) == Close.BAD_FRAME


async def test_visitors_words_that_cannot_be_taken_are_named(house: Stage) -> None:
    visitor = await Visitor.begin(house.url, CHAT_PAGE)
    async with visitor.connected() as socket:
        for id, text, reason in (("a", " ", "invalid_field"), ("b", "x" * 9_000, "too_large"), ("x" * 65, "x", "invalid_field")):
            await socket.send(kind="say", id=id, text=text)
            assert (await socket.next("problem"))["reason"] == reason
        await socket.raw.send(b'{"kind": "say\xff"}', text=True)
        assert await close_code(socket.raw) == INVALID_DATA


async def test_visitor_with_a_wrong_token_is_closed(house: Stage) -> None:
    one, other = await Visitor.begin(house.url, CHAT_PAGE), await Visitor.begin(house.url, CHAT_PAGE)
    for token in ("", "nonsense", other.token, one.visitor):
        async with one.socket() as raw:
            await raw.send(json.dumps({"kind": "hello", "token": token}))
            assert await close_code(raw) == Close.BAD_TOKEN


async def test_message_for_a_closed_chat_is_refused_by_name(house: Stage) -> None:
    visitor = await Visitor.begin(house.url, CHAT_PAGE)
    async with visitor.connected() as socket:
        accepted = await socket.say("Bonjour", "only")
        assert accepted["kind"] == "accepted"
        await socket.send(kind="end")
        await socket.next("ended")
        refused = await socket.say("Encore une chose")
        assert (refused["kind"], refused["reason"]) == ("problem", "conversation_closed")
    async with visitor.client() as http:
        answer = await http.post("/messages", json={"id": "late", "text": "Encore"})
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/conversation_closed")
        assert (await house.http.delete(f"/v1/chat/sessions/{visitor.session}", headers=http.headers)).status_code == 204


# ---- anything


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["text", "kind", "id"]), inner, max_size=3),
    max_leaves=5,
)
FIELDS = [
    "interaction",
    "offer",
    "agent",
    "status",
    "version",
    "content",
    "queue",
    "to",
    "text",
    "customer",
    "address",
    "message",
    "command",
    "x",
]


@asynccontextmanager
async def hurrying(figures: dict[str, object]) -> AsyncGenerator[None]:
    """What happens in here takes no longer than a moment."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with asyncio.timeout(HANGS_AFTER_S):
        yield
    figures["slowest_ms"] = max(int(str(figures.get("slowest_ms", 0))), round((loop.time() - began) * 1_000))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bruno(house: Stage) -> AsyncGenerator[Desk]:
    async with Desk.open(house, await token_of(house, "bruno")) as desk:
        yield desk


FUZZED = settings(
    max_examples=100, deadline=None, database=None, derandomize=True, phases=(Phase.generate,), suppress_health_check=list(HealthCheck)
)


@FUZZED
@given(command=st.sampled_from(COMMANDS), data=st.dictionaries(st.sampled_from(FIELDS), ANY_JSON, max_size=6))
async def test_any_command_is_answered_by_name(bruno: Desk, figures: dict[str, object], command: str, data: dict[str, Any]) -> None:
    reason = "too_many_commands"
    while reason == "too_many_commands":
        async with hurrying(figures):
            answer = await bruno.ask(f"fuzz-{next(_numbers)}", command, **data)
        reason = str(answer.get("reason", "done"))
        await asyncio.sleep(answer.get("retry_after_ms", 0) / 1_000)
    assert reason == "done" or reason in set(Refusal)


@FUZZED
@given(
    frame=st.dictionaries(
        st.sampled_from(["kind", "token", "session", "seq", "id", "type", "data", "language"]),
        ANY_JSON | st.sampled_from(["hello", "command", "ping"]),
    )
)
async def test_any_first_frame_is_answered_or_closed(house: Stage, figures: dict[str, object], frame: dict[str, Any]) -> None:
    async with Desk.open(house, None) as desk, hurrying(figures):
        await desk.send(**frame)
        assert await desk.closed() in (Close.BAD_FRAME, Close.BAD_TOKEN)


@FUZZED
@given(
    frame=st.dictionaries(
        st.sampled_from(["kind", "token", "after", "pending", "id", "text", "message", "state"]),
        ANY_JSON | st.sampled_from(["say", "seen", "typing", "ping"]),
    )
)
async def test_any_visitors_frame_is_answered_or_named(house: Stage, figures: dict[str, object], frame: dict[str, Any]) -> None:
    visitor = await begun(house)
    async with visitor.connected() as socket, hurrying(figures):
        await socket.raw.send(json.dumps(frame))
        await socket.send(kind="ping")
        while (await socket.next("pong", "problem", "accepted"))["kind"] != "pong":
            pass


_visitors: dict[str, Visitor] = {}


async def begun(stage: Stage) -> Visitor:
    """One visitor for all: a session per example would be the limit's test."""
    if stage.url not in _visitors:
        _visitors[stage.url] = await Visitor.begin(stage.url, CHAT_PAGE)
    return _visitors[stage.url]
