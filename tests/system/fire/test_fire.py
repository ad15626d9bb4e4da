"""The router under fire on a real Kafka, a few rounds; `make fire` burns a hundred."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from system.fire import recovery
from system.fire.run import run

ROUNDS = int(os.environ.get("STANDARDISTE_FIRE_ROUNDS", "5"))


@pytest.mark.timeout(600)
async def test_nothing_is_lost_doubled_or_above_capacity_whoever_is_killed(tmp_path: Path, figures: dict[str, object]) -> None:
    seed = int(os.environ.get("STANDARDISTE_SEED", time.time_ns() % 1_000_000))
    figures["seed"] = seed
    outcome = await run(tmp_path, ROUNDS, seed)
    figures |= outcome.figures
    assert outcome.faults == []


@pytest.mark.timeout(900)
async def test_decisions_flow_again_soon_with_a_full_house(tmp_path: Path, figures: dict[str, object]) -> None:
    found = await recovery.measure(tmp_path)
    figures |= found.figures
    assert found.misses == []
