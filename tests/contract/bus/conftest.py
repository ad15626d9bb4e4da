"""The adapters that the bus's suite holds for. A new adapter adds its place here and nothing else."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from standardiste.common.bus.embedded import EmbeddedBus
from standardiste.common.bus.kafka import KafkaBus
from standardiste.common.bus.kafka_settings import KafkaSettings
from standardiste.common.bus.kafka_topics import apply
from standardiste.common.bus.memory import MemoryBus
from standardiste.common.bus.port import Bus
from standardiste.common.clock import SystemClock
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


class Kafka:
    """Topics of its own on the tests' cluster."""

    def __init__(self, address: str, partitions: int) -> None:
        self._settings = KafkaSettings(bootstrap=(address,), prefix=f"contract{next(_prefixes)}.")
        self._partitions = partitions
        self._bus: KafkaBus | None = None
        self._is_made = False

    async def open(self) -> Bus:
        if not self._is_made:
            await apply(self._settings, partitions=self._partitions, replication=1)
            self._is_made = True
        self._bus = await KafkaBus.connect_to(self._settings, SystemClock())
        return self._bus

    async def close(self) -> None:
        if self._bus is not None:
            await self._bus.close()


_prefixes = itertools.count()
PLACES: dict[str, Callable[[Path], Place]] = {
    "embedded": lambda folder: Embedded(folder, 1),
    "embedded-3": lambda folder: Embedded(folder, 3),
    "memory": lambda folder: Memory(folder, 1),
    "memory-3": lambda folder: Memory(folder, 3),
}


KAFKA = {"kafka": 1, "kafka-3": 3}


@pytest.fixture(params=[*sorted(PLACES), *(pytest.param(name, marks=pytest.mark.needs("kafka")) for name in KAFKA)])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    if request.param in KAFKA:
        made: Place = Kafka(request.getfixturevalue("kafka"), KAFKA[request.param])
    else:
        made = PLACES[request.param](tmp_path)
    yield made
    await made.close()


@pytest.fixture
async def bus(place: Place) -> Bus:
    return await place.open()
