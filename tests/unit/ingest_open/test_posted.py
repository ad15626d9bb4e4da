"""What an integrator posted, understood strictly and refused with a pointer."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from standardiste.common.bodies import understood
from standardiste.common.errors import BadInput
from standardiste.common.events.base import Instant
from standardiste.ingest_open.posted import PostedInteraction, checked_key, files_of

DATA = Path(__file__).parents[2] / "data" / "open"
GOOD = sorted((DATA / "good").glob("*.json"))
BAD = json.loads((DATA / "bad.json").read_text())


@pytest.mark.parametrize("file", GOOD, ids=lambda file: file.stem)
def test_good_bodies_are_understood_whole(file: Path) -> None:
    body = json.loads(file.read_text())
    posted = understood(PostedInteraction, file.read_bytes())
    assert posted.sender.address == body["from"]["address"]
    assert posted.text == body.get("text", "")
    assert [file.name for file in files_of(posted)] == [each["name"] for each in body.get("attachments", [])]


@pytest.mark.parametrize("case", BAD, ids=lambda case: case["name"])
def test_bad_bodies_are_refused_at_the_field_that_is_wrong(case: dict[str, Any]) -> None:
    body = case["raw"].encode() if "raw" in case else json.dumps(case["body"]).encode()
    with pytest.raises(BadInput) as refused:
        files_of(understood(PostedInteraction, body))
    assert (refused.value.reason, refused.value.pointer) == ("invalid_field", case["pointer"])


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"from":' * 50_000, b'{"attributes": {"a": ' + b"[" * 5_000 + b"]" * 5_000 + b"}}"])
def test_endless_nesting_is_refused(body: bytes) -> None:
    with pytest.raises(BadInput):
        understood(PostedInteraction, body)


def test_instants_are_taken_with_their_offset() -> None:
    posted = understood(PostedInteraction, b'{"from": {"address": "a"}, "received_at": "2026-03-29T03:00:00+02:00"}')
    assert posted.received_at == Instant(1774746000000)


@pytest.mark.parametrize(("header", "key"), [(None, None), ("  ", None), (" k-1 ", "k-1"), ("x" * 255, "x" * 255)])
def test_key_is_taken_trimmed(header: str | None, key: str | None) -> None:
    assert checked_key(header) == key


@pytest.mark.parametrize("header", ["x" * 256, "clé", "a\tb"])
def test_key_of_other_characters_or_too_long_is_refused(header: str) -> None:
    with pytest.raises(BadInput):
        checked_key(header)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_understood_or_refused(body: bytes) -> None:
    with suppress(BadInput):
        understood(PostedInteraction, body)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["from", "text", "channel", "attributes", "attachments", "priority", "received_at"]), json_values))
def test_any_fields_are_understood_or_refused(body: dict[str, Any]) -> None:
    with suppress(BadInput):
        files_of(understood(PostedInteraction, json.dumps(body).encode()))
