"""
Once a day: remove the blobs that no document names, 8 days after they were last put.

A blob is written before anything refers to it, so one that an edge wrote and then could not hand in is nobody's. A repeated put renews its age, and
nothing waits in the log for longer than 7 days. A blob that was looked at once and is named needs no second look: a redaction removes its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from standardiste.common.blobs.port import BlobInfo, Blobs
from standardiste.common.clock import Clock
from standardiste.common.errors import Away, VersionConflict
from standardiste.common.events.base import Instant
from standardiste.common.log import logger
from standardiste.common.security.principal import INSTALLATION
from standardiste.common.store.port import ABSENT, Find, Store, Where
from standardiste.customers.records import FORMAT, MESSAGES, SWEEPS

DAY_MS: Final = 24 * 3_600 * 1_000
LOOK_EVERY_S: Final = 600
_ID: Final = "blobs"

log = logger("customers")


async def sweep_daily(store: Store, blobs: Blobs, clock: Clock, keep_days: int, ready: Callable[[], None]) -> None:
    """Runs until cancelled. What a part that is away keeps it from is done at the next look."""
    ready()
    while True:
        try:
            if await claim(store, clock.now()):
                removed = await sweep(store, blobs, clock.now(), keep_days)
                log.info("blobs_swept", removed=removed)
        except Away as away:
            log.warning("sweep_put_off", what=away.what)
        await asyncio.sleep(LOOK_EVERY_S)


async def claim(store: Store, now: Instant) -> bool:
    """Whether today's sweep is this process's to do: it has a day since the last, and nobody else has begun it."""
    documents = store.tenant(INSTALLATION)
    found = await documents.get(SWEEPS, _ID)
    if found is not None and now < _int(found.body["begun_at"]) + DAY_MS:
        return False
    judged = 0 if found is None else _int(found.body["judged_before"])
    try:
        body = {"format": FORMAT, "begun_at": now, "judged_before": judged}
        await documents.put(SWEEPS, _ID, body, expected=ABSENT if found is None else found.version)
    except VersionConflict:
        return False
    return True


async def sweep(store: Store, blobs: Blobs, now: Instant, keep_days: int) -> int:
    """Remove what nobody names; give how many there were. One that is broken off begins again where the last whole one ended."""
    documents = store.tenant(INSTALLATION)
    found = await documents.get(SWEEPS, _ID)
    judged_before = 0 if found is None else _int(found.body["judged_before"])
    cutoff = Instant(now - keep_days * DAY_MS)
    removed = 0
    async for info in blobs.list(renewed_before=cutoff):
        if info.renewed_at >= judged_before and not await _is_named(store, info):
            removed += await blobs.delete(info.ref, renewed_before=cutoff)
    await documents.put(SWEEPS, _ID, {"format": FORMAT, "begun_at": now, "judged_before": cutoff})
    return removed


async def _is_named(store: Store, info: BlobInfo) -> bool:
    page = await store.tenant(info.ref.tenant).find(MESSAGES, Find(where=(Where(index="blob", equals=info.ref.name),), limit=1))
    return bool(page.documents)


def _int(value: object) -> int:
    assert isinstance(value, int)
    return value
