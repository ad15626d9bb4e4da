"""
The laws under a million random steps: `python -m simulation.run --steps 1000000 --seed 7` (from tests/). Prints its seed; the same seed does the same.

Worlds of 400 steps each, so that a failure is short. A failure prints the seed of its world: `--world` runs that one alone.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Sequence

from simulation.actions import WEIGHTED, begin_world
from simulation.world import T, World

STEPS_OF_A_WORLD = 400


def run_world(seed: str, steps: int = STEPS_OF_A_WORLD) -> World:
    """One world. Raises AssertionError where a law breaks."""
    dice = random.Random(seed)

    def pick(options: Sequence[T]) -> T:
        return options[dice.randrange(len(options))]

    world = World()
    try:
        begin_world(world, pick)
        for number in range(steps):
            pick(WEIGHTED)(world, pick)
            if number % 20 == 0:
                world.compare()
        world.compare()
    except BaseException as error:
        error.add_note(f"this world again: python -m simulation.run --world {seed}")
        raise
    return world


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**9))
    parser.add_argument("--world")
    given = parser.parse_args(arguments)
    if given.world:
        run_world(given.world)
        return 0
    sys.stdout.write(f"seed {given.seed}\n")
    began = time.monotonic()
    for number in range(-(-given.steps // STEPS_OF_A_WORLD)):
        world = f"{given.seed}/{number}"
        try:
            run_world(world)
        except Exception:
            sys.stdout.write(f"FAIL in world {world}\n")
            raise
    steps = (number + 1) * STEPS_OF_A_WORLD
    took_s = time.monotonic() - began
    sys.stdout.write(f"PASS {steps} steps in {took_s:.0f} s ({steps / took_s:.0f} a second)\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
