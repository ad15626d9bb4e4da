"""
Real Kafka and MongoDB as processes on this machine, for tests and for a local installation: one node each, on free ports, data in a folder.

The programs are those that `make parts` puts under build/. Nothing here is needed in production.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from standardiste.common.serving import free_port

STARTS_WITHIN_S: Final = 180.0
STOPS_WITHIN_S: Final = 20.0
_KAFKA_JVM: Final = ("-Xmx768m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dlog4j2.level=WARN")


class DidNotStart(Exception):
    """The server ended or said nothing in time; its last words are in the message."""


@dataclass(slots=True)
class Server:
    """One server process. `kill` and `start` again keep port and data: the crash a test wants. `ports_beside` are other listeners of it."""

    name: str
    port: int
    folder: Path
    command: tuple[str, ...]
    ports_beside: tuple[int, ...] = ()
    process: asyncio.subprocess.Process | None = field(default=None)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Start, and return when the port answers, and those beside it. Raises DidNotStart."""
        with (self.folder / f"{self.name}.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self.command, stdout=log, stderr=log, stdin=asyncio.subprocess.DEVNULL, start_new_session=True
            )
        try:
            async with asyncio.timeout(STARTS_WITHIN_S):
                while not all([await _answers(port) for port in (self.port, *self.ports_beside)]):
                    if self.process.returncode is not None:
                        raise DidNotStart(self.last_words())
                    await asyncio.sleep(0.05)
        except TimeoutError:
            await self.kill()
            raise DidNotStart(self.last_words()) from None

    async def stop(self) -> None:
        """SIGTERM and wait; SIGKILL when that takes too long."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.terminate()
            try:
                async with asyncio.timeout(STOPS_WITHIN_S):
                    await self.process.wait()
            except TimeoutError:
                await self.kill()

    async def kill(self) -> None:
        """SIGKILL."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()

    def pause(self) -> None:
        """SIGSTOP: alive, and silent."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def last_words(self) -> str:
        return (self.folder / f"{self.name}.log").read_text(errors="replace")[-3_000:]


async def kafka_server(
    parts: Path, folder: Path, port: int = 0, *, more: Mapping[str, object] | None = None, scram: Sequence[str] = ()
) -> Server:
    """
    A formatted one-node Kafka, not yet started. `parts` is the build folder of the workspace.

    `more` are further lines of server.properties; `scram` the credentials that the node is formatted with ("SCRAM-SHA-512=[name=…,password=…]").
    """
    await asyncio.to_thread(partial(folder.mkdir, parents=True, exist_ok=True))
    port, controller = port or free_port(), free_port()
    properties = folder / "server.properties"
    if not properties.exists():
        properties.write_text(_kafka_properties(folder, port, controller, more or {}))
        classpath = f"{parts / 'kafka' / 'libs'}/*"
        formatting = await asyncio.create_subprocess_exec(
            _java(), "-cp", classpath, "kafka.tools.StorageTool", "format", "--cluster-id", "c3RhbmRhcmRpc3RlLWxvYw", "--config", str(properties),
            *(part for each in scram for part in ("--add-scram", each)),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await formatting.communicate()
        if formatting.returncode != 0:
            raise DidNotStart(said.decode(errors="replace"))
    command = (_java(), *_KAFKA_JVM, "-cp", f"{parts / 'kafka' / 'libs'}/*", "kafka.Kafka", str(properties))
    return Server("kafka", _port_in(properties) or port, folder, command)


async def mongo_server(parts: Path, folder: Path, port: int = 0) -> Server:
    """A one-node MongoDB, not yet started."""
    data = folder / "mongo"
    await asyncio.to_thread(partial(data.mkdir, parents=True, exist_ok=True))
    port = port or free_port()
    program = str(parts / "mongodb" / "mongod")
    return Server(
        "mongod",
        port,
        folder,
        (program, "--dbpath", str(data), "--port", str(port), "--bind_ip", "127.0.0.1", "--nounixsocket", "--wiredTigerCacheSizeGB", "0.5"),
    )


@asynccontextmanager
async def started(server: Server) -> AsyncGenerator[Server]:
    """The server, running; stopped at the end."""
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


def _kafka_properties(folder: Path, port: int, controller: int, more: Mapping[str, object]) -> str:
    settings: dict[str, object] = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "inter.broker.listener.name": "PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": str(folder / "kafka"),
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 4,
        "group.initial.rebalance.delay.ms": 0,
        "auto.create.topics.enable": "false",
        "log.message.timestamp.type": "LogAppendTime",
        **more,
    }
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def _port_in(properties: Path) -> int | None:
    for line in properties.read_text().splitlines():
        if line.startswith("advertised.listeners="):
            return int(line.partition("=PLAINTEXT://")[2].partition(",")[0].rsplit(":", 1)[1])
    return None


def _java() -> str:
    home = os.environ.get("JAVA_HOME")
    found = f"{home}/bin/java" if home else shutil.which("java")
    if found is None:
        raise DidNotStart("no java on the path: `make parts` installs one")
    return found


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
