"""
The broker is killed again and again under load: whoever processes goes on by itself each time, and the ledger is exact.

What was accepted is entered; what was answered BusAway may be entered too, since it is published again. The seed is printed.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from pathlib import Path

import pytest

from standardiste.common.bus.kafka import KafkaBus
from standardiste.common.bus.kafka_settings import KafkaSettings
from standardiste.common.bus.kafka_topics import apply
from standardiste.common.clock import SystemClock
from standardiste.common.errors import BusAway
from standardiste.common.testing.bus import outgoing
from standardiste.common.testing.members import Entries, Members, entered, without_gap
from standardiste.common.testing.servers import kafka_server, started

PARTS = Path(__file__).parents[3] / "build"
KILLS = int(os.environ.get("STANDARDISTE_KILLS", "8"))
TENANTS = 24
EVERY_S = 0.005
SETTLED_WITHIN_S = 90.0


async def published(bus: KafkaBus, own: int, is_over: asyncio.Event) -> list[str]:
    """One record of this tenant after another, each until it is accepted."""
    texts: list[str] = []
    while not is_over.is_set():
        text = f"t_{own}:{len(texts)}"
        try:
            await bus.publish(outgoing(text, tenant=f"t_{own}"))
            texts.append(text)
        except BusAway:
            await asyncio.sleep(0.1)
        await asyncio.sleep(EVERY_S * TENANTS)
    return texts


def firsts(found: Entries) -> dict[str, list[str]]:
    """Each tenant's texts in the order in which they were first entered."""
    return {tenant: list(dict.fromkeys(text for _, text in lines)) for tenant, lines in found.items()}


@pytest.mark.timeout(900)
async def test_it_goes_on_by_itself_whenever_the_broker_dies(tmp_path: Path, figures: dict[str, object]) -> None:
    seed = int(os.environ.get("STANDARDISTE_SEED", time.time_ns() % 1_000_000))
    dice = random.Random(seed)
    async with started(await kafka_server(PARTS, tmp_path / "kafka")) as server:
        settings = KafkaSettings(bootstrap=(server.address,))
        await apply(settings, replication=1)
        bus = await KafkaBus.connect_to(settings, SystemClock())
        members = Members(f"kafka://{server.address}?prefix=", tmp_path / "members.log")
        is_over = asyncio.Event()
        publishing = [asyncio.create_task(published(bus, own, is_over)) for own in range(TENANTS)]
        try:
            for n in range(2):
                await members.come(f"m{n}")
            await entered(bus, lambda found: len(found) == TENANTS, SETTLED_WITHIN_S)
            for _ in range(KILLS):
                await asyncio.sleep(dice.uniform(1.0, 4.0))
                await server.kill()
                await asyncio.sleep(dice.uniform(0.0, 2.0))
                await server.start()
            await asyncio.sleep(2.0)
            is_over.set()
            expected = {f"t_{own}": texts for own, texts in enumerate(await asyncio.gather(*publishing))}
            found = await entered(bus, lambda found: firsts(found) == expected, SETTLED_WITHIN_S)
        finally:
            is_over.set()
            await asyncio.gather(*publishing, return_exceptions=True)
            await members.end()
            await bus.close()
    accepted, entries = sum(map(len, expected.values())), sum(map(len, found.values()))
    figures |= {"seed": seed, "kills": KILLS, "accepted": accepted, "entered": entries}
    assert firsts(found) == expected, "everything that was accepted, in order per tenant"
    assert without_gap(found), "nothing entered twice by the ledger"
