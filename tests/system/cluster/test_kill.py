"""
kill -9 each service in turn, then the broker, then mongod, while 200 interactions are under way.

In the end every accepted contact is closed, none twice, none lost, and receipts and history add up. The seed is printed; STANDARDISTE_SEED runs one again.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from typing import TYPE_CHECKING

import pytest

from standardiste.all_in_one.cluster.prefixes import SERVICES

if TYPE_CHECKING:
    from conftest import Site

UNDER_WAY = 200
GIB = 1024**3
MEMORY_MAX_GIB = 6
VICTIMS = os.environ.get("STANDARDISTE_VICTIMS", ",".join([*SERVICES, "kafka", "mongod"])).split(",")


async def killed(site: Site, victim: str) -> None:
    """Kill it; what has no keeper is started again at once."""
    if victim in SERVICES:
        await site.cluster.services[victim].kill()
        await site.cluster.services[victim].ready()
    else:
        server = site.kafka if victim == "kafka" else site.mongod
        await server.kill()
        await server.start()


@pytest.mark.timeout(1_800)
async def test_nothing_is_lost_or_doubled_whoever_is_killed(site: Site, figures: dict[str, object]) -> None:
    seed = int(os.environ.get("STANDARDISTE_SEED", time.time_ns() % 1_000_000))
    dice = random.Random(seed)
    figures |= {"seed": seed, "victims": len(VICTIMS)}
    site.work()
    back_s: dict[str, float] = {}
    memory = 0
    for victim in VICTIMS:
        posting = asyncio.create_task(site.crowd.post(f"{victim}-{n}" for n in range(UNDER_WAY)))
        await asyncio.sleep(dice.uniform(0.1, 1.5))  # the moment of the kill
        began = time.perf_counter()
        await killed(site, victim)
        back_s[victim] = round(time.perf_counter() - began, 1)
        await posting
        memory = max(memory, site.rss_bytes())
    figures |= await site.books() | {
        "back_s": back_s,
        "memory_gib": round(memory / GIB, 2),
        "slowest_answer_s": round(site.crowd.slowest_s, 1),
    }
    assert len(site.crowd.receipts) == len(VICTIMS) * UNDER_WAY
    assert memory <= MEMORY_MAX_GIB * GIB
