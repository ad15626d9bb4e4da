"""Tokens that name a conversation, and the count that ends a loop: both over a real store."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from standardiste.common.clock import ManualClock
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.events.model import Channel, ChannelAddressId, ConversationId
from standardiste.common.security.keys import Keys
from standardiste.common.store.port import ABSENT, Find
from standardiste.common.store.sqlite import SqliteStore
from standardiste.ingest_email.correspondents import CORRESPONDENTS, Cap, Correspondents, mails_cap
from standardiste.ingest_email.tokens import TOKENS, Tokens, in_addresses, in_subject, reply_address, with_token, without_tokens

KEYS = Keys(bytes(range(32)))
HELP = ChannelAddress(id=ChannelAddressId("ca_help"), change_set=0, channel=Channel.EMAIL, address="aide@exemple.fr")
CONVERSATION = ConversationId("cv_1")


@pytest_asyncio.fixture
async def store() -> AsyncIterator[SqliteStore]:
    found = await SqliteStore.open_memory()
    await found.open([TOKENS, CORRESPONDENTS])
    yield found
    await found.close()


async def test_a_token_names_its_conversation_to_its_tenant_only(store: SqliteStore) -> None:
    token = await Tokens(store, KEYS).mint("t1", CONVERSATION)
    assert await Tokens(store, KEYS).mint("t1", CONVERSATION) == token
    assert await Tokens(store, KEYS).conversation("t1", token) == CONVERSATION
    assert await Tokens(store, KEYS).conversation("t2", token) is None
    assert await Tokens(store, KEYS).conversation("t1", "0" * 16) is None


async def test_a_document_under_a_token_that_is_not_its_conversations_opens_nothing(store: SqliteStore) -> None:
    await store.tenant("t1").put(TOKENS, "0" * 16, {"conversation": CONVERSATION}, expected=ABSENT)
    assert await Tokens(store, KEYS).conversation("t1", "0" * 16) is None


async def test_a_token_rides_in_address_and_subject(store: SqliteStore) -> None:
    token = await Tokens(store, KEYS).mint("t1", CONVERSATION)
    address = reply_address("aide@exemple.fr", token)
    assert address == f"aide+t-{token}@exemple.fr"
    assert in_addresses([address.upper(), "x+t-0000000000000000@other.example"], "aide@exemple.fr") == [token]
    assert in_subject(f"Re: {with_token('Ma facture', token)}") == [token]
    assert with_token(f"Re: Ma facture [#{token}]", token) == f"Re: Ma facture [#{token}]"
    assert without_tokens(f"Re: Ma facture [#{token}] urgent") == "Re: Ma facture urgent"


@pytest.mark.parametrize(("local", "is_short"), [("a" * 45, True), ("a" * 46, False)])
def test_an_address_that_would_be_too_long_has_none(local: str, is_short: bool) -> None:
    assert (reply_address(f"{local}@exemple.fr", "0" * 16) is not None) is is_short


async def over(counts: Correspondents, cap: Cap) -> bool:
    """One more comes: whether it is over the cap."""
    answer = await counts.is_over("t1", HELP, "a@b.example", cap)
    await counts.count("t1", HELP, "a@b.example", cap)
    return answer


async def test_what_is_tried_again_is_not_counted(store: SqliteStore) -> None:
    counts, cap = Correspondents(store, KEYS, ManualClock()), Cap(purpose="in", max=3, minutes=10)
    assert [await counts.is_over("t1", HELP, "a@b.example", cap) for _ in range(10)] == [False] * 10


async def test_what_is_over_the_cap_is_told_until_the_window_ends(store: SqliteStore) -> None:
    clock, cap = ManualClock(), Cap(purpose="in", max=3, minutes=10)
    counts = Correspondents(store, KEYS, clock)
    assert [await over(counts, cap) for _ in range(5)] == [False, False, False, True, True]
    assert not await counts.is_over("t1", HELP, "other@b.example", cap)
    assert not await counts.is_over("t2", HELP, "a@b.example", cap)
    clock.advance(10 * 60_000)
    assert not await counts.is_over("t1", HELP, "a@b.example", cap)


async def test_a_process_that_begins_again_goes_on_counting(store: SqliteStore) -> None:
    clock, cap = ManualClock(), Cap(purpose="in", max=100, minutes=10)
    first = Correspondents(store, KEYS, clock)
    assert not any([await over(first, cap) for _ in range(99)])
    again = Correspondents(store, KEYS, clock)
    passed = [await over(again, cap) for _ in range(30)].count(False)
    assert passed == 25
    clock.advance(10 * 60_000)
    await again.forget()
    left = [document async for document in store.every_tenant(CORRESPONDENTS, Find(sort="ends_at"))]
    assert left == []


def test_an_address_may_set_its_own_cap() -> None:
    own = ChannelAddress(id=HELP.id, change_set=0, channel=Channel.EMAIL, address="a@b", settings={"rate_max": 5, "rate_minutes": 1})
    assert mails_cap(own) == Cap(purpose="in", max=5, minutes=1)
    assert mails_cap(HELP) == Cap(purpose="in", max=300, minutes=60)
