"""
Short pauses of Python's garbage collector in a process that holds much for long.

Theory. A full collection walks every container that lives: 170 ms with 200 agents signed in, several times a minute under load, and whoever is offered
a call meanwhile waits for it. So what a full collection leaves is set aside (`gc.freeze`), and the next walks only what came since. Reference counts
go on freeing what is set aside; a cycle among it that dies later stays until everything is walked anew, once an hour.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, Final

THRESHOLDS: Final = (50_000, 2, 10)
"""
Allocations before the youngest are walked, and how often so before the next older. Most of what a request makes is dead by then; and so is what the router decided
in two batches, 44,000 containers that live until they are committed: with a tenth of this, each was walked while it lived, for 4 % of the router's time. Walking so
many takes 7 ms.
"""
EVERYTHING_EVERY_S: Final = 3_600.0


@contextmanager
def short_pauses(loop: asyncio.AbstractEventLoop) -> Generator[None]:
    """Keep the pauses short while this lasts; afterwards the collector is as it was. For the process whose only loop this is."""
    before = gc.get_threshold()

    def walk_everything() -> None:
        nonlocal due
        due = loop.call_later(EVERYTHING_EVERY_S, walk_everything)
        gc.unfreeze()
        gc.collect()

    due = loop.call_later(EVERYTHING_EVERY_S, walk_everything)
    gc.callbacks.append(_set_aside)
    gc.set_threshold(*THRESHOLDS)
    gc.collect()  # what was imported is not walked again
    try:
        yield
    finally:
        due.cancel()
        gc.set_threshold(*before)
        gc.callbacks.remove(_set_aside)
        gc.unfreeze()


def _set_aside(phase: str, info: Mapping[str, Any]) -> None:
    if phase == "stop" and info["generation"] == 2:
        gc.freeze()
