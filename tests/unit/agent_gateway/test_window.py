"""The window: what is kept, for whom, for how long, and what it takes to be found."""

from __future__ import annotations

import json

import pytest

from standardiste.agent_gateway.window import Seq, Window, entry_of, parse_seq
from standardiste.common.events.base import Instant
from standardiste.common.events.decisions import (
    CommandRefused,
    CustomerIdentified,
    GatewaySeen,
    InteractionCreated,
    InteractionResumed,
    MessageReceived,
    MessageRedacted,
)
from standardiste.common.events.model import AgentId, CommandId, ContactId, ConversationId, InteractionId, MessageId
from standardiste.common.testing.builders import AT, contact, customer, message
from standardiste.common.testing.decisions import decided

I1, C1 = InteractionId("i1"), ConversationId("c1")


def resumed(interaction: str = "i1") -> InteractionResumed:
    return InteractionResumed(interaction=InteractionId(interaction), version=1, owner=AgentId("anna"))


def received(id: str, text: str = "Bonjour", *, interaction: str = "i1", conversation: str | None = "c1") -> MessageReceived:
    return MessageReceived(
        interaction=InteractionId(interaction),
        conversation=None if conversation is None else ConversationId(conversation),
        contact=ContactId("m1"),
        message=message(id, text),
    )


def texts(window: Window, interaction: str | None = "i1", conversation: str | None = "c1", tenant: str = "t1") -> list[str]:
    return [entry.data()["message"]["content"]["text"] for entry in window.conversation(tenant, interaction, conversation)]


def test_record_becomes_frame_without_its_data_being_read() -> None:
    record = decided(resumed(), "agent:anna", offset=7)
    entry = entry_of(record)
    assert entry is not None
    frame = json.loads(entry.frame(Seq(0, 7)))
    data = {"interaction": "i1", "version": 1, "owner": "anna"}
    assert {"kind": "event", "seq": "0:7", "type": "standardiste.interaction.resumed.v1", "data": data}.items() <= frame.items()
    assert {"specversion": "1.0", "id": "d7", "source": "router", "subject": "i1", "tenant": "t1"}.items() <= frame.items()
    assert "to" not in frame


@pytest.mark.parametrize(("command", "own"), [("anna:c1", "c1"), ("an%3Ana:c:1", "c:1"), ("c1", "c1")])
def test_answer_names_the_command_as_its_client_did(command: str, own: str) -> None:
    refused = CommandRefused(command=CommandId(command), command_type='x","command":"y:', reason="not_owner", detail="a:b")
    entry = entry_of(decided(refused, "agent:anna", offset=0))
    assert entry is not None
    assert (entry.data()["command"], entry.data()["command_type"], entry.data()["detail"]) == (own, 'x","command":"y:', "a:b")


def test_only_what_a_desk_may_see_is_kept() -> None:
    window = Window()
    created = InteractionCreated(interaction=I1, contact=contact(), conversation=None, enqueued_at=AT, change_set=1, identify_by=AT)
    assert window.add(decided(created, "agent:anna", offset=0)) is None
    assert window.add(decided(GatewaySeen(gateway="g", until=AT), "agent:anna", offset=1)) is None
    assert window.add(decided(resumed(), offset=2)) is None
    assert window.add(decided(received("m1"), offset=3)) is not None
    assert (len(window), window.end(0)) == (1, Seq(0, 3))


def test_readers_are_found_with_their_tenant() -> None:
    window = Window()
    window.add(decided(resumed("ours"), "agent:anna", "team:main", offset=0))
    window.add(decided(resumed("theirs"), "agent:anna", offset=1, tenant="t2"))
    found = window.of_readers("t1", ("agent:anna", "team:main"))
    assert [entry.data()["interaction"] for entry in found] == ["ours"]


def test_old_decisions_are_forgotten_and_their_places_with_them() -> None:
    window = Window(keep_ms=1_000)
    window.start(0, 10)
    window.add(decided(resumed(), "agent:anna", offset=10, at=AT))
    window.add(decided(resumed(), "agent:anna", offset=11, at=AT + 900))
    window.add(decided(resumed(), "agent:anna", offset=12, at=AT + 1_500))
    assert [entry.offset for entry in window.of_readers("t1", ("agent:anna",))] == [11, 12]
    assert [window.holds(Seq(0, offset)) for offset in (9, 10, 11, 12, 13)] == [False, True, True, True, False]


def test_window_is_bounded_in_bytes() -> None:
    window = Window(keep_bytes=10_000)
    for offset in range(100):
        window.add(decided(received(f"m{offset}", "x" * 500), "agent:anna", offset=offset))
        assert window.bytes <= 10_000
    assert 3 < len(window) < 20
    assert not window.holds(Seq(0, 10))
    assert len(window.of_readers("t1", ("agent:anna",))) == len(window)


def test_unknown_partition_holds_nothing() -> None:
    assert not Window().holds(Seq(3, 5))


def test_messages_are_found_by_interaction_and_conversation() -> None:
    window = Window()
    window.add(decided(received("m1", "premier", interaction="i0"), offset=0))
    window.add(decided(received("m2", "ailleurs", interaction="i9", conversation="c9"), offset=1))
    window.add(decided(received("m3", "second"), offset=2))
    window.add(decided(received("m4", "autre locataire"), offset=3, tenant="t2"))
    assert texts(window) == ["premier", "second"]


def test_first_message_is_found_though_its_conversation_was_not_known_yet() -> None:
    window = Window()
    window.add(decided(received("m1", "avant", interaction="i0", conversation=None), offset=0))
    identified = CustomerIdentified(
        interaction=InteractionId("i0"), version=1, contact=ContactId("m1"), conversation=C1, customer=customer()
    )
    window.add(decided(identified, offset=1))
    assert texts(window, interaction="i1") == ["avant"]


def test_redacted_words_leave_the_memory() -> None:
    window = Window()
    window.add(decided(received("m1", "4970 1111 2222 3333"), "agent:anna", offset=0))
    window.add(decided(received("m2", "merci"), "agent:anna", offset=1))
    redacted = MessageRedacted(conversation=C1, message=MessageId("m1"), by=AgentId("anna"), reason="card")
    window.add(decided(redacted, "agent:anna", offset=2))
    assert texts(window) == ["merci"]
    assert "4970" not in "".join(entry.frame(Seq(0, entry.offset)) for entry in window.of_readers("t1", ("agent:anna",)))
    window.forget(Instant(AT + 1))
    assert (len(window), window.bytes) == (0, 0)


@pytest.mark.parametrize(
    ("text", "seq"),
    [
        ("0:12", Seq(0, 12)),
        ("23:9:4", Seq(23, 9, 4)),
        ("", None),
        ("12", None),
        ("1:-2", None),
        ("a:1", None),
        ("1:2:3:4", None),
        ("1:²", None),
        ("0:" + "9" * 40, None),
    ],
)
def test_seq_is_read_back_or_refused(text: str, seq: Seq | None) -> None:
    assert parse_seq(text) == seq
    assert seq is None or str(seq) == text
