"""The adapters that the store's suite holds for. A new adapter adds its opener here and nothing else."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from standardiste.common.store.connect import connect
from standardiste.common.store.port import Store

OPENERS: dict[str, Callable[[Path], Awaitable[Store]]] = {
    "sqlite-file": lambda folder: connect(f"sqlite:///{folder}/store.db"),
    "sqlite-memory": lambda folder: connect("sqlite://:memory:"),
}


_databases = itertools.count()


@pytest.fixture(params=[*sorted(OPENERS), pytest.param("mongo", marks=pytest.mark.needs("mongodb"))])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    if request.param == "mongo":
        address = request.getfixturevalue("mongodb")
        opened = await connect(f"mongodb://{address}/contract{next(_databases)}?retryWrites=false")
    else:
        opened = await OPENERS[request.param](tmp_path)
    yield opened
    await opened.close()
