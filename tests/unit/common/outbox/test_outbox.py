"""The outbox: sent once, in order, tried again, given up, told; whatever dies in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from random import Random

import pytest
import pytest_asyncio

from standardiste.common.bus.memory import NO_FAULTS, Faults, MemoryBus
from standardiste.common.bus.topics import Topic
from standardiste.common.clock import ManualClock
from standardiste.common.errors import BusAway, ProviderError, StoreAway
from standardiste.common.events.base import Event
from standardiste.common.events.codec import decode, encode
from standardiste.common.events.inputs import DeliveryReported
from standardiste.common.events.model import (
    Author,
    AuthorKind,
    Channel,
    ChannelAddressId,
    Content,
    ConversationId,
    DeliveryState,
    InteractionId,
    MessageId,
)
from standardiste.common.events.outbound import DeliverMessage, TellNotice
from standardiste.common.ids import CountingIds
from standardiste.common.outbox import OnUnknown, Outbox, OutboxPolicy, Refused, Send, SendState, Sent, Unknown
from standardiste.common.outbox.outbox import NO_ROOM_LOOK_MS
from standardiste.common.outbox.policy import next_try_at
from standardiste.common.outbox.room import PER_ADDRESS
from standardiste.common.store.sqlite import SqliteStore
from standardiste.common.testing.builders import event
from standardiste.common.testing.bus import read_all

HOUR = 3_600_000
BUSY = ProviderError("post", "451", "not now", is_retryable=True)
NEVER = ProviderError("post", "550", "no such user", is_retryable=False)
LOST = ProviderError("post", "lost", "", is_retryable=True, is_outcome_unknown=True)
POLICY = OutboxPolicy(give_up_ms=4 * HOUR, on_unknown=OnUnknown.SEND_AGAIN)


@dataclass
class Post:
    """A provider in memory: `answers` come next, in order, then only yes; `taken` is what it carried out."""

    name: str = "post"
    answers: list[Sent | Exception] = field(default_factory=list)
    found: list[Sent | Unknown | None] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    gate: asyncio.Event | None = None
    gated: str = ""
    entered: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, send: Send) -> Sent:
        self.asked.append(send.command.message)
        self.entered.set()
        if self.gate is not None and self.gated in ("", send.command.channel_address):
            await self.gate.wait()
        answer = self.answers.pop(0) if self.answers else Sent(provider_id=f"p-{send.command.message}")
        if isinstance(answer, Exception):
            raise answer
        self.taken.append(send.command.message)
        return answer

    async def look_up(self, send: Send) -> Sent | Unknown | None:
        self.asked.append(f"look up {send.command.message}")
        return self.found.pop(0)


@dataclass
class World:
    """One installation: store, bus, clock and provider outlive any outbox process."""

    store: SqliteStore
    bus: MemoryBus
    clock: ManualClock
    ids: CountingIds
    post: Post
    is_held: bool = False
    offset: int = 0

    def outbox(self, policy: OutboxPolicy = POLICY, *, is_alone: bool = False, others: list[Event] | None = None) -> Outbox:
        async def keep(event: Event) -> None:
            assert others is not None
            others.append(event)

        return Outbox(
            store=self.store,
            bus=self.bus,
            clock=self.clock,
            ids=self.ids,
            provider=self.post,
            policy=policy,
            service="ingest-post",
            topic=Topic.OUTBOUND_EMAIL,
            is_held=lambda: self.is_held,
            is_alone=is_alone,
            random=Random(7),
            others=None if others is None else keep,
        )

    async def deliver(self, outbox: Outbox, message: str, conversation: str = "c1", address: str = "ca1") -> None:
        await outbox.deliver(deliver(message, conversation, address), order=message)

    async def told(self) -> list[str]:
        """What the router was told, in order: message, state, code."""
        found: list[str] = []
        for record in await read_all(self.bus, Topic.INPUTS):
            data: DeliveryReported = decode(record).data
            found.append(" ".join(filter(None, (data.message, data.recipient, data.state.value, data.code))))
        return found


def deliver(message: str, conversation: str = "c1", address: str = "ca1") -> Event:
    command = DeliverMessage(
        conversation=ConversationId(conversation),
        interaction=InteractionId("i1"),
        message=MessageId(message),
        author=Author(kind=AuthorKind.AGENT, id="anna"),
        content=Content(text=f"text of {message}"),
        channel=Channel.EMAIL,
        channel_address=ChannelAddressId(address),
    )
    return event(command, id=f"e-{message}", source="router", subject="i1")


@pytest_asyncio.fixture
async def world() -> AsyncIterator[World]:
    clock = ManualClock()
    store, bus = await SqliteStore.open_memory(), await MemoryBus.open(clock)
    found = World(store, bus, clock, CountingIds(), Post())
    await store.open([found.outbox().collection])
    yield found
    await bus.close()
    await store.close()


# ---- the straight way


async def test_message_is_sent_once_and_told(world: World) -> None:
    outbox = world.outbox()
    await world.deliver(outbox, "m1")
    assert world.post.taken == ["m1"]
    assert await world.told() == ["m1 sent"]
    record = await outbox.get("t1", "m1")
    assert record is not None
    assert (record.state, record.provider_id, record.command) == (SendState.SENT, "p-m1", None)
    assert record == await outbox.find("t1", "p-m1")


async def test_same_record_again_is_not_sent_again_and_told_again(world: World) -> None:
    outbox = world.outbox()
    await world.deliver(outbox, "m1")
    await world.deliver(outbox, "m1")
    assert world.post.taken == ["m1"]
    assert await world.told() == ["m1 sent", "m1 sent"]


async def test_final_refusal_is_told_with_the_providers_code(world: World) -> None:
    world.post.answers = [NEVER]
    await world.deliver(world.outbox(), "m1")
    assert await world.told() == ["m1 failed 550"]


async def test_recipient_left_out_is_told_beside_the_yes(world: World) -> None:
    world.post.answers = [Sent(refused=(Refused(recipient="b@x", code="550", detail="gone"),))]
    await world.deliver(world.outbox(), "m1")
    assert await world.told() == ["m1 sent", "m1 b@x failed 550"]


async def test_report_carries_the_trace_of_the_command(world: World) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    command = deliver("m1")
    await world.outbox().deliver(event(command.data, traceparent=trace), order="1")
    assert [trace] == [decode(record).traceparent for record in await read_all(world.bus, Topic.INPUTS)]


async def test_report_says_which_agent_wrote_it_and_where_it_went_out(world: World) -> None:
    """The router may have forgotten it when it fails for good."""
    world.post.answers = [NEVER]
    await world.deliver(world.outbox(), "m1")
    (told,) = [decode(record).data for record in await read_all(world.bus, Topic.INPUTS)]
    assert (told.sender, told.channel_address) == ("anna", "ca1")


# ---- not now


async def test_send_that_must_wait_is_stored_and_tried_when_due(world: World) -> None:
    outbox = world.outbox()
    world.post.answers = [BUSY]
    await world.deliver(outbox, "m1")
    assert (world.post.taken, await world.told()) == ([], [])
    assert await outbox.run_due() == 0
    world.clock.advance(2_000)
    assert await outbox.run_due() == 1
    assert world.post.taken == ["m1"]
    assert await world.told() == ["m1 sent"]


async def test_later_sends_of_the_conversation_wait_behind_and_go_in_order(world: World) -> None:
    outbox = world.outbox()
    world.post.answers = [BUSY]
    await world.deliver(outbox, "m1")
    await world.deliver(outbox, "m2")
    await world.deliver(outbox, "m3")
    await world.deliver(outbox, "other", conversation="c2")
    assert world.post.asked == ["m1", "other"]
    world.clock.advance(2_000)
    await outbox.run_due()
    assert world.post.taken == ["other", "m1", "m2", "m3"]


async def test_delay_is_told_once_after_ten_seconds_also_for_what_waits_behind(world: World) -> None:
    outbox = world.outbox()
    world.post.answers = [BUSY] * 20
    await world.deliver(outbox, "m1")
    await world.deliver(outbox, "m2")
    for _ in range(60):
        world.clock.advance(500)
        await outbox.run_due()
    assert await world.told() == ["m1 delayed 451", "m2 delayed"]


async def test_nothing_is_looked_at_while_nothing_is_due(world: World) -> None:
    outbox = world.outbox()
    world.post.answers = [BUSY] * 50
    await world.deliver(outbox, "m1")
    await world.deliver(outbox, "m2")
    looked = 0
    for _ in range(1_200):
        world.clock.advance(500)
        looked += await outbox.run_due()
    assert looked < 50


async def test_send_is_given_up_after_its_time_and_the_next_has_its_turn(world: World) -> None:
    outbox = world.outbox()
    world.post.answers = [BUSY] * 40
    await world.deliver(outbox, "m1")
    while "m1 failed 451" not in await world.told():
        world.clock.advance(60_000)
        await outbox.run_due()
        assert world.clock.at - ManualClock().at < 5 * HOUR
    assert world.clock.at - ManualClock().at >= 4 * HOUR
    await world.deliver(outbox, "m2")
    world.clock.advance(20 * 60_000)
    await outbox.run_due()
    assert (await world.told())[:2] == ["m1 delayed 451", "m1 failed 451"]


async def test_provider_that_takes_long_to_answer_is_told_as_delay(world: World) -> None:
    outbox = world.outbox()
    world.post.gate = asyncio.Event()
    sending = asyncio.create_task(world.deliver(outbox, "m1"))
    await world.post.entered.wait()
    world.clock.advance(10_000)
    await outbox.run_due()
    assert await world.told() == ["m1 delayed"]
    world.post.gate.set()
    await sending
    assert await world.told() == ["m1 delayed", "m1 sent"]


@pytest.mark.parametrize("fault", [StoreAway("gone"), RuntimeError("bug")], ids=["what it leans on is away", "its own fault"])
async def test_adapters_trouble_is_tried_again_and_stops_nobody_else(world: World, fault: Exception) -> None:
    outbox = world.outbox()
    world.post.answers = [fault]
    await world.deliver(outbox, "m1")
    await world.deliver(outbox, "other", conversation="c2")
    world.clock.advance(2_000)
    await outbox.run_due()
    assert world.post.taken == ["other", "m1"]


async def test_address_whose_server_hangs_holds_up_no_other(world: World) -> None:
    outbox = world.outbox()
    world.post.gate, world.post.gated = asyncio.Event(), "hangs"
    hanging = [asyncio.create_task(world.deliver(outbox, f"h{number}", f"ch{number}", "hangs")) for number in range(PER_ADDRESS + 5)]
    await asyncio.wait(hanging, return_when=asyncio.FIRST_COMPLETED)
    assert sorted(world.post.asked) == sorted(f"h{number}" for number in range(PER_ADDRESS))
    await world.deliver(outbox, "m1")
    world.clock.advance(NO_ROOM_LOOK_MS)
    assert await outbox.run_due() == 0
    assert world.post.taken == ["m1"]
    world.post.gate.set()
    await asyncio.gather(*hanging)
    assert await outbox.run_due() == 5
    assert len(world.post.taken) == 1 + PER_ADDRESS + 5


# ---- held


async def test_nothing_leaves_while_sending_is_held(world: World) -> None:
    outbox = world.outbox()
    world.is_held = True
    await world.deliver(outbox, "m1")
    world.clock.advance(100 * HOUR)
    await outbox.run_due()
    assert world.post.asked == []
    world.is_held = False
    world.clock.advance(5_000)
    await outbox.run_due()
    assert world.post.taken == ["m1"]


# ---- crashes


async def crashed_while_sending(world: World, policy: OutboxPolicy = POLICY) -> Outbox:
    """An outbox process died between the provider's being asked and its yes being written."""
    outbox = world.outbox(policy)
    world.post.gate = asyncio.Event()
    sending = asyncio.create_task(world.deliver(outbox, "m1"))
    await world.post.entered.wait()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    world.post.gate = None
    world.post.asked.clear()
    record = await outbox.get("t1", "m1")
    assert record is not None
    assert SendState.SENDING is record.state
    return outbox


