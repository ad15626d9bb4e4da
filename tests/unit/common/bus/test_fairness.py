"""A hot partition and a quiet one on the same pod: whoever writes to the quiet one waits for one batch of the hot one at most."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from standardiste.common.bus.memory import MemoryBus
from standardiste.common.bus.port import Handled, Record
from standardiste.common.bus.topics import Topic, partition_of
from standardiste.common.testing.bus import Ledger, outgoing, running

BATCH_MAX = 500
HOT_RECORDS = 20 * BATCH_MAX
HOT, QUIET = "t_1", next(name for n in range(2, 100) if partition_of(name := f"t_{n}", 2) != partition_of("t_1", 2))


class Log:
    """What the processors of one pod were given, in the order in which they were: the tenant and how many records."""

    def __init__(self) -> None:
        self.batches: list[tuple[str, int]] = []
        self.hot_began = asyncio.Event()
        self.quiet_came = asyncio.Event()

    def processor(self, partition: int) -> Noting:
        return Noting(partition, self)


class Noting(Ledger):
    def __init__(self, partition: int, log: Log) -> None:
        super().__init__(partition)
        self._log = log

    def handle(self, records: Sequence[Record]) -> Handled:
        tenant = records[0].headers["ce_tenant"]
        self._log.batches.append((tenant, len(records)))
        (self._log.hot_began if tenant == HOT else self._log.quiet_came).set()
        return super().handle(records)


async def test_a_hot_partition_delays_a_quiet_one_by_one_batch_at_most() -> None:
    log = Log()
    bus = await MemoryBus.open(partitions=2)
    await bus.publish(*(outgoing(str(n), tenant=HOT) for n in range(HOT_RECORDS)))
    async with running(bus.process("router", (Topic.INPUTS,), Topic.ROUTER_STATE, log.processor)):
        await log.hot_began.wait()
        await bus.publish(outgoing("quiet", tenant=QUIET))
        already = len(log.batches)
        await log.quiet_came.wait()
    waited = log.batches[already : log.batches.index((QUIET, 1))]
    assert len(waited) <= 1, waited
    assert all(count <= BATCH_MAX for _, count in log.batches)
    await bus.close()
