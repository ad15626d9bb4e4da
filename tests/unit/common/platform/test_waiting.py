"""A start waits for what is away, says for what, and ends at once for what waiting does not mend."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from standardiste.common import log as logs
from standardiste.common.errors import BusAway, BusRefuses, PortTaken, StoreAway
from standardiste.common.health import Health
from standardiste.common.patience import Patience
from standardiste.common.service import Service, run_services, run_to_end
from standardiste.common.serving import listen
from standardiste.common.settings import HttpSettings
from standardiste.common.testing.running import parts_in
from standardiste.common.waiting import opened


class Seconds:
    """Seconds that a test moves by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def patience(within_s: float = 60.0, now: Callable[[], float] | None = None) -> Patience:
    """It waits for no time at all between two tries."""
    return Patience(within_s, now=now or Seconds(), random=lambda: 0.0)


def failing(*errors: Exception, then: str = "open") -> Callable[[], Awaitable[str]]:
    """Raises each of these once, and gives `then` from there on."""
    left = list(errors)

    async def action() -> str:
        if left:
            raise left.pop(0)
        return then

    return action


async def test_what_is_away_is_asked_again_and_the_reason_is_known_meanwhile() -> None:
    health = Health(["parts"])
    assert await patience().insist("parts", failing(BusAway("no broker"), StoreAway("no server")), health) == "open"
    assert health.because == {"parts": "store is away: no server"}
    health.ready("parts")
    assert health.because == {}


async def test_what_does_not_take_us_is_asked_once() -> None:
    with pytest.raises(BusRefuses):
        await patience().insist("parts", failing(BusRefuses("wrong password")))


async def test_a_start_does_not_wait_for_ever() -> None:
    seconds = Seconds()

    async def action() -> None:
        seconds.now += 25
        raise BusAway(f"at {seconds.now:.0f}")

    with pytest.raises(BusAway, match="at 75"):
        await patience(60, seconds).insist("parts", action)


async def test_the_waiting_room_answers_until_what_was_away_is_there() -> None:
    listening, is_there, asked = listen("127.0.0.1", 0), asyncio.Event(), asyncio.Event()

    async def action() -> str:
        if not asked.is_set():
            asked.set()
            raise BusAway("no broker")
        await is_there.wait()
        return "open"

    opening = asyncio.create_task(opened(action, patience(), listening, HttpSettings(), asyncio.Event()))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{listening.getsockname()[1]}") as http:
        live, ready, path = [await http.get(path) for path in ("/livez", "/readyz", "/v1/interactions")]
        is_there.set()
        assert await opening == "open"
    listening.close()
    assert (live.status_code, ready.status_code, path.status_code) == (200, 503, 503)
    assert ready.json() == {"status": "not_ready", "waiting": ["parts"], "because": {"parts": "bus is away: no broker"}, "draining": False}
    assert (path.json()["type"], path.headers["retry-after"]) == ("/problems/starting", "1")


async def test_who_is_told_to_stop_while_waiting_ends() -> None:
    listening, stop = listen("127.0.0.1", 0), asyncio.Event()

    async def action() -> str:
        stop.set()
        raise BusAway("no broker")

    assert await opened(action, patience(), listening, HttpSettings(), stop) is None
    listening.close()


async def test_a_refusal_while_waiting_ends_the_wait() -> None:
    listening = listen("127.0.0.1", 0)
    action = failing(BusAway("no broker"), BusRefuses("wrong password"))
    with pytest.raises(BusRefuses):
        await opened(action, patience(), listening, HttpSettings(), asyncio.Event())
    listening.close()


async def test_a_task_that_meets_a_slow_bus_at_its_start_begins_again(tmp_path: Path) -> None:
    parts, stop, starts = await parts_in(tmp_path), asyncio.Event(), list[int]()

    async def task(ready: Callable[[], None]) -> None:
        starts.append(1)
        if len(starts) < 3:
            raise BusAway("slow")
        ready()
        await asyncio.Event().wait()

    def on_ready(_: int) -> None:
        stop.set()

    await run_services([Service(name="one", tasks={"t": task})], parts, on_ready=on_ready, stop=stop, patience=patience())
    assert len(starts) == 3


async def test_a_task_that_was_up_and_lets_an_away_out_ends_the_process(tmp_path: Path) -> None:
    async def task(ready: Callable[[], None]) -> Any:
        ready()
        raise BusAway("later")

    with pytest.raises(BusAway, match="later"):
        await run_services([Service(name="one", tasks={"t": task})], await parts_in(tmp_path), patience=patience())


def test_a_port_that_is_taken_is_named() -> None:
    listening = listen("127.0.0.1", 0)
    port = listening.getsockname()[1]
    with pytest.raises(PortTaken, match=f"port {port} of 127.0.0.1"):
        listen("127.0.0.1", port)
    listening.close()


def test_what_an_operator_has_to_mend_is_said_without_a_trace(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info")

    async def refused() -> None:
        raise BusRefuses("wrong password")

    assert run_to_end(refused()) == 1
    said = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert (said["event"], said["kind"], said["reason"]) == ("cannot_run", "BusRefuses", "wrong password")
    assert "exception" not in said
