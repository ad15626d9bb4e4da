"""The HTTP way in: `POST /v1/email/messages` takes one raw mail, for integrators and mail servers that post."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from standardiste.common.events.directory import ChannelAddress
from standardiste.common.events.model import TenantId
from standardiste.common.http import Act, Object, Principal, accepted, body_of, principal, problem, require
from standardiste.common.parts import Parts
from standardiste.ingest_email.parse import ParsedMail
from standardiste.ingest_email.reception import Reception
from standardiste.ingest_email.settings import EmailSettings

MEDIA_TYPES: Final = frozenset({"message/rfc822", "application/octet-stream"})
_BODY: Final[dict[str, Any]] = {
    "requestBody": {"required": True, "content": {"message/rfc822": {"schema": {"type": "string", "format": "binary"}}}}
}


class EmailEdge:
    """The endpoint of /v1/email."""

    def __init__(self, settings: EmailSettings, parts: Parts, reception: Reception) -> None:
        self._settings, self._parts, self._reception = settings, parts, reception

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/v1/email", tags=["email"])
        router.add_api_route(
            "/messages", self.message, methods=["POST"], status_code=202, openapi_extra=_BODY, summary="Hand in one raw mail"
        )
        return router

    async def message(self, request: Request, to: Annotated[str | None, Query(max_length=320)] = None) -> Response:
        """
        One RFC 5322 message. `to` names the address of ours that it came to; without it the mail's own headers do. The same mail is the same contact.
        """
        who = await principal(request)
        require(who, Act.CONTACT_CREATE)
        media_type = request.headers.get("content-type", "message/rfc822").partition(";")[0].strip().lower()
        if media_type not in MEDIA_TYPES:
            raise problem("unsupported_media_type")
        raw = await body_of(request, self._settings.email_message_bytes_max)
        mail = await self._reception.read(raw)
        if not mail.is_mail:
            raise problem("bad_message")
        tenant, address = self._address(who, mail, to)
        received = await self._reception.accept(raw, mail, tenant, address, way="http", recipient=to or "")
        if received.receipt is None:
            return JSONResponse({"message": received.message}, 202)
        return accepted(f"/v1/customers/receipts/{received.receipt}", {"receipt": received.receipt})

    def _address(self, who: Principal, mail: ParsedMail, to: str | None) -> tuple[TenantId, ChannelAddress]:
        """The caller's address that the mail came to. Another tenant's is answered as one that does not exist."""
        for candidate in _candidates(mail, to):
            found = self._reception.address(candidate)
            if found is not None and found[0] == who.tenant:
                scope = self._parts.directory.scope_of(who.tenant, found[1])
                require(who, Act.CONTACT_CREATE, Object(tenant=who.tenant, sponsor=scope.sponsor, site=scope.site, campaign=scope.campaign))
                return found
        raise problem("unknown_channel_address")


def _candidates(mail: ParsedMail, to: str | None) -> Iterator[str]:
    if to is not None:
        yield to
        return
    yield from mail.delivered_to
    yield from (each.address for each in (*mail.to, *mail.cc))
