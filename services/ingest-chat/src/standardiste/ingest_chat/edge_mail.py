"""What goes by mail instead: a message left on a page, and the transcript of a session."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from standardiste.common.bodies import Strict, request_body, understood
from standardiste.common.clock import Clock
from standardiste.common.errors import BadInput, CommandRejected, Refused
from standardiste.common.http import body_of, client_of, limit_client, problem
from standardiste.common.ids import Ids
from standardiste.common.problems import language_of
from standardiste.common.rate_limit import TokenBuckets
from standardiste.ingest_chat.credentials import claims_of
from standardiste.ingest_chat.frames import TEXT_BYTES_MAX
from standardiste.ingest_chat.mailed import Mailed
from standardiste.ingest_chat.pages import Pages
from standardiste.ingest_chat.sessions import Sessions
from standardiste.ingest_chat.tokens import Tokens

BODY_BYTES_MAX: Final = 32 * 1024
Mail = Annotated[str, Field(pattern=r"^[^@\s<>\",;:()\[\]\\]{1,64}@[A-Za-z0-9.-]{1,253}\.[A-Za-z]{2,63}$", max_length=254)]


class LeftMessage(Strict):
    """A message left on a page, to be answered by mail. `fields` are what else the page's form asks."""

    email: Mail
    text: Annotated[str, Field(min_length=1, max_length=TEXT_BYTES_MAX)]
    name: Annotated[str, Field(min_length=1, max_length=120)] | None = None
    language: Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)] | None = None
    fields: Annotated[
        dict[Annotated[str, Field(min_length=1, max_length=64)], Annotated[str, Field(max_length=1000)]], Field(max_length=20)
    ] = Field(default_factory=dict)


class AskedTranscript(Strict):
    """Where the transcript is to go."""

    email: Mail


class LeftAccepted(BaseModel):
    """The message is durable; it will be answered by mail."""

    receipt: str


class MailEdge:
    """The endpoints that end in a mail."""

    def __init__(
        self,
        *,
        mailed: Mailed,
        sessions: Sessions,
        pages: Pages,
        tokens: Tokens,
        clock: Clock,
        ids: Ids,
        mails_per_client: TokenBuckets,
    ) -> None:
        self._mailed, self._sessions, self._pages, self._tokens = mailed, sessions, pages, tokens
        self._clock, self._ids, self._mails_per_client = clock, ids, mails_per_client

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/v1/chat", tags=["chat"])
        router.add_api_route(
            "/pages/{address}/messages",
            self.leave,
            methods=["POST"],
            status_code=202,
            responses={202: {"model": LeftAccepted}},
            openapi_extra=request_body(LeftMessage),
        )
        router.add_api_route(
            "/sessions/{session}/transcript",
            self.transcript,
            methods=["POST"],
            status_code=202,
            openapi_extra=request_body(AskedTranscript),
        )
        return router

    async def leave(self, request: Request, address: str) -> Response:
        """Leave a message on a page (outside opening hours): it is answered by mail. The same Idempotency-Key is the same message."""
        limit_client(request)
        posted = understood(LeftMessage, await body_of(request, BODY_BYTES_MAX))
        tenant, page = self._pages.find(address)
        self._pages.check_origin(page, request.headers.get("origin"), request.headers.get("host"))
        if not posted.text.strip():
            raise BadInput("invalid_field", "there is nothing to say", "/text")
        self._limit(request)
        receipt = await self._mailed.leave(
            tenant,
            page,
            key=(request.headers.get("idempotency-key") or self._ids.mint("left"))[:255],
            email=posted.email,
            name=posted.name,
            text=posted.text,
            language=self._pages.language(tenant, page, posted.language or _accepted(request)),
            fields=posted.fields,
        )
        return JSONResponse({"receipt": receipt}, 202, {"Location": f"/v1/customers/receipts/{receipt}"})

    async def transcript(self, request: Request, session: str) -> Response:
        """Send what was said to an address, once for each address."""
        limit_client(request)
        claims = claims_of(self._tokens, self._clock, request, session)
        posted = understood(AskedTranscript, await body_of(request, BODY_BYTES_MAX))
        known = await self._sessions.get(claims.tenant, session)
        page = self._pages.by_id(claims.tenant, claims.page)
        if known is None or page is None:
            raise CommandRejected(Refused(reason="unknown_channel_address"))
        self._limit(request)
        await self._mailed.send_transcript(
            claims, known, page, posted.email, self._pages.language(claims.tenant, page, known.language or _accepted(request))
        )
        return Response(status_code=202)

    def _limit(self, request: Request) -> None:
        """Whatever ends in a mail is dearer than words in a chat."""
        taken = self._mails_per_client.take(client_of(request), self._clock.now())
        if not taken.is_allowed:
            raise problem("too_many_requests", retry_after_s=taken.retry_after_s)


def _accepted(request: Request) -> str | None:
    header = request.headers.get("accept-language")
    return None if header is None else language_of(header)
