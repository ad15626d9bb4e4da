"""
The router under fire on real Kafka. `make fire`, or from tests/:

    python -m system.fire [--rounds 100] [--seed 7] [--per-s 100]

SIGKILL at random moments on router pods and on the broker, under a steady flow of contacts with agents answering. Prints the seed first, then each round, then
PASS or FAIL with its figures: 0 lost, 0 doubled, 0 above capacity, every interaction ended once.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
import time
from pathlib import Path

import uvloop
from system.fire.run import ending, run

from standardiste.common.log import configure


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=int(os.environ.get("STANDARDISTE_FIRE_ROUNDS", "100")))
    parser.add_argument("--seed", type=int, default=int(os.environ.get("STANDARDISTE_SEED", time.time_ns() % 1_000_000)))
    parser.add_argument("--per-s", type=float, default=100.0)
    parser.add_argument("--data", type=Path, help="keep data and logs here")
    given = parser.parse_args()
    configure("error")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # that the broker is away is no news here
    say(f"seed {given.seed}, {given.rounds} rounds")
    with tempfile.TemporaryDirectory(prefix="fire-") as folder:
        outcome = uvloop.run(ending(run(given.data or Path(folder), given.rounds, given.seed, given.per_s, say=say)))
    for fault in outcome.faults:
        say(f"  {fault}")
    figures = ", ".join(f"{name} {value}" for name, value in outcome.figures.items())
    say(f"{'FAIL' if outcome.faults else 'PASS'} {figures}")
    return 1 if outcome.faults else 0


if __name__ == "__main__":
    sys.exit(main())
