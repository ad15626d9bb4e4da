"""Strategies and parts for the directory's tests: whole configurations that may be, and a core on an in-memory store and bus."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from standardiste.common.clock import ManualClock
from standardiste.common.ids import CountingIds
from standardiste.common.security.audit import AUDIT
from standardiste.common.testing.running import parts_in
from standardiste.directory.core import COLLECTIONS, Core, make_core
from standardiste.directory.settings import DirectorySettings

CHEAP = {"directory_password_memory_kib": 8, "directory_password_passes": 1}
"""Hashes that cost nothing: what is tested is who gets in, not how dear a guess is."""


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def core(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Core]:
    parts = await parts_in(tmp_path, clock=clock, ids=CountingIds())
    await parts.store.open([AUDIT, *COLLECTIONS])
    yield make_core(DirectorySettings(directory_holder="here", **CHEAP), replace(parts))
    await parts.bus.close()
    await parts.blobs.close()
    await parts.store.close()
