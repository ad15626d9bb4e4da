"""Services run, become ready, drain in order, and end when a task fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from fastapi import APIRouter

from standardiste.common.events.directory import Tenant
from standardiste.common.parts import Parts
from standardiste.common.service import Service, listen, run_services
from standardiste.common.testing.builders import TENANT, configuration
from standardiste.common.testing.running import parts_in, running


async def forever(ready: Callable[[], None]) -> None:
    ready()
    await asyncio.Event().wait()


async def test_configuration_published_is_in_force_when_the_test_begins(tmp_path: Path) -> None:
    async with running(tmp_path, lambda _: Service(name="nothing"), entities=configuration()) as run:
        tenant = run.parts.directory.get(Tenant, TENANT, TENANT)
    assert tenant is not None
    assert tenant.name == "Exemple SA"


async def test_same_folder_goes_on_where_it_stopped(tmp_path: Path) -> None:
    async with running(tmp_path, entities=configuration()):
        pass
    async with running(tmp_path) as run:
        assert run.parts.directory.change_set(TENANT) == 1


async def test_not_ready_until_every_task_said_so_and_paths_answer_starting(tmp_path: Path) -> None:
    parts = await parts_in(tmp_path)
    may_go, port, stop = asyncio.Event(), asyncio.get_running_loop().create_future(), asyncio.Event()

    async def slow(ready: Callable[[], None]) -> None:
        await may_go.wait()
        await forever(ready)

    router = APIRouter()

    @router.get("/v1/thing")
    async def thing() -> str:
        return "here"

    listening = listen("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    services = [Service(name="one", router=router, tasks={"slow": slow})]
    serving = asyncio.create_task(run_services(services, parts, sockets=[listening], stop=stop, on_ready=port.set_result))
    async with httpx.AsyncClient(base_url=url) as http:
        live = await http.get("/livez")
        before = await http.get("/readyz")
        starting = await http.get("/v1/thing")
        may_go.set()
        await port
        after = await http.get("/readyz")
        answered = await http.get("/v1/thing")
    stop.set()
    await serving
    assert (live.status_code, before.status_code, after.status_code) == (200, 503, 200)
    assert "one/slow" in before.json()["waiting"]
    assert (starting.status_code, starting.json()["type"], starting.headers["retry-after"]) == (503, "/problems/starting", "1")
    assert (answered.status_code, answered.json()) == (200, "here")


@pytest.mark.parametrize("failure", [ValueError("broken"), None], ids=["raises", "returns"])
async def test_task_that_ends_ends_the_process(tmp_path: Path, failure: Exception | None) -> None:
    parts = await parts_in(tmp_path)

    async def ends(ready: Callable[[], None]) -> None:
        ready()
        if failure is not None:
            raise failure

    with pytest.raises(AssertionError if failure is None else ValueError):
        await run_services([Service(name="one", tasks={"ends": ends})], parts)


async def test_service_that_cannot_start_leaves_nothing_open(tmp_path: Path) -> None:
    parts = await parts_in(tmp_path)
    with pytest.raises(RuntimeError, match="does not exist"):
        await run_services([Service(name="one", static={"/desk": tmp_path / "nowhere"})], parts)
    again = await parts_in(tmp_path)  # one process holds a folder: a part left open would refuse this
    await asyncio.gather(again.bus.close(), again.blobs.close(), again.store.close())


async def test_drain_ends_requests_then_tasks_then_parts(tmp_path: Path) -> None:
    order: list[str] = []
    entered, stop = asyncio.Event(), asyncio.Event()
    parts = await parts_in(tmp_path)

    class Watched:
        """The bus of the parts, telling when it is closed."""

        def __getattr__(self, name: str) -> object:
            return getattr(parts.bus, name)

        async def close(self) -> None:
            order.append("bus closed")
            await parts.bus.close()

    async def task(ready: Callable[[], None]) -> None:
        ready()
        try:
            await asyncio.Event().wait()
        finally:
            order.append("task ended")

    router = APIRouter()

    @router.get("/v1/slow")
    async def slow() -> str:
        entered.set()
        while not stop.is_set():
            await asyncio.wait_for(stop.wait(), 5)
        order.append("request ended")
        return "done"

    port = asyncio.get_running_loop().create_future()
    watched: Parts = replace(parts, bus=cast("Any", Watched()))
    services = [Service(name="one", router=router, tasks={"task": task})]
    serving = asyncio.create_task(run_services(services, watched, stop=stop, on_ready=port.set_result))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{await port}") as http:
        asking = asyncio.create_task(http.get("/v1/slow"))
        await entered.wait()
        stop.set()
        answer = await asking
    await serving
    assert answer.json() == "done"
    assert order == ["request ended", "task ended", "bus closed"]
