"""What a pod remembers of a chat covers what the group has not stored yet."""

from __future__ import annotations

from standardiste.common.events.base import Instant
from standardiste.ingest_chat.frames import Person, Said
from standardiste.ingest_chat.happenings import Line, Redaction, Source
from standardiste.ingest_chat.window import Window


def said(id: str) -> Line:
    entry = Said(seq="", id=id, at=Instant(1), author=Person(kind="agent", name="Alice"), text="mon numéro")
    return Line(tenant="t1", conversation="chat_1", source=Source.OUTBOUND, offset=1, entry=entry)


def test_words_that_have_gone_are_not_shown_from_a_transcript_that_is_behind() -> None:
    window, line = Window(), said("m1")
    window.add(line)
    window.redact(Redaction(tenant=line.tenant, conversation=line.conversation, message=line.entry.id))
    shown = window.redacted([line, said("other")])
    assert [(each.entry.id, each.entry.text) for each in shown if isinstance(each.entry, Said)] == [("m1", ""), ("other", "mon numéro")]
