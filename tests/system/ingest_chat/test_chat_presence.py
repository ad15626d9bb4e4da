"""Who is there: gone after the last socket's grace, back when he is, across tabs, goodbyes and the death of a pod."""

from __future__ import annotations

from pathlib import Path

import pytest

from standardiste.common.bus.topics import Topic
from standardiste.common.events.inputs import ContactLeft, ContactReturned
from standardiste.common.events.model import ConversationId, LeftBecause
from standardiste.common.testing.builders import TENANT, tenant
from standardiste.common.testing.chat import PAGE, ChatRouter
from standardiste.common.testing.running import Running, running
from standardiste.common.testing.visitor import Visitor
from standardiste.ingest_chat.app import build
from standardiste.ingest_chat.presence import PODS, PRESENCE
from standardiste.ingest_chat.settings import ChatSettings


async def test_visitor_is_gone_after_his_last_socket_and_returned_with_the_next(site: Running, visitor: Visitor) -> None:
    async with visitor.connected() as socket:
        accepted = await socket.say("Bonjour")
    left = (await site.inputs(ContactLeft))[0]
    assert left == ContactLeft(contact=accepted["message"], conversation=ConversationId(visitor.session), because=LeftBecause.GONE)
    async with visitor.connected():
        returned = (await site.inputs(ContactReturned))[0]
        assert returned == ContactReturned(contact=accepted["message"], conversation=ConversationId(visitor.session))


async def test_second_tab_and_reload_are_no_leaving(site: Running, visitor: Visitor) -> None:
    other = Visitor(visitor.url, visitor.session, visitor.token, visitor.visitor)
    async with other.connected():
        async with visitor.connected() as socket:
            await socket.say("Bonjour")
        async with visitor.connected():
            pass
        with pytest.raises(TimeoutError):
            await site.inputs(ContactLeft, within_s=0.6)


async def test_goodbye_is_told_at_once_and_once(site: Running, visitor: Visitor) -> None:
    async with visitor.connected() as socket:
        await socket.say("Bonjour")
        async with visitor.client() as http:
            path = f"{visitor.url}/v1/chat/sessions/{visitor.session}"
            assert [(await http.delete(path)).status_code for _ in range(2)] == [204, 204]
        await socket.next("ended")
        assert (await socket.say("encore"))["reason"] == "conversation_closed"
    assert [left.because for left in await site.inputs(ContactLeft)] == [LeftBecause.SAID_GOODBYE]
    with pytest.raises(TimeoutError):
        await site.inputs(ContactLeft, 2, within_s=0.6)


async def test_visitor_who_said_nothing_leaves_nothing(site: Running, visitor: Visitor) -> None:
    async with visitor.connected():
        pass
    with pytest.raises(TimeoutError):
        await site.inputs(ContactLeft, within_s=0.6)


async def test_sockets_of_a_dead_pod_are_found_by_another(tmp_path: Path) -> None:
    async with running(tmp_path, lambda parts: build(ChatSettings(), parts), entities=(tenant(), PAGE)) as site:
        visitor, router = await Visitor.begin(site.url, "site"), ChatRouter(site)
        async with visitor.connected() as socket:
            await socket.say("Bonjour")
            await router.take()
        documents = site.parts.store
    async with running(tmp_path, lambda parts: build(ChatSettings(chat_gone_after_ms=100), parts)) as site:
        # what a pod leaves behind that is killed: its lease, which ends, and a document that names it
        documents = site.parts.store
        await documents.tenant(TENANT).put(PRESENCE, visitor.session, {"pods": ["dead"], "is_gone": False})
        await documents.tenant("_installation").put(PODS, "dead", {"until": site.parts.clock.now() - 1})
        event = (await site.events(Topic.INPUTS, ContactLeft))[0]
        assert (event.subject, event.data.because) == (visitor.session, LeftBecause.GONE)
