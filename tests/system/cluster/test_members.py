"""
Five members of one group share 24 partitions and come, go, are paused beyond their session, and are killed, 40 moves under load.

The ledger must be exact: every record in once and out once, in order per tenant, and each partition's count without a gap. The seed is printed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import sys
import time
from collections import defaultdict
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from standardiste.common.bus.kafka import KafkaBus
from standardiste.common.bus.kafka_settings import KafkaSettings
from standardiste.common.bus.kafka_topics import apply
from standardiste.common.bus.port import From
from standardiste.common.bus.topics import Topic
from standardiste.common.clock import SystemClock
from standardiste.common.errors import BusAway
from standardiste.common.testing.bus import outgoing

MEMBERS = 5
MOVES = int(os.environ.get("STANDARDISTE_MOVES", "40"))
TENANTS = 48
EVERY_S = 0.01
PAUSED_S = 8.0
SETTLED_WITHIN_S = 90


@dataclass(slots=True)
class Members:
    """The processes, by the name under which each is known to the group."""

    url: str
    log: Path
    running: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)
    done: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    async def come(self, name: str) -> None:
        with self.log.open("ab") as log:
            self.running[name] = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "standardiste.common.testing.member", f"{self.url}&instance={name}", stdout=log, stderr=log
            )

    async def go(self, name: str, how: signal.Signals) -> None:
        process = self.running.pop(name)
        process.send_signal(how)
        await process.wait()

    async def move(self, dice: random.Random) -> None:
        """One member comes, goes, is killed (and comes again), or is paused for longer than its session."""
        away = [f"m{n}" for n in range(MEMBERS) if f"m{n}" not in self.running]
        kinds = ["come"] * 3 * bool(away) + (["go", "kill", "pause"] if len(self.running) > 1 else [])
        kind = dice.choice(kinds)
        name = dice.choice(sorted(away if kind == "come" else self.running))
        self.done[kind] += 1
        if kind == "come":
            await self.come(name)
        elif kind == "pause":
            self.running[name].send_signal(signal.SIGSTOP)
            await asyncio.sleep(PAUSED_S)
            self.running[name].send_signal(signal.SIGCONT)
        else:
            await self.go(name, signal.SIGTERM if kind == "go" else signal.SIGKILL)
        await asyncio.sleep(dice.uniform(0.5, 3.0))

    async def end(self) -> None:
        for process in self.running.values():
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGKILL)
            await process.wait()


async def published(bus: KafkaBus, is_over: asyncio.Event) -> list[str]:
    """One record after another, of all tenants in turn, until it is over."""
    texts: list[str] = []
    while not is_over.is_set():
        number, tenant = divmod(len(texts), TENANTS)
        text = f"t_{tenant}:{number}"
        with contextlib.suppress(BusAway):
            await bus.publish(outgoing(text, tenant=f"t_{tenant}"))
            texts.append(text)
        await asyncio.sleep(EVERY_S)
    return texts


async def ledger(bus: KafkaBus, count: int) -> dict[int, list[dict[str, object]]]:
    """The decisions by partition, once there are at least so many; whatever came until then."""
    found: dict[int, list[dict[str, object]]] = defaultdict(list)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(SETTLED_WITHIN_S), aclosing(bus.tail((Topic.DECISIONS,), {}, default=From.START)) as batches:
            async for batch in batches:
                for record in batch:
                    found[record.partition].append(json.loads(record.value or b"{}"))
                if sum(map(len, found.values())) >= count:
                    return found
    return found


@pytest.mark.timeout(1_800)
async def test_the_ledger_is_exact_whoever_comes_and_goes(tmp_path: Path, kafka: str, figures: dict[str, object]) -> None:
    seed = int(os.environ.get("STANDARDISTE_SEED", time.time_ns() % 1_000_000))
    dice = random.Random(seed)
    settings = KafkaSettings(bootstrap=(kafka,), prefix=f"members{seed}.")
    await apply(settings, replication=1)
    bus = await KafkaBus.connect_to(settings, SystemClock())
    members = Members(f"kafka://{kafka}?prefix={settings.prefix}", tmp_path / "members.log")
    is_over = asyncio.Event()
    publishing = asyncio.create_task(published(bus, is_over))
    try:
        for n in range(MEMBERS):
            await members.come(f"m{n}")
        for _ in range(MOVES):
            await members.move(dice)
        is_over.set()
        texts = await publishing
        if not members.running:
            await members.come("m0")
        found = await ledger(bus, len(texts))
    finally:
        await members.end()
        await bus.close()
    figures |= {"seed": seed, "moves": dict(members.done), "records": len(texts), "decisions": sum(map(len, found.values()))}
    expected = {f"t_{tenant}": [text for text in texts if text.startswith(f"t_{tenant}:")] for tenant in range(TENANTS)}
    entered: dict[str, list[str]] = defaultdict(list)
    for line in (line for lines in found.values() for line in lines):
        tenant = str(line["text"]).split(":")[0]
        entered[tenant].append(str(line["text"]))
        assert line["number"] == len(entered[tenant]), "a tenant's count has no gap and no repeat"
    assert dict(entered) == expected, "every record once, in order per tenant"
