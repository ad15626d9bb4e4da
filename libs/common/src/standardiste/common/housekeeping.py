"""What every process does beside its work: forget old idempotency keys, and measure how late the event loop is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from standardiste.common.clock import Clock
from standardiste.common.errors import StoreAway
from standardiste.common.idempotency import sweep
from standardiste.common.log import logger
from standardiste.common.metrics import histogram
from standardiste.common.store.port import Store

LAG_EVERY_S: Final = 1.0
SWEEP_EVERY_TICKS: Final = 3_600

log = logger("housekeeping")
_lag = histogram("standardiste_event_loop_lag_seconds")


async def housekeeping(store: Store, clock: Clock, ready: Callable[[], None]) -> None:
    """Runs until cancelled. A store that is away is tried again an hour later: nothing is lost but room."""
    ready()
    loop = asyncio.get_running_loop()
    tick = 0
    while True:
        due = loop.time() + LAG_EVERY_S
        await asyncio.sleep(LAG_EVERY_S)
        _lag.observe(max(0.0, loop.time() - due))
        tick += 1
        if tick % SWEEP_EVERY_TICKS == 0:
            try:
                await sweep(store, clock)
            except StoreAway:
                log.warning("sweep_put_off")
