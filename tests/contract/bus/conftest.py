"""The adapters that the bus's suite holds for. A new adapter adds its place here and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from standardiste.common.bus.embedded import EmbeddedBus
from standardiste.common.bus.memory import MemoryBus
from standardiste.common.bus.port import Bus
from standardiste.common.testing.bus import Place


class Embedded:
    def __init__(self, folder: Path, partitions: int) -> None:
        self._folder, self._partitions = folder, partitions
        self._bus: EmbeddedBus | None = None

    async def open(self) -> Bus:
        self._bus = await EmbeddedBus.open(self._folder, partitions=self._partitions)
        return self._bus

    async def close(self) -> None:
        if self._bus is not None:
            await self._bus.close()


class Memory:
    """Lives as long as the test does: coming back to it is opening another client of the same log."""

    def __init__(self, folder: Path, partitions: int) -> None:
        self._partitions = partitions
        self._bus: MemoryBus | None = None

    async def open(self) -> Bus:
        self._bus = await MemoryBus.open(partitions=self._partitions) if self._bus is None else self._bus.another()
        return self._bus

    async def close(self) -> None:
        if self._bus is not None:
            await self._bus.close()


PLACES: dict[str, Callable[[Path], Place]] = {
    "embedded": lambda folder: Embedded(folder, 1),
    "embedded-3": lambda folder: Embedded(folder, 3),
    "memory": lambda folder: Memory(folder, 1),
    "memory-3": lambda folder: Memory(folder, 3),
}


@pytest.fixture(params=sorted(PLACES))
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    made = PLACES[request.param](tmp_path)
    yield made
    await made.close()


@pytest.fixture
async def bus(place: Place) -> Bus:
    return await place.open()
