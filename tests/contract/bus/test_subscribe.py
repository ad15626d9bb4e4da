"""What subscribe promises on every adapter: lanes, bounds, retries, dead-letters, offsets."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from standardiste.common.bus.dead_letters import dead_letters, redrive
from standardiste.common.bus.port import Bus, Record, RetryPolicy
from standardiste.common.bus.topics import Topic
from standardiste.common.errors import BadInput, FormatTooNew, StoreAway
from standardiste.common.testing.bus import Place, Seen, outgoing, running, text_of

QUICKLY = RetryPolicy(tries=3, backoff_ms=1, backoff_max_ms=2)


async def committed(bus: Bus, group: str = "g", topic: Topic = Topic.INPUTS) -> int:
    return sum(lag.committed for lag in await bus.lag(group, (topic,)))


async def behind(bus: Bus, group: str = "g", topic: Topic = Topic.INPUTS) -> int:
    return sum(lag.end - lag.committed for lag in await bus.lag(group, (topic,)))


async def test_a_new_group_begins_at_the_start_and_goes_on(bus: Bus) -> None:
    await bus.publish(outgoing("before"))
    seen = Seen()
    async with running(bus.subscribe("g", (Topic.INPUTS,), seen)):
        await seen.until(1)
        await bus.publish(outgoing("after"))
        assert await seen.until(2) == ["before", "after"]


async def test_ready_is_said_once(bus: Bus) -> None:
    said = asyncio.Event()
    async with running(bus.subscribe("g", (Topic.INPUTS,), Seen(), ready=said.set)):
        await asyncio.wait_for(said.wait(), 20)


async def test_order_holds_within_a_lane_whatever_the_others_do(bus: Bus) -> None:
    seen = Seen()
    seen.hold("a0", "b1")
    async with running(bus.subscribe("g", (Topic.INPUTS,), seen)):
        await bus.publish(*(outgoing(f"{key}{number}", key=key) for number in range(3) for key in "abc"))
        await seen.until_running("a0", "b1")
        await seen.until(4)
        assert sorted(seen.texts) == ["b0", "c0", "c1", "c2"]
        seen.let_go("a0", "b1")
        done = await seen.until(9)
        assert all([f"{key}{number}" for number in range(3)] == [text for text in done if text[0] == key] for key in "abc")


async def test_a_subscriber_may_name_its_own_lanes(bus: Bus) -> None:
    def first_letter(record: Record) -> str:
        return text_of(record)[0]

    seen = Seen()
    seen.hold("a0")
    async with running(bus.subscribe("g", (Topic.INPUTS,), seen, lane=first_letter)):
        await bus.publish(*(outgoing(text, key="the same") for text in ("a0", "a1", "b0")))
        assert await seen.until(1) == ["b0"]
        seen.let_go("a0")
        assert await seen.until(3) == ["b0", "a0", "a1"]


async def test_what_its_lane_passes_over_is_finished_and_never_handled(place: Place) -> None:
    def odd(record: Record) -> str | None:
        return record.key if int(text_of(record)) % 2 else None

    bus = await place.open()
    seen = Seen()
    seen.hold("3")
    async with running(bus.subscribe("g", (Topic.INPUTS,), seen, lane=odd)):
        await bus.publish(*(outgoing(str(number), key=str(number)) for number in range(8)))
        assert sorted(await seen.until(3)) == ["1", "5", "7"]
        seen.let_go("3")
        await seen.until(4)
    assert await behind(bus) == 0
    await place.close()


async def test_never_more_are_in_flight_than_allowed(bus: Bus) -> None:
    seen = Seen()
    held = [f"k{number}" for number in range(40)]
    seen.hold(*held)
    async with running(bus.subscribe("g", (Topic.INPUTS,), seen, in_flight=5)):
        await bus.publish(*(outgoing(text, key=text) for text in held))
        for text in held:
            await seen.until_running(text)
            seen.let_go(text)
        await seen.until(40)
    assert seen.running_most == 5


async def test_what_was_handled_is_not_delivered_to_the_group_again(place: Place) -> None:
    bus = await place.open()
    seen = Seen()
    async with running(bus.subscribe("g", (Topic.INPUTS,), seen)):
        await bus.publish(*(outgoing(str(number)) for number in range(10)))
        await seen.until(10)
    assert await behind(bus) == 0
    await place.close()
    bus = await place.open()
    again = Seen()
    async with running(bus.subscribe("g", (Topic.INPUTS,), again)):
        await bus.publish(outgoing("new"))
        assert await again.until(1) == ["new"]


async def test_groups_do_not_disturb_each_other(bus: Bus) -> None:
    await bus.publish(*(outgoing(str(number)) for number in range(10)))
    one, other = Seen(), Seen()
    async with running(bus.subscribe("one", (Topic.INPUTS,), one), bus.subscribe("other", (Topic.INPUTS,), other)):
        assert await one.until(10) == await other.until(10)


async def test_nothing_above_an_unfinished_record_counts_as_done(bus: Bus) -> None:
    seen = Seen()
    seen.hold("2")
    task = asyncio.ensure_future(bus.subscribe("g", (Topic.INPUTS,), seen, lane=text_of))
    await bus.publish(*(outgoing(str(number)) for number in range(6)))
    await seen.until(5)
    for _ in range(20):  # commits that would carry the offsets along
        await bus.publish(outgoing("else", topic=Topic.DECISIONS))
    assert await committed(bus) <= next(record.offset for record in seen.records if text_of(record) == "3") - 1
    task.cancel()
    seen.let_go("2")  # it ends within the time it is given
    with suppress(asyncio.CancelledError):
        await task
    assert await behind(bus) == 0


async def test_a_second_subscriber_of_a_group_takes_no_record_twice(bus: Bus) -> None:
    seen = Seen()  # both tell it
    async with running(bus.subscribe("g", (Topic.INPUTS,), seen)):
        async with running(bus.subscribe("g", (Topic.INPUTS,), seen)):
            await bus.publish(*(outgoing(str(number), tenant=f"t_{number}") for number in range(12)))
            await seen.until(12)
        await bus.publish(*(outgoing(str(number), tenant=f"t_{number}") for number in range(12, 24)))
        await seen.until(24)
    assert sorted(str(number) for number in range(24)) == sorted(seen.texts)


async def test_a_failing_record_is_tried_again_then_buried_and_its_lane_goes_on(bus: Bus) -> None:
    def fails(record: Record, nth: int) -> None:
        if text_of(record) == "bad":
            raise RuntimeError("with a customer's words")

    seen = Seen(fails)
    async with running(bus.subscribe("g", (Topic.INPUTS,), seen, retry=QUICKLY)):
        await bus.publish(outgoing("bad", headers={"ce_id": "1"}), outgoing("good"))
        assert await seen.until(1) == ["good"]
    (letter,) = await dead_letters(bus)
    assert (letter.group, letter.tries, letter.topic, letter.tenant, letter.value) == ("g", 3, Topic.INPUTS, "t_1", b"bad")
    assert letter.headers == {"ce_id": "1", "ce_tenant": "t_1"}
    assert "RuntimeError" in letter.reason
    assert "words" not in letter.reason


async def test_a_record_that_fails_at_first_is_handled_in_the_end(bus: Bus) -> None:
    def fails(record: Record, nth: int) -> None:
        if nth < 3:
            raise RuntimeError

    seen = Seen(fails)
    async with running(bus.subscribe("g", (Topic.INPUTS,), seen, retry=QUICKLY)):
        await bus.publish(outgoing("a"), outgoing("b"))
        assert await seen.until(2) == ["a", "b"]
    assert await dead_letters(bus) == []


async def test_bad_input_is_buried_at_once(bus: Bus) -> None:
    def fails(record: Record, nth: int) -> None:
        if text_of(record) == "bad":
            raise BadInput("unknown_type", "no such type")

    seen = Seen(fails)
    async with running(bus.subscribe("g", (Topic.INPUTS,), seen, retry=QUICKLY)):
        await bus.publish(outgoing("bad"), outgoing("good"))
        await seen.until(1)
    (letter,) = await dead_letters(bus)
    assert (letter.tries, letter.reason) == (1, "unknown_type: no such type")


async def test_what_is_away_is_waited_for_and_never_buried(bus: Bus) -> None:
    def fails(record: Record, nth: int) -> None:
        if nth <= 5:
            raise StoreAway

    seen = Seen(fails)
    async with running(bus.subscribe("g", (Topic.INPUTS,), seen, retry=QUICKLY)):
        await bus.publish(outgoing("a"))
        assert await seen.until(1) == ["a"]
    assert seen.deliveries(seen.records[0]) == 6
    assert await dead_letters(bus) == []


async def test_a_record_of_a_newer_program_is_left_for_it(bus: Bus) -> None:
    def fails(record: Record, nth: int) -> None:
        if nth <= 5:
            raise FormatTooNew("a record", 2, 1)

    seen = Seen(fails)
    async with running(bus.subscribe("g", (Topic.INPUTS,), seen, retry=QUICKLY)):
        await bus.publish(outgoing("newer"))
        assert await seen.until(1) == ["newer"]
    assert await dead_letters(bus) == []


async def test_a_cancellation_from_within_is_the_handlers_own_fault(bus: Bus) -> None:
    def fails(record: Record, nth: int) -> None:
        if text_of(record) == "bad":
            raise asyncio.CancelledError

    seen = Seen(fails)
    async with running(bus.subscribe("g", (Topic.INPUTS,), seen, retry=QUICKLY)):
        await bus.publish(outgoing("bad"), outgoing("good"))
        assert await seen.until(1) == ["good"]
    assert (await dead_letters(bus))[0].tries == 3


async def test_a_record_that_has_no_lane_is_its_handlers_affair(bus: Bus) -> None:
    def lane(record: Record) -> str:
        return {"good": "lane"}[text_of(record)]

    seen = Seen()
    async with running(bus.subscribe("g", (Topic.INPUTS,), seen, lane=lane)):
        await bus.publish(outgoing("good"), outgoing("strange"), outgoing("good"))
        assert sorted(await seen.until(3)) == ["good", "good", "strange"]


async def test_a_dead_letter_is_driven_again(bus: Bus) -> None:
    is_mended = False

    def fails(record: Record, nth: int) -> None:
        if text_of(record).startswith("bad") and not is_mended:
            raise BadInput("broken", "for the moment")

    seen = Seen(fails)
    async with running(bus.subscribe("g", (Topic.INPUTS,), seen)):
        await bus.publish(outgoing("bad 1"), outgoing("bad 2"), outgoing("good"))
        await seen.until(1)
        first, second = await dead_letters(bus)
        assert [second] == await dead_letters(bus, after={first.partition: first.offset})
        assert [first] == await dead_letters(bus, limit=1)
        is_mended = True
        assert second == await redrive(bus, second.offset, second.partition)
        assert await seen.until(2) == ["good", "bad 2"]
        with pytest.raises(BadInput, match="no_such_dead_letter"):
            await redrive(bus, second.offset + 1_000, second.partition)


async def test_a_subscriber_that_ends_lets_what_runs_end_and_starts_nothing(bus: Bus) -> None:
    seen = Seen()
    seen.hold("0")
    task = asyncio.ensure_future(bus.subscribe("g", (Topic.INPUTS,), seen))
    await bus.publish(outgoing("0"), outgoing("1"))
    await seen.until_running("0")
    task.cancel()
    await asyncio.sleep(0)
    seen.let_go("0")
    with suppress(asyncio.CancelledError):
        await task
    assert seen.texts == ["0"]
    assert await behind(bus) == 1
