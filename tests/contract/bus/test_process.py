"""What process promises on every adapter: exactly once, restored state, poison set aside, deadlines."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

import pytest

from standardiste.common.bus.dead_letters import dead_letters
from standardiste.common.bus.port import Bus, Handled, Outputs, Record
from standardiste.common.bus.topics import RECORD_BYTES, Topic
from standardiste.common.errors import FormatTooNew
from standardiste.common.events.base import Instant
from standardiste.common.testing.bus import Ledger, Place, Seen, entries_of, outgoing, read, read_all, running, text_of

TOPICS = (Topic.INPUTS, Topic.DIRECTORY)


class Made:
    """A factory that keeps what it made."""

    def __init__(self) -> None:
        self.ledgers: list[Ledger] = []

    def __call__(self, partition: int) -> Ledger:
        self.ledgers.append(Ledger(partition))
        return self.ledgers[-1]


async def settled(bus: Bus, count: int, tenant: str = "t_1") -> list[tuple[int, str]]:
    """The first `count` decisions, then whatever else lies there."""
    await read(bus, Topic.DECISIONS, count=count)
    return entries_of(await read_all(bus, Topic.DECISIONS), tenant)


async def test_each_record_leads_to_its_outputs_once(bus: Bus) -> None:
    async with running(bus.process("router", TOPICS, Topic.ROUTER_STATE, Ledger)):
        await bus.publish(*(outgoing(str(number)) for number in range(100)))
        assert [(number + 1, str(number)) for number in range(100)] == await settled(bus, 100)


async def test_it_goes_on_where_it_stopped_with_its_state(place: Place) -> None:
    bus = await place.open()
    async with running(bus.process("router", TOPICS, Topic.ROUTER_STATE, Ledger)):
        await bus.publish(outgoing("a"), outgoing("b"))
        await settled(bus, 2)
    await place.close()
    bus, made = await place.open(), Made()
    async with running(bus.process("router", TOPICS, Topic.ROUTER_STATE, made)):
        await bus.publish(outgoing("c"))
        assert await settled(bus, 3) == [(1, "a"), (2, "b"), (3, "c")]
    assert sum(ledger.restored for ledger in made.ledgers) == 2


class Sparing(Ledger):
    """Takes three records in one go at most, and every other time none: it had deadlines to fire first."""

    def __init__(self, partition: int) -> None:
        super().__init__(partition)
        self.calls = 0

    def handle(self, records: Sequence[Record]) -> Handled:
        self.calls += 1
        return super().handle(records[: 3 * (self.calls % 2)])


async def test_what_a_processor_leaves_is_given_to_it_again_in_order(place: Place) -> None:
    bus = await place.open()
    await bus.publish(*(outgoing(str(number)) for number in range(20)))
    async with running(bus.process("router", TOPICS, Topic.ROUTER_STATE, Sparing)):
        assert [(number + 1, str(number)) for number in range(20)] == await settled(bus, 20)
    await place.close()
    bus = await place.open()
    await bus.publish(outgoing("on"))
    async with running(bus.process("router", TOPICS, Topic.ROUTER_STATE, Sparing)):
        assert [(number + 1, text) for number, text in enumerate([*map(str, range(20)), "on"])] == await settled(bus, 21)


class CancelledOnce(Ledger):
    """Lets a cancellation out that nobody asked for, as a client library may; the next one of its factory works."""

    calls = 0

    def handle(self, records: Sequence[Record]) -> Handled:
        CancelledOnce.calls += 1
        if CancelledOnce.calls == 1:
            raise asyncio.CancelledError
        return super().handle(records)


async def test_a_cancellation_from_within_does_not_end_the_partition(bus: Bus) -> None:
    CancelledOnce.calls = 0
    async with running(bus.process("router", TOPICS, Topic.ROUTER_STATE, CancelledOnce)):
        await bus.publish(outgoing("a"))
        assert await settled(bus, 1) == [(1, "a")]


class Older(Ledger):
    """A program that does not know the format of one text, until it is replaced."""

    knows = False

    def handle(self, records: Sequence[Record]) -> Handled:
        if not Older.knows and any(text_of(record) == "newer" for record in records):
            Older.knows = True
            raise FormatTooNew("a record", 2, 1)
        return super().handle(records)


async def test_a_record_of_a_newer_program_is_left_for_it(bus: Bus) -> None:
    Older.knows = False
    async with running(bus.process("router", TOPICS, Topic.ROUTER_STATE, Older)):
        await bus.publish(outgoing("before"), outgoing("newer"), outgoing("after"))
        assert await settled(bus, 3) == [(1, "before"), (2, "newer"), (3, "after")]
    assert await dead_letters(bus) == []


async def test_what_was_published_while_nobody_processed_is_not_lost(place: Place) -> None:
    bus = await place.open()
    await bus.publish(*(outgoing(str(number), tenant=f"t_{number % 7}") for number in range(700)))
    async with running(bus.process("router", TOPICS, Topic.ROUTER_STATE, Ledger)):
        await read(bus, Topic.DECISIONS, count=700)
    decisions = await read_all(bus, Topic.DECISIONS)
    for own in range(7):
        expected = [(nth + 1, str(number)) for nth, number in enumerate(range(own, 700, 7))]
        assert expected == entries_of(decisions, f"t_{own}")


async def test_a_partition_never_taken_before_knows_no_gap(place: Place) -> None:
    bus, made, ready = await place.open(), Made(), asyncio.Event()
    async with running(bus.process("router", TOPICS, Topic.ROUTER_STATE, made, ready=ready.set)):
        await asyncio.wait_for(ready.wait(), 20)
    assert [[None]] * bus.partitions == [ledger.resumed_with for ledger in made.ledgers]
    made = Made()
    ready = asyncio.Event()
    async with running(bus.process("router", TOPICS, Topic.ROUTER_STATE, made, ready=ready.set)):
        await asyncio.wait_for(ready.wait(), 20)
    gaps = [gap for ledger in made.ledgers for gap in ledger.resumed_with]
    assert bus.partitions == len(gaps)
    assert all(gap is not None and gap >= 0 for gap in gaps)


async def test_a_poisonous_record_is_set_aside_and_the_rest_goes_on(bus: Bus) -> None:
    await bus.publish(*(outgoing(text) for text in ("a", "b", "poison", "c", "d")))
    async with running(bus.process("router", TOPICS, Topic.ROUTER_STATE, Ledger)):
        assert await settled(bus, 4) == [(1, "a"), (2, "b"), (3, "c"), (4, "d")]
        (letter,) = await dead_letters(bus)
        assert (letter.group, letter.topic, letter.value, letter.tries) == ("router", Topic.INPUTS, b"poison", 2)
        await bus.publish(outgoing("e"))
        assert (await settled(bus, 5))[-1] == (5, "e")


async def test_a_processor_that_is_asked_no_more_is_told_so(bus: Bus) -> None:
    made = Made()
    await bus.publish(*(outgoing(text) for text in ("a", "poison", "b")))
    async with running(bus.process("router", TOPICS, Topic.ROUTER_STATE, made)):
        assert await settled(bus, 2) == [(1, "a"), (2, "b")]
        assert [ledger.has_left for ledger in made.ledgers].count(False) == bus.partitions
    assert all(ledger.has_left for ledger in made.ledgers)


class Telling(Ledger):
    """Tells of what is set aside."""

    def buried(self, record: Record, reason: str) -> Outputs:
        return self._enter(record.headers["ce_tenant"], f"buried {text_of(record)}", {})


class Failing(Ledger):
    """Cannot even tell of it: it raises, or gives what cannot be written."""

    raises = True

    def buried(self, record: Record, reason: str) -> Outputs:
        self.numbers[record.headers["ce_tenant"]] = -1_000_000
        if self.raises:
            raise RuntimeError("again")
        return [outgoing("x" * 2_000_000, topic=Topic.DECISIONS)]


class Verbose(Failing):
    raises = False


async def test_what_a_processor_tells_of_a_poisonous_record_goes_along_with_it(bus: Bus) -> None:
    await bus.publish(*(outgoing(text) for text in ("a", "poison", "b")))
    async with running(bus.process("router", TOPICS, Topic.ROUTER_STATE, Telling)):
        assert await settled(bus, 3) == [(1, "a"), (2, "buried poison"), (3, "b")]
    assert [letter.value for letter in await dead_letters(bus)] == [b"poison"]


@pytest.mark.parametrize("processor", [Failing, Verbose])
async def test_a_processor_that_cannot_tell_of_a_poisonous_record_does_not_keep_it_from_being_set_aside(
    bus: Bus, processor: type[Ledger]
) -> None:
    await bus.publish(*(outgoing(text) for text in ("a", "poison", "b")))
    async with running(bus.process("router", TOPICS, Topic.ROUTER_STATE, processor)):
        assert await settled(bus, 2) == [(1, "a"), (2, "b")]
    assert [letter.value for letter in await dead_letters(bus)] == [b"poison"]


async def test_two_poisonous_records_of_one_batch_are_both_set_aside(bus: Bus) -> None:
    await bus.publish(*(outgoing(text) for text in ("poison", "a", "poison", "poison", "b")))
    async with running(bus.process("router", TOPICS, Topic.ROUTER_STATE, Ledger)):
        assert await settled(bus, 2) == [(1, "a"), (2, "b")]
    assert [letter.value for letter in await dead_letters(bus)] == [b"poison"] * 3


async def test_what_a_processor_leaves_beside_a_poisonous_record_is_not_lost(bus: Bus) -> None:
    await bus.publish(*(outgoing(text) for text in ("a", "b", "poison", "c", "d")))
    async with running(bus.process("router", TOPICS, Topic.ROUTER_STATE, Sparing)):
        assert await settled(bus, 4) == [(1, "a"), (2, "b"), (3, "c"), (4, "d")]
    assert [letter.value for letter in await dead_letters(bus)] == [b"poison"]


async def test_a_poisonous_record_as_large_as_its_topic_takes_is_set_aside_too(bus: Bus) -> None:
    largest = outgoing("poison", headers={"pad": "x" * (RECORD_BYTES - 100)})
    await bus.publish(outgoing("a"), largest, outgoing("b"))
    async with running(bus.process("router", TOPICS, Topic.ROUTER_STATE, Ledger)):
        assert await settled(bus, 2) == [(1, "a"), (2, "b")]
    assert [letter.value for letter in await dead_letters(bus)] == [b"poison"]


async def test_an_output_that_cannot_be_written_is_its_records_fault(bus: Bus) -> None:
    await bus.publish(outgoing("a"), outgoing("huge"), outgoing("b"))
    async with running(bus.process("router", TOPICS, Topic.ROUTER_STATE, Ledger)):
        assert await settled(bus, 2) == [(1, "a"), (2, "b")]
    (letter,) = await dead_letters(bus)
    assert letter.reason.startswith("record_too_large")


async def test_a_deadline_fires_although_nothing_arrives(bus: Bus) -> None:
    async with running(bus.process("router", TOPICS, Topic.ROUTER_STATE, Ledger)):
        await bus.publish(outgoing("in 30"))
        assert await settled(bus, 2) == [(1, "in 30"), (2, "fired")]
    records = {text_of(record): record for record in await read_all(bus, Topic.INPUTS)}
    fired = json.loads(text_of((await read_all(bus, Topic.DECISIONS))[1]))
    assert records["in 30"].appended_at + 30 == fired["at"]


async def test_both_inputs_are_taken_in_the_order_of_their_append_times(bus: Bus) -> None:
    for number in range(40):
        await bus.publish(outgoing(str(number), topic=TOPICS[number % 2], key=f"t_1/x/{number}"))
    async with running(bus.process("router", TOPICS, Topic.ROUTER_STATE, Ledger)):
        taken = [text for _, text in await settled(bus, 40)]
    inputs = await read_all(bus, Topic.INPUTS) + await read_all(bus, Topic.DIRECTORY)
    inputs.sort(key=lambda record: (record.appended_at, record.topic, record.offset))
    assert [text_of(record) for record in inputs] == taken


async def test_a_second_process_of_a_group_doubles_nothing(bus: Bus) -> None:
    work = [bus.process("router", TOPICS, Topic.ROUTER_STATE, Ledger) for _ in range(2)]
    async with running(work[1]):
        async with running(work[0]):
            await bus.publish(*(outgoing(str(number)) for number in range(20)))
            await settled(bus, 20)
        await bus.publish(*(outgoing(str(number)) for number in range(20, 40)))
        assert [(number + 1, str(number)) for number in range(40)] == await settled(bus, 40)


async def test_a_chain_of_process_and_subscribe_loses_nothing(bus: Bus) -> None:
    seen = Seen()
    async with running(
        bus.process("router", TOPICS, Topic.ROUTER_STATE, Ledger),
        bus.subscribe("customers", (Topic.DECISIONS,), seen),
    ):
        await asyncio.gather(*(bus.publish(outgoing(str(number))) for number in range(300)))
        await seen.until(300)
    assert list(range(1, 301)) == [json.loads(text)["number"] for text in seen.texts]


async def test_a_deadline_that_raises_waits_and_buries_no_record(bus: Bus) -> None:
    class Stumbling(Ledger):
        stumbles = 3

        def fire(self, at: Instant) -> Outputs:
            if Stumbling.stumbles and any(deadline <= at for deadline in self.deadlines.values()):
                Stumbling.stumbles -= 1
                raise RuntimeError("a deadline")
            return super().fire(at)

    async with running(bus.process("router", TOPICS, Topic.ROUTER_STATE, Stumbling)):
        await bus.publish(outgoing("in 1"))
        assert await settled(bus, 2) == [(1, "in 1"), (2, "fired")]
    assert await dead_letters(bus) == []
