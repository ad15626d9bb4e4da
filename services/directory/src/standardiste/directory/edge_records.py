"""Channel secrets (written, never read), the audit record, and new tenants."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field, SecretStr
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from standardiste.common.clock import rfc3339
from standardiste.common.errors import BadInput
from standardiste.common.events.base import Instant
from standardiste.common.http import Act, Principal, allowed, client_of, idempotent, page, problem
from standardiste.directory.answers import by_of, limit_of, refusals
from standardiste.directory.core import Core
from standardiste.directory.logins import LoginTaken
from standardiste.directory.tenants import Administrator, NewTenant, create_tenant

NDJSON: Final = "application/x-ndjson"
SECRET_CHARACTERS_MAX: Final = 65_536
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class SecretBody(BaseModel):
    value: SecretStr = Field(min_length=1, max_length=SECRET_CHARACTERS_MAX)


class AdministratorBody(BaseModel):
    name: str = Field(min_length=1, max_length=254)
    password: SecretStr = Field(min_length=1, max_length=1_024)


class TenantBody(BaseModel):
    name: str = Field(min_length=1, max_length=254)
    language: str = Field(default="fr", max_length=35)
    zone: str = Field(default="Europe/Paris", max_length=64)
    is_test: bool = False
    administrator: AdministratorBody | None = None


@dataclass(frozen=True, slots=True)
class RecordsEdge:
    """The paths about secrets, audit and tenants."""

    core: Core

    def add_to(self, router: APIRouter) -> None:
        router.add_api_route("/v1/directory/secrets", self.secret_names, methods=["GET"])
        router.add_api_route("/v1/directory/secrets/{name}", self.write_secret, methods=["PUT"], status_code=204, response_class=Response)
        router.add_api_route("/v1/directory/audit", self.audit, methods=["GET"], response_class=Response)
        router.add_api_route("/v1/directory/tenants", self.create_tenant, methods=["POST"], status_code=201)

    async def secret_names(self, who: Annotated[Principal, Depends(allowed(Act.SECRET_WRITE))]) -> dict[str, Any]:
        return page(await self.core.parts.secrets.names(who.tenant), None)

    async def write_secret(
        self, request: Request, name: str, body: SecretBody, who: Annotated[Principal, Depends(allowed(Act.SECRET_WRITE))]
    ) -> Response:
        if not _NAME.fullmatch(name):
            raise BadInput("invalid_field", "a secret's name has letters, digits, dots, dashes and underlines, at most 64", "/path/name")
        version = await self.core.parts.secrets.put(who.tenant, name, body.value.get_secret_value())
        await self.core.audit.record(
            who.tenant, who.who, "secret.written", f"secret/{name}", after={"version": version}, source=client_of(request)
        )
        return Response(status_code=204)

    async def audit(self, request: Request, who: Annotated[Principal, Depends(allowed(Act.AUDIT_READ))]) -> Response:
        """One entry a line, oldest first; `Link: …; rel="next"` leads on."""
        limit, after = limit_of(request, 1_000), _after(request.query_params.get("cursor"))
        entries = [each.body for each in await self.core.audit.page(who.tenant, after=after, limit=limit)]
        lines = "".join(json.dumps(_shown(dict(each)), ensure_ascii=False) + "\n" for each in entries)
        headers = {"Link": f'<{request.url.path}?cursor={entries[-1]["number"]}&limit={limit}>; rel="next"'} if entries else {}
        return Response(lines, headers=headers, media_type=NDJSON)

    async def create_tenant(
        self, request: Request, body: TenantBody, who: Annotated[Principal, Depends(allowed(Act.TENANT_CREATE))]
    ) -> Response:
        first = body.administrator
        wanted = NewTenant(
            name=body.name,
            language=body.language,
            zone=body.zone,
            is_test=body.is_test,
            administrator=None if first is None else Administrator(name=first.name, password=first.password.get_secret_value()),
        )

        async def run() -> Response:
            with refusals(request, who):
                try:
                    tenant = await create_tenant(self.core, wanted, by_of(request, who))
                except LoginTaken:
                    raise problem("login_taken") from None
            await self.core.audit.record(who.tenant, who.who, "tenant.created", f"tenant/{tenant}", source=client_of(request))
            return JSONResponse({"id": tenant, "name": body.name}, 201)

        return await idempotent(request, who, run)


def _shown(entry: dict[str, Any]) -> dict[str, Any]:
    return {**entry, "at": rfc3339(Instant(entry["at"]))}


def _after(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 12:
        raise BadInput("cursor_invalid", "this cursor does not belong to this request; begin without one")
    return int(cursor)
