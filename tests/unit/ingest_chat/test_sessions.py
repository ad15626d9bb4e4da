"""When a session is over, whatever order the news comes in."""

from __future__ import annotations

from itertools import permutations

import pytest

from standardiste.common.events.base import Instant
from standardiste.common.events.model import ContactId, InteractionId
from standardiste.ingest_chat.sessions import ChatSession, Sessions

FIRST, SECOND = InteractionId("i1"), InteractionId("i2")
NEW = ChatSession(id="chat_1", page="chat", visitor="v", began_at=Instant(0))


async def is_ended(sessions: Sessions) -> bool:
    found = await sessions.get("t1", NEW.id)
    assert found is not None
    return found.is_ended


async def test_repeat_of_a_beginning_is_the_session_that_is_there(sessions: Sessions) -> None:
    assert await sessions.begin("t1", NEW) == (NEW, True)
    await sessions.note_contact("t1", NEW.id, ContactId("c1"))
    again, is_new = await sessions.begin("t1", NEW)
    assert (again.contact, is_new) == ("c1", False)
    await sessions.note_contact("t1", NEW.id, ContactId("c2"))
    assert (await sessions.get("t1", NEW.id)) == again


@pytest.mark.parametrize("order", list(permutations(("opened", "closed"))), ids=" then ".join)
async def test_closed_interaction_ends_its_session_in_any_order_of_the_news(sessions: Sessions, order: tuple[str, ...]) -> None:
    await sessions.begin("t1", NEW)
    for news in order:
        await getattr(sessions, news)("t1", NEW.id, FIRST)
    assert await is_ended(sessions)


@pytest.mark.parametrize("place", [0, 1, 2], ids=["first", "between", "last"])
async def test_newer_interaction_keeps_the_session_alive(sessions: Sessions, place: int) -> None:
    await sessions.begin("t1", NEW)
    news = [("opened", FIRST), ("opened", SECOND)]
    news.insert(place, ("closed", FIRST))
    for what, interaction in news:
        await getattr(sessions, what)("t1", NEW.id, interaction)
    assert not await is_ended(sessions)
    await sessions.closed("t1", NEW.id, SECOND)
    assert await is_ended(sessions)


async def test_goodbye_is_final(sessions: Sessions) -> None:
    await sessions.begin("t1", NEW)
    assert await sessions.goodbye("t1", NEW.id) == NEW
    await sessions.opened("t1", NEW.id, FIRST)
    assert await is_ended(sessions)
    assert await sessions.goodbye("t1", "chat_unknown") is None
