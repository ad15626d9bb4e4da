"""Which bus a URL names."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from standardiste.common.bus.embedded import EmbeddedBus
from standardiste.common.bus.memory import MemoryBus
from standardiste.common.bus.port import Bus
from standardiste.common.clock import Clock


async def connect(url: str, clock: Clock, installation: str | None = None) -> Bus:
    """
    The bus that `url` names, open.

    `embedded:///path/to/folder` (or a .sqlite file), `memory://`, `kafka://host:port` (kafka_settings.py). With the `installation` named,
    topics that are marked as another's are refused. Raises ValueError for what cannot be meant, and whatever opening raises.
    """
    parts = urlsplit(url)
    match parts.scheme:
        case "embedded":
            if parts.netloc or not parts.path:
                raise ValueError(f"{url}: an embedded bus is named with three slashes and a path: embedded:///var/lib/standardiste/bus")
            return await EmbeddedBus.open(Path(unquote(parts.path)), clock)
        case "memory":
            return await MemoryBus.open(clock)
        case "kafka":
            from standardiste.common.bus.kafka import KafkaBus  # its clients are loaded only where they are used
            from standardiste.common.bus.kafka_settings import KafkaSettings

            return await KafkaBus.connect_to(KafkaSettings.of_url(url), clock, installation)
        case other:
            raise ValueError(f"{url}: no bus is called {other!r}; known are embedded, memory and kafka")
