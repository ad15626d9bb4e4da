"""`standardiste run`: every service in this process, on one data folder and one port."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from standardiste.all_in_one.app import build as build_own
from standardiste.all_in_one.demo import tenant as demo
from standardiste.all_in_one.first import FirstAdministrator, begin, read_document
from standardiste.all_in_one.installation import Folder, prepare
from standardiste.all_in_one.services import Given, build_all, given_by, open_installation
from standardiste.all_in_one.words import say
from standardiste.common import log as logs
from standardiste.common import tracing
from standardiste.common.bus.local import LocalBus
from standardiste.common.files import write_private
from standardiste.common.hold import HOLD
from standardiste.common.patience import Patience
from standardiste.common.service import listen, run_services, run_to_end, stop_on_signals
from standardiste.common.serving import free_port
from standardiste.common.settings import CommonSettings
from standardiste.common.store.sqlite import SqliteStore
from standardiste.common.waiting import opened

console = Console(highlight=False)


def run(
    data: Path, *, host: str, port: int, smtp_port: int, with_demo: bool, configuration: Path | None, engines: Mapping[str, str]
) -> None:
    """
    Run until SIGTERM or Ctrl-C, then exit: 0 after a drain, 1 when something failed.

    `engines` names another bus, store or blobs than those in the data folder. Backups are of the folder's own only.
    """
    common = CommonSettings()
    logs.configure(common.log_level)
    tracing.configure("standardiste", common.otlp_endpoint)
    folder = prepare(data)
    listening = listen(host, port)
    url = common.public_url or f"http://{host}:{listening.getsockname()[1]}"
    if engines.get("store", "").startswith("mongodb") and "blobs" not in engines:
        engines = {**engines, "blobs": engines["store"]}
    given = {**given_by(folder, url=url, smtp_port=smtp_port or free_port()), **engines}
    sys.exit(run_to_end(_main(folder, listening, url, given, with_demo=with_demo, configuration=configuration)))


async def _main(folder: Folder, listening: socket.socket, url: str, fixed: Given, *, with_demo: bool, configuration: Path | None) -> None:
    given = {**fixed, **(demo.settings() if with_demo else {})}
    smtp_port = int(str(given["email_smtp_port"]))
    settings, stop = CommonSettings.model_validate(given), stop_on_signals()
    patience = Patience(settings.start_within_s)
    parts = await opened(lambda: open_installation(given), patience, listening, settings.http, stop)
    if parts is None:
        return
    await parts.store.open([HOLD])
    await parts.hold.load()
    services = [*build_all(parts, given)]
    if isinstance(parts.bus, LocalBus) and isinstance(parts.store, SqliteStore):
        services.append(build_own(folder, parts, parts.bus, parts.store))
    first = await begin(parts, demo.document() if with_demo else read_document(configuration))
    players: list[asyncio.subprocess.Process] = []

    def on_ready(_: int) -> None:
        folder.running.unlink(missing_ok=True)
        write_private(folder.running, json.dumps({"pid": os.getpid(), "url": url, "smtp_port": smtp_port}).encode())
        _greet(url, smtp_port, first, parts.hold.because, with_demo=with_demo)
        if with_demo:
            starting.append(asyncio.ensure_future(_start_players(url, smtp_port, players)))

    starting: list[asyncio.Future[None]] = []
    try:
        await run_services(services, parts, sockets=[listening], on_ready=on_ready, stop=stop, patience=patience)
    finally:
        folder.running.unlink(missing_ok=True)
        await asyncio.gather(*starting)
        for process in players:
            if process.returncode is None:
                process.terminate()
                await process.wait()


async def _start_players(url: str, smtp_port: int, players: list[asyncio.subprocess.Process]) -> None:
    command = ("-m", "standardiste.all_in_one", "demo", "--url", url, "--smtp-port", str(smtp_port))
    players.append(await asyncio.create_subprocess_exec(sys.executable, *command))


def _greet(url: str, smtp_port: int, first: FirstAdministrator | None, held: str | None, *, with_demo: bool) -> None:
    console.print()
    console.print(say("ready"), style="bold green")
    console.print(say("desk", url=url))
    if with_demo:
        console.print(say("chat", url=url, page=demo.CHAT_PAGE))
        for name, password in demo.LOGINS:
            console.print(say("sign_in", name=name, password=password))
    if first is not None:
        console.print(say("first_admin", name=first.name, password=first.password))
    console.print(say("smtp", port=smtp_port))
    if held is not None:
        console.print(say("held", name=held), style="yellow")
    console.print(say("stop_hint"))
    console.print()
