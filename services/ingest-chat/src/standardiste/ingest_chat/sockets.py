"""The chat websocket: `GET /v1/chat/sessions/{session}/ws`. One task reads what the visitor sends, one writes what the visit holds."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, assert_never

from fastapi import APIRouter
from starlette.websockets import WebSocket, WebSocketDisconnect

from standardiste.common.clock import Clock
from standardiste.common.directory_view import DirectoryView
from standardiste.common.errors import Away, BadInput, CommandRejected
from standardiste.common.events.model import DeliveryState
from standardiste.common.events.wire import Close
from standardiste.common.http_problem import language_of_scope, problem, response_of
from standardiste.common.log import logger
from standardiste.common.rate_limit import TokenBuckets
from standardiste.ingest_chat.frames import (
    HELLO_WITHIN_S,
    SUBPROTOCOL,
    End,
    Ended,
    Hello,
    Ping,
    Pong,
    Problem,
    Say,
    Seen,
    Typing,
    VisitorFrame,
    Welcome,
    id_of,
    parse,
)
from standardiste.ingest_chat.hub import Hub
from standardiste.ingest_chat.pages import Pages
from standardiste.ingest_chat.presence import Presences
from standardiste.ingest_chat.sessions import ChatSession, Sessions
from standardiste.ingest_chat.tokens import SessionClaims, Tokens
from standardiste.ingest_chat.visit import Visit
from standardiste.ingest_chat.visitors import Slow, Visitors

WRITE_WITHIN_S: Final = 20
FRAMES_PER_S: Final = 20
FRAMES_BURST: Final = 300
"""A widget that comes back acknowledges all it was shown at once."""
BAD_FRAMES_MAX: Final = 10

log = logger("ingest-chat")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parlour:
    """What a socket leans on."""

    hub: Hub
    visitors: Visitors
    sessions: Sessions
    presences: Presences
    pages: Pages
    tokens: Tokens
    directory: DirectoryView
    clock: Clock
    sockets_max: int


class TurnedAway(Exception):
    """The hello is not good; how the socket is closed."""

    def __init__(self, code: Close, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


def add_socket(router: APIRouter, parlour: Parlour) -> None:
    """Serve the visitors' websocket."""
    rate = TokenBuckets(per_s=FRAMES_PER_S, burst=FRAMES_BURST)

    @router.websocket("/sessions/{session}/ws")
    async def chat(socket: WebSocket, session: str) -> None:
        offered = socket.scope["subprotocols"]
        if len(parlour.hub) >= parlour.sockets_max:
            await socket.send_denial_response(response_of(problem("too_many_requests"), language_of_scope(socket.scope)))
            return
        if offered and SUBPROTOCOL not in offered:
            await socket.send_denial_response(response_of(problem("not_acceptable"), language_of_scope(socket.scope)))
            return
        await socket.accept(SUBPROTOCOL if offered else None)
        await _Conversation(parlour, socket, session, rate).run()


