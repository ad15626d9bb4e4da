"""
An agent's desk as a program, over the real websocket: for tests, the demo and the bench.

    async with sit_down(site.url, token) as desk:
        offer = await desk.until("offer.made")
        await desk.command("offer.accept", offer=offer["data"]["offer"]["id"])
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, TypeAlias, cast

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

from standardiste.common.events.base import Instant
from standardiste.common.events.directory import RightGrant
from standardiste.common.events.wire import SUBPROTOCOL
from standardiste.common.security.principal import Principal
from standardiste.common.security.tokens import TokenSigner

WITHIN_S: Final = 10.0
Frame: TypeAlias = dict[str, Any]


class Desk:
    """One socket. Frames are kept in the order they came; `until` looks on from where the last `until` ended."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._seen = 0
        self._commands = 0
        self.frames: list[Frame] = []
        self.welcome: Frame = {}

    @property
    def session(self) -> str:
        return str(self.welcome["session"])

    @property
    def seq(self) -> str:
        """The place of the last frame that has one."""
        return next((str(frame["seq"]) for frame in reversed(self.frames) if "seq" in frame), str(self.welcome.get("seq", "")))

    @property
    def events(self) -> list[Frame]:
        return [frame for frame in self.frames if frame["kind"] == "event"]

    async def send(self, **frame: Any) -> None:
        """A raw frame."""
        await self._socket.send(json.dumps(frame))

    async def next(self) -> Frame:
        """The next frame that has not been looked at. Raises ConnectionClosed when there is none to come."""
        if self._seen == len(self.frames):
            async with asyncio.timeout(WITHIN_S):
                self.frames.append(cast("Frame", json.loads(await self._socket.recv())))
        self._seen += 1
        return self.frames[self._seen - 1]

    async def until(self, type: str, matches: Callable[[Frame], bool] = lambda frame: True) -> Frame:
        """The next frame of this kind, or decision of this short type ("offer.made")."""
        while True:
            frame = await self.next()
            if type in (frame["kind"], str(frame.get("type", "")).removeprefix("standardiste.").removesuffix(".v1")) and matches(frame):
                return frame

    async def command(self, type: str, *, id: str | None = None, traceparent: str | None = None, **data: Any) -> Frame:
        """Ask, and give the answer: command.done, command.refused or a problem."""
        sent = await self.ask(type, id=id, traceparent=traceparent, **data)
        while True:
            frame = await self.next()
            about = frame.get("command") if frame["kind"] == "problem" else frame.get("data", {}).get("command")
            if about == sent:
                return frame

    async def ask(self, type: str, *, id: str | None = None, traceparent: str | None = None, **data: Any) -> str:
        """Send a command; gives its id."""
        self._commands += 1
        sent = id or f"c{self._commands}"
        frame: Frame = {"kind": "command", "id": sent, "type": type, "data": data}
        await self.send(**frame, **({} if traceparent is None else {"traceparent": traceparent}))
        return sent

    async def closed(self) -> int:
        """The code with which the server closes the socket."""
        try:
            while True:
                await self.next()
        except ConnectionClosed:
            return self._socket.close_code or 0

    async def hang_up(self) -> None:
        """Close the socket without signing out."""
        await self._socket.close(1001)


@asynccontextmanager
async def connected(url: str, *, subprotocol: str = SUBPROTOCOL, origin: str | None = None) -> AsyncGenerator[Desk]:
    """A socket before its hello. `url` is the site's, http:// and all."""
    address = url.replace("http", "ws", 1) + "/v1/agent/ws"
    async with connect(
        address, subprotocols=[Subprotocol(subprotocol)], origin=Origin(origin) if origin else None, max_size=None
    ) as socket:
        yield Desk(socket)


@asynccontextmanager
async def sit_down(url: str, token: str, *, session: str | None = None, seq: str | None = None) -> AsyncGenerator[Desk]:
    """A desk that has been welcomed, or resumed with its session and place."""
    async with connected(url) as desk:
        back = {} if session is None else {"session": session, "seq": seq}
        await desk.send(kind="hello", token=token, **back)
        desk.welcome = await desk.next()
        yield desk


def token_of(
    private_pem: bytes,
    now: Instant,
    person: str = "anna",
    *,
    tenant: str = "t1",
    rights: tuple[RightGrant, ...] = (RightGrant(role="agent", scope="self"),),
    ttl_s: int = 900,
) -> str:
    """A token as sign-in gives it."""
    principal = Principal(tenant=tenant, id=person, name=person.title(), language="fr", rights=rights)
    return TokenSigner(private_pem).issue(principal, now, ttl_s)
