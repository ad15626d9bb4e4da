"""Places and lines: whoever has a place gets exactly what lies behind it, in either topic."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standardiste.common.errors import BadInput
from standardiste.common.events.base import Instant
from standardiste.ingest_chat.frames import Person, Said
from standardiste.ingest_chat.happenings import Line, Redaction, Source
from standardiste.ingest_chat.transcript import Place, Transcript, parse_place, with_places

CHAT = "chat_1"


def line(offset: int, at: int, source: Source = Source.OUTBOUND, conversation: str = CHAT) -> Line:
    id = f"{source}{offset}"
    said = Said(seq="", id=id, at=Instant(at), author=Person(kind="agent", name="Alice"), text=id)
    return Line(tenant="t1", conversation=conversation, source=source, offset=offset, entry=said)


def ids(lines: list[Line]) -> list[str]:
    return [each.entry.id for each in lines]


AGENTS = [line(3, 30), line(7, 70), line(9, 70)]
VISITORS = [line(1, 10, Source.DECISIONS), line(2, 70, Source.DECISIONS)]
SHOWN = ["d1", "o3", "d2", "o7", "o9"]


async def kept(transcript: Transcript) -> None:
    for each in (*AGENTS, *VISITORS, line(4, 40, conversation="chat_10")):
        assert await transcript.keep(each)


async def test_lines_of_both_topics_are_shown_by_time(transcript: Transcript) -> None:
    await kept(transcript)
    assert ids(await transcript.after("t1", CHAT, Place())) == SHOWN
    assert ids(await transcript.latest("t1", CHAT)) == SHOWN
    assert ids(await transcript.latest("t1", CHAT, 2)) == SHOWN[-2:]
    assert await transcript.after("t2", CHAT, Place()) == []


async def test_line_kept_again_changes_nothing(transcript: Transcript) -> None:
    await kept(transcript)
    assert not await transcript.keep(AGENTS[0])
    assert ids(await transcript.after("t1", CHAT, Place())) == SHOWN


async def test_what_follows_is_what_lies_behind_either_offset(transcript: Transcript) -> None:
    await kept(transcript)
    assert ids(await transcript.after("t1", CHAT, Place(3, 2))) == ["o7", "o9"]
    assert ids(await transcript.after("t1", CHAT, Place(9, -1))) == ["d1", "d2"]
    assert ids(await transcript.after("t1", CHAT, Place(9, 2))) == []


async def test_pages_put_together_are_the_whole(transcript: Transcript) -> None:
    await kept(transcript)
    place, found = Place(), list[str]()
    while lines := await transcript.after("t1", CHAT, place, 2):
        frames, place = with_places(lines, place)
        found += [frame.id for frame in frames]
        assert frames[-1].seq == str(place)
    assert found == SHOWN


async def test_id_of_a_message_stands_for_all_that_was_shown_up_to_it(transcript: Transcript) -> None:
    await kept(transcript)
    place = await transcript.place_of("t1", CHAT, "d2")
    assert place is not None
    assert ids(await transcript.after("t1", CHAT, place)) == ["o7", "o9"]
    assert await transcript.place_of("t1", CHAT, str(place)) == place
    for bad in ("o99", "", "1.2.3"):
        with pytest.raises(BadInput):
            await transcript.place_of("t1", CHAT, bad)


async def test_redacted_words_are_gone_also_when_the_order_comes_first(transcript: Transcript) -> None:
    first, second = AGENTS[0], AGENTS[1]
    await transcript.keep(first)
    await transcript.redact(Redaction(tenant="t1", conversation=CHAT, message=first.entry.id))
    await transcript.redact(Redaction(tenant="t1", conversation=CHAT, message=second.entry.id))
    assert not await transcript.keep(second)
    (found,) = await transcript.after("t1", CHAT, Place())
    assert isinstance(found.entry, Said)
    assert (found.entry.text, found.entry.is_redacted) == ("", True)


@given(st.integers(-1, 2**60), st.integers(-1, 2**60))
def test_place_is_read_back_as_written(outbound: int, decisions: int) -> None:
    assert parse_place(str(Place(outbound, decisions))) == Place(outbound, decisions)


@pytest.mark.parametrize("text", ["", "1", "1.", "-1.2", "a.b", "1.2.3", "٣.٤", "9" * 40 + ".1"])
def test_place_of_somebody_else_is_none(text: str) -> None:
    assert parse_place(text) is None
