"""A chat as both sides live it: words there and back, in order, once, whatever happens to the socket."""

from __future__ import annotations

from pathlib import Path

from standardiste.common.events.decisions import MessageRedacted
from standardiste.common.events.inputs import ContactReceived, ContactTyping, DeliveryReported, MediaConnected, MediaFailed
from standardiste.common.events.model import Channel, ConversationId, DeliveryState, InteractionId, MessageId, OfferId
from standardiste.common.events.outbound import AnnounceAgent, ConnectCall, TellNotice, TellPosition, TellTyping
from standardiste.common.testing.builders import TENANT, tenant
from standardiste.common.testing.chat import ALICE, ANNA, INTERACTION, PAGE, ChatRouter
from standardiste.common.testing.running import Running, running
from standardiste.common.testing.visitor import Visitor
from standardiste.ingest_chat.app import build
from standardiste.ingest_chat.settings import ChatSettings


async def test_first_words_become_a_live_contact_of_the_session(site: Running, visitor: Visitor) -> None:
    async with visitor.connected() as socket:
        accepted = await socket.say("Bonjour")
    contact = (await site.inputs(ContactReceived))[0].contact
    assert (accepted["kind"], accepted["message"], accepted["receipt"]) == ("accepted", contact.id, contact.receipt)
    assert (contact.channel, contact.conversation, contact.is_live) == (Channel.CHAT, visitor.session, True)
    assert (contact.content.text, contact.name, contact.language, contact.our_address) == ("Bonjour", "Zoé", "fr", "site")


async def test_burst_of_thirty_keeps_its_order(site: Running, visitor: Visitor) -> None:
    async with visitor.connected() as socket:
        for number in range(30):
            await socket.send(kind="say", id=f"n{number}", text=str(number))
        for number in range(30):
            assert (await socket.about(f"n{number}"))["kind"] == "accepted"
    received = await site.inputs(ContactReceived, 30)
    assert [event.contact.content.text for event in received] == [str(number) for number in range(30)]


async def test_message_sent_again_is_the_same_message(site: Running, visitor: Visitor) -> None:
    async with visitor.connected() as socket:
        first = await socket.say("Bonjour", id="same")
    async with visitor.connected(pending=("same",)) as socket:
        assert socket.welcome["messages"] == {"same": first["message"]}
        assert await socket.say("Bonjour", id="same") == first
    contacts = await site.inputs(ContactReceived, 2)
    assert contacts[0].contact.id == contacts[1].contact.id


async def test_answer_is_pushed_stored_and_told_delivered_and_read(site: Running, visitor: Visitor, router: ChatRouter) -> None:
    async with visitor.connected() as socket:
        await socket.say("Bonjour")
        await router.take()
        await router.send(AnnounceAgent(conversation=ConversationId(visitor.session), interaction=INTERACTION, author=ALICE))
        (message,) = await router.say(visitor.session, "Bonjour Zoé")
        joined = await socket.next("joined")
        assert joined["author"] == {"kind": "agent", "name": "Alice"}
        assert await socket.texts(2) == ["Bonjour", "Bonjour Zoé"]
        await socket.send(kind="seen", message=message)
        await socket.send(kind="seen", message=message, state="read")
        await socket.send(kind="seen", message="not-mine")
        reports = await site.inputs(DeliveryReported, 3)
    assert {(report.message, report.state, report.interaction) for report in reports} == {
        (message, state, INTERACTION) for state in (DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.READ)
    }


async def test_every_tab_sees_every_line(site: Running, visitor: Visitor, router: ChatRouter) -> None:
    other = Visitor(visitor.url, visitor.session, visitor.token, visitor.visitor)
    async with visitor.connected() as first, other.connected() as second:
        await first.say("Bonjour")
        await router.take()
        await router.say(visitor.session, "Oui ?")
        assert await first.texts(2) == await second.texts(2) == ["Bonjour", "Oui ?"]


async def test_returning_widget_gets_what_follows_its_place_nothing_twice(visitor: Visitor, router: ChatRouter) -> None:
    async with visitor.connected() as socket:
        await socket.say("un")
        await router.take()
        await router.say(visitor.session, "deux")
        await socket.texts(2)
    await router.say(visitor.session, "trois", "quatre")
    async with visitor.connected() as socket:
        await router.say(visitor.session, "cinq")
        assert await socket.texts(5) == ["un", "deux", "trois", "quatre", "cinq"]
    assert len({frame["id"] for frame in visitor.shown}) == len(visitor.shown)


