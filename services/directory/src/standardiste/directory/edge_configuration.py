"""The configuration over HTTP: the whole document, change sets, and single entities."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
from dataclasses import dataclass
from typing import Annotated, Any, Final, cast

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from standardiste.common.errors import BadInput
from standardiste.common.http import Act, Principal, allowed, body_of, etag, idempotent, if_match, page, problem
from standardiste.directory import document
from standardiste.directory.answers import by_of, change_set_answer, limit_of, outcome_answer, refusals
from standardiste.directory.core import Core
from standardiste.directory.kinds import ORDER, TENANT, Key
from standardiste.directory.plain import HIDDEN, entity_of, whole_of

YAML: Final = "application/yaml"
ENTITY_BYTES_MAX: Final = 512 * 1024

Reader = Annotated[Principal, Depends(allowed(Act.CONFIGURATION_READ))]
Writer = Annotated[Principal, Depends(allowed(Act.CONFIGURATION_WRITE))]


@dataclass(frozen=True, slots=True)
class ConfigurationEdge:
    """The paths about what is set up. `add_to` adds `{kind}` last: it would swallow the others."""

    core: Core

    def add_to(self, router: APIRouter) -> None:
        base = "/v1/directory"
        router.add_api_route(f"{base}/configuration", self.export, methods=["GET"], response_class=Response)
        router.add_api_route(f"{base}/configuration", self.apply, methods=["PUT"])
        router.add_api_route(f"{base}/configuration/diff", self.diff, methods=["POST"])
        router.add_api_route(f"{base}/change-sets", self.change_sets, methods=["GET"])
        router.add_api_route(f"{base}/change-sets/{{number}}", self.change_set, methods=["GET"])
        router.add_api_route(f"{base}/change-sets/{{number}}/undo", self.undo, methods=["POST"])

    def add_kinds_to(self, router: APIRouter) -> None:
        base = "/v1/directory/{kind}"
        router.add_api_route(base, self.entities, methods=["GET"])
        router.add_api_route(f"{base}/{{id}}", self.entity, methods=["GET"])
        router.add_api_route(f"{base}/{{id}}", self.put, methods=["PUT"], responses={201: {"description": "It is new."}})
        router.add_api_route(f"{base}/{{id}}", self.archive, methods=["DELETE"])

    # ---- the whole

    async def export(self, request: Request, who: Reader) -> Response:
        """YAML unless JSON is asked for."""
        now = await self.core.book.load(who.tenant)
        headers = {"ETag": etag(now.number), "Vary": "Accept"}
        accept = request.headers.get("accept", "")
        if "json" in accept and "yaml" not in accept:
            return JSONResponse(document.plain(now.entities, who.tenant), headers=headers)
        text = await asyncio.to_thread(document.render, now.entities, who.tenant)
        return Response(text, headers=headers, media_type=YAML)

    async def apply(self, request: Request, who: Writer) -> Response:
        over = if_match(request)
        text = await body_of(request, self.core.settings.directory_document_bytes_max)
        with refusals(request, who):
            outcome = await self.core.administration.apply(who.tenant, text, by_of(request, who), over=over, who=who)
        answer = await outcome_answer(request, who, self.core.parts.directory, outcome)
        return JSONResponse(answer, headers={"ETag": etag(outcome.number)})

    async def diff(self, request: Request, who: Reader) -> Response:
        text = await body_of(request, self.core.settings.directory_document_bytes_max)
        with refusals(request, who):
            outcome = await self.core.administration.diff(who.tenant, text)
        answer = await outcome_answer(request, who, self.core.parts.directory, outcome)
        return JSONResponse(answer, headers={"ETag": etag(outcome.number)})

    # ---- change sets

    async def change_sets(self, request: Request, who: Reader) -> dict[str, Any]:
        found, cursor = await self.core.book.change_sets(who.tenant, limit=limit_of(request), cursor=request.query_params.get("cursor"))
        return page([change_set_answer(each, with_members=False) for each in found], cursor)

    async def change_set(self, number: int, who: Reader) -> dict[str, Any]:
        found = await self.core.book.change_set(who.tenant, number)
        if found is None:
            raise problem("not_found")
        return change_set_answer(found, with_members=True)

    async def undo(self, request: Request, number: int, who: Writer) -> Response:
        async def run() -> Response:
            with refusals(request, who):
                outcome = await self.core.administration.undo(who.tenant, number, by_of(request, who), who=who)
            if outcome is None:
                raise problem("not_found")
            return JSONResponse(await outcome_answer(request, who, self.core.parts.directory, outcome))

        return await idempotent(request, who, run)

    # ---- single entities

    async def entities(self, request: Request, kind: str, who: Reader) -> dict[str, Any]:
        """By id; archived ones with `?archived=true`."""
        _known(kind)
        limit, last = limit_of(request), _position(request.query_params.get("cursor"), kind)
        with_archived = request.query_params.get("archived") == "true"
        now = await self.core.book.load(who.tenant)
        rest = [now.entities[key] for key in sorted(now.entities) if key.kind == kind and key.id > last]
        shown = [entity for entity in rest if with_archived or not entity.is_archived]
        cursor = _cursor(kind, shown[limit - 1].id) if len(shown) > limit else None
        return page([whole_of(entity) for entity in shown[:limit]], cursor)

    async def entity(self, kind: str, id: str, who: Reader) -> Response:
        _known(kind)
        found = await self.core.book.entity(who.tenant, Key(kind, _own(kind, id, who)))
        if found is None:
            raise problem("not_found")
        return JSONResponse(whole_of(found), headers={"ETag": etag(found.change_set)})

    async def put(self, request: Request, kind: str, id: str, who: Writer) -> Response:
        """The whole entity; fields left out have their default. `If-None-Match: *` creates, `If-Match` changes."""
        _known(kind)
        if kind == "api-key":
            raise problem("configuration_refused", "An API key is minted (POST /v1/directory/api-keys) or archived, never written.")
        is_new = request.headers.get("if-none-match") == "*"
        over = None if is_new else if_match(request)
        written = _object(await body_of(request, ENTITY_BYTES_MAX))
        key = Key(kind, _own(kind, id, who))
        with refusals(request, who):
            entity = entity_of(key, {name: value for name, value in written.items() if name not in HIDDEN})
            outcome = await self.core.administration.put(who.tenant, entity, by_of(request, who), over=over, is_new=is_new, who=who)
        answer = await outcome_answer(request, who, self.core.parts.directory, outcome)
        is_added = any(change.what == "added" for change in outcome.changes)
        headers = {"ETag": etag(outcome.number)}
        return JSONResponse(answer, 201 if is_added else 200, headers | ({"Location": request.url.path} if is_added else {}))

    async def archive(self, request: Request, kind: str, id: str, who: Writer) -> Response:
        _known(kind)
        over = if_match(request)
        with refusals(request, who):
            outcome = await self.core.administration.archive(
                who.tenant, Key(kind, _own(kind, id, who)), by_of(request, who), over=over, who=who
            )
        if outcome is None:
            raise problem("not_found")
        return JSONResponse(await outcome_answer(request, who, self.core.parts.directory, outcome))


def _known(kind: str) -> None:
    if kind not in ORDER:
        raise problem("unknown_kind", f"Known are {', '.join(ORDER)}.")


def _own(kind: str, id: str, who: Principal) -> str:
    """The tenant is the caller's, whatever id a path names it by."""
    return who.tenant if kind == TENANT else id


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadInput("invalid_field", f"the body is not JSON: {type(error).__name__}") from None
    if not isinstance(found, dict):
        raise BadInput("invalid_field", "the body is not an object")
    return cast("dict[str, Any]", found)


def _cursor(kind: str, id: str) -> str:
    return base64.urlsafe_b64encode(f"{kind}/{id}".encode()).decode().rstrip("=")


def _position(cursor: str | None, kind: str) -> str:
    if cursor is None:
        return ""
    try:
        found, _, id = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True).decode().partition("/")
    except (binascii.Error, ValueError):
        found, id = "", ""
    if found != kind or not id:
        raise BadInput("cursor_invalid", "this cursor does not belong to this request")
    return id
