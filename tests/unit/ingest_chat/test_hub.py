"""What a pod's sockets are given: exactly what lies behind their place, whether the group is ahead of the pod or behind it."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from standardiste.common.bus.memory import MemoryBus
from standardiste.common.bus.port import Record
from standardiste.common.bus.topics import Topic
from standardiste.common.events.base import Event, Instant
from standardiste.common.events.codec import dump_data, headers_of
from standardiste.common.events.decisions import ContactJoined
from standardiste.common.events.model import (
    Author,
    AuthorKind,
    Channel,
    ChannelAddressId,
    Content,
    ConversationId,
    InteractionId,
    MessageId,
)
from standardiste.common.events.outbound import DeliverMessage
from standardiste.common.events.wire import Close
from standardiste.common.store.sqlite import SqliteStore
from standardiste.common.testing.builders import contact
from standardiste.ingest_chat.frames import Said, Welcome
from standardiste.ingest_chat.happenings import Line, happening_of
from standardiste.ingest_chat.hub import Hub
from standardiste.ingest_chat.tokens import SessionClaims
from standardiste.ingest_chat.transcript import TRANSCRIPT, Place, Transcript
from standardiste.ingest_chat.visit import FRAMES_MAX, Visit

CHAT = ConversationId("chat_1")
CLAIMS = SessionClaims(tenant="t1", page="chat", session=CHAT, visitor="v")


def record(topic: Topic, offset: int, at: int) -> Record:
    """A message of the agent (outbound.chat) or of the visitor (decisions)."""
    if topic is Topic.OUTBOUND_CHAT:
        data = DeliverMessage(
            conversation=CHAT,
            interaction=InteractionId("i1"),
            message=MessageId(f"o{offset}"),
            author=Author(kind=AuthorKind.AGENT, id="anna", name="Alice"),
            content=Content(text="a"),
            channel=Channel.CHAT,
            channel_address=ChannelAddressId("chat"),
        )
    else:
        words = contact(f"d{offset}", channel=Channel.CHAT, conversation=CHAT, address="v", content=Content(text="v"))
        data = ContactJoined(interaction=InteractionId("i1"), contact=words, conversation=CHAT)
    event = Event(id=f"{topic}{offset}", source="router", subject=CHAT, tenant="t1", time=Instant(at), data=data)
    return Record(
        topic=topic, partition=0, offset=offset, appended_at=Instant(at), key="t1", value=dump_data(data), headers=headers_of(event)
    )


def drained(visit: Visit) -> list[str]:
    """What waits to be written, parsed to ids."""
    found: list[str] = []
    while not visit._waiting.empty():
        frame = visit._waiting.get_nowait()
        if frame is not None and (parsed := json.loads(frame))["kind"] == "said":
            found.append(parsed["id"])
    return found


@settings(deadline=None, max_examples=60)
@given(st.data())
async def test_every_line_reaches_a_visit_once_whoever_is_ahead(data: st.DataObject) -> None:
    """The group has stored up to anywhere, the pod has read up to anywhere behind where the group had stored at its start; the visitor has any place."""
    topics = data.draw(st.lists(st.sampled_from([Topic.OUTBOUND_CHAT, Topic.DECISIONS]), max_size=12))
    counts = {Topic.OUTBOUND_CHAT: 0, Topic.DECISIONS: 0}
    records: list[Record] = []
    for at, topic in enumerate(topics):
        records.append(record(topic, counts[topic], at))
        counts[topic] += 1
    ends = {topic: data.draw(st.integers(0, count)) for topic, count in counts.items()}
    starts = {topic: data.draw(st.integers(0, end)) for topic, end in ends.items()}
    reads = {topic: data.draw(st.integers(starts[topic], count)) for topic, count in counts.items()}
    place = Place(*(data.draw(st.integers(-1, counts[topic] - 1)) for topic in (Topic.OUTBOUND_CHAT, Topic.DECISIONS)))

    store, bus = await SqliteStore.open_memory(), await MemoryBus.open()
    await store.open((TRANSCRIPT,))
    transcript = Transcript(store)
    hub = Hub(bus=bus, group="ingest-chat", transcript=transcript)
    for each in records:
        if each.offset < ends[each.topic]:
            line = happening_of(each)
            assert isinstance(line, Line)
            await transcript.keep(line)
        if starts[each.topic] <= each.offset < reads[each.topic]:
            hub._take(each)  # what follow() does with each record
    visit = Visit(CLAIMS, lambda words: "")
    await hub.enter(visit, str(place))
    for each in records:
        if each.offset >= reads[each.topic]:
            hub._take(each)
    every = [line.order for line in (happening_of(each) for each in records) if isinstance(line, Line)]
    assert [line.order for line in await hub.latest("t1", CHAT, 100)] == sorted(every)
    have = {Topic.OUTBOUND_CHAT: place.outbound, Topic.DECISIONS: place.decisions}
    wanted = sorted(
        f"{'o' if each.topic is Topic.OUTBOUND_CHAT else 'd'}{each.offset}" for each in records if each.offset > have[each.topic]
    )
    assert sorted(drained(visit)) == wanted
    assert (visit.place.outbound, visit.place.decisions) == (
        max(place.outbound, counts[Topic.OUTBOUND_CHAT] - 1),
        max(place.decisions, counts[Topic.DECISIONS] - 1),
    )
    await bus.close()
    await store.close()


async def test_reader_that_is_too_slow_is_cut_off(transcript: Transcript) -> None:
    visit = Visit(CLAIMS, lambda words: "")
    for _ in range(FRAMES_MAX + 1):
        visit.put(Welcome(session=CHAT, now=Instant(0), messages={}))
    assert visit.shut_with is not None
    assert visit.shut_with[0] is Close.TOO_SLOW


async def test_decisions_of_other_channels_are_nothing_to_a_chat() -> None:
    mail = ContactJoined(interaction=InteractionId("i1"), contact=contact("m1"), conversation=CHAT)
    event = Event(id="e", source="router", subject="i1", tenant="t1", time=Instant(0), data=mail)
    as_record = Record(
        topic=Topic.DECISIONS, partition=0, offset=0, appended_at=Instant(0), key="t1", value=dump_data(mail), headers=headers_of(event)
    )
    assert happening_of(as_record) is None


def test_line_of_the_visitor_carries_his_words_and_no_address() -> None:
    line = happening_of(record(Topic.DECISIONS, 4, 9))
    assert isinstance(line, Line)
    assert isinstance(line.entry, Said)
    assert (line.entry.id, line.entry.text, line.entry.author.kind) == ("d4", "v", "customer")
