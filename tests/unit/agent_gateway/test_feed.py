"""The feed: what one session is shown, each thing once, also after it was away."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from standardiste.agent_gateway.feed import Feed
from standardiste.agent_gateway.window import Seq, Window, parse_seq
from standardiste.common.bus.port import Record
from standardiste.common.events.decisions import (
    InteractionActivated,
    InteractionHeld,
    MessageAccepted,
    MessageReceived,
    OfferDeclined,
    SessionStarted,
    SnapshotBegan,
    SnapshotOffer,
)
from standardiste.common.events.model import (
    AgentId,
    ContactId,
    ConversationId,
    InteractionId,
    OfferId,
    OfferView,
    SessionId,
)
from standardiste.common.testing.builders import AT, interaction_view, message
from standardiste.common.testing.decisions import decided

ANNA, S1 = AgentId("anna"), SessionId("s1")


def started(session: str = "s1") -> SessionStarted:
    return SessionStarted(session=SessionId(session), agent=ANNA, gateway="g1")


def received(id: str, *, interaction: str = "i1", conversation: str = "c1") -> MessageReceived:
    return MessageReceived(
        interaction=InteractionId(interaction), conversation=ConversationId(conversation), contact=ContactId(id), message=message(id)
    )


def activated(owner: str = "anna", *, interaction: str = "i1", conversation: str = "c1") -> InteractionActivated:
    return InteractionActivated(
        interaction=InteractionId(interaction), version=2, conversation=ConversationId(conversation), owner=AgentId(owner)
    )


def offered(agent: str = "anna", *, interaction: str = "i1") -> SnapshotOffer:
    return SnapshotOffer(session=S1, offer=offer_view(agent, interaction=interaction), interaction=interaction_view(interaction))


def declined(agent: str = "anna", *, interaction: str = "i1") -> OfferDeclined:
    return OfferDeclined(offer=OfferId(f"o-{interaction}"), interaction=InteractionId(interaction), agent=AgentId(agent))


def offer_view(agent: str, *, interaction: str) -> OfferView:
    return OfferView(
        id=OfferId(f"o-{interaction}"), interaction=InteractionId(interaction), agent=AgentId(agent), offered_at=AT, expires_at=AT
    )


def held() -> InteractionHeld:
    return InteractionHeld(interaction=InteractionId("i1"), version=3, owner=ANNA)


def feed(session: str = "s1", *watched: str) -> Feed:
    return Feed(tenant="t1", agent="anna", session=session, watched=watched)


def run(records: Sequence[Record], *feeds: Feed) -> list[list[str]]:
    """What each feed is shown as these records pass."""
    window, shown = Window(), [list[str]() for _ in feeds]
    for record in records:
        entry = window.add(record)
        for each, frames in zip(feeds, shown, strict=True):
            if entry is not None and each.readers & set(entry.readers):
                frames += each.take(entry, window)
    return shown


def told(frames: Sequence[str]) -> list[str]:
    """Frames as "type place", messages by their id."""
    return [_told(json.loads(frame)) for frame in frames]


def _told(frame: dict[str, Any]) -> str:
    said = frame["data"].get("message")
    name = said["id"] if said else frame["type"].removeprefix("standardiste.").removesuffix(".v1")
    return f"{name} {frame['seq']}"


def test_nothing_is_shown_before_the_router_has_answered_the_session() -> None:
    records = [
        decided(held(), "agent:anna", offset=0),
        decided(started(), "session:s1", "agent:anna", offset=1),
        decided(held(), "agent:anna", offset=2),
        decided(held(), "agent:ben", offset=3),
    ]
    assert told(run(records, feed())[0]) == ["session.started 0:1", "interaction.held 0:2"]


def test_accepted_interaction_brings_its_earlier_messages_each_once() -> None:
    records = [
        decided(received("m1", interaction="i0"), offset=0),
        decided(received("m2"), "queue:main", offset=1),
        decided(started(), "session:s1", offset=2),
        decided(activated(), "agent:anna", offset=3),
        decided(received("m3"), "agent:anna", offset=4),
        decided(activated(), "agent:anna", offset=5),
    ]
    assert told(run(records, feed())[0]) == [
        "session.started 0:2",
        "interaction.activated 0:3",
        "m1 0:3:0",
        "m2 0:3:1",
        "m3 0:4",
        "interaction.activated 0:5",
    ]


def test_what_is_written_while_an_offer_is_open_comes_with_its_acceptance() -> None:
    records = [
        decided(started(), "session:s1", offset=0),
        decided(offered(), "agent:anna", offset=1),
        decided(received("m1"), "agent:anna", offset=2),
        decided(declined(), "agent:anna", offset=3),
        decided(offered(), "agent:anna", offset=4),
        decided(received("m2"), "agent:anna", offset=5),
        decided(activated(), "agent:anna", offset=6),
    ]
    shown = told(run(records, feed())[0])
    assert shown[-3:] == ["interaction.activated 0:6", "m1 0:6:2", "m2 0:6:5"]
    assert len(shown) == 7


def test_supervisor_reads_along_while_an_offer_is_open() -> None:
    records = [
        decided(started(), "session:s1", offset=0),
        decided(offered(), "agent:anna", "queue:main", offset=1),
        decided(received("m1"), "agent:anna", "queue:main", offset=2),
        decided(activated(), "agent:anna", offset=3),
    ]
    assert told(run(records, feed("s1", "queue:main"))[0])[2:] == ["m1 0:2", "interaction.activated 0:3"]


def test_messages_are_not_sent_for_what_another_agent_took() -> None:
    records = [
        decided(started(), "session:s1", offset=0),
        decided(received("m1"), offset=1),
        decided(activated("ben"), "agent:ben", "queue:main", offset=2),
    ]
    assert told(run(records, feed("s1", "queue:main"))[0]) == ["session.started 0:0", "interaction.activated 0:2"]


def test_decision_that_names_several_of_ones_readers_is_shown_once() -> None:
    records = [
        decided(started(), "session:s1", offset=0),
        decided(held(), "agent:anna", "queue:main", "team:a", offset=1),
    ]
    assert told(run(records, feed("s1", "queue:main", "team:a"))[0]) == ["session.started 0:0", "interaction.held 0:1"]


def test_moved_session_is_told_what_it_missed_and_nothing_from_before_its_life() -> None:
    window = Window()
    for record in (
        decided(held(), "agent:anna", offset=0),
        decided(started(), "session:s1", offset=1),
        decided(received("m1"), offset=2),
        decided(activated(), "agent:anna", offset=3),
        decided(held(), "agent:anna", offset=4),
    ):
        window.add(record)
    assert told(feed().replay(window, Seq(0, 3))) == ["m1 0:3:2", "interaction.held 0:4"]
    assert told(feed().replay(window, Seq(0, 3, 2))) == ["interaction.held 0:4"]
    assert told(feed().replay(window, Seq(0, 0))) == [
        "session.started 0:1",
        "interaction.activated 0:3",
        "m1 0:3:2",
        "interaction.held 0:4",
    ]


def test_session_older_than_the_window_has_seen_all_of_it() -> None:
    window = Window()
    window.start(0, 50)
    window.add(decided(received("m1"), "agent:anna", offset=50))
    window.add(decided(activated(), "agent:anna", offset=51))
    assert told(feed().replay(window, Seq(0, 50))) == ["interaction.activated 0:51"]


DECISIONS = st.sampled_from(
    ["received to nobody", "received", "received elsewhere", "answered", "taken", "taken by ben", "held", "snapshot"]
)


def _decided(what: str, offset: int) -> Record:
    to = ("agent:anna",)
    match what:
        case "received to nobody":
            return decided(received(f"m{offset}"), offset=offset)
        case "received":
            return decided(received(f"m{offset}"), *to, offset=offset)
        case "received elsewhere":
            return decided(received(f"m{offset}", interaction="i2", conversation="c2"), "queue:main", offset=offset)
        case "answered":
            sent = MessageAccepted(interaction=InteractionId("i1"), conversation=ConversationId("c1"), message=message(f"m{offset}"))
            return decided(sent, *to, offset=offset)
        case "taken":
            return decided(activated(), *to, offset=offset)
        case "taken by ben":
            return decided(activated("ben", interaction="i2", conversation="c2"), "agent:ben", offset=offset)
        case "offered":
            return decided(offered(), *to, offset=offset)
        case "declined":
            return decided(declined(), *to, offset=offset)
        case "snapshot":
            return decided(SnapshotBegan(session=S1, agent=ANNA, change_set=1), "session:s1", offset=offset)
        case _:
            return decided(held(), *to, offset=offset)


@given(before=st.lists(DECISIONS, max_size=8), after=st.lists(DECISIONS, max_size=20), data=st.data())
def test_resume_at_any_frame_gives_exactly_what_the_unbroken_session_saw(before: list[str], after: list[str], data: st.DataObject) -> None:
    """Law: frames seen + frames on resume = the frames of a session that was never away, whatever the cut."""
    begin = decided(started(), "session:s1", "agent:anna", offset=len(before))
    records = [
        *(_decided(what, offset) for offset, what in enumerate(before)),
        begin,
        *(_decided(what, len(before) + 1 + offset) for offset, what in enumerate(after)),
    ]
    whole = run(records, feed())[0]
    window = Window()
    for record in records:
        window.add(record)
    cut = data.draw(st.integers(0, len(whole) - 1))
    place = parse_seq(json.loads(whole[cut])["seq"])
    assert place is not None
    assert whole[cut + 1 :] == feed().replay(window, place)
    messages = [frame["data"]["message"]["id"] for frame in map(json.loads, whole) if "message" in frame["data"]]
    assert len(messages) == len(set(messages))
