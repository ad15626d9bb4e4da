"""Short pauses of the garbage collector: what survives a full collection is not walked again, and all is as before in the end."""

from __future__ import annotations

import asyncio
import gc

from standardiste.common.collector import THRESHOLDS, short_pauses


class Ring:
    """A cycle that only the collector can free."""

    def __init__(self) -> None:
        self.itself = self


async def test_what_survives_a_full_collection_is_not_walked_again() -> None:
    with short_pauses(asyncio.get_running_loop()):
        kept = [Ring() for _ in range(1_000)]
        gc.collect()
        assert gc.get_freeze_count() >= len(kept)
        assert not any(each is kept for each in gc.get_objects())


async def test_cycles_that_die_young_are_still_found() -> None:
    with short_pauses(asyncio.get_running_loop()):
        Ring()
        assert gc.collect() >= 1


async def test_afterwards_the_collector_is_as_it_was() -> None:
    before = gc.get_threshold(), len(gc.callbacks)
    with short_pauses(asyncio.get_running_loop()):
        assert gc.get_threshold() == THRESHOLDS
    assert before == (gc.get_threshold(), len(gc.callbacks))
    assert gc.get_freeze_count() == 0
