"""
How a service is described and run, once for all: parts opened, documents declared, tasks started, HTTP served, everything ended in order.

Theory. A process has one set of parts, one event loop, one port and one or many services. It is ready when every task has said so. It ends when it is told to, or when
any task ends or raises: a half-dead process is worse than a restarted one. What it leans on may come up after it: until a task has said that it is up, an
`Away` lets it begin again (patience.py). The end has one order: `/readyz` says no; HTTP stops accepting and its requests end (10 s at
most); tasks are cancelled and awaited; bus, blobs and store are closed. A second signal during that changes nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NoReturn, TypeAlias, TypeVar

import uvloop
from fastapi import APIRouter, FastAPI

from standardiste.common import log as logs
from standardiste.common import tracing
from standardiste.common.app import compose
from standardiste.common.collector import short_pauses
from standardiste.common.errors import Away, OperatorError
from standardiste.common.health import Health
from standardiste.common.hold import HOLD
from standardiste.common.housekeeping import housekeeping
from standardiste.common.idempotency import IDEMPOTENCY
from standardiste.common.opening import open_parts
from standardiste.common.parts import Parts
from standardiste.common.patience import Patience
from standardiste.common.permission.ledger import CONSENT
from standardiste.common.security.audit import AUDIT
from standardiste.common.serving import Server, listen
from standardiste.common.settings import CommonSettings
from standardiste.common.store.port import Collection
from standardiste.common.waiting import opened

__all__ = ["Health", "Parts", "Service", "Task", "create_app", "listen", "run_service", "run_services"]

TASKS_END_S: Final = 15
STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

Task: TypeAlias = Callable[[Callable[[], None]], Awaitable[None]]
"""`task(ready)`: calls ready() once it is up and runs until cancelled. Ending or raising ends the process."""

S = TypeVar("S", bound=CommonSettings)
log = logs.logger("service")


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """
    One service: its name, HTTP edge (full paths), long-running tasks by name, documents, and folders of built files by URL prefix.

    Under the prefixes of `cross_origin` the service checks browsers' origins itself; elsewhere the edge does.
    """

    name: str
    router: APIRouter | None = None
    tasks: Mapping[str, Task] = field(default_factory=dict[str, Task])
    collections: Sequence[Collection] = ()
    static: Mapping[str, Path] = field(default_factory=dict[str, Path])
    cross_origin: Sequence[str] = ()


def create_app(services: Sequence[Service], parts: Parts, health: Health) -> FastAPI:
    """One app for several services: their paths, /livez, /readyz, /metrics, /problems, and one OpenAPI document each."""
    return compose(
        routers={service.name: service.router for service in services if service.router is not None},
        static={prefix: folder for service in services for prefix, folder in service.static.items()},
        cross_origin=[prefix for service in services for prefix in service.cross_origin],
        parts=parts,
        health=health,
    )


async def run_services(
    services: Sequence[Service],
    parts: Parts,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    sockets: Sequence[socket.socket] | None = None,
    trusted_proxies: str = "127.0.0.1",
    on_ready: Callable[[int], None] | None = None,
    stop: asyncio.Event | None = None,
    patience: Patience | None = None,
) -> None:
    """
    Run until `stop` is set or a task fails; then drain and close the parts. Raises what the failed task raised.

    `on_ready` is called once, with the port, when every task is up. Until then a task that meets an Away is begun again, as long as `patience` lasts.
    """
    patience = patience or Patience()
    collections = [AUDIT, CONSENT, HOLD, IDEMPOTENCY, *(collection for service in services for collection in service.collections)]
    async with contextlib.AsyncExitStack() as closing:
        closing.push_async_callback(close_parts, parts)
        await patience.insist("store", lambda: parts.store.open(collections))
        listening = list(sockets) if sockets else [listen(host, port)]
        await _run_until_stopped(services, parts, listening, trusted_proxies, on_ready, stop or asyncio.Event(), patience)


async def _run_until_stopped(
    services: Sequence[Service],
    parts: Parts,
    listening: list[socket.socket],
    trusted_proxies: str,
    on_ready: Callable[[int], None] | None,
    stop: asyncio.Event,
    patience: Patience,
) -> None:
    tasks = _tasks_of(services, parts)
    health = Health(tasks)
    server = Server(create_app(services, parts, health), trusted_proxies)
    serving = asyncio.create_task(server.serve(sockets=listening), name="http")
    stopping = asyncio.create_task(stop.wait(), name="stop")
    running = {
        asyncio.create_task(_run_task(name, task, health, listening[0].getsockname()[1], on_ready, patience), name=name)
        for name, task in tasks.items()
    }
    try:
        await asyncio.wait({serving, stopping, *running}, return_when=asyncio.FIRST_COMPLETED)
        failed = next((each for each in (*running, serving) if each.done()), None)
        log.info("draining", because=failed.get_name() if failed else "asked")
    finally:
        health.is_draining = True
        stopping.cancel()
        await _end(server, serving, running)
    if failed is not None:
        await failed  # raises what it raised
        raise AssertionError(f"the task {failed.get_name()} ended by itself")


def run_service(name: str, build: Callable[[S, Parts], Service], settings_class: type[S]) -> NoReturn:
    """
    A service alone in its process: settings, parts, signals, and the exit code (0 after a drain, 1 when something failed).

    With its bus or store away it waits for `start_within_s`, and `/readyz` says for what.
    """
    settings = settings_class()
    logs.configure(settings.log_level)
    tracing.configure(name, settings.otlp_endpoint)

    async def main() -> None:
        stop, patience = stop_on_signals(), Patience(settings.start_within_s)
        listening = listen(settings.host, settings.port)
        parts = await opened(lambda: open_parts(settings), patience, listening, settings.http, stop)
        if parts is None:
            return
        await run_services(
            [build(settings, parts)],
            parts,
            sockets=[listening],
            trusted_proxies=settings.trusted_proxies,
            on_ready=lambda port: log.info("ready", service=name, port=port),
            stop=stop,
            patience=patience,
        )

    sys.exit(run_to_end(main()))


def run_to_end(main: Coroutine[Any, Any, None]) -> int:
    """Run on uvloop; give the exit code. A failure is logged with its trace, what an operator has to mend in one sentence."""
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner, short_pauses(runner.get_loop()):
            runner.run(main)
    except OperatorError as error:
        log.error("cannot_run", kind=type(error).__name__, reason=str(error))
        return 1
    except Exception as error:
        log.error("failed", reason=str(error), exc_info=True)
        return 1
    return 0


def stop_on_signals() -> asyncio.Event:
    """An event that SIGTERM or SIGINT sets; more of them change nothing."""
    stop = asyncio.Event()
    for each in STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(each, stop.set)
    return stop


def _tasks_of(services: Sequence[Service], parts: Parts) -> dict[str, Task]:
    own: dict[str, Task] = {
        "directory-view": lambda ready: parts.directory.run(parts.bus, ready),
        "hold": parts.hold.follow,
        "housekeeping": lambda ready: housekeeping(parts.store, parts.clock, ready),
    }
    return own | {f"{service.name}/{name}": task for service in services for name, task in service.tasks.items()}


async def _run_task(name: str, task: Task, health: Health, port: int, on_ready: Callable[[int], None] | None, patience: Patience) -> None:
    def ready() -> None:
        was_started = health.has_started
        health.ready(name)
        if health.has_started and not was_started and on_ready is not None:
            on_ready(port)

    while True:
        try:
            return await task(ready)
        except Away as error:
            if name not in health.waiting:  # it was up: whoever works waits for himself
                raise
            await patience.after(name, error, health)


async def _end(server: Server, serving: asyncio.Task[None], running: set[asyncio.Task[None]]) -> None:
    server.should_exit = True
    await asyncio.wait({serving})
    for task in running:
        task.cancel()
    ended, late = await asyncio.wait(running, timeout=TASKS_END_S)
    for task in late:
        log.error("task_does_not_end", task=task.get_name())
    for task in ended:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("task_failed", task=task.get_name(), exc_info=error)


async def close_parts(parts: Parts) -> None:
    """The bus first: what it still takes in may need the others."""
    await parts.bus.close()
    await parts.blobs.close()
    await parts.store.close()
