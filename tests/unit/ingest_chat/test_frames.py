"""The chat socket's frames: understood, or refused by name; and their TypeScript is current."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from standardiste.common.errors import BadInput
from standardiste.ingest_chat.frames import FRAME_CHARACTERS_MAX, TEXT_BYTES_MAX, Say, id_of, parse
from standardiste.ingest_chat.typescript import generate

ROOT = Path(__file__).parents[3]
FRAMES = json.loads((ROOT / "tests/data/chat/frames.json").read_text())


@pytest.mark.parametrize("frame", FRAMES["good"], ids=json.dumps)
def test_good_frames_are_understood(frame: dict[str, Any]) -> None:
    assert parse(json.dumps(frame)).kind == frame["kind"]


@pytest.mark.parametrize("case", FRAMES["bad"], ids=lambda case: case["text"] or "empty")
def test_bad_frames_are_refused_by_name(case: dict[str, str]) -> None:
    with pytest.raises(BadInput) as refused:
        parse(case["text"])
    assert refused.value.reason == case["reason"]


def test_message_of_the_greatest_size_is_taken_and_one_byte_more_is_not() -> None:
    assert parse(json.dumps({"kind": "say", "id": "a", "text": "x" * TEXT_BYTES_MAX})) == Say(id="a", text="x" * TEXT_BYTES_MAX)
    for text in ("x" * (TEXT_BYTES_MAX + 1), "é" * (TEXT_BYTES_MAX // 2 + 1), "x" * FRAME_CHARACTERS_MAX):
        with pytest.raises(BadInput) as refused:
            parse(json.dumps({"kind": "say", "id": "a", "text": text}, ensure_ascii=False))
        assert refused.value.reason == "too_large"


def test_refused_frame_still_names_its_message() -> None:
    assert id_of('{"kind": "say", "id": "a", "text": 5}') == "a"
    assert id_of('{"id": 5}') is None
    assert id_of("[") is None


@settings(deadline=None)
@given(
    st.text()
    | st.recursive(
        st.none() | st.text() | st.integers(), lambda inner: st.dictionaries(st.sampled_from(["kind", "id", "text"]), inner)
    ).map(json.dumps)
)
def test_any_text_is_understood_or_refused(text: str) -> None:
    with suppress(BadInput):
        parse(text)


def test_widgets_wire_types_are_current() -> None:
    assert generate() == (ROOT / "services/ingest-chat/web/src/wire.ts").read_text()