async def test_transcript_outlives_the_process(tmp_path: Path) -> None:
    async with running(tmp_path, lambda parts: build(ChatSettings(), parts), entities=(tenant(), PAGE)) as site:
        visitor, router = await Visitor.begin(site.url, "site"), ChatRouter(site)
        async with visitor.connected() as socket:
            await socket.say("un")
            await router.take()
            await router.say(visitor.session, "deux")
            await socket.texts(2)
        await router.say(visitor.session, "trois")
    async with running(tmp_path, lambda parts: build(ChatSettings(), parts)) as site:
        visitor.url = site.url
        async with visitor.connected() as socket:
            assert await socket.texts(3) == ["un", "deux", "trois"]
        fresh = Visitor(site.url, visitor.session, visitor.token, visitor.visitor)
        async with fresh.connected() as socket:
            assert await socket.texts(3) == ["un", "deux", "trois"]


async def test_typing_position_and_notice_reach_who_is_there(site: Running, visitor: Visitor, router: ChatRouter) -> None:
    session = ConversationId(visitor.session)
    async with visitor.connected() as socket:
        await socket.say("Bonjour")
        await router.take()
        await router.send(
            TellPosition(conversation=session, position=3, wait_p50_ms=60_000),
            TellNotice(conversation=session, notice="own", words={"fr": "Un instant", "en": "One moment"}),
            TellTyping(conversation=session, author=ALICE),
        )
        assert (await socket.next("position"))["position"] == 3
        assert (await socket.next("notice"))["text"] == "Un instant"
        assert (await socket.next("agent_typing"))["author"]["name"] == "Alice"
        await socket.send(kind="typing")
        await socket.send(kind="typing")
        assert [event.conversation for event in await site.inputs(ContactTyping)] == [session]
    async with visitor.connected() as socket:
        assert (await socket.next("position"))["position"] == 3


async def test_redacted_words_leave_screen_and_transcript(site: Running, visitor: Visitor, router: ChatRouter) -> None:
    async with visitor.connected() as socket:
        await socket.say("Bonjour")
        await router.take()
        (message,) = await router.say(visitor.session, "mon numéro est 12")
        await socket.texts(2)
        await site.inputs(DeliveryReported)
        await site.decide(
            TENANT,
            MessageRedacted(conversation=ConversationId(visitor.session), message=MessageId(message), by=None, reason="test"),
            subject=visitor.session,
        )
        assert (await socket.next("redacted"))["message"] == message
    async with Visitor(visitor.url, visitor.session, visitor.token, visitor.visitor).connected() as socket:
        assert await socket.texts(2) == ["Bonjour", ""]


async def test_redacted_words_of_the_visitor_leave_too(site: Running, visitor: Visitor, router: ChatRouter) -> None:
    async with visitor.connected() as socket:
        said = (await socket.say("mon numéro est 12"))["message"]
        await router.take()
        assert await socket.texts(1) == ["mon numéro est 12"]
        message = MessageId("ms_" + said.removeprefix("c_"))  # as the router calls a contact's words
        redacted = MessageRedacted(conversation=ConversationId(visitor.session), message=message, by=None, reason="test")
        await site.decide(TENANT, redacted, subject=visitor.session)
        assert (await socket.next("redacted"))["message"] == said
    async with Visitor(visitor.url, visitor.session, visitor.token, visitor.visitor).connected() as socket:
        assert await socket.texts(1) == [""]


async def test_accepted_offer_is_connected_while_the_session_lives(site: Running, visitor: Visitor, router: ChatRouter) -> None:
    call = ConnectCall(conversation=ConversationId(visitor.session), interaction=INTERACTION, offer=OfferId("o1"), agent=ANNA)
    async with visitor.connected() as socket:
        await socket.say("Bonjour")
        await router.send(call)
        assert await site.inputs(MediaConnected) == [MediaConnected(interaction=INTERACTION, offer=OfferId("o1"))]
        await socket.send(kind="end")
        await socket.next("ended")
    await router.send(call)
    assert [failed.offer for failed in await site.inputs(MediaFailed)] == ["o1"]


async def test_closed_chat_takes_no_more_words_and_a_newer_interaction_opens_it_again(visitor: Visitor, router: ChatRouter) -> None:
    async with visitor.connected() as socket:
        await socket.say("un")
        await router.take()
        await socket.texts(1)
        await router.close(visitor.session)
        await socket.next("ended")
    async with visitor.client() as http:
        while (answer := await http.post("/messages", json={"id": "x", "text": "deux"})).status_code == 202:
            pass  # the group has not heard of the close yet: what is said meanwhile opens a new interaction
        assert answer.json()["type"].endswith("conversation_closed")


async def test_news_of_a_close_does_not_end_what_a_newer_message_opened(site: Running, visitor: Visitor, router: ChatRouter) -> None:
    second = InteractionId("i2")
    async with visitor.connected() as socket:
        await socket.say("un")
        await router.take()
        await socket.say("deux")
        await router.take(interaction=second)
        await socket.texts(2)
        await router.close(visitor.session)
        await socket.next("ended")
        while (await socket.say("trois"))["kind"] != "accepted":
            pass  # the group has heard of the close, and not yet of the newer interaction
