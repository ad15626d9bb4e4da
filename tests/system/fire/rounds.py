"""
The rounds: at a random moment somebody is killed, and it is noted how long it took until decisions flowed again for every tenant.

"Flow again": a decision that a record or a deadline led to, appended after the kill. What counts for a pod is the time since its replacement was started; for the
broker, since its port answered. A round that the next kill overtook has no time of its own.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from system.fire.site import TENANTS, Site

from standardiste.common.bus.port import Record

VICTIMS: Final = ("pod", "pod", "pod", "broker", "broker", "both")
GAP_S: Final = (1.0, 16.0)
"""Between two kills. A pod killed is back in some five seconds: about half of the rounds hit a site that has caught up, the others one that has not."""
AWAY_S: Final = (0.0, 1.5)
LOOK_S: Final = 0.02


@dataclass(slots=True)
class Flow:
    """By tenant, when the last decision was appended that was not a resumption itself."""

    tenants: tuple[str, ...] = TENANTS
    last_at: dict[str, int] = field(default_factory=dict[str, int])

    def saw(self, record: Record) -> None:
        if not record.headers["step"].startswith("resumed:"):
            self.last_at[record.headers["ce_tenant"]] = record.appended_at

    def flows_since(self, at_ms: float) -> bool:
        return all(self.last_at.get(tenant, 0) > at_ms for tenant in self.tenants)


@dataclass(slots=True)
class Rounds:
    """What was killed and how long each took, in seconds: by victim, from its replacement on, and for everything from the kill on."""

    killed: Counter[str] = field(default_factory=Counter[str])
    back_s: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    whole_s: list[float] = field(default_factory=list[float])

    def figures(self) -> dict[str, object]:
        found: dict[str, object] = {"killed": dict(sorted(self.killed.items()))}
        for victim, each in [*sorted(self.back_s.items()), ("kill_to_flow", self.whole_s)]:
            if each:
                ordered = sorted(each)
                p50, p99 = ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100]
                found[f"{victim}_back_s"] = f"p50 {p50:.1f} p99 {p99:.1f} max {ordered[-1]:.1f} of {len(ordered)}"
        return found


async def burn(site: Site, flow: Flow, dice: random.Random, rounds: int, say: Callable[[str], None]) -> Rounds:
    """So many kills; the last one has recovered when this returns."""
    done = Rounds()
    for number in range(rounds):
        victim = dice.choice(VICTIMS)
        pod = dice.choice(site.pods)
        gap_s, away_s = dice.uniform(*GAP_S), dice.uniform(*AWAY_S)
        killed_at = time.time()
        if victim == "both":
            await asyncio.gather(site.kill_broker(away_s), site.kill(pod))
        elif victim == "broker":
            await site.kill_broker(away_s)
        else:
            await site.kill(pod)
        done.killed[victim] += 1
        back_at = site.started_at["kafka" if victim != "pod" else f"router-{pod.number}"]
        is_last = number == rounds - 1
        flowing_at = await _flowing(flow, killed_at, 120.0 if is_last else gap_s)
        if flowing_at is not None:
            done.back_s.setdefault(victim, []).append(max(0.0, flowing_at - back_at))
            done.whole_s.append(flowing_at - killed_at)
        elif is_last:
            raise TimeoutError(f"no decisions flow two minutes after {victim} was killed: {flow.last_at}")
        whole = (
            "overtaken"
            if flowing_at is None
            else f"back {flowing_at - back_at:.1f} s after it started, {flowing_at - killed_at:.1f} s after the kill"
        )
        say(f"round {number + 1}: {victim}, {whole}")
        await asyncio.sleep(max(0.0, killed_at + gap_s - time.time()))
    return done


async def _flowing(flow: Flow, since: float, within_s: float) -> float | None:
    """When decisions of every tenant flowed that were appended after this instant; None when they did not in time."""
    until = time.time() + within_s
    while time.time() < until:
        if flow.flows_since(since * 1000):
            return time.time()
        await asyncio.sleep(LOOK_S)
    return None
