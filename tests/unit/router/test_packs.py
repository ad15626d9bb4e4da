"""Closed interactions in packs: nothing anybody asks for is lost, a pack goes in its time, and it costs a fraction of single records."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standardiste.common.bus.port import Record
from standardiste.common.bus.topics import Topic
from standardiste.common.errors import CorruptState, FormatTooNew
from standardiste.common.events.base import Instant
from standardiste.common.events.codec import check_format, dump_state, load_data
from standardiste.common.events.model import (
    AgentId,
    Channel,
    ChannelAddressId,
    CloseReason,
    ContactId,
    ConversationId,
    CustomerId,
    Direction,
    InteractionId,
    QueueId,
    ReceiptId,
    Requirement,
)
from standardiste.common.testing.builders import AT, TENANT, needs, scope
from standardiste.common.testing.effort import calls_of
from standardiste.router.app import STATE_FORMAT, STATE_HEADERS, entity_of
from standardiste.router.engine import Engine
from standardiste.router.engine.memory import CLOSED_KEPT_MS, PACKED_RECEIPTS_MAX, RETURN_MS, Memory
from standardiste.router.engine.packs import ClosedPack, pack
from standardiste.router.engine.state import Closed, Facts, Meta, evolve
from standardiste.router.kit import STANDARD

TRACE: Final = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
FEW: Final = 4
"""In a pack of these tests."""


def closed(n: int = 0, **fields: Any) -> Closed:
    """The n-th of a day, one a second."""
    tail = f"{n:025d}"
    facts = Facts(
        channel=Channel.SMS,
        channel_name="sms",
        direction=Direction.INBOUND,
        scope=scope(),
        channel_address=ChannelAddressId("sms-main"),
        receipt=ReceiptId(f"r_{tail}"),
        contact=ContactId(f"SM{n:032x}"),
        language="fr",
        traceparent=TRACE,
    )
    return evolve(
        Closed(
            id=InteractionId(f"in_{tail}"),
            facts=facts,
            number=10 * n + 7,
            closed_at=Instant(AT + 1_000 * n),
            reason=CloseReason.HANDLED,
            enqueued_at=Instant(AT + 1_000 * n - 60_000),
            requirement=Requirement(queue=QueueId("main"), skills=needs(billing=3), due_at=Instant(AT + 1_000 * n - 40_000)),
            receipts=(facts.receipt,),
            conversation=ConversationId(f"cv_{n:026d}"),
            customer=CustomerId(f"cu_{tail}"),
            owner=AgentId(f"ag_{n % 7:025d}"),
        ),
        **fields,
    )


def memory(count: int, touched: dict[tuple[str, str], None] | None = None, **fields: Any) -> Memory:
    """So many closed, then the end of a batch."""
    made = Memory({} if touched is None else touched, FEW)
    for n in range(count):
        made.remember(closed(n, **fields))
    made.forget(AT)
    return made


def kept(c: Closed) -> Closed:
    """What a pack holds of it."""
    return evolve(c, facts=evolve(c.facts, contact=ContactId(""), traceparent=None))


def through_json(record: ClosedPack) -> ClosedPack:
    return load_data(ClosedPack, dump_state(record))


# ---- one pack

IDS = st.text("ab_1", max_size=4)
INSTANTS = st.integers(0, 2**45)


@st.composite
def any_closed(draw: st.DrawFn) -> Closed:
    """One with few different values, so that some are equal, and odd ones: ids that do not follow, receipts that went elsewhere, none at all."""
    facts = evolve(
        closed().facts,
        receipt=draw(IDS),
        channel=draw(st.sampled_from(Channel)),
        is_live=draw(st.booleans()),
        cost=draw(st.none() | st.integers(0, 2)),
        linked_to=draw(st.none() | IDS),
    )
    requirement = Requirement(
        queue=QueueId(draw(IDS)),
        priority=draw(st.integers(0, 2)),
        due_at=Instant(draw(INSTANTS)),
        labels=tuple(draw(st.lists(IDS, max_size=2))),
        preferred_agent=draw(st.none() | IDS.map(AgentId)),
    )
    return closed(
        draw(st.integers(0, 9)),
        id=draw(IDS),
        facts=facts,
        reason=draw(st.sampled_from(CloseReason)),
        closed_at=draw(INSTANTS),
        enqueued_at=draw(INSTANTS),
        requirement=requirement,
        receipts=(*((facts.receipt,) if draw(st.booleans()) else ()), *draw(st.lists(IDS, max_size=2))),
        conversation=draw(st.none() | IDS),
        customer=draw(st.none() | IDS),
        owner=draw(st.none() | IDS),
    )


@given(st.lists(any_closed(), min_size=1, max_size=8))
def test_whatever_closed_comes_out_of_a_pack_as_it_went_in_but_for_its_contact_and_trace(rows: list[Closed]) -> None:
    record = pack(rows)
    read = through_json(record)
    assert read == record
    assert [kept(c) for c in rows] == [read.closed(row, id) for row, id in enumerate(read.ids_in_order())]
    assert [(c.receipts, c.conversation) for c in rows] == list(read.references())


def test_ids_that_follow_from_receipts_are_not_written() -> None:
    assert b"in_" not in dump_state(pack([closed(0), closed(1)]))
    odd = [closed(0), closed(1, id=InteractionId("in_other"))]
    assert [c.id for c in odd] == list(pack(odd).ids_in_order())


def test_a_pack_is_less_than_a_quarter_of_its_single_records_and_taken_in_without_unpacking_it() -> None:
    rows = [closed(n) for n in range(256)]
    value = dump_state(pack(rows))
    assert 4 * len(value) < sum(len(f"{TENANT}/closed/{c.id}") + len(dump_state(c)) for c in rows)
    later = Instant(rows[-1].closed_at + RETURN_MS)
    assert calls_of(lambda: Memory({}).restore(load_data(ClosedPack, value), later)) < 4 * len(rows)


def record_of(key: str, value: bytes, format: str = STATE_FORMAT) -> Record:
    headers = {**STATE_HEADERS, "format": format}
    return Record(topic=Topic.ROUTER_STATE, partition=0, offset=7, appended_at=AT, key=f"{TENANT}/{key}", value=value, headers=headers)


BROKEN: Final[list[dict[str, object]]] = [
    {"receipts": []},
    {"ids": ["in_1"]},
    {"customers": ["cu_1"]},
    {"owner_of": [0, 0]},
    {"owner_of": [0, 0, 3]},
    {"facts_of": [0, 0, -1]},
    {"reasons": []},
    {"reasons": ["no such reason"]},
    {"joined": [[3, True, []]]},
    {"linked": [[-1, "in_1"]]},
    {"lasted_ms": [1, 2, "3"]},
]


@pytest.mark.parametrize("broken", BROKEN, ids=str)
def test_a_pack_that_does_not_fit_together_is_named(broken: dict[str, object]) -> None:
    whole = json.loads(dump_state(pack([closed(n) for n in range(3)])))
    assert isinstance(entity_of(record_of("closed-pack/7", json.dumps(whole).encode())), ClosedPack)
    with pytest.raises(CorruptState, match="'t1/closed-pack/7' at offset 7"):
        entity_of(record_of("closed-pack/7", json.dumps(whole | broken).encode()))


def test_a_program_that_does_not_know_packs_leaves_them_and_says_which_version_it_takes() -> None:
    record = record_of("closed-pack/7", b"{}")
    with pytest.raises(FormatTooNew, match="t1/closed-pack/7 has format 2; this program reads up to 1"):
        check_format(record.headers, record.key)  # as the program before packs did
    with pytest.raises(FormatTooNew, match="reads up to 2"):
        entity_of(record_of("closed-pack/7", b"{}", "3"))


# ---- the memory


def test_the_oldest_are_packed_once_there_are_more_than_twice_as_many() -> None:
    assert list(memory(2 * FEW).packs.records) == []
    touched: dict[tuple[str, str], None] = {}
    made = memory(2 * FEW + 1, touched)
    first = [closed(n) for n in range(FEW)]
    assert {first[0].number: pack(first)} == made.packs.records
    assert [closed(n).id for n in range(FEW, 2 * FEW + 1)] == list(made.closed)
    written = {("closed", closed(n).id) for n in range(2 * FEW + 1)} | {("closed-pack", "7")}
    assert written == set(touched)


def test_what_is_packed_is_known_by_id_receipt_and_conversation_to_the_end_of_its_day() -> None:
    made, first = memory(2 * FEW + 1), closed(0)
    assert made.closed_of(first.id, Instant(first.closed_at + CLOSED_KEPT_MS - 1)) == kept(first)
    assert made.closed_of(first.id, Instant(first.closed_at + CLOSED_KEPT_MS)) is None
    assert made.closed_by_receipt[first.facts.receipt] == made.closed_by_conversation[ConversationId(f"cv_{0:026d}")] == first.id
    assert made.closed_of(InteractionId("in_other"), AT) is None


def test_a_pack_goes_whole_when_the_last_in_it_is_past_its_day() -> None:
    touched: dict[tuple[str, str], None] = {}
    made, last = memory(2 * FEW + 1, touched), closed(FEW - 1)
    touched.clear()
    made.forget(Instant(last.closed_at + CLOSED_KEPT_MS - 1))
    assert (list(made.packs.records), touched) == ([7], {})
    made.forget(Instant(last.closed_at + CLOSED_KEPT_MS))
    assert (list(made.packs.records), touched) == ([], {("closed-pack", "7"): None})
    assert {id: made.closed[id] for id in made.closed_by_receipt.values()} == made.closed
    assert list(made.closed_by_conversation.values()) == list(made.closed)


@pytest.mark.parametrize("first", [0, FEW], ids=["packed", "alone"])
@pytest.mark.parametrize("count", [2 * FEW + 1, 3 * FEW], ids=["then alone", "then packed"])
def test_what_came_again_after_its_day_and_closed_again_is_known_as_a_restored_memory_knows_it(first: int, count: int) -> None:
    made = memory(2 * FEW + 1)
    at = closed(count).closed_at + CLOSED_KEPT_MS
    again = closed(first, closed_at=Instant(at), number=9_999, conversation=ConversationId("cv_other"))
    made.remember(again)
    for n in range(count):
        made.remember(closed(100 + n, closed_at=Instant(at)))
    made.forget(Instant(at))
    restored = Memory({}, FEW)
    for record in made.packs.records.values():
        restored.restore(record, Instant(at))
    for each in made.closed.values():
        restored.remember(each)
    assert (made.closed_by_receipt, made.closed_by_conversation) == (restored.closed_by_receipt, restored.closed_by_conversation)
    known = made.closed_of(made.closed_by_conversation[ConversationId("cv_other")], Instant(at))
    assert known in (again, kept(again))
    assert known == made.closed_of(made.closed_by_receipt[again.facts.receipt], Instant(at))


def test_a_day_of_single_records_is_packed_by_and_by() -> None:
    made = memory(10 * FEW)
    went = [len(made.packs.records)]
    for _ in range(4):
        made.forget(AT)
        went.append(len(made.packs.records))
    assert (went, len(made.closed)) == ([2, 4, 6, 8, 8], 2 * FEW)


def test_a_pack_holds_fewer_when_they_have_many_receipts() -> None:
    many = tuple(ReceiptId(f"r_{n}") for n in range(PACKED_RECEIPTS_MAX // 2))
    made = memory(2 * FEW + 1, receipts=many)
    assert [len(record.receipts) for record in made.packs.records.values()] == [2]


@pytest.mark.parametrize(("after_ms", "is_known"), [(RETURN_MS - 1, True), (RETURN_MS, False)])
def test_who_abandoned_a_moment_ago_keeps_his_age_also_when_it_is_packed(after_ms: int, is_known: bool) -> None:
    gone = closed(1, reason=CloseReason.ABANDONED)
    record = pack([closed(0), gone])
    restored = Memory({})
    restored.restore(record, Instant(gone.closed_at + after_ms))
    assert ({gone.id: kept(gone)} if is_known else {}) == restored.abandoned.closed


def test_who_came_back_already_does_not_keep_his_age_a_second_time() -> None:
    gone = closed(0, reason=CloseReason.ABANDONED)
    back = closed(1, facts=evolve(closed(1).facts, linked_to=gone.id))
    meta = Meta(tenant=TENANT, at=back.closed_at, ingested=2, closed=2)
    engine = Engine(TENANT, STANDARD)
    engine.load({("meta", ""): meta, ("closed-pack", "7"): pack([gone, back])})
    assert engine.live.memory.abandoned.closed == {}