class _Conversation:
    """One socket from its hello to its end."""

    def __init__(self, parlour: Parlour, socket: WebSocket, session: str, rate: TokenBuckets) -> None:
        self._parlour, self._socket, self._session, self._rate = parlour, socket, session, rate
        self._bad_frames = 0

    async def run(self) -> None:
        try:
            hello = await self._hello()
            claims, session = await self._admit(hello)
        except TurnedAway as turned:
            await self._close(turned.code, turned.reason)
            return
        visit = Visit(claims, lambda words: self._parlour.directory.words(words, session.language, claims.tenant))
        reading = asyncio.create_task(self._read(visit, hello, session), name="chat-read")
        writing = asyncio.create_task(self._write(visit), name="chat-write")
        try:
            await asyncio.wait({reading, writing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (reading, writing):
                task.cancel()
            for ended in await asyncio.gather(reading, writing, return_exceptions=True):
                if isinstance(ended, Exception):
                    log.error("chat_failed", exc_info=ended)
            self._parlour.hub.leave(visit)
            self._parlour.presences.changed(*visit.key)

    # ---- hello

    async def _hello(self) -> Hello:
        try:
            async with asyncio.timeout(HELLO_WITHIN_S):
                text = await self._receive()
                frame = None if text is None else parse(text)
        except TimeoutError:
            raise TurnedAway(Close.HELLO_LATE, "The first frame is hello, within 5 s.") from None
        except BadInput as error:
            raise TurnedAway(Close.BAD_FRAME, error.detail) from None
        if not isinstance(frame, Hello):
            raise TurnedAway(Close.BAD_FRAME, "The first frame is hello.")
        return frame

    async def _admit(self, hello: Hello) -> tuple[SessionClaims, ChatSession]:
        """Whose chat it is, if the token, the page and its origin are good."""
        parlour, headers = self._parlour, self._socket.headers
        try:
            claims = parlour.tokens.read_session(hello.token, parlour.clock.now())
            if claims.session != self._session:
                raise TurnedAway(Close.BAD_TOKEN, "The token is another session's.")
            page = parlour.directory.address_by_id(claims.tenant, claims.page)
            if page is None:
                raise TurnedAway(Close.NOT_ALLOWED, "The page is gone.")
            parlour.pages.check_origin(page, headers.get("origin"), headers.get("host"))
            session = await parlour.sessions.get(claims.tenant, claims.session)
        except BadInput as error:
            raise TurnedAway(Close.TOKEN_EXPIRED if error.reason == "token_expired" else Close.BAD_TOKEN, error.detail) from None
        except CommandRejected as error:
            raise TurnedAway(Close.NOT_ALLOWED, error.refused.reason) from None
        except Away as away:
            raise TurnedAway(Close.AWAY, f"{away.what} is away") from None
        if session is None:
            raise TurnedAway(Close.BAD_TOKEN, "No such session.")
        return claims, session

    # ---- reading

    async def _read(self, visit: Visit, hello: Hello, session: ChatSession) -> None:
        """Until the visitor's side is gone. What comes after the visit was shut is read and left alone: its end is on the way."""
        parlour = self._parlour
        messages = {id: parlour.visitors.message_id(visit.claims, id) for id in hello.pending}
        visit.put(Welcome(session=session.id, now=parlour.clock.now(), messages=messages, is_ended=session.is_ended))
        try:
            if not await parlour.hub.enter(visit, hello.after, session.read):
                visit.shut(Close.TOO_MANY, "This chat is open in too many windows.")
            parlour.presences.changed(*visit.key)
        except Away as away:
            visit.shut(Close.AWAY, f"{away.what} is away")
        while (text := await self._receive()) is not None:
            if visit.shut_with is None:
                await self._take(visit, text)

    async def _take(self, visit: Visit, text: str) -> None:
        if not self._rate.take(f"{id(visit)}", self._parlour.clock.now()).is_allowed:
            visit.shut(Close.TOO_MANY, "Too many frames at once.")
            return
        try:
            await self._do(visit, parse(text))
        except BadInput as error:
            self._bad_frames += 1
            visit.put(Problem(reason=error.reason, detail=error.detail, id=id_of(text)))
            if self._bad_frames >= BAD_FRAMES_MAX:
                visit.shut(Close.BAD_FRAME, "Too many frames that cannot be understood.")
        except CommandRejected as error:
            visit.put(Problem(reason=error.refused.reason, detail=error.refused.detail, id=id_of(text)))
        except Slow as slow:
            visit.put(Problem(reason="too_many_requests", id=id_of(text), retry_after_ms=slow.retry_after_s * 1000))
        except Away as away:
            visit.put(Problem(reason=f"{away.what}_away", id=id_of(text), retry_after_ms=away.retry_after_s * 1000))

    async def _do(self, visit: Visit, frame: VisitorFrame) -> None:
        visitors, claims = self._parlour.visitors, visit.claims
        match frame:
            case Say(id=id, text=text):
                visit.put(await visitors.say(claims, id, text))
            case Typing():
                await visitors.typing(claims)
            case Seen(message=message, state=state):
                unseen = visit.unseen(message, is_read=state == "read")
                if unseen is not None:
                    await visitors.seen(claims, message, unseen.interaction, DeliveryState(state), unseen.traceparent)
            case End():
                await visitors.goodbye(claims)
                self._parlour.hub.tell(*visit.key, Ended(seq="", id="goodbye", at=self._parlour.clock.now()))
            case Ping():
                visit.put(Pong())
            case Hello():
                raise BadInput("malformed", "hello was said.")
            case _:
                assert_never(frame)

    async def _receive(self) -> str | None:
        """The next frame; None when the socket is gone."""
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            return None
        text: str | None = message.get("text")
        return text if text is not None else message["bytes"].decode("utf-8", "replace")

    # ---- writing

    async def _write(self, visit: Visit) -> None:
        """Write until the visit is shut, then close as it says. A socket that is lost ends this too."""
        with suppress(WebSocketDisconnect, RuntimeError, TimeoutError):
            async for frame in visit.frames():
                async with asyncio.timeout(WRITE_WITHIN_S):
                    await self._socket.send({"type": "websocket.send", "text": frame})
            code, reason = visit.shut_with or (Close.GOING_AWAY, "")
            await self._close(code, reason)

    async def _close(self, code: Close, reason: str) -> None:
        with suppress(WebSocketDisconnect, RuntimeError):
            await self._socket.close(code, reason)
