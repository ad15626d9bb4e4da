"""The adapters that the store's suite holds for. A new adapter adds its opener here and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from standardiste.common.store.connect import connect
from standardiste.common.store.port import Store

OPENERS: dict[str, Callable[[Path], Awaitable[Store]]] = {
    "sqlite-file": lambda folder: connect(f"sqlite:///{folder}/store.db"),
    "sqlite-memory": lambda folder: connect("sqlite://:memory:"),
}


@pytest.fixture(params=sorted(OPENERS))
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    opened = await OPENERS[request.param](tmp_path)
    yield opened
    await opened.close()
