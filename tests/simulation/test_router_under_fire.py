"""The router under fire, a few seeds where a landing waits for it; `make fire-memory` has ten thousand."""

from __future__ import annotations

import os

import pytest
from simulation.fire import run

SEEDS = range(int(os.environ.get("STANDARDISTE_FIRE_SEEDS", "10")))


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_lost_doubled_or_above_capacity(seed: int) -> None:
    run(seed)


def test_a_seed_writes_the_same_log() -> None:
    assert run(1) == run(1)
