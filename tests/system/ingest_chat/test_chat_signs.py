"""What passes beside words: read receipts both ways, who writes, where one stands; on the socket, after a reload, and over HTTP for an app without one."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

from standardiste.common.events.inputs import ContactReceived, ContactTyping, DeliveryReported
from standardiste.common.events.model import ConversationId, DeliveryState, MessageId
from standardiste.common.events.outbound import AnnounceAgent, TellPosition, TellReading, TellTyping
from standardiste.common.health import Health
from standardiste.common.service import create_app
from standardiste.common.testing.chat import ALICE, INTERACTION, PAGE, ChatRouter
from standardiste.common.testing.running import Running
from standardiste.common.testing.visitor import Visitor
from standardiste.ingest_chat.app import build
from standardiste.ingest_chat.sessions import SESSIONS
from standardiste.ingest_chat.settings import ChatSettings


async def spoken(site: Running) -> tuple[ChatRouter, Visitor, MessageId]:
    """A visitor whose first message the router has taken; its id."""
    router, visitor = ChatRouter(site), await Visitor.begin(site.url, PAGE.address, message={"id": "a", "text": "Bonjour"})
    await router.take()
    return router, visitor, MessageId((await site.inputs(ContactReceived))[0].contact.id)


def at(visitor: Visitor) -> str:
    return f"/v1/chat/sessions/{visitor.session}"


async def state(http: httpx.AsyncClient, visitor: Visitor) -> dict[str, Any]:
    """How the chat stands, as an app reads it."""
    return (await http.get(at(visitor))).raise_for_status().json()


async def until(http: httpx.AsyncClient, visitor: Visitor, field: str) -> dict[str, Any]:
    """The same, once it says something of this."""
    async with asyncio.timeout(10):
        while field not in (found := await state(http, visitor)):
            pass
    return found


async def until_kept(site: Running, visitor: Visitor) -> None:
    """Wait until the session's document says how far an agent has read: read, a little real time between, ten seconds at most."""
    async with asyncio.timeout(10):
        while True:
            document = await site.parts.store.tenant("t1").get(SESSIONS, visitor.session)
            if document is not None and "read" in document.body:
                return
            await asyncio.sleep(0.01)


def app(visitor: Visitor) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=visitor.url, headers={"Authorization": f"Bearer {visitor.token}"})


async def test_what_an_agent_has_read_is_told_and_kept(site: Running) -> None:
    router, visitor, message = await spoken(site)
    async with visitor.connected() as socket, app(visitor) as http:
        await router.send(TellReading(conversation=ConversationId(visitor.session), message=message))
        read = await socket.next("agent_read")
        assert (await until(http, visitor, "agent_read"))["agent_read"] == read
    assert read["message"] == message
    async with visitor.connected() as socket:
        assert await socket.next("agent_read") == read


async def test_another_pod_tells_what_was_read_before_it_began(site: Running) -> None:
    router, visitor, message = await spoken(site)
    await router.send(TellReading(conversation=ConversationId(visitor.session), message=message))
    await until_kept(site, visitor)
    other = build(ChatSettings(), site.parts)
    transport = httpx.ASGITransport(app=create_app([other], site.parts, Health()))
    headers = {"Authorization": f"Bearer {visitor.token}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://pod", headers=headers) as http:
        assert (await state(http, visitor))["agent_read"]["message"] == message


async def test_app_without_a_socket_is_told_where_it_stands_and_who_writes(site: Running) -> None:
    router, visitor, _ = await spoken(site)
    session = ConversationId(visitor.session)
    async with app(visitor) as http:
        assert await state(http, visitor) == {"session": visitor.session, "is_ended": False}
        await router.send(TellPosition(conversation=session, position=3, wait_p50_ms=60_000, wait_p90_ms=120_000))
        position = (await until(http, visitor, "position"))["position"]
        assert position == {"kind": "position", "position": 3, "wait_p50_ms": 60_000, "wait_p90_ms": 120_000}
        await router.send(
            AnnounceAgent(conversation=session, interaction=INTERACTION, author=ALICE), TellTyping(conversation=session, author=ALICE)
        )
        shown = await until(http, visitor, "agent_typing")
        assert (shown["agent_typing"]["author"]["name"], "position" in shown) == ("Alice", False)
        await router.say(session, "Bonjour !")
        while (await http.get(f"{at(visitor)}/messages")).json()["items"][-1]["author"]["kind"] != "agent":
            pass
        assert "agent_typing" not in await state(http, visitor)
        assert (await http.delete(at(visitor))).status_code == 204
        assert (await state(http, visitor))["is_ended"]


async def test_app_tells_that_it_writes_and_what_it_has_seen(site: Running) -> None:
    router, visitor, own = await spoken(site)
    [said] = await router.say(visitor.session, "Bonjour !")
    async with app(visitor) as http:
        assert (await http.post(f"{at(visitor)}/typing")).status_code == 204
        while len((await http.get(f"{at(visitor)}/messages")).json()["items"]) < 2:
            pass
        for state in ("delivered", "read"):
            assert (await http.post(f"{at(visitor)}/seen", json={"message": said, "state": state})).status_code == 204
        for nothing in (own, "none"):
            assert (await http.post(f"{at(visitor)}/seen", json={"message": nothing})).status_code == 404
        assert (await http.post(f"{at(visitor)}/seen", json={"message": said, "state": "eaten"})).status_code == 400
    [typing] = await site.inputs(ContactTyping)
    reports = await site.inputs(DeliveryReported, 3)
    assert typing.conversation == visitor.session
    assert [(each.message, each.state, each.interaction) for each in reports] == [
        (said, state, INTERACTION) for state in (DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.READ)
    ]


async def test_nothing_of_it_is_anybody_elses(site: Running) -> None:
    _, visitor, _ = await spoken(site)
    stranger = await Visitor.begin(site.url, PAGE.address)
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {stranger.token}"}) as http:
        base = f"{site.url}/v1/chat/sessions/{visitor.session}"
        answers = [await http.get(base), await http.post(f"{base}/typing"), await http.post(f"{base}/seen", json={"message": "m"})]
    assert [each.status_code for each in answers] == [401, 401, 401]
