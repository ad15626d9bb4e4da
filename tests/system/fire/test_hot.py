"""One tenant floods a pod: others on it go on, and what nobody has taken yet waits in the log and not in memory."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest
from system.fire.hands import Hands
from system.fire.ledger import Ledger
from system.fire.run import until
from system.fire.site import Site, floor, site

from standardiste.common.bus.port import From
from standardiste.common.bus.topics import Topic
from standardiste.common.events import inputs
from standardiste.common.events.codec import encode
from standardiste.common.events.model import Channel, ContactId
from standardiste.common.testing.builders import contact, content, event

HOT, QUIET = "acme", "velo"
FLOOD = 10_000
ASKED = 30
BATCH = 500
LARGE_BYTES = 32 * 1024
LARGE = 12_000
MIB = 1024 * 1024


class Seen:
    """When each contact's interaction was seen in decisions, by contact."""

    def __init__(self) -> None:
        self.at: dict[str, float] = {}
        self.count = 0

    @asynccontextmanager
    async def watching(self, burning: Site) -> AsyncGenerator[None]:
        task = asyncio.create_task(self._watch(burning))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})

    async def _watch(self, burning: Site) -> None:
        async with aclosing(burning.bus.tail((Topic.DECISIONS,), {}, default=From.START)) as batches:
            async for batch in batches:
                for record in batch:
                    self.count += 1
                    if record.headers["ce_type"] == "standardiste.interaction.created.v1":
                        self.at.setdefault(json.loads(record.value or b"{}")["contact"]["id"], time.monotonic())


async def waited(burning: Site, seen: Seen, name: str) -> list[float]:
    """Seconds from the publish of each of so many contacts of the quiet tenant to its decision."""
    took: list[float] = []
    for n in range(ASKED):
        made = contact(f"{name}{n}", channel=Channel.SMS)
        began = time.monotonic()
        await burning.bus.publish(encode(event(inputs.ContactReceived(contact=made), id=made.id, tenant=QUIET), Topic.INPUTS))
        await until(lambda id=made.id: id in seen.at, 60, "the quiet tenant's decision")
        took.append(time.monotonic() - began)
    return sorted(took)


@pytest.mark.timeout(300)
async def test_a_hot_tenant_delays_a_quiet_one_by_one_batch_at_most(tmp_path: Path, figures: dict[str, object]) -> None:
    seen = Seen()
    async with site(tmp_path, pods=1) as burning, seen.watching(burning):
        for tenant in (HOT, QUIET):
            await burning.bus.publish(*floor(tenant))
        await waited(burning, seen, "warm")
        alone = await waited(burning, seen, "alone")
        hands = Hands(burning.bus, Ledger(), random.Random(1), tenants=(HOT,))
        for _ in range(FLOOD):
            hands.contact(HOT, Channel.SMS)
        publishing, began = asyncio.create_task(hands.publish()), time.monotonic()
        await until(lambda: len(seen.at) > 3 * ASKED, 60, "the flood")
        beside = await waited(burning, seen, "beside")
        is_still_hot = len(seen.at) < FLOOD
        await until(lambda: len(seen.at) >= FLOOD + 3 * ASKED, 120, "the end of the flood")
        batch_s = (time.monotonic() - began) / (2 * FLOOD / BATCH)
        publishing.cancel()
    figures |= {
        "alone_ms": round(alone[len(alone) // 2] * 1000),
        "beside_ms": round(beside[len(beside) // 2] * 1000),
        "beside_max_ms": round(beside[-1] * 1000),
        "a_batch_ms": round(batch_s * 1000),
        "still_hot_at_the_end": is_still_hot,
    }
    assert beside[len(beside) // 2] <= alone[-1] + batch_s


@pytest.mark.timeout(300)
async def test_a_backlog_waits_in_the_log_and_not_in_memory(tmp_path: Path, figures: dict[str, object]) -> None:
    """Some 400 MB of one contact again and again, which changes nothing once it is known, written while nobody processes."""
    async with site(tmp_path, pods=1) as burning:
        await burning.bus.publish(*floor(HOT))
        pod = burning.pods[0]
        await asyncio.sleep(1.0)
        idle = pod.rss_bytes()
        burning.lose(0)
        await pod.kill()
        large = contact("m1", channel=Channel.SMS, content=content("x" * LARGE_BYTES))
        again = encode(event(inputs.ContactReceived(contact=large), id=ContactId("m1"), tenant=HOT), Topic.INPUTS)
        for _ in range(0, LARGE, BATCH // 5):
            await burning.bus.publish(*[again] * (BATCH // 5))
        await pod.start()
        most = 0
        async with asyncio.timeout(200):
            while sum(lag.end - lag.committed for lag in await burning.bus.lag("router", (Topic.INPUTS,))) > 0:
                most = max(most, pod.rss_bytes())
    figures |= {"backlog_mib": LARGE * LARGE_BYTES // MIB, "idle_mib": idle // MIB, "most_mib": most // MIB}
    assert most - idle <= 192 * MIB