async def test_only_process_sends_at_its_start_what_a_dead_one_had_in_hand(world: World) -> None:
    await crashed_while_sending(world)
    await world.outbox(is_alone=True).run_due()
    assert world.post.taken == ["m1"]
    assert await world.told() == ["m1 sent"]


async def test_one_of_several_processes_waits_for_the_end_of_the_lease(world: World) -> None:
    await crashed_while_sending(world)
    another = world.outbox()
    await another.run_due()
    await world.deliver(another, "m1")
    assert world.post.asked == []
    world.clock.advance(POLICY.lease_ms)
    await another.run_due()
    assert world.post.taken == ["m1"]


LOOKS_UP = OutboxPolicy(give_up_ms=4 * HOUR, on_unknown=OnUnknown.LOOK_UP)


@pytest.mark.parametrize(
    ("found", "asked", "told"),
    [
        (Sent(provider_id="p9"), ["look up m1"], ["m1 sent"]),
        (None, ["look up m1", "m1"], ["m1 sent"]),
        (Unknown(), ["look up m1"], []),
    ],
    ids=["taken", "not taken", "cannot say"],
)
async def test_send_of_unknown_outcome_is_looked_up_first(
    world: World, found: Sent | Unknown | None, asked: list[str], told: list[str]
) -> None:
    await crashed_while_sending(world, LOOKS_UP)
    world.post.found = [found]
    await world.outbox(LOOKS_UP, is_alone=True).run_due()
    assert (asked, told) == (world.post.asked, await world.told())


