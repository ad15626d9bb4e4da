"""
How fast the embedded bus is, beside a bare SQLite loop on the same disk in the same run.

    python bench/bus.py [--seconds 5] [--folder DIR]

Prints, fails nothing. Latencies are from the call of `publish` to the record's arrival at a tail; "hop" adds a processor between.
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from random import Random

import uvloop

from standardiste.common.bus.embedded import EmbeddedBus
from standardiste.common.bus.port import From, Handled, Outgoing, Outputs, Record
from standardiste.common.bus.topics import Topic
from standardiste.common.events.base import Instant

TENANT = "t_4f7hq2m9x0c3v8b1n6k5j7d2s"
VALUE = b'{"text":"' + b"x" * 390 + b'"}'
HEADERS = {
    "ce_specversion": "1.0",
    "ce_source": "ingest-chat",
    "ce_type": "standardiste.contact.received.v1",
    "ce_subject": "i_8s7d6f5g4h3j2k1m0n9b8v7c6",
    "ce_time": "2026-01-31T12:00:00.000Z",
    "ce_tenant": TENANT,
    "format": "1",
    "content-type": "application/json",
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
}


def say(line: str) -> None:
    print(line, flush=True)


def record(topic: Topic, number: int, key: str = TENANT) -> Outgoing:
    return Outgoing(topic=topic, tenant=TENANT, key=key, value=VALUE, headers={"ce_id": str(number), **HEADERS})


class Echo:
    """Two decisions and three pieces of state for each record, as the router does."""

    def restore(self, records: Sequence[Record]) -> None:
        pass

    def resumed(self, at: Instant, gap_ms: int | None) -> Outputs:
        return ()

    def handle(self, records: Sequence[Record]) -> Handled:
        outputs: list[Outgoing] = []
        for taken in records:
            outputs.append(Outgoing(topic=Topic.DECISIONS, tenant=TENANT, key=TENANT, value=taken.value, headers=taken.headers))
            for kind in ("interaction", "agent"):
                key = f"{TENANT}/{kind}/{taken.offset % 500}"
                outputs.append(Outgoing(topic=Topic.ROUTER_STATE, tenant=TENANT, key=key, value=VALUE, headers={"format": "1"}))
        return Handled(outputs, len(records))

    def buried(self, record: Record, reason: str) -> Outputs:
        return ()

    def next_deadline(self) -> Instant | None:
        return None

    def fire(self, at: Instant) -> Outputs:
        return ()

    def left(self) -> None:
        pass


def percentiles(latencies_s: list[float]) -> str:
    ordered = sorted(latencies_s)
    p50, p99 = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]
    return f"p50 {p50 * 1000:6.2f} ms   p99 {p99 * 1000:6.2f} ms   max {ordered[-1] * 1000:6.2f} ms"


def bare_sqlite(folder: Path, seconds: float) -> None:
    """One connection, one row a commit, then a hundred: what the disk and SQLite give at best."""
    connection = sqlite3.connect(folder / "bare.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE record (off INTEGER PRIMARY KEY, at INTEGER, key TEXT, headers TEXT, value BLOB)")
    for a_commit in (1, 100):
        rows = [(0, TENANT, str(HEADERS), VALUE)] * a_commit
        latencies: list[float] = []
        cpu, end = time.process_time(), time.perf_counter() + seconds / 2
        while (start := time.perf_counter()) < end:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO record (at, key, headers, value) VALUES (?, ?, ?, ?)", rows)
            connection.execute("COMMIT")
            latencies.append(time.perf_counter() - start)
        count = len(latencies) * a_commit
        cpu_us = (time.process_time() - cpu) / count * 1e6
        say(
            f"bare sqlite, {a_commit:3} a commit    {percentiles(latencies)}   {count / seconds * 2:8.0f}/s   {cpu_us:6.1f} us CPU a record"
        )
    connection.close()


async def latency(bus: EmbeddedBus, name: str, rate: int, seconds: float, topic: Topic) -> None:
    """Open loop: records leave at random instants, whatever became of the earlier ones."""
    random = Random(rate)
    count = int(rate * seconds)
    sent: dict[str, float] = {}
    latencies: list[float] = []
    done = asyncio.Event()

    async def follow() -> None:
        async for batch in bus.tail((topic,), {}, default=From.END):
            now = time.perf_counter()
            latencies.extend(now - sent.pop(taken.headers["ce_id"]) for taken in batch)
            if len(latencies) >= count:
                done.set()

    following = asyncio.create_task(follow())
    await asyncio.sleep(0.05)
    cpu, tasks = time.process_time(), []
    for number in range(count):
        await asyncio.sleep(random.expovariate(rate))
        sent[str(number)] = time.perf_counter()
        tasks.append(asyncio.create_task(bus.publish(record(Topic.INPUTS, number))))
    await asyncio.gather(*tasks)
    await asyncio.wait_for(done.wait(), 30)
    cpu_us = (time.process_time() - cpu) / count * 1e6
    say(f"{name:24}{rate:4}/s  {percentiles(latencies)}   {'':10}   {cpu_us:6.1f} us CPU a record")
    following.cancel()
    with suppress(asyncio.CancelledError):
        await following


async def throughput(
    name: str, publishers: int, a_call: int, seconds: float, bus: EmbeddedBus, until: Callable[[int], Awaitable[None]]
) -> None:
    """Closed loop: each publisher publishes again as soon as it may."""
    published = 0
    end = time.perf_counter() + seconds

    async def publish() -> None:
        nonlocal published
        while time.perf_counter() < end:
            await bus.publish(*(record(Topic.INPUTS, published + number) for number in range(a_call)))
            published += a_call

    commits = bus.commits
    cpu, start = time.process_time(), time.perf_counter()
    await asyncio.gather(*(publish() for _ in range(publishers)))
    await until(published)
    took = time.perf_counter() - start
    cpu_us = (time.process_time() - cpu) / published * 1e6
    commits = bus.commits - commits
    say(f"{name:28}{published / took:8.0f} records/s   {commits / took:6.0f} commits/s   {cpu_us:6.1f} us CPU a record")


async def main(seconds: float, folder: Path) -> None:
    bare_sqlite(folder, seconds)
    bus = await EmbeddedBus.open(folder / "bus")

    async def at_once(count: int) -> None:
        pass

    for rate in (50, 200):
        await latency(bus, "publish -> tail", rate, seconds, Topic.INPUTS)
    for publishers, a_call in ((1, 1), (32, 1), (600, 1), (4, 100)):
        await throughput(f"publish {publishers:3} x {a_call}", publishers, a_call, seconds, bus, at_once)

    await bus.close()
    bus = await EmbeddedBus.open(folder / "chain")
    handled = Counting()
    ready = asyncio.Event()
    tasks = [
        asyncio.create_task(bus.process("router", (Topic.INPUTS, Topic.DIRECTORY), Topic.ROUTER_STATE, lambda _: Echo(), ready=ready.set)),
        asyncio.create_task(bus.subscribe("customers", (Topic.DECISIONS,), handled, lane=lambda taken: taken.headers["ce_id"])),
    ]
    await ready.wait()
    for rate in (50, 200):
        await latency(bus, "publish -> hop -> tail", rate, seconds, Topic.DECISIONS)
    for publishers in (32, 600):
        handled.count = 0
        await throughput(f"publish+process+sub {publishers:3} x 1", publishers, 1, seconds, bus, handled.until)
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    cpu, start = time.process_time(), time.perf_counter()
    swept = await bus.sweep()
    say(
        f"sweep{'':23}{swept / (time.perf_counter() - start):8.0f} records/s   {'':16}   {(time.process_time() - cpu) / max(1, swept) * 1e6:6.1f} us CPU a record"
    )
    await bus.close()


class Counting:
    """A handler that counts."""

    def __init__(self) -> None:
        self.count, self._wanted, self._enough = 0, sys.maxsize, asyncio.Event()

    async def __call__(self, taken: Record) -> None:
        self.count += 1
        if self.count >= self._wanted:
            self._enough.set()

    async def until(self, count: int) -> None:
        self._enough.clear()
        self._wanted = count
        if self.count < count:
            await self._enough.wait()
        self._wanted = sys.maxsize


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each line measures")
    parser.add_argument("--folder", type=Path, help="where to write (default: a temporary folder)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as made:
        uvloop.run(main(options.seconds, Path(made)))
