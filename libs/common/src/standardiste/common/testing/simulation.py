"""
The deterministic simulation: services on a memory bus, in virtual time, with everything going wrong that a seed can think of.

    async def scenario(world: World) -> None:
        world.keep("router", run_router, crash_rate=0.001)
        await world.bus.publish(…)
        await world.until(lambda: …)

    outcome = simulate(seed, scenario, faults=Faults(lost=0.01, unsure=0.01))

A service is a coroutine over its own client of the bus; it is started again some time after each crash. The one source of chance is seeded, so
the same seed gives the same outcome, byte for byte. Nothing that runs here may use threads, sockets, `asyncio.wait` or the order of a set.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from random import Random
from typing import Any, Final, TypeAlias

from standardiste.common.bus.core import Bounds
from standardiste.common.bus.memory import NO_FAULTS, Faults, MemoryBus
from standardiste.common.bus.processing import BATCH_RECORDS
from standardiste.common.bus.topics import Topic
from standardiste.common.clock import ManualClock
from standardiste.common.testing.jumping_loop import JumpingLoop, Node

START_AT: Final = 1_700_000_000_000
NOTICED_AFTER_MS_MAX: Final = 6_000
"""How long a crash may go unnoticed: until then nobody else gets what the client held."""

BACK_AFTER_MS_MAX: Final = 10_000
LOOK_EVERY_MS: Final = 50

Main: TypeAlias = Callable[[MemoryBus], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a seed led to: every record of the log, the crashes by node and instant, the steps run, the time that passed."""

    log: bytes
    crashes: tuple[tuple[str, int], ...]
    steps: int
    lasted_ms: int


@dataclass(frozen=True, slots=True)
class _Kept:
    name: str
    main: Main
    crash_rate: float
    client: MemoryBus


class World:
    """What a scenario sees: the clock, a client of the bus that has no faults, and the services it keeps running."""

    def __init__(self, loop: JumpingLoop, clock: ManualClock, random: Random, bus: MemoryBus, faults: Faults) -> None:
        self.clock, self.random, self.bus = clock, random, bus
        self._loop, self._faults = loop, faults
        self._kept: dict[Node, _Kept] = {}
        self._is_spared = False
        self._failure: BaseException | None = None
        self.crashes: list[tuple[str, int]] = []
        loop.on_crash = self.crash

    def keep(self, name: str, main: Main, *, crash_rate: float = 0.0) -> Node:
        """Run a service, and again after each crash. `crash_rate` is the chance that it crashes before any one of its steps."""
        node = self._loop.new_node(name, 0.0 if self._is_spared else crash_rate)
        client = self.bus.another(self._faults)
        self._kept[node] = _Kept(name, main, crash_rate, client)
        task = self._loop.create_task(main(client), context=self._loop.context_of(node))
        task.add_done_callback(self._ended, context=self._loop.context_of(self._loop.world))
        return node

    def crash(self, node: Node) -> None:
        """Stop a service where it stands. Others notice some time later; it comes back some time later."""
        kept = self._kept.pop(node)
        self.crashes.append((kept.name, self.clock.at))
        self._loop.crash(node)
        world = self._loop.context_of(self._loop.world)
        self._loop.call_later(self.random.random() * NOTICED_AFTER_MS_MAX / 1000, kept.client.crash, context=world)
        back_s = self.random.random() * BACK_AFTER_MS_MAX / 1000
        self._loop.call_later(back_s, lambda: self.keep(kept.name, kept.main, crash_rate=kept.crash_rate), context=world)

    def spare(self) -> None:
        """From now on nothing crashes by itself and nothing is lost: so that a scenario can end."""
        self._is_spared, self._faults = True, NO_FAULTS
        for node, kept in self._kept.items():
            node.crash_rate = 0.0
            kept.client.faults = NO_FAULTS

    async def until(self, holds: Callable[[], bool], *, within_ms: int = 3_600_000) -> None:
        """Let time pass until it holds."""
        end = self.clock.at + within_ms
        while not holds():
            if self._failure is not None:
                raise self._failure
            assert self.clock.at < end, "it never came to hold"
            await asyncio.sleep(LOOK_EVERY_MS / 1000)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and self._failure is None:
            self._failure = task.exception()

    def log(self) -> bytes:
        """Every record of the log, a line each."""
        return b"".join(repr(record).encode() + b"\n" for topic in Topic for record in self.bus.stored(topic))


def simulate(
    seed: int,
    scenario: Callable[[World], Coroutine[Any, Any, None]],
    *,
    faults: Faults = NO_FAULTS,
    partitions: int = 1,
    batch_records: int = BATCH_RECORDS,
) -> Outcome:
    """
    Run a scenario to its end. Raises whatever it or one of its services raises, with the seed.

    `batch_records`: what one transaction of a processor takes; small ones make it run ahead of its commits, as a large backlog does.
    """
    clock, random = ManualClock(START_AT), Random(seed)
    loop = JumpingLoop(clock, random)

    async def main() -> Outcome:
        bus = await MemoryBus.open(clock, partitions, random=random, bounds=Bounds(batch_records=batch_records))
        world = World(loop, clock, random, bus, faults)
        await scenario(world)
        return Outcome(world.log(), tuple(world.crashes), loop.steps, clock.at - START_AT)

    try:
        return loop.run(main())
    except BaseException as error:
        error.add_note(f"seed {seed}")
        raise
    finally:
        loop.end()
