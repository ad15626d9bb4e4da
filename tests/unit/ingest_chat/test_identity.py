"""Who the page's site says that a visitor is, and what is no such word."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from standardiste.common.errors import BadInput
from standardiste.common.events.base import Instant
from standardiste.ingest_chat.identity import Identity, read_identity

SECRET = "a-secret-that-the-site-shares-with-its-page"
NOW = Instant(1_700_000_000_000)
GOOD = {"sub": "user-42", "exp": NOW // 1000 + 3600}


def signed(claims: dict[str, Any], secret: str = SECRET, algorithm: str = "HS256") -> str:
    return jwt.encode({"alg": algorithm}, claims, OctKey.import_key(secret), algorithms=[algorithm])


def test_signed_word_says_who_it_is() -> None:
    token = signed({**GOOD, "name": "Jeanne Roux", "email": "jeanne@client.example", "aud": "shop", "admin": True})
    assert read_identity(token, SECRET, "shop", NOW) == Identity(subject="user-42", name="Jeanne Roux", email="jeanne@client.example")


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        (signed(GOOD, "another-secret-that-is-as-long-as-the-first"), "bad_token"),
        (signed(GOOD, algorithm="HS512"), "bad_token"),
        (signed({**GOOD, "sub": ""}), "bad_token"),
        (signed({"exp": GOOD["exp"]}), "bad_token"),
        (signed({"sub": "user-42"}), "bad_token"),
        (signed({**GOOD, "exp": NOW // 1000 + 25 * 3600}), "bad_token"),
        (signed({**GOOD, "aud": "another"}), "bad_token"),
        (signed({**GOOD, "exp": NOW // 1000}), "token_expired"),
        (signed(GOOD)[:-2] + "AA", "bad_token"),
        ("eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1In0.", "bad_token"),
        ("é", "bad_token"),
        ("", "bad_token"),
        ("x" * 5000, "bad_token"),
    ],
)
def test_anything_else_is_refused_by_name(token: str, reason: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_identity(token, SECRET, "shop", NOW)
    assert (refused.value.reason, refused.value.pointer) in ((reason, "/identity"), ("token_expired", ""))
