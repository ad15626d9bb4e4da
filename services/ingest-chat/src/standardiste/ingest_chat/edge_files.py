"""Files of a chat, both ways: a visitor sends one as a message of its own, and fetches those that agents send. The session's token is the credential."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from standardiste.common.blobs.port import Blobs
from standardiste.common.clock import Clock
from standardiste.common.events.model import AttachmentState
from standardiste.common.file_bodies import FILE_BODY, PLAIN, FileName, file_of
from standardiste.common.http import limit_client, problem
from standardiste.common.scanning.screen import Screen
from standardiste.ingest_chat.credentials import claims_of
from standardiste.ingest_chat.frames import Accepted, check_id, plain
from standardiste.ingest_chat.tokens import Tokens
from standardiste.ingest_chat.transcript import Transcript
from standardiste.ingest_chat.visitors import Slow, Visitors


class FilesEdge:
    """The endpoints of /v1/chat/sessions/{session}/files."""

    def __init__(
        self, *, visitors: Visitors, transcript: Transcript, blobs: Blobs, screen: Screen, tokens: Tokens, clock: Clock, bytes_max: int
    ) -> None:
        self._visitors, self._transcript, self._blobs, self._screen = visitors, transcript, blobs, screen
        self._tokens, self._clock, self._bytes_max = tokens, clock, bytes_max

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/v1/chat/sessions/{session}/files", tags=["chat"])
        router.add_api_route(
            "", self.send, methods=["POST"], status_code=202, responses={202: {"model": Accepted}}, openapi_extra=FILE_BODY
        )
        router.add_api_route("/{message}/{file}", self.fetch, methods=["GET"], response_class=Response)
        return router

    async def send(
        self,
        request: Request,
        session: str,
        id: Annotated[str, Query(description="The sender's own: the same id is the same message")],
        name: FileName,
    ) -> Response:
        """The visitor sends a file, the body as it is; durable when answered."""
        limit_client(request)
        claims = claims_of(self._tokens, self._clock, request, session)
        check_id(id)
        file = await file_of(request, name, self._bytes_max)
        try:
            accepted = plain(await self._visitors.say(claims, id, "", (file,)))
        except Slow as slow:
            raise problem("too_many_requests", retry_after_s=slow.retry_after_s) from None
        return JSONResponse(accepted, 202, {"Location": f"/v1/customers/receipts/{accepted['receipt']}"})

    async def fetch(self, request: Request, session: str, message: str, file: str) -> Response:
        """The bytes of a file of the conversation, as a download: a browser shows nothing of it by itself."""
        limit_client(request)
        claims = claims_of(self._tokens, self._clock, request, session)
        found = await self._transcript.blob_of(claims.tenant, session, message, file)
        content = None if found is None else await self._blobs.get(found[1])
        if found is None or content is None:
            raise problem("not_found")
        await self._screen.require_safe(claims.tenant, AttachmentState.UNSCANNED, content)
        disposition = f"attachment; filename*=UTF-8''{quote(found[0].name, safe='', errors='replace')}"
        return Response(content, media_type=PLAIN, headers={"Content-Disposition": disposition, "Cache-Control": "private, no-store"})
