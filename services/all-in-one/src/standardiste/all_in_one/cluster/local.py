"""
All services on one machine, each a process, behind one address; Kafka and MongoDB are there already.

Order: topics and secrets are made, a fresh installation gets its document, services start side by side, the ingress opens. A service that ends is started
again, as a cluster does, until it is stopped by name.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from standardiste.all_in_one.begin import set_up
from standardiste.all_in_one.cluster.ingress import Ingress
from standardiste.all_in_one.cluster.prefixes import SERVICES
from standardiste.all_in_one.cluster.process import ServiceProcess
from standardiste.all_in_one.first import FirstAdministrator
from standardiste.common.bus.kafka_topics import PARTITIONS
from standardiste.common.service import listen
from standardiste.common.serving import free_port
from standardiste.common.settings import CommonSettings

PREFIX_BEFORE: Final = "STANDARDISTE_"


@dataclass(slots=True, kw_only=True)
class Cluster:
    """A running set of services. `data` holds secrets and logs."""

    data: Path
    bus: str
    store: str
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    port: int = 0
    smtp_port: int = 0
    services: dict[str, ServiceProcess] = field(default_factory=dict[str, ServiceProcess])
    first: FirstAdministrator | None = None
    _keeping: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]])
    _ingress: Ingress | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self, document: str | bytes | None, *, partitions: int = PARTITIONS) -> None:
        """Set up what is fresh, start everything, and return when all services are ready."""
        listening = listen("127.0.0.1", self.port)
        self.port = int(listening.getsockname()[1])
        self.smtp_port = self.smtp_port or free_port()
        await asyncio.to_thread(self.data.mkdir, parents=True, exist_ok=True)
        settings = CommonSettings.model_validate(self._settings())
        self.first = await set_up(settings, document, partitions=partitions, replication=1)
        self._ingress = Ingress(listening, lambda name: self.services[name].port)
        await self._ingress.start()
        for name in SERVICES:
            self.services[name] = self._service(name)
            await self._begin(self.services[name])
        await self.ready()

    async def ready(self) -> None:
        await asyncio.gather(*(service.ready() for service in self.services.values()))

    async def roll(self, name: str) -> int:
        """
        Put a new process in the place of a service, as a rolling update does; the exit code of the old one.

        The new one is ready before the old one is told to end, but for the router: a stateful set ends a member before it starts it again under its name.
        """
        old = self.services[name]
        if name == "router":
            code = await old.stop()
            await old.start()
            await old.ready()
            return code
        new = self._service(name, old.number + 1)
        await self._begin(new)
        await new.ready()
        self.services[name] = new
        return await old.stop()

    async def stop(self) -> dict[str, int]:
        """End everything in order; the exit code of each service."""
        for keeping in self._keeping:
            keeping.cancel()
        codes = await asyncio.gather(*(service.stop() for service in self.services.values() if service.process is not None))
        if self._ingress is not None:
            await self._ingress.stop()
        return dict(zip(self.services, codes, strict=False))

    async def _begin(self, service: ServiceProcess) -> None:
        await service.start()
        self._keeping.append(asyncio.create_task(service.keep(), name=f"keep {service.name}"))

    def _settings(self) -> dict[str, object]:
        return {
            "bus": self.bus,
            "store": self.store,
            "blobs": self.store,
            "secrets_folder": str(self.data / "secrets"),
            "public_url": self.url,
        }

    def _service(self, name: str, number: int = 0) -> ServiceProcess:
        """A process not yet started. Only the first of its name listens for mail: two cannot have one port on one machine."""
        separator = "&" if "?" in self.bus else "?"
        own = {
            **self._settings(),
            "bus": f"{self.bus}{separator}instance={name}-{number}",
            "host": "127.0.0.1",
            "email_smtp_port": self.smtp_port if number == 0 else free_port(),
        }
        environment = {f"{PREFIX_BEFORE}{setting.upper()}": str(value) for setting, value in own.items()}
        return ServiceProcess(
            name=name,
            number=number,
            port=free_port(),
            log=self.data / f"{name}-{number}.log",
            environment={**self.environment, **environment},
        )


@asynccontextmanager
async def cluster(
    data: Path,
    document: str | bytes | None,
    *,
    bus: str,
    store: str,
    environment: Mapping[str, str] | None = None,
    partitions: int = PARTITIONS,
) -> AsyncGenerator[Cluster]:
    """A running cluster of services; stopped at the end."""
    made = Cluster(data=data, bus=bus, store=store, environment=environment or {})
    try:
        await made.start(document, partitions=partitions)
        yield made
    finally:
        await made.stop()
