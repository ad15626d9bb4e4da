"""What passes between visitor and agent beside words, for an app without a socket: where one stands, who writes, what was read."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from standardiste.common.bodies import Strict, request_body, understood
from standardiste.common.clock import Clock
from standardiste.common.errors import BadInput
from standardiste.common.events.model import DeliveryState
from standardiste.common.http import body_of, limit_client, problem
from standardiste.ingest_chat.credentials import claims_of
from standardiste.ingest_chat.frames import AgentRead, AgentTyping, Position, plain
from standardiste.ingest_chat.hub import Hub
from standardiste.ingest_chat.sessions import Sessions
from standardiste.ingest_chat.tokens import Tokens
from standardiste.ingest_chat.transcript import Transcript
from standardiste.ingest_chat.visitors import Visitors

TYPING_SHOWN_MS: Final = 6_000
BODY_BYTES_MAX: Final = 4 * 1024


class PostedSeen(Strict):
    """An agent's message reached the visitor's screen (`read`: the visitor looked at it)."""

    message: Annotated[str, Field(min_length=1, max_length=255)]
    state: Literal["delivered", "read"] = "delivered"


class SessionState(BaseModel):
    """How a chat stands. `position` while the visitor waits, `agent_typing` while an agent writes, `agent_read` once one has read."""

    session: str
    is_ended: bool
    position: Position | None = None
    agent_typing: AgentTyping | None = None
    agent_read: AgentRead | None = None


class SignsEdge:
    """GET /v1/chat/sessions/{session}, and what an app tells there."""

    def __init__(self, *, visitors: Visitors, sessions: Sessions, transcript: Transcript, hub: Hub, tokens: Tokens, clock: Clock) -> None:
        self._visitors, self._sessions, self._transcript = visitors, sessions, transcript
        self._hub, self._tokens, self._clock = hub, tokens, clock

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/v1/chat/sessions/{session}", tags=["chat"])
        router.add_api_route("", self.state, methods=["GET"], responses={200: {"model": SessionState}})
        router.add_api_route("/typing", self.typing, methods=["POST"], status_code=204)
        router.add_api_route("/seen", self.seen, methods=["POST"], status_code=204, openapi_extra=request_body(PostedSeen))
        return router

    async def state(self, request: Request, session: str) -> Response:
        """Where the visitor stands in the queue and how long it may take, who writes, what was read, whether it is over."""
        limit_client(request)
        claims = claims_of(self._tokens, self._clock, request, session)
        found = await self._sessions.get(claims.tenant, session)
        if found is None:
            raise BadInput("bad_token", "No such session.")
        standing = self._hub.standing(claims.tenant, session)
        shown: dict[str, Any] = {"session": session, "is_ended": found.is_ended}
        if standing.position is not None and not found.is_ended:
            shown["position"] = plain(standing.position)
        if standing.typing is not None and self._clock.now() - standing.typing[1] < TYPING_SHOWN_MS:
            shown["agent_typing"] = plain(standing.typing[0])
        if (read := standing.read or found.read) is not None:
            shown["agent_read"] = plain(read)
        return JSONResponse(shown, headers={"Cache-Control": "no-store"})

    async def typing(self, request: Request, session: str) -> Response:
        """The visitor is writing: passed on at most every 3 s, kept nowhere."""
        limit_client(request)
        await self._visitors.typing(claims_of(self._tokens, self._clock, request, session))
        return Response(status_code=204)

    async def seen(self, request: Request, session: str) -> Response:
        """An agent's message has reached the visitor, or was looked at. Repeatable."""
        limit_client(request)
        claims = claims_of(self._tokens, self._clock, request, session)
        posted = understood(PostedSeen, await body_of(request, BODY_BYTES_MAX))
        line = await self._transcript.line(claims.tenant, session, posted.message)
        if line is None or not line.is_agents_message:
            raise problem("not_found")
        await self._visitors.seen(claims, posted.message, line.interaction, DeliveryState(posted.state))
        return Response(status_code=204)
