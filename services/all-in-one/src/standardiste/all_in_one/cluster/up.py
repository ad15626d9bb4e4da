"""`standardiste up` and `standardiste down`: Kafka, MongoDB and every service on this machine, without containers."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import uvloop
from rich.console import Console

from standardiste.all_in_one.cluster.local import Cluster
from standardiste.all_in_one.cluster.prefixes import SERVICES
from standardiste.all_in_one.demo import tenant as demo
from standardiste.all_in_one.words import say
from standardiste.common.files import lock_beside
from standardiste.common.service import stop_on_signals
from standardiste.common.testing.servers import kafka_server, mongo_server, started

ENDS_WITHIN_S: Final = 90.0
LOOK_EVERY_S: Final = 0.2

console = Console(highlight=False)


def up(data: Path, parts: Path, *, port: int, smtp_port: int, configuration: Path | None) -> None:
    """Run until SIGTERM or Ctrl-C. Raises FolderInUse, DidNotStart with the last words of what did not."""
    document = configuration.read_bytes() if configuration is not None else demo.document()
    data.mkdir(parents=True, exist_ok=True)
    lock = lock_beside(data.resolve() / "up")
    try:
        uvloop.run(_up(data.resolve(), parts.resolve(), document, port, smtp_port, is_demo=configuration is None))
    finally:
        os.close(lock)


def down(data: Path) -> bool:
    """End what `up` started on this folder and wait for it; False when nothing runs there."""
    running = data / "running.json"
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        pid = int(json.loads(running.read_text())["pid"])
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + ENDS_WITHIN_S
        while running.exists() and time.monotonic() < deadline:
            time.sleep(LOOK_EVERY_S)
        return True
    return False


async def _up(data: Path, parts: Path, document: str | bytes, port: int, smtp_port: int, *, is_demo: bool) -> None:
    stop = stop_on_signals()
    running = data / "running.json"
    async with AsyncExitStack() as engines:
        console.print(say("starting", what="Kafka, MongoDB"))
        kafka = await engines.enter_async_context(started(await kafka_server(parts, data / "kafka")))
        mongo = await engines.enter_async_context(started(await mongo_server(parts, data / "mongodb")))
        cluster = Cluster(
            data=data / "services",
            bus=f"kafka://{kafka.address}",
            store=f"mongodb://{mongo.address}/standardiste",
            environment={f"STANDARDISTE_{name.upper()}": str(value) for name, value in (demo.settings() if is_demo else {}).items()},
            port=port,
            smtp_port=smtp_port,
        )
        try:
            console.print(say("starting", what=", ".join(SERVICES)))
            await cluster.start(document)
            running.write_text(json.dumps({"pid": os.getpid(), "url": cluster.url, "smtp_port": cluster.smtp_port}))
            _greet(cluster, is_demo=is_demo)
            await stop.wait()
        finally:
            await cluster.stop()
            running.unlink(missing_ok=True)


def _greet(cluster: Cluster, *, is_demo: bool) -> None:
    console.print()
    console.print(say("ready"), style="bold green")
    console.print(say("desk", url=cluster.url))
    if is_demo:
        for name, password in demo.LOGINS:
            console.print(say("sign_in", name=name, password=password))
    if cluster.first is not None:
        console.print(say("first_admin", name=cluster.first.name, password=cluster.first.password))
    console.print(say("smtp", port=cluster.smtp_port))
    for service in cluster.services.values():
        console.print(say("service_at", name=service.name, url=service.url))
    console.print(say("stop_hint"))
    console.print()
