"""
Files that go out with a text: providers fetch them, so each has an address of its own, signed and good for a while, and nobody else can make one.

The address holds ids only. It outlives what a provider needs to fetch a file, and every try of a send makes a new one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter, Request, Response

from standardiste.common.blobs.port import BlobRef, Blobs
from standardiste.common.clock import Clock
from standardiste.common.errors import BadInput
from standardiste.common.events.model import Attachment, AttachmentState
from standardiste.common.http import limit_client, problem
from standardiste.common.scanning.screen import Screen
from standardiste.common.twilio.callback_token import CallbackTokens

GOOD_FOR_MS: Final = 24 * 3_600_000
PATH: Final = "/v1/sms/media"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutMedia:
    """One file as a carrier is given it."""

    url: str
    media_type: str
    name: str


class MediaEdge:
    """Makes the addresses, and answers there."""

    def __init__(self, *, tokens: CallbackTokens, public_url: str, blobs: Blobs, screen: Screen, clock: Clock) -> None:
        self._tokens, self._base, self._clock = tokens, public_url + PATH, clock
        self._blobs, self._screen = blobs, screen

    def media_of(self, tenant: str, file: Attachment) -> OutMedia:
        """Where a provider fetches this file. Whatever the blob's name says, it is looked for among the tenant's own."""
        _, contact, sha256 = file.blob.split("/")
        token = self._tokens.make(tenant, contact, sha256, file.media_type, file.state.value, str(self._clock.now() + GOOD_FOR_MS))
        return OutMedia(url=f"{self._base}/{token}", media_type=file.media_type, name=file.name)

    def router(self) -> APIRouter:
        router = APIRouter(tags=["sms"])
        router.add_api_route(
            PATH + "/{token}", self.fetch, methods=["GET"], response_class=Response, summary="A file of a text, for its provider"
        )
        return router

    async def fetch(self, request: Request, token: str) -> Response:
        """The bytes, while the address is good; where the tenant asks, none that was not found safe."""
        try:
            tenant, (contact, sha256, media_type, state, until) = self._tokens.read(token, 5)
        except BadInput:
            limit_client(request)
            raise
        if self._clock.now() >= int(until):
            raise problem("token_expired")
        content = await self._blobs.get(BlobRef(tenant=tenant, contact=contact, sha256=sha256))
        if content is None:
            raise problem("not_found")
        await self._screen.require_safe(tenant, AttachmentState(state), content)
        headers = {
            "Cache-Control": "private, no-store",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Content-Disposition": "attachment",
        }
        return Response(content, media_type=media_type, headers=headers)
