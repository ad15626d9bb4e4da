"""Chat tokens: their own kind, session and tenant, for their time."""

from __future__ import annotations

import pytest

from standardiste.common.clock import ManualClock
from standardiste.common.errors import BadInput
from standardiste.common.events.base import Instant
from standardiste.common.security.keys import Keys
from standardiste.ingest_chat.tokens import SESSION_TTL_MS, SessionClaims, Tokens, VisitorClaims

NOW = ManualClock().now()
CLAIMS = SessionClaims(tenant="t1", page="chat", session="chat_1", visitor="visitor_1")
TOKENS = Tokens(Keys(bytes(32)))


def refused(token: str, now: int = NOW) -> str:
    with pytest.raises(BadInput) as error:
        TOKENS.read_session(token, Instant(now))
    return error.value.reason


def test_token_gives_back_what_it_was_made_of_until_it_expires() -> None:
    token = TOKENS.session(CLAIMS, NOW)
    assert TOKENS.read_session(token, Instant(NOW + SESSION_TTL_MS - 1)) == CLAIMS
    assert refused(token, NOW + SESSION_TTL_MS) == "token_expired"


def test_visitors_token_opens_no_session_and_the_other_way_round() -> None:
    visitor = TOKENS.visitor(VisitorClaims(tenant="t1", visitor="visitor_1"), NOW)
    assert refused(visitor) == "bad_token"
    with pytest.raises(BadInput):
        TOKENS.read_visitor(TOKENS.session(CLAIMS, NOW), NOW)


def test_changed_or_foreign_tokens_are_refused() -> None:
    token = TOKENS.session(CLAIMS, NOW)
    kind, payload, mac = token.split(".")
    foreign = Tokens(Keys(bytes(range(32)))).session(CLAIMS, NOW)
    other = TOKENS.session(SessionClaims(tenant="t2", page="chat", session="chat_1", visitor="visitor_1"), NOW)
    swapped = f"{kind}.{other.split('.')[1]}.{mac}"
    for bad in (
        "",
        "cs",
        "cs..",
        "cs.e30.e30",
        f"{kind}.{payload}",
        f"{kind}.{payload}.",
        foreign,
        swapped,
        token + "A",
        "é" + token,
        "cs." + "A" * 5000,
    ):
        assert refused(bad) == "bad_token"
