"""Refused and malformed websockets: a proper answer for the client, and nothing that looks like a fault of ours in the log."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from fastapi import APIRouter
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError, InvalidStatus

from standardiste.common.http_problem import problem, response_of
from standardiste.common.parts import Parts
from standardiste.common.service import Service, listen, run_services
from standardiste.common.testing.running import Running, parts_in, running


def echo(_: Parts) -> Service:
    router = APIRouter()

    @router.websocket("/v1/echo/ws")
    async def answer(socket: WebSocket) -> None:
        await socket.accept()
        try:
            while True:
                await socket.send_text(await socket.receive_text())
        except WebSocketDisconnect:
            return

    @router.websocket("/v1/echo/full")
    async def full(socket: WebSocket) -> None:
        await socket.send_denial_response(response_of(problem("too_many_requests"), "en"))

    return Service(name="echo", router=router)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path, echo) as site:
        yield site


def faults(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


async def test_socket_that_comes_while_starting_is_answered_503(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    parts = await parts_in(tmp_path)
    stop, listening = asyncio.Event(), listen("127.0.0.1", 0)

    async def never(ready: Callable[[], None]) -> None:
        await asyncio.Event().wait()

    services = [Service(name="echo", router=echo(parts).router, tasks={"never": never})]
    serving = asyncio.create_task(run_services(services, parts, sockets=[listening], stop=stop))
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"ws://127.0.0.1:{listening.getsockname()[1]}/v1/echo/ws", proxy=None)
    stop.set()
    await serving
    answer = refused.value.response
    assert (answer.status_code, answer.headers["retry-after"], answer.headers["content-type"]) == (503, "1", "application/problem+json")
    assert faults(caplog) == []


async def test_socket_that_a_service_turns_away_is_no_fault(site: Running, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"{site.url.replace('http', 'ws', 1)}/v1/echo/full", proxy=None)
    assert refused.value.response.status_code == 429
    assert faults(caplog) == []


async def test_text_that_is_no_utf8_is_closed_1007_without_a_traceback(site: Running, caplog: pytest.LogCaptureFixture) -> None:
    async with connect(f"{site.url.replace('http', 'ws', 1)}/v1/echo/ws", proxy=None) as socket:
        await socket.send("é")
        assert await socket.recv() == "é"
        await socket.send(b"\xff\xfe", text=True)
        with pytest.raises(ConnectionClosedError) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1007
    assert faults(caplog) == []
