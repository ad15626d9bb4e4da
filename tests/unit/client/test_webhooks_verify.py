"""A webhook is believed when what signs it and what checks it agree, and not otherwise."""

from __future__ import annotations

import json

import pytest

from standardiste.client import BadSignature, verify
from standardiste.common.security.webhook_signature import mint_secret, sign

SECRET = mint_secret()
NOW_S = 1_800_000_000
FACT = {
    "specversion": "1.0", "id": "e1", "source": "router", "type": "standardiste.message.sent.v1", "subject": "in_1", "time": "2026-01-01T00:00:00.000Z",
    "cursor": "e1.7", "data": {"message": "m1"},
}  # fmt: skip
BODY = json.dumps(FACT).encode()


def headers(body: bytes = BODY, at: int = NOW_S) -> dict[str, str]:
    return {"Webhook-Id": "e1", "Webhook-Timestamp": str(at), "Webhook-Signature": f"v1a,other {sign(SECRET, 'e1', at, body)}"}


def test_signed_fact_is_given() -> None:
    fact = verify(SECRET, headers(), BODY, now_s=NOW_S + 299)
    assert (fact.id, fact.cursor, fact.data) == ("e1", "e1.7", {"message": "m1"})


@pytest.mark.parametrize(
    ("given", "body", "now_s"),
    [
        (headers(), BODY + b" ", NOW_S),
        (headers(), BODY, NOW_S + 301),
        (headers(), BODY, NOW_S - 301),
        ({}, BODY, NOW_S),
        ({**headers(), "Webhook-Id": "e2"}, BODY, NOW_S),
        ({**headers(), "Webhook-Timestamp": "now"}, BODY, NOW_S),
        ({**headers(), "Webhook-Signature": "v1,é"}, BODY, NOW_S),
        (headers(b"[]"), b"[]", NOW_S),
        (headers(b"{"), b"{", NOW_S),
    ],
)
def test_anything_else_is_refused(given: dict[str, str], body: bytes, now_s: int) -> None:
    with pytest.raises(BadSignature):
        verify(SECRET, given, body, now_s=now_s)


def test_other_secret_is_refused() -> None:
    with pytest.raises(BadSignature):
        verify(mint_secret(), headers(), BODY, now_s=NOW_S)
