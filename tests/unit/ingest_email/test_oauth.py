"""When the grant of a mailbox ends, as far as its provider says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from standardiste.common.clock import ManualClock
from standardiste.common.events.base import Instant
from standardiste.ingest_email.oauth import ENDS_AT, grant_ends_at, prolonged

DAY_S = 24 * 3600
NOW = Instant(ManualClock().now() // 1000 * 1000)
GRANT = {"refresh_token": "r1"}


def ends_in_s(grant: dict[str, str]) -> float | None:
    ends_at = grant_ends_at(json.dumps(grant))
    return None if ends_at is None else (ends_at - NOW) / 1000


@pytest.mark.parametrize(
    ("renewed", "answer", "expected"),
    [
        (None, {}, None),
        (None, {"refresh_token_expires_in": 30 * DAY_S}, 30 * DAY_S),
        ("r1", {"refresh_expires_in": 30 * DAY_S}, 30 * DAY_S),
        ("r2", {"refresh_token_expires_in": 30 * DAY_S}, None),  # turned over at each use: nobody has to do anything
        (None, {"refresh_expires_in": 1800}, None),  # prolonged by its use
        (None, {"refresh_expires_in": 0}, None),
        (None, {"refresh_expires_in": 10**30}, None),
        (None, {"refresh_expires_in": "soon"}, None),
        (None, {"refresh_expires_in": True}, None),
    ],
)
def test_end_is_kept_where_the_provider_names_it(renewed: str | None, answer: dict[str, Any], expected: float | None) -> None:
    assert ends_in_s(prolonged(GRANT, renewed, answer, NOW)) == expected


def test_same_end_said_again_changes_nothing() -> None:
    kept = prolonged(GRANT, None, {"refresh_expires_in": 30 * DAY_S}, NOW)
    assert prolonged(kept, None, {"refresh_expires_in": 30 * DAY_S - 600}, Instant(NOW + 601_000)) == kept
    assert ends_in_s(prolonged(kept, None, {"refresh_expires_in": 60 * DAY_S}, NOW)) == 60 * DAY_S


def test_grant_that_is_turned_over_forgets_its_end() -> None:
    kept = prolonged(GRANT, None, {"refresh_expires_in": 30 * DAY_S}, NOW)
    assert prolonged(kept, "r2", {}, NOW) == {"refresh_token": "r2"}


@pytest.mark.parametrize("secret", ["", "a password", "[]", "null", json.dumps({ENDS_AT: "soon"}), json.dumps({ENDS_AT: 5})])
def test_secret_that_names_no_end_has_none(secret: str) -> None:
    assert grant_ends_at(secret) is None
