"""A chat's parts in memory: store, bus, clock that stands still."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from standardiste.common.bus.memory import MemoryBus
from standardiste.common.clock import ManualClock
from standardiste.common.store.sqlite import SqliteStore
from standardiste.ingest_chat.presence import PODS, PRESENCE
from standardiste.ingest_chat.sessions import SESSIONS, Sessions
from standardiste.ingest_chat.transcript import TRANSCRIPT, Transcript


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest_asyncio.fixture
async def store() -> AsyncIterator[SqliteStore]:
    found = await SqliteStore.open_memory()
    await found.open((SESSIONS, TRANSCRIPT, PRESENCE, PODS))
    yield found
    await found.close()


@pytest_asyncio.fixture
async def bus(clock: ManualClock) -> AsyncIterator[MemoryBus]:
    found = await MemoryBus.open(clock)
    yield found
    await found.close()


@pytest.fixture
def transcript(store: SqliteStore) -> Transcript:
    return Transcript(store)


@pytest.fixture
def sessions(store: SqliteStore) -> Sessions:
    return Sessions(store)
