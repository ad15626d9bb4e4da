"""
A chat visitor for tests and the demo: begins a session over HTTP, talks over the websocket, comes back with its place.

    visitor = await Visitor.begin(site.url, "site")
    async with visitor.connected() as socket:
        accepted = await socket.say("Bonjour")
        frame = await socket.next("said")
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, cast

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

SUBPROTOCOL: Final = Subprotocol("standardiste.chat.v1")
WITHIN_S: Final = 10.0

Frame = dict[str, Any]


@dataclass(slots=True)
class Visitor:
    """One browser: what it keeps between pages. `seq` is its place, `shown` what it was shown of the transcript, in order."""

    url: str
    session: str
    token: str
    visitor: str
    seq: str | None = None
    shown: list[Frame] = field(default_factory=list[Frame])
    said: int = 0

    @classmethod
    async def begin(cls, url: str, page: str, *, key: str | None = None, **fields: Any) -> Visitor:
        """A new session on a page."""
        headers = {} if key is None else {"Idempotency-Key": key}
        async with httpx.AsyncClient(base_url=url, timeout=WITHIN_S) as http:
            answer = await http.post("/v1/chat/sessions", json={"page": page, **fields}, headers=headers)
        answer.raise_for_status()
        given = answer.json()
        return cls(url, given["session"], given["token"], given["visitor"])

    @property
    def texts(self) -> list[str]:
        """The words it was shown."""
        return [frame["text"] for frame in self.shown if frame["kind"] == "said"]

    @asynccontextmanager
    async def connected(self, *, origin: str | None = None, pending: tuple[str, ...] = ()) -> AsyncGenerator[Socket]:
        """A socket that has said hello and been welcomed."""
        async with self.socket(origin=origin) as raw:
            socket = Socket(self, raw)
            await socket.send(kind="hello", token=self.token, after=self.seq, pending=pending)
            socket.welcome = await socket.next("welcome")
            yield socket

    def socket(self, *, origin: str | None = None) -> connect:
        """A raw connection that has said nothing yet."""
        address = f"{self.url.replace('http', 'ws', 1)}/v1/chat/sessions/{self.session}/ws"
        headers = {} if origin is None else {"Origin": origin}
        return connect(address, subprotocols=[SUBPROTOCOL], additional_headers=headers, proxy=None)

    def client(self) -> httpx.AsyncClient:
        """The same over HTTP."""
        return httpx.AsyncClient(
            base_url=f"{self.url}/v1/chat/sessions/{self.session}", headers={"Authorization": f"Bearer {self.token}"}, timeout=WITHIN_S
        )


class Socket:
    """A visitor's connection. Frames that nobody waits for stay in `unread`."""

    def __init__(self, visitor: Visitor, raw: ClientConnection) -> None:
        self.visitor, self.raw = visitor, raw
        self.welcome: Frame = {}
        self.unread: list[Frame] = []

    async def raw_frames(self) -> AsyncGenerator[Frame]:
        """Every frame from now on, however long it takes, until the socket closes."""
        for frame in (*self.unread,):
            yield frame
        self.unread.clear()
        async for text in self.raw:
            yield cast("Frame", json.loads(text))

    async def send(self, **frame: Any) -> None:
        await self.raw.send(json.dumps({name: value for name, value in frame.items() if value is not None}))

    async def say(self, text: str, id: str | None = None) -> Frame:
        """Say something; the frame that accepts it (or tells the problem)."""
        id = id or self.mint()
        await self.send(kind="say", id=id, text=text)
        return await self.about(id)

    async def about(self, id: str) -> Frame:
        """The answer to the message of this id."""
        return await self._first(("accepted", "problem"), id)

    async def next(self, *kinds: str) -> Frame:
        """The next frame of one of these kinds."""
        return await self._first(kinds, None)

    async def texts(self, count: int) -> list[str]:
        """Read until the visitor has been shown so many messages in all."""
        while len(self.visitor.texts) < count:
            self.unread.append(await self._read())
        return self.visitor.texts

    def mint(self) -> str:
        self.visitor.said += 1
        return f"{self.visitor.session[-6:]}-{self.visitor.said}"

    async def _first(self, kinds: tuple[str, ...], id: str | None) -> Frame:
        while True:
            for frame in self.unread:
                if frame["kind"] in kinds and id in (None, frame.get("id")):
                    self.unread.remove(frame)
                    return frame
            self.unread.append(await self._read())

    async def _read(self) -> Frame:
        async with asyncio.timeout(WITHIN_S):
            frame = cast("Frame", json.loads(await self.raw.recv()))
        if frame["kind"] in ("said", "joined", "notice", "ended"):
            self.visitor.shown.append(frame)
            self.visitor.seq = frame["seq"] or self.visitor.seq
        return frame