async def test_lost_answer_is_looked_up_until_the_provider_can_say(world: World) -> None:
    outbox = world.outbox(LOOKS_UP)
    world.post.answers, world.post.found = [LOST], [Unknown(), Sent()]
    await world.deliver(outbox, "m1")
    for _ in range(2):
        world.clock.advance(4_000)
        await outbox.run_due()
    assert world.post.asked == ["m1", "look up m1", "look up m1"]
    assert await world.told() == ["m1 sent"]


async def test_later_report_of_the_provider_settles_a_send_of_unknown_outcome(world: World) -> None:
    outbox = world.outbox(LOOKS_UP)
    world.post.answers = [LOST]
    await world.deliver(outbox, "m1")
    assert await outbox.report_delivery("t1", "m1", DeliveryState.DELIVERED, provider_id="p9")
    world.clock.advance(60_000)
    await outbox.run_due()
    assert world.post.asked == ["m1"]
    assert await world.told() == ["m1 sent", "m1 delivered"]


async def test_report_of_an_unknown_message_says_so(world: World) -> None:
    assert not await world.outbox().report_delivery("t1", "nobody's", DeliveryState.DELIVERED)


# ---- what it leans on is away


async def test_yes_that_could_not_be_told_is_told_when_the_record_comes_again(world: World) -> None:
    outbox = world.outbox()
    world.bus.faults = Faults(lost=1.0)
    with pytest.raises(BusAway):
        await world.deliver(outbox, "m1")
    world.bus.faults = NO_FAULTS
    await world.deliver(outbox, "m1")
    assert world.post.taken == ["m1"]
    assert await world.told() == ["m1 sent"]


