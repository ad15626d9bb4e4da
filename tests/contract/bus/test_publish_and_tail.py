"""What publish and tail promise on every adapter."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from standardiste.common.bus.dead_letters import dead_letter_of, dead_letters, redrive
from standardiste.common.bus.port import Bus, CanBlank, From, Outgoing, Record
from standardiste.common.bus.topics import TOPICS, Topic, partition_of
from standardiste.common.errors import BadInput
from standardiste.common.events.base import Instant
from standardiste.common.testing.bus import outgoing, read, read_all, text_of, tombstone


def texts(records: Sequence[Record]) -> list[str]:
    return [text_of(record) for record in records]


async def test_what_was_published_is_read_as_it_was(bus: Bus) -> None:
    sent = outgoing("café ☎ 日本", key="t_1/conversation", topic=Topic.OUTBOUND_SMS, headers={"ce_id": "1", "vide": "", "é": "ü"})
    await bus.publish(sent)
    (record,) = await read(bus, Topic.OUTBOUND_SMS, count=1)
    assert (sent.topic, sent.key, sent.value, sent.headers) == (record.topic, record.key, record.value, dict(record.headers))


async def test_a_tombstone_has_no_value_and_an_empty_value_is_not_one(bus: Bus) -> None:
    await bus.publish(tombstone("t_1/queue/1"), outgoing("", topic=Topic.DIRECTORY, key="t_1/queue/2"))
    records = await read(bus, Topic.DIRECTORY, count=2)
    assert [(record.key, record.value) for record in records] == [("t_1/queue/1", None), ("t_1/queue/2", b"")]


async def test_publishing_nothing_is_nothing(bus: Bus) -> None:
    await bus.publish()
    assert [0] * bus.partitions == [(await bus.ends(Topic.INPUTS))[partition] for partition in range(bus.partitions)]


async def test_one_tenant_keeps_its_order(bus: Bus) -> None:
    for number in range(50):
        await bus.publish(outgoing(str(number)))
    assert [str(number) for number in range(50)] == texts(await read(bus, Topic.INPUTS, count=50))


async def test_records_of_one_call_keep_their_order(bus: Bus) -> None:
    await bus.publish(*(outgoing(str(number)) for number in range(50)))
    assert [str(number) for number in range(50)] == texts(await read(bus, Topic.INPUTS, count=50))


async def test_all_of_a_tenant_lies_in_its_partition_on_every_topic(bus: Bus) -> None:
    tenants = [f"t_{number}" for number in range(12)]
    await bus.publish(*(outgoing(tenant=tenant, topic=topic, key=f"{tenant}/x") for tenant in tenants for topic in Topic))
    for topic in Topic:
        found = {(record.headers["ce_tenant"], record.partition) for record in await read(bus, topic, count=len(tenants))}
        assert {(tenant, partition_of(tenant, bus.partitions)) for tenant in tenants} == found


async def test_offsets_grow_and_append_times_never_fall(bus: Bus) -> None:
    await asyncio.gather(*(bus.publish(outgoing(str(number), tenant=f"t_{number % 5}")) for number in range(200)))
    records = await read(bus, Topic.INPUTS, count=200)
    for partition in range(bus.partitions):
        own = [record for record in records if record.partition == partition]
        assert sorted({record.offset for record in own}) == [record.offset for record in own]
        assert sorted(record.appended_at for record in own) == [record.appended_at for record in own]


async def test_ends_are_the_next_offsets(bus: Bus) -> None:
    await bus.publish(*(outgoing(str(number)) for number in range(3)))
    last = (await read(bus, Topic.INPUTS, count=3))[-1]
    assert last.offset + 1 == (await bus.ends(Topic.INPUTS))[last.partition]


async def test_a_record_too_large_is_refused_and_nothing_of_its_call_is_written(bus: Bus) -> None:
    with pytest.raises(BadInput, match="record_too_large"):
        await bus.publish(outgoing("fits"), outgoing("x" * (TOPICS[Topic.INPUTS].record_bytes_max + 1)))
    await bus.publish(outgoing("after"))
    assert texts(await read_all(bus, Topic.INPUTS)) == ["after"]


@pytest.mark.parametrize("bad", [{"headers": {"ce_id": "a\0b"}}, {"headers": {"ce_id": "\ud800"}}, {"key": "t_1/\ud800"}])
async def test_text_that_cannot_be_written_is_refused_alone(bus: Bus, bad: dict[str, object]) -> None:
    async def publish_bad() -> None:
        with pytest.raises(BadInput):
            await bus.publish(outgoing("bad", **bad))  # type: ignore[arg-type] # one of the builder's own parameters

    await asyncio.gather(bus.publish(outgoing("before")), publish_bad(), bus.publish(outgoing("after")))
    assert sorted(texts(await read_all(bus, Topic.INPUTS))) == ["after", "before"]


async def test_a_tail_from_the_end_gives_only_what_comes(bus: Bus) -> None:
    await bus.publish(outgoing("old"))
    batches = bus.tail((Topic.INPUTS,), {}, default=From.END)
    first = asyncio.ensure_future(anext(batches))
    while not first.done():  # when exactly it has found the end is the adapter's own affair
        await bus.publish(outgoing("new"))
    assert set(texts(await first)) == {"new"}
    await batches.aclose()


async def test_a_tail_goes_on_from_a_position(bus: Bus) -> None:
    await bus.publish(*(outgoing(str(number)) for number in range(10)))
    third = (await read(bus, Topic.INPUTS, count=10))[3]
    positions = {(Topic.INPUTS, third.partition): third.offset}
    assert texts(await read(bus, Topic.INPUTS, count=2, positions=positions))[:2] == ["3", "4"]


async def test_a_tail_of_two_topics_gives_both(bus: Bus) -> None:
    await bus.publish(outgoing("a", topic=Topic.INPUTS), outgoing("b", topic=Topic.DECISIONS), outgoing("c", topic=Topic.OUTBOUND_CHAT))
    assert sorted(texts(await read(bus, Topic.INPUTS, Topic.DECISIONS, count=2))) == ["a", "b"]


async def test_tails_do_not_disturb_each_other(bus: Bus) -> None:
    await bus.publish(*(outgoing(str(number)) for number in range(300)))
    one, other = await asyncio.gather(read(bus, Topic.INPUTS, count=300), read(bus, Topic.INPUTS, count=300))
    assert texts(one) == texts(other)


def letter(name: str) -> Outgoing:
    record = Record(
        topic=Topic.INPUTS, partition=0, offset=7, appended_at=Instant(1_000), key="a", value=name.encode(), headers={"ce_tenant": "a"}
    )
    return dead_letter_of(record, "customers", "why", 3)


async def test_dead_letters_that_are_blanked_are_given_to_nobody_and_the_others_stay_in_their_order(bus: Bus) -> None:
    assert isinstance(bus, CanBlank)
    await bus.publish(*(letter(str(number)) for number in range(6)))
    before = await dead_letters(bus)
    for numbers in ((1, 3), (4,), ()):
        texts_now = {each.value: each.offset for each in await dead_letters(bus)}
        await bus.blank(before[0].partition, [*(texts_now[str(number).encode()] for number in numbers), 9_999])
    after = [each for each in await dead_letters(bus) if each.value is not None]
    assert [(each.value, each.at, each.reason, each.from_offset) for each in after] == [
        (each.value, each.at, each.reason, each.from_offset) for each in before if each.value in (b"0", b"2", b"5")
    ]
    seen = [record.value for record in await read_all(bus, Topic.DEAD_LETTERS)]
    assert [value for value in seen if value is not None] == [b"0", b"2", b"5"], "whoever reads the topic itself"
    await bus.publish(letter("new"))
    driven = await redrive(bus, (await dead_letters(bus))[-1].offset, before[0].partition)
    assert driven.value == b"new"


async def test_two_who_blank_at_once_lose_nothing_and_leave_nothing(bus: Bus) -> None:
    await bus.publish(*(letter(str(number)) for number in range(8)))
    first = (await dead_letters(bus))[0]

    async def forget(name: bytes) -> None:
        while offsets := [each.offset for each in await dead_letters(bus) if each.value == name]:
            assert isinstance(bus, CanBlank)
            await bus.blank(first.partition, offsets)

    await asyncio.gather(forget(b"2"), forget(b"5"), forget(b"7"))
    assert [each.value for each in await dead_letters(bus) if each.value is not None] == [b"0", b"1", b"3", b"4", b"6"]


async def test_a_closed_bus_refuses_and_closes_again_quietly(bus: Bus) -> None:
    await bus.close()
    await bus.close()
