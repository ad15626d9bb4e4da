"""Answers kept for the integrator: once each, numbered without gaps, fetched behind a cursor."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from standardiste.common.clock import ManualClock
from standardiste.common.conversations import ConversationBook
from standardiste.common.errors import BadInput
from standardiste.common.events.base import Instant
from standardiste.common.events.model import (
    Author,
    AuthorKind,
    Channel,
    ChannelAddressId,
    Content,
    ConversationId,
    InteractionId,
    MessageId,
)
from standardiste.common.events.outbound import DeliverMessage
from standardiste.common.outbox import Send, Sent
from standardiste.common.store.sqlite import SqliteStore
from standardiste.ingest_open.replies import REPLIES, ReplyProvider, replies_after


@pytest_asyncio.fixture
async def store() -> AsyncIterator[SqliteStore]:
    found = await SqliteStore.open_memory()
    yield found
    await found.close()


@pytest_asyncio.fixture
async def book(store: SqliteStore) -> ConversationBook:
    found = ConversationBook(store, "ingest-open", (Channel.OTHER,))
    await store.open((REPLIES, found.collection))
    return found


def send(message: str, conversation: str = "v1", address: str | None = None) -> Send:
    command = DeliverMessage(
        conversation=ConversationId(conversation),
        interaction=InteractionId("i1"),
        message=MessageId(message),
        author=Author(kind=AuthorKind.AGENT, id="p1", name="Alice"),
        content=Content(text=f"text of {message}"),
        channel=Channel.OTHER,
        channel_address=ChannelAddressId("ca1"),
        address=address,
    )
    return Send(tenant="t1", command=command, taken_at=Instant(0))


async def fetched(store: SqliteStore, conversation: str, after: str | None = None, limit: int = 50) -> tuple[list[object], str]:
    page = await replies_after(store, "t1", conversation, after, limit)
    return [item["id"] for item in page.items], page.next


async def test_answer_sent_twice_is_stored_once(store: SqliteStore, book: ConversationBook) -> None:
    provider = ReplyProvider(store, ManualClock(), book)
    assert await provider.look_up(send("m1")) is None
    assert await provider.send(send("m1")) == Sent(provider_id="m1")
    assert await provider.send(send("m1")) == Sent(provider_id="m1")
    assert await provider.look_up(send("m1")) == Sent(provider_id="m1")
    assert await fetched(store, "v1") == (["m1"], "r1")


async def test_cursor_gives_each_answer_of_its_conversation_once(store: SqliteStore, book: ConversationBook) -> None:
    provider = ReplyProvider(store, ManualClock(), book)
    for message in ("m1", "m2", "m3"):
        await provider.send(send(message))
        await provider.send(send(message + "-other", "v10"))
    assert await fetched(store, "v1", limit=2) == (["m1", "m2"], "r2")
    assert await fetched(store, "v1", "r2") == (["m3"], "r3")
    assert await fetched(store, "v1", "r3") == ([], "r3")
    await provider.send(send("m4"))
    assert await fetched(store, "v1", "r3") == (["m4"], "r4")


async def test_conversation_that_an_agent_began_is_known_from_then_on(store: SqliteStore, book: ConversationBook) -> None:
    await ReplyProvider(store, ManualClock(), book).send(send("m1", address="client-77"))
    known = await book.get("t1", "v1")
    assert known is not None
    assert (known.address, known.channel_address) == ("client-77", "ca1")


@pytest.mark.parametrize("cursor", ["", "r", "1", "r-1", "r1x", "r٣", "r" + "9" * 30])
async def test_cursor_of_somebody_else_is_refused(store: SqliteStore, book: ConversationBook, cursor: str) -> None:
    with pytest.raises(BadInput) as refused:
        await replies_after(store, "t1", "v1", cursor, 10)
    assert refused.value.reason == "cursor_invalid"