async def test_yes_of_a_later_try_that_could_not_be_told_is_owed(world: World) -> None:
    outbox = world.outbox()
    world.post.answers = [BUSY]
    await world.deliver(outbox, "m1")
    world.clock.advance(2_000)
    world.bus.faults = Faults(lost=1.0)
    with pytest.raises(BusAway):
        await outbox.run_due()
    world.bus.faults = NO_FAULTS
    await outbox.run_due()
    assert world.post.taken == ["m1"]
    assert await world.told() == ["m1 sent"]
    assert await outbox.run_due() == 0


# ---- the topic


async def test_records_of_the_topic_are_taken_and_other_commands_handed_on(world: World) -> None:
    others: list[Event] = []
    outbox = world.outbox(others=others)
    notice = event(TellNotice(conversation=ConversationId("c1"), notice="queue_closed"), source="router")
    key = "t1/c1"
    await world.bus.publish(encode(deliver("m1"), Topic.OUTBOUND_EMAIL, key), encode(notice, Topic.OUTBOUND_EMAIL, key))
    for record in await read_all(world.bus, Topic.OUTBOUND_EMAIL):
        await outbox.take(record)
    assert world.post.taken == ["m1"]
    assert [notice.data] == [each.data for each in others]


async def test_record_of_an_ended_send_is_forgotten_after_its_time(world: World) -> None:
    outbox = world.outbox()
    await world.deliver(outbox, "m1")
    world.clock.advance(POLICY.keep_ms + 1)
    await outbox.run_due()
    assert await outbox.get("t1", "m1") is None


@pytest.mark.parametrize(
    ("tries", "at_least", "at_most"), [(1, 1_000, 2_000), (2, 2_000, 4_000), (3, 4_000, 8_000), (40, 450_000, 900_000)]
)
def test_backoff_doubles_with_half_of_it_jitter(tries: int, at_least: int, at_most: int) -> None:
    now = ManualClock().now()
    waits = [next_try_at(POLICY, tries, now, Random(seed)) - now for seed in range(50)]
    assert at_least <= min(waits)
    assert max(waits) <= at_most
