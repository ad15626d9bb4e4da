"""The adapters that the blobs' suite holds for. A new adapter adds its opener here and nothing else."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from standardiste.common.blobs.folder import FolderBlobs
from standardiste.common.blobs.gridfs import GridFsBlobs
from standardiste.common.blobs.port import Blobs
from standardiste.common.clock import Clock, ManualClock

OPENERS: dict[str, Callable[[Path, Clock], Awaitable[Blobs]]] = {
    "folder": lambda folder, clock: FolderBlobs.open_folder(folder / "blobs", clock),
}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1_000_000)


_databases = itertools.count()


@pytest.fixture(params=[*sorted(OPENERS), pytest.param("gridfs", marks=pytest.mark.needs("mongodb"))])
async def blobs(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Blobs]:
    if request.param == "gridfs":
        address = request.getfixturevalue("mongodb")
        opened: Blobs = await GridFsBlobs.connect_to(f"mongodb://{address}/blobs{next(_databases)}?retryWrites=false", clock)
    else:
        opened = await OPENERS[request.param](tmp_path, clock)
    yield opened
    await opened.close()
