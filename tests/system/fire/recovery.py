"""
How soon decisions flow again with a full house: 20,000 live interactions and 2,000 agents of one tenant, half a busy day's 50,000 closed ones
behind them. `make fire-recovery`, or from tests/:

    python -m system.fire.recovery [--interactions 20000] [--agents 2000] [--closed 50000]

A pod is killed and started again under its name (three times), then its node is gone for good and another pod takes over. Each ends PASS or FAIL: < 5 s after
the replacing process starts, < 12 s after the node was lost, and at most 64 MiB of router-state to read.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import random
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import uvloop
from system.fire.hands import Hands
from system.fire.ledger import Ledger
from system.fire.rounds import Flow
from system.fire.run import at_work, ending, everything, until
from system.fire.site import Site, floor, site

from standardiste.common.bus.topics import Topic
from standardiste.common.events.model import Channel, CloseReason
from standardiste.common.log import configure

TENANT: Final = "acme"
REPLACED_MAX_S, GONE_MAX_S, READ_MAX_MIB = 5.0, 12.0, 64.0
KILLS: Final = 3
PER_S: Final = 20.0
FILL_BATCH: Final = 500
FILLED_WITHIN_S: Final = 300.0
MIB: Final = 1024 * 1024


@dataclass(slots=True)
class Recovery:
    """What was measured; `misses` names what is beyond its aim."""

    figures: dict[str, object] = field(default_factory=dict[str, object])
    misses: list[str] = field(default_factory=list[str])

    def figure(self, name: str, value: float, most: float) -> None:
        self.figures[name] = round(value, 2)
        if value >= most:
            self.misses.append(f"{name} is {value:.2f}, aim < {most:g}")


async def measure(folder: Path, interactions: int = 20_000, agents: int = 2_000, closed: int = 50_000) -> Recovery:
    """Fill the house, then kill."""
    found, flow = Recovery(), Flow(tenants=(TENANT,))
    async with site(folder) as burning:
        await burning.bus.publish(*floor(TENANT, agents, callers=0))
        hands = Hands(burning.bus, Ledger(), random.Random(1), tenants=(TENANT,), agents=agents, talk_s=1e6, talk_s_max=1e6, open_max=10**9)
        is_over = asyncio.Event()
        async with at_work(burning, hands, flow):
            await _close(hands, closed)
            await _fill(hands, interactions)
            arriving = asyncio.create_task(hands.arrive(PER_S, is_over))
            owner, replaced_s = await _replace(burning, flow)
            found.figure("replaced_s_max", max(replaced_s), REPLACED_MAX_S)
            found.figures["replaced_s"] = [round(each, 2) for each in replaced_s]
            found.figure("gone_s", await _lose(burning, flow, owner), GONE_MAX_S)
            is_over.set()
            await arriving
        ledger = hands.ledger
        state = await everything(burning.bus, Topic.ROUTER_STATE)
        read = sum(len(record.key) + len(record.value or b"") + sum(map(len, record.headers.values())) for record in state)
        found.figure("state_mib", read / MIB, READ_MAX_MIB)
        found.figures |= {
            "live": len(ledger.works) - ledger.closed,
            "closed": ledger.closed,
            "owned": sum(work.owner is not None for work in ledger.works.values()),
            "agents": agents,
            "state_records": len(state),
            "state_entities": len({record.key for record in state}),
        }
        found.misses += ledger.faults
    return found


async def _close(hands: Hands, count: int) -> None:
    """As many contacts that are over as they come."""
    await _come(hands, count, CloseReason.SPAM)
    await until(lambda: hands.ledger.closed >= count, FILLED_WITHIN_S, "the closed ones")


async def _fill(hands: Hands, interactions: int) -> None:
    """As many contacts as make this many live ones; a third or so with an agent, the others waiting."""
    await until(lambda: not hands.backlog, FILLED_WITHIN_S, "the agents' sessions")
    await _come(hands, interactions)
    await until(lambda: len(hands.ledger.works) - hands.ledger.closed >= interactions, FILLED_WITHIN_S, "the house to be full")


async def _come(hands: Hands, count: int, close_as: CloseReason | None = None) -> None:
    for _ in range(0, count, FILL_BATCH):
        for _ in range(FILL_BATCH):
            hands.contact(TENANT, Channel.SMS, close_as)
        await until(lambda: hands.backlog < FILL_BATCH, FILLED_WITHIN_S, "the publisher")


async def _replace(burning: Site, flow: Flow) -> tuple[int, list[float]]:
    """Kill whoever has the tenant; seconds from the start of its replacement to decisions, each time. Also which pod it is."""
    owner, took = 0, list[float]()
    while len(took) < KILLS:
        killed_at = time.time()
        await burning.kill(burning.pods[owner])
        started_at = burning.started_at[f"router-{owner}"]
        gap_s = await _next_flow(flow, killed_at)
        if gap_s < 1.0:
            owner = 1 - owner  # it went on meanwhile: the other pod has it
            await burning.pods[1 - owner].ready()
        else:
            took.append(killed_at + gap_s - started_at)
        await asyncio.sleep(5.0)
    return owner, took


async def _lose(burning: Site, flow: Flow, owner: int) -> float:
    """The owner's node is gone for good; seconds from then to decisions."""
    burning.lose(owner)
    process = burning.pods[owner].process
    assert process is not None
    lost_at = time.time()
    process.send_signal(signal.SIGKILL)
    return await _next_flow(flow, lost_at)


async def _next_flow(flow: Flow, since: float) -> float:
    """Seconds from this instant to the first decision after it; what was on its way at that moment does not count."""
    await until(lambda: flow.flows_since(since * 1000 + 50), 120.0, "decisions")
    return time.time() - since


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--interactions", type=int, default=20_000)
    parser.add_argument("--agents", type=int, default=2_000)
    parser.add_argument("--closed", type=int, default=50_000)
    parser.add_argument("--data", type=Path, help="keep data and logs here")
    given = parser.parse_args()
    configure("error")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="fire-") as folder:
        found = uvloop.run(ending(measure(given.data or Path(folder), given.interactions, given.agents, given.closed)))
    for miss in found.misses:
        sys.stdout.write(f"  {miss}\n")
    figures = ", ".join(f"{name} {value}" for name, value in found.figures.items())
    sys.stdout.write(f"{'FAIL' if found.misses else 'PASS'} {figures}\n")
    return 1 if found.misses else 0


if __name__ == "__main__":
    sys.exit(main())
