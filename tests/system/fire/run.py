"""One run: the site is set up, work flows, the rounds burn, everything is brought to its end, and the ledger is closed."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from system.fire.hands import Hands
from system.fire.ledger import Fault, Ledger
from system.fire.rounds import Flow, burn
from system.fire.site import TENANTS, Site, floor, site

from standardiste.common.bus.port import Bus, From, Record
from standardiste.common.bus.topics import Topic

T = TypeVar("T")

WARM_S: Final = 5.0
CLOSED_WITHIN_S: Final = 180.0
BEGUN_WITHIN_S: Final = 60.0
LOOK_S: Final = 0.01


@dataclass(slots=True)
class Outcome:
    faults: list[str] = field(default_factory=list[str])
    figures: dict[str, object] = field(default_factory=dict[str, object])


async def run(folder: Path, rounds: int, seed: int, per_s: float = 100.0, *, say: Callable[[str], None] = lambda line: None) -> Outcome:
    """So many kills under so many contacts a second."""
    dice, outcome, flow = random.Random(seed), Outcome(), Flow()
    async with site(folder) as burning:
        for tenant in TENANTS:
            await burning.bus.publish(*floor(tenant))
        ledger = Ledger()
        hands = Hands(burning.bus, ledger, random.Random(seed + 1))
        is_over, began = asyncio.Event(), time.monotonic()
        async with at_work(burning, hands, flow):
            arriving = asyncio.create_task(hands.arrive(per_s, is_over))
            await until(lambda: flow.flows_since(0), BEGUN_WITHIN_S, "the first decisions")
            await asyncio.sleep(WARM_S)
            done = await burn(burning, flow, dice, rounds, say)
            is_over.set()
            await arriving
            with contextlib.suppress(TimeoutError):
                await until(lambda: not hands.backlog and ledger.closed >= len(hands.accepted), CLOSED_WITHIN_S, "the last close")
            await asyncio.sleep(1.0)
        ledger.settle()
        ledger.check_receipts(hands.accepted)
        ledger.check_state(await everything(burning.bus, Topic.ROUTER_STATE))
        for letter in await everything(burning.bus, Topic.DEAD_LETTERS):
            ledger.faults.append(f"dead letter: {(letter.value or b'')[:300]!r}")
    outcome.faults = ledger.faults
    took_s = time.monotonic() - began
    reasons = {name.removeprefix("closed "): count for name, count in sorted(ledger.counted.items()) if name.startswith("closed ")}
    outcome.figures = {
        "seed": seed,
        "rounds": rounds,
        "contacts": len(hands.accepted),
        **{kind.value: ledger.broken[kind] for kind in Fault},
        "per_s": round(len(hands.accepted) / took_s),
        "closed": reasons,
        "inputs": hands.sent,
        "decisions": sum(ledger.numbers().values()),
        "accepted": ledger.counted["offer.accepted"],
        "declined": ledger.counted["offer.declined"],
        "expired": ledger.counted["offer.expired"],
        "interrupted": ledger.counted["interaction.held"],
        "fullest_units": ledger.fullest,
        "held_back": hands.held_back,
        "bus_away": hands.away,
        "broker_start_s_max": round(max(burning.broker_starts_s, default=0.0), 1),
        "pods_ended_by_themselves": burning.restarts,
        "minutes": round(took_s / 60, 1),
        **done.figures(),
    }
    return outcome


async def ending(work: Coroutine[Any, Any, T]) -> T:
    """The work's outcome; asked to end (SIGTERM), it is cancelled, and ends what it started."""
    task = asyncio.ensure_future(work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task


@asynccontextmanager
async def at_work(burning: Site, hands: Hands, flow: Flow) -> AsyncGenerator[None]:
    """Everybody is at work while the block runs. What one of them raised is raised at its end."""

    async def follow() -> None:
        async with aclosing(burning.bus.tail((Topic.DECISIONS,), {}, default=From.START)) as batches:
            async for batch in batches:
                for record in batch:
                    flow.saw(record)
                    hands.follow(record)

    tasks = [asyncio.create_task(each) for each in (follow(), hands.act(), hands.publish())]
    hands.begin()
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for failed in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(failed, Exception):
                raise failed


async def until(holds: Callable[[], bool], within_s: float, what: str) -> None:
    """Return when it holds. Raises TimeoutError naming what did not come."""
    end = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {within_s:.0f} s for {what}")
        await asyncio.sleep(LOOK_S)


async def everything(bus: Bus, topic: Topic) -> list[Record]:
    """All that lies in a topic."""
    ends = {partition: end for partition, end in (await bus.ends(topic)).items() if end > 0}
    found: list[Record] = []
    if not ends:
        return found
    async with aclosing(bus.tail((topic,), {}, default=From.START)) as batches:
        async for batch in batches:
            found += batch
            for record in batch:
                if record.offset + 1 >= ends.get(record.partition, 0):
                    ends.pop(record.partition, None)
            if not ends:
                break
    return found
