"""One demo installation for all tests of a module, and the look at whether it took harm. Embedded edition; the tests reach into its folder and log."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from standardiste.all_in_one.demo import tenant as demo
from standardiste.all_in_one.players.process import Installation, running
from standardiste.all_in_one.players.stage import Stage, open_up, outside
from standardiste.common.events.wire import SUBPROTOCOL

UNHURRIED = {"STANDARDISTE_HTTP_CLIENT_PER_S": "1000", "STANDARDISTE_HTTP_CLIENT_BURST": "10000"}
"""All tests come from one address: the limit per client has its own tests."""
FAULT = re.compile(r'Traceback|request_failed|"level": "(error|critical)"')
SETTLES_WITHIN_S = 10


@asynccontextmanager
async def opened(folder: Path, environment: Mapping[str, str] | None = None) -> AsyncGenerator[Stage]:
    """A demo installation in this folder with all around it."""
    document = folder / "lumen.yaml"
    document.write_text(demo.document())
    async with (
        outside() as world,
        running(
            folder / "data", "--configuration", str(document), environment={**world.environment, **UNHURRIED, **(environment or {})}
        ) as installation,
        open_up(world, installation) as stage,
    ):
        yield stage


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Stage]:
    """As `stage`, but one for a module: its tests share the tenant, the agents, the queues, and a loop (`pytest.mark.asyncio(loop_scope="module")`)."""
    async with opened(tmp_path_factory.mktemp("house")) as stage:
        yield stage


@pytest_asyncio.fixture(loop_scope="module")
async def unharmed(house: Stage) -> AsyncGenerator[Harm]:
    """After the test the installation lives, is ready, and has logged no fault."""
    harm = Harm.of(house)
    yield harm
    await harm.check()


@dataclass(slots=True)
class Harm:
    """Whether an installation took harm since `began`, a place in its log. `expected` are events that a test brings about and that are logged as errors."""

    installation: Installation
    began: int
    expected: Sequence[str] = ()

    @classmethod
    def of(cls, stage: Stage) -> Harm:
        assert isinstance(stage.installation, Installation)
        return cls(stage.installation, stage.installation.log.stat().st_size)

    def faults(self) -> list[str]:
        with self.installation.log.open("rb") as log:
            log.seek(self.began)
            lines = log.read().decode("utf-8", "replace").splitlines()
        return [line for line in lines if FAULT.search(line) and not any(f'"event": "{each}"' in line for each in self.expected)]

    async def check(self) -> None:
        """Raises AssertionError when harm was done."""
        assert self.installation.process is not None
        assert self.installation.process.returncode is None, self.installation.last_words()
        async with httpx.AsyncClient(base_url=self.installation.url, timeout=SETTLES_WITHIN_S) as http, asyncio.timeout(SETTLES_WITHIN_S):
            ready = await http.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (200, "ready")
        assert self.faults() == []


@dataclass(slots=True)
class Desk:
    """A desk's socket as it is: frames in and out, nothing tried again."""

    socket: ClientConnection
    welcome: Mapping[str, Any] = field(default_factory=dict[str, Any])
    seen: list[Mapping[str, Any]] = field(default_factory=list[Mapping[str, Any]])

    @classmethod
    @asynccontextmanager
    async def open(cls, stage: Stage, token: str | None) -> AsyncGenerator[Desk]:
        """Connected; welcomed when there is a token."""
        url = stage.url.replace("http", "ws", 1) + "/v1/agent/ws"
        async with connect(url, subprotocols=[Subprotocol(SUBPROTOCOL)], proxy=None, max_size=2**22) as socket:
            desk = cls(socket)
            if token is not None:
                await desk.send(kind="hello", token=token)
                desk.welcome = await desk.next("welcome")
            yield desk

    async def send(self, **frame: Any) -> None:
        await self.socket.send(json.dumps(frame))

    async def ask(self, id: str, type: str, **data: Any) -> Mapping[str, Any]:
        """The answer to a command: its problem, or the data of command.done or command.refused."""
        await self.send(kind="command", id=id, type=type, data=data)
        async with asyncio.timeout(SETTLES_WITHIN_S):
            while True:
                frame = await self.next()
                if frame["kind"] == "problem" and frame.get("command") == id:
                    return frame
                if frame["kind"] == "event" and frame["type"].startswith("standardiste.command.") and frame["data"]["command"] == id:
                    return frame["data"]

    async def next(self, *kinds: str) -> Mapping[str, Any]:
        """The next frame of one of these kinds, or of any."""
        async with asyncio.timeout(SETTLES_WITHIN_S):
            while True:
                frame: dict[str, Any] = json.loads(await self.socket.recv())
                self.seen.append(frame)
                if not kinds or frame["kind"] in kinds:
                    return frame

    async def decided(self, name: str) -> Mapping[str, Any]:
        """The data of the first decision of this name since the socket opened."""
        type_ = f"standardiste.{name}.v1"
        while (found := next((each["data"] for each in self.seen if each.get("type") == type_), None)) is None:
            await self.next()
        return found

    async def closed(self) -> int:
        """The code with which the installation closes the socket."""
        return await close_code(self.socket)


async def close_code(socket: ClientConnection) -> int:
    """Read until the other side has closed; its code."""
    async with asyncio.timeout(SETTLES_WITHIN_S):
        try:
            while True:
                await socket.recv()
        except ConnectionClosed:
            assert socket.close_code is not None
            return socket.close_code


_tokens: dict[tuple[str, str], str] = {}


async def token_of(stage: Stage, login: str) -> str:
    """This login's token, signed in once for all tests of the installation: how often one may sign in is limited."""
    if (stage.url, login) not in _tokens:
        _tokens[stage.url, login] = await stage.token(login)
    return _tokens[stage.url, login]
