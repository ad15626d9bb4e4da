"""The chat's edges: what is refused, by which name, and what a page may know."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from standardiste.common.bus.port import Bus
from standardiste.common.events.inputs import ContactReceived
from standardiste.common.events.wire import Close
from standardiste.common.parts import Parts
from standardiste.common.service import Service
from standardiste.common.testing.away import AwayBus
from standardiste.common.testing.builders import tenant
from standardiste.common.testing.chat import PAGE, ChatRouter
from standardiste.common.testing.running import Running, running
from standardiste.common.testing.visitor import Visitor
from standardiste.ingest_chat.app import build
from standardiste.ingest_chat.settings import ChatSettings

SHOP = "https://shop.example"
STRANGE = "https://evil.example"
KEY = "0123456789abcdef-random"


def problem_of(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["type"].rsplit("/", 1)[1]


async def closed_with(visitor: Visitor, *frames: Any, origin: str | None = None) -> int:
    """The code with which a socket is closed that says these frames."""
    async with visitor.socket(origin=origin) as raw:
        for frame in frames:
            await raw.send(frame if isinstance(frame, str) else json.dumps(frame))
        async with asyncio.timeout(10):
            with suppress(ConnectionClosed):
                while True:
                    await raw.recv()
        assert raw.close_code is not None
        return raw.close_code


async def test_session_begins_once_per_key_and_resumes_with_its_token(site: Running) -> None:
    async with site.client(None) as http:
        first = await http.post("/v1/chat/sessions", json={"page": "site"}, headers={"Idempotency-Key": KEY})
        again = await http.post("/v1/chat/sessions", json={"page": "site"}, headers={"Idempotency-Key": KEY})
        token = first.json()["token"]
        resumed = await http.post("/v1/chat/sessions", json={"page": "site"}, headers={"Authorization": f"Bearer {token}"})
    assert (first.status_code, again.status_code, resumed.status_code) == (201, 200, 200)
    assert first.json()["session"] == again.json()["session"] == resumed.json()["session"]


async def test_returning_visitor_is_the_same_customer(site: Running) -> None:
    first = await Visitor.begin(site.url, "site", message={"id": "a", "text": "un"})
    await Visitor.begin(site.url, "site", visitor=first.visitor, message={"id": "a", "text": "deux"})
    await Visitor.begin(site.url, "site", visitor="cv.not.ours", message={"id": "a", "text": "trois"})
    one, two, three = [event.contact for event in await site.inputs(ContactReceived, 3)]
    assert one.address == two.address != three.address
    assert len({one.conversation, two.conversation, three.conversation}) == 3


async def test_only_the_pages_own_origins_open_a_chat(site: Running, visitor: Visitor) -> None:
    async with site.client(None) as http:
        begun = await http.post("/v1/chat/sessions", json={"page": "site"}, headers={"Origin": SHOP})
        assert (begun.status_code, begun.headers["access-control-allow-origin"]) == (201, SHOP)
        preflight = await http.options("/v1/chat/sessions", headers={"Origin": SHOP, "Access-Control-Request-Method": "POST"})
        assert (preflight.status_code, preflight.headers["access-control-allow-origin"]) == (204, SHOP)
        refused = await http.post("/v1/chat/sessions", json={"page": "site"}, headers={"Origin": STRANGE})
        assert problem_of(refused) == (403, "bad_origin")
        assert problem_of(await http.get("/v1/chat/pages/site", headers={"Origin": STRANGE})) == (403, "bad_origin")
    hello = {"kind": "hello", "token": visitor.token}
    assert await closed_with(visitor, hello, origin=STRANGE) == Close.NOT_ALLOWED
    async with visitor.connected(origin=SHOP) as socket:
        assert socket.welcome["session"] == visitor.session


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"page": "nowhere"}, (404, "unknown_channel_address")),
        ({}, (400, "invalid_field")),
        ({"page": "site", "tenant": "t2"}, (400, "invalid_field")),
        ({"page": "site", "name": ""}, (400, "invalid_field")),
        ({"page": "site", "message": {"id": "a", "text": " "}}, (400, "invalid_field")),
        ({"page": "site", "message": {"id": "a", "text": "é" * 4097}}, (413, "too_large")),
    ],
)
async def test_bad_session_gets_its_problem(site: Running, body: dict[str, Any], expected: tuple[int, str]) -> None:
    async with site.client(None) as http:
        assert problem_of(await http.post("/v1/chat/sessions", json=body)) == expected


async def test_guessable_key_is_refused(site: Running) -> None:
    async with site.client(None) as http:
        refused = await http.post("/v1/chat/sessions", json={"page": "site"}, headers={"Idempotency-Key": "1"})
    assert problem_of(refused) == (400, "invalid_field")


async def test_token_opens_its_own_session_only(site: Running, visitor: Visitor) -> None:
    other = await Visitor.begin(site.url, "site")
    async with visitor.client() as http:
        assert problem_of(await http.get("/messages", headers={"Authorization": f"Bearer {other.token}"})) == (401, "bad_token")
        assert problem_of(await http.get("/messages", headers={"Authorization": "Bearer x"})) == (401, "bad_token")
        assert problem_of(await http.get("/messages", headers={"Authorization": "Bearer " + visitor.token[:-2] + "AA"})) == (
            401,
            "bad_token",
        )
    assert await closed_with(visitor, {"kind": "hello", "token": other.token}) == Close.BAD_TOKEN
    assert await closed_with(visitor, {"kind": "hello", "token": visitor.visitor}) == Close.BAD_TOKEN


async def test_chat_works_without_a_socket(visitor: Visitor, router: ChatRouter) -> None:
    async with visitor.client() as http:
        said = await http.post("/messages", json={"id": "a", "text": "un"})
        assert said.status_code == 202
        assert (await http.post("/messages", json={"id": "a", "text": "un"})).json() == said.json()
        await router.take()
        await router.say(visitor.session, "deux", "trois")
        items, after = list[dict[str, Any]](), None
        async with asyncio.timeout(10):
            while len(items) < 3:
                page = (await http.get("/messages", params={"limit": 2} | ({"after": after} if after else {}))).json()
                items, after = items + page["items"], page["next"]
        assert [item["text"] for item in items] == ["un", "deux", "trois"]
        assert (items[0]["id"], items[0]["author"]["kind"]) == (said.json()["message"], "customer")
        assert (await http.get("/messages", params={"after": after})).json()["items"] == []
        behind_first = (await http.get("/messages", params={"after": items[0]["id"]})).json()["items"]
        assert [item["text"] for item in behind_first] == ["deux", "trois"]
        assert problem_of(await http.get("/messages", params={"after": "?"})) == (400, "cursor_invalid")


async def test_bad_frames_are_answered_and_too_many_end_the_socket(visitor: Visitor) -> None:
    async with visitor.connected() as socket:
        await socket.raw.send("not json")
        assert (await socket.next("problem"))["reason"] == "malformed"
        await socket.send(kind="say", id="long", text="x" * 9000)
        assert await socket.about("long") == {
            "kind": "problem",
            "reason": "too_large",
            "detail": "A message has at most 8192 bytes.",
            "id": "long",
        }
        await socket.send(kind="say", id="typed", text=5)
        assert (await socket.about("typed"))["reason"] == "invalid_field"
        await socket.send(kind="ping")
        await socket.next("pong")
    hello = {"kind": "hello", "token": visitor.token}
    assert await closed_with(visitor, hello, *["{}"] * 10) == Close.BAD_FRAME
    assert await closed_with(visitor, hello, *[{"kind": "ping"}] * 400) == Close.TOO_MANY
    assert await closed_with(visitor, {"kind": "say", "id": "a", "text": "b"}) == Close.BAD_FRAME


async def test_flood_of_one_session_is_told_to_slow_down(visitor: Visitor) -> None:
    async with visitor.connected() as socket:
        for number in range(70):
            await socket.send(kind="say", id=f"n{number}", text="x")
        answers = [await socket.about(f"n{number}") for number in range(70)]
    refused = [answer for answer in answers if answer["kind"] == "problem"]
    assert refused
    assert {answer["reason"] for answer in refused} == {"too_many_requests"}
    assert all(answer["retry_after_ms"] > 0 for answer in refused)


async def test_sessions_of_one_client_are_limited(tmp_path: Path) -> None:
    settings = ChatSettings(chat_sessions_per_client_burst=3, chat_sessions_per_client_s=0.01)
    async with running(tmp_path, lambda parts: build(settings, parts), entities=(tenant(), PAGE)) as site, site.client(None) as http:
        answers = [await http.post("/v1/chat/sessions", json={"page": "site"}) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [201, 201, 201, 429]
    assert int(answers[-1].headers["retry-after"]) > 0


async def test_page_tells_what_the_widget_shows(site: Running) -> None:
    async with site.client(None) as http:
        french = (await http.get("/v1/chat/pages/site", params={"language": "fr-CA"})).json()
        english = (await http.get("/v1/chat/pages/site", headers={"Accept-Language": "en"})).json()
        assert problem_of(await http.get("/v1/chat/pages/nowhere")) == (404, "unknown_channel_address")
    assert french == {
        "page": "site",
        "language": "fr",
        "title": "Boutique",
        "accent": "#aa3300",
        "side": "right",
        "form": [],
        "is_open": True,
        "takes_messages": False,
        "mails_transcript": False,
        "file_bytes_max": 10 * 1024 * 1024,
    }
    assert (english["language"], english["title"]) == ("en", "Shop")


async def test_demo_page_carries_the_widget_in_both_languages_under_a_strict_policy(site: Running) -> None:
    async with site.client(None) as http:
        for language, word in (("fr", "Boutique"), ("en", "Shop")):
            page = await http.get("/v1/chat/demo", params={"page": "site", "language": language})
            assert page.status_code == 200
            assert f'<html lang="{language}">' in page.text
            assert word in page.text
            assert '<script src="/chat/widget.js" data-page="site"' in page.text
            assert "unsafe" not in page.headers["content-security-policy"]


async def test_words_are_kept_by_the_visitor_while_the_bus_is_away(tmp_path: Path) -> None:
    buses: list[AwayBus] = []

    def built(parts: Parts) -> Service:
        buses.append(AwayBus(parts.bus))
        return build(ChatSettings(), replace(parts, bus=cast("Bus", buses[0])))

    async with running(tmp_path, built, entities=(tenant(), PAGE)) as site:
        visitor = await Visitor.begin(site.url, "site")
        async with visitor.connected() as socket, visitor.client() as http:
            buses[0].is_away = True
            told = await socket.say("un", id="a")
            assert (told["kind"], told["reason"]) == ("problem", "bus_away")
            assert told["retry_after_ms"] > 0
            assert problem_of(await http.post("/messages", json={"id": "a", "text": "un"})) == (503, "bus_away")
            buses[0].is_away = False
            accepted = await socket.say("un", id="a")
        assert [event.contact.id for event in await site.inputs(ContactReceived)] == [accepted["message"]]
