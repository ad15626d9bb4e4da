"""
The three ways an installation can run, for tests that hold all of them to the same: `embedded`, one process on its own files; `engines`, one process on Kafka
and MongoDB; `services`, every service a process of its own on them.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from standardiste.all_in_one.cluster.local import cluster
from standardiste.all_in_one.players.process import running
from standardiste.all_in_one.players.stage import Place
from standardiste.common.bus.kafka_settings import KafkaSettings
from standardiste.common.bus.kafka_topics import apply

MODES: Final = ("embedded", "engines", "services")
PARTITIONS: Final = 3
_numbers = itertools.count()


@asynccontextmanager
async def installation_in(
    mode: str, data: Path, document: Path, environment: Mapping[str, str], *, kafka: str = "", mongodb: str = ""
) -> AsyncGenerator[Place]:
    """A fresh installation with this document, running; on real engines under a name of its own."""
    name = f"system{next(_numbers)}"
    bus, store = f"kafka://{kafka}?prefix={name}.", f"mongodb://{mongodb}/{name}"
    match mode:
        case "embedded":
            async with running(data, "--configuration", str(document), environment=environment) as installation:
                yield installation
        case "engines":
            await apply(KafkaSettings.of_url(bus), partitions=PARTITIONS, replication=1)
            options = ("--configuration", str(document), "--bus", bus, "--store", store)
            async with running(data, *options, environment=environment) as installation:
                yield installation
        case "services":
            async with cluster(
                data, await asyncio.to_thread(document.read_bytes), bus=bus, store=store, environment=environment, partitions=PARTITIONS
            ) as services:
                yield services
        case other:
            raise ValueError(f"there is no mode {other!r}; there are {', '.join(MODES)}")
