"""What a record that cannot be handled costs those beside it."""

from __future__ import annotations

from standardiste.common.bus.memory import MemoryBus
from standardiste.common.bus.topics import Topic
from standardiste.common.testing.bus import Ledger, entries_of, outgoing, read, running

RECORDS, POISONED = 400, (200, 310)


async def test_a_poisonous_record_costs_its_batch_a_few_transactions_and_not_one_for_each_record() -> None:
    bus = await MemoryBus.open()
    await bus.publish(*(outgoing("poison" if number in POISONED else str(number)) for number in range(RECORDS)))
    before = bus.commits
    async with running(bus.process("router", (Topic.INPUTS, Topic.DIRECTORY), Topic.ROUTER_STATE, Ledger)):
        entries = entries_of(await read(bus, Topic.DECISIONS, count=RECORDS - len(POISONED)))
        assert [text for _, text in entries] == [str(number) for number in range(RECORDS) if number not in POISONED]
        assert bus.commits - before <= 10
    await bus.close()
