"""
Five members of one group share 24 partitions and come, go, are paused beyond their session, and are killed, 40 moves under load.

The ledger must be exact: every record in once and out once, in order per tenant, and each partition's count without a gap. The seed is printed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from standardiste.common.bus.kafka import KafkaBus
from standardiste.common.bus.kafka_settings import KafkaSettings
from standardiste.common.bus.kafka_topics import apply
from standardiste.common.clock import SystemClock
from standardiste.common.errors import BusAway
from standardiste.common.testing.bus import outgoing
from standardiste.common.testing.members import Members, entered, without_gap

MEMBERS = 5
MOVES = int(os.environ.get("STANDARDISTE_MOVES", "40"))
TENANTS = 48
EVERY_S = 0.01
PAUSED_S = 8.0
SETTLED_WITHIN_S = 90


async def move(members: Members, dice: random.Random) -> str:
    """One member comes, goes, is killed (and comes again), or is paused for longer than its session; which of these it was."""
    away = [f"m{n}" for n in range(MEMBERS) if f"m{n}" not in members.running]
    kinds = ["come"] * 3 * bool(away) + (["go", "kill", "pause"] if len(members.running) > 1 else [])
    kind = dice.choice(kinds)
    name = dice.choice(sorted(away if kind == "come" else members.running))
    if kind == "come":
        await members.come(name)
    elif kind == "pause":
        members.running[name].send_signal(signal.SIGSTOP)
        await asyncio.sleep(PAUSED_S)
        members.running[name].send_signal(signal.SIGCONT)
    else:
        await members.go(name, signal.SIGTERM if kind == "go" else signal.SIGKILL)
    await asyncio.sleep(dice.uniform(0.5, 3.0))
    return kind


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


@pytest.mark.timeout(1_800)
async def test_the_ledger_is_exact_whoever_comes_and_goes(tmp_path: Path, kafka: str, figures: dict[str, object]) -> None:
    seed = int(os.environ.get("STANDARDISTE_SEED", time.time_ns() % 1_000_000))
    dice = random.Random(seed)
    settings = KafkaSettings(bootstrap=(kafka,), prefix=f"members{seed}.")
    await apply(settings, replication=1)
    bus = await KafkaBus.connect_to(settings, SystemClock())
    members = Members(f"kafka://{kafka}?prefix={settings.prefix}", tmp_path / "members.log")
    is_over = asyncio.Event()
    done: Counter[str] = Counter()
    publishing = asyncio.create_task(published(bus, is_over))
    try:
        for n in range(MEMBERS):
            await members.come(f"m{n}")
        for _ in range(MOVES):
            done[await move(members, dice)] += 1
        is_over.set()
        texts = await publishing
        if not members.running:
            await members.come("m0")
        found = await entered(bus, lambda found: sum(map(len, found.values())) >= len(texts), SETTLED_WITHIN_S)
    finally:
        await members.end()
        await bus.close()
    figures |= {"seed": seed, "moves": dict(done), "records": len(texts), "decisions": sum(map(len, found.values()))}
    expected = {f"t_{tenant}": [text for text in texts if text.startswith(f"t_{tenant}:")] for tenant in range(TENANTS)}
    assert without_gap(found), "a tenant's count has no gap and no repeat"
    assert {tenant: [text for _, text in lines] for tenant, lines in found.items()} == expected, "every record once, in order per tenant"
