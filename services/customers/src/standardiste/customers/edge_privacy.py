"""The HTTP edge of a person's rights: everything that is kept of him, and its erasure."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Request, Response
from pydantic import Field
from starlette.responses import JSONResponse, StreamingResponse

from standardiste.common.bodies import Strict, request_body, understood
from standardiste.common.errors import BadInput, CommandRejected, Refused
from standardiste.common.events.codec import load_object
from standardiste.common.events.refusals import Refusal
from standardiste.common.http import Act, Object, body_of, idempotent, page, problem
from standardiste.common.security.rights import may
from standardiste.common.store.port import Find, Where
from standardiste.customers.access import Access
from standardiste.customers.edge import JsonLines, Limit
from standardiste.customers.erasures import Erasure, Erasures
from standardiste.customers.exporting import export
from standardiste.customers.records import CONVERSATIONS, ERASURES, RETENTIONS, Conversation, Customer, dump, load

BODY_BYTES_MAX: Final = 16 * 1024
LIST_BYTES_MAX: Final = 8 * 1024 * 1024


class Erase(Strict):
    """Why somebody is erased; no name belongs here."""

    why: str = Field("", max_length=500)


class Kept(Strict):
    """Erasures as they were given; what else stands in them is passed over."""

    items: list[dict[str, Any]] = Field(max_length=10_000)


class PrivacyEdge:
    """Export and erasure of one person."""

    def __init__(self, access: Access, erasures: Erasures) -> None:
        self._access, self._erasures = access, erasures

    def add_to(self, router: APIRouter) -> None:
        router.add_api_route("/erasures", self.erasures, methods=["GET"])
        router.add_api_route("/erasures", self.apply, methods=["POST"], openapi_extra=request_body(Kept))
        router.add_api_route("/retentions", self.retentions, methods=["GET"])
        router.add_api_route("/erasures/{erasure}", self.erasure, methods=["GET"])

    def add_after(self, router: APIRouter) -> None:
        """What hangs on a customer."""
        router.add_api_route("/{customer}/export", self.export, methods=["GET"], response_class=JsonLines)
        router.add_api_route("/{customer}/erasure", self.erase, methods=["POST"], status_code=201, openapi_extra=request_body(Erase))

    async def export(self, request: Request, customer: str) -> Response:
        """Everything that is kept of one person, as JSON lines."""
        who, found = await self._access.customer(request, Act.CUSTOMER_EXPORT, customer)
        await self._access.record(request, who, "customer.export", f"customer/{customer}")
        lines = export(self._access.parts, who.tenant, load(Customer, found.body))
        headers = {"Content-Disposition": f'attachment; filename="{found.id}.jsonl"', "Cache-Control": "private, no-store"}
        return StreamingResponse(lines, media_type=JsonLines.media_type, headers=headers)

    async def erase(self, request: Request, customer: str) -> Response:
        """Erase one person; the answer is the closing record. 409 while a conversation is live."""
        who, found = await self._access.customer_as_decided(request, Act.CUSTOMER_ERASE, customer)
        given = understood(Erase, await body_of(request, BODY_BYTES_MAX))
        record = load(Customer, found.body)

        async def run() -> Response:
            if record.merged_into is not None:
                raise CommandRejected(Refused(reason=Refusal.WRONG_STATE.value, detail=f"The record became part of {record.merged_into}."))
            live = await self._access.documents(who).find(
                CONVERSATIONS, Find(where=(Where(index="customer", equals=customer),), limit=1_000)
            )
            if any(load(Conversation, document.body).is_live for document in live.documents):
                raise CommandRejected(Refused(reason=Refusal.WRONG_STATE.value, detail="A conversation is under way; close it first."))
            await self._access.record(request, who, "customer.erase", f"customer/{customer}", why=given.why)
            erasure = await self._erasures.begin(who.tenant, record, who.who, given.why)
            return JSONResponse(_shown(erasure), 201, {"Location": f"/v1/customers/erasures/{erasure.id}"})

        return await idempotent(request, who, run)

    async def erasure(self, request: Request, erasure: str) -> Response:
        """A closing record: who was erased (keyed ids), what went, and the day by which the last copy is gone."""
        who = await self._access.who(request, Act.CUSTOMER_ERASE, f"erasure/{erasure}")
        found = await self._access.documents(who).get(ERASURES, erasure)
        if found is None:
            raise problem("not_found")
        known = load(Erasure, found.body)
        await self._access.require(request, who, Act.CUSTOMER_ERASE, Object(tenant=who.tenant, sponsor=known.sponsor), f"erasure/{erasure}")
        return JSONResponse(_shown(known))

    async def erasures(self, request: Request, cursor: str | None = None, limit: Limit = 50) -> Response:
        """All erasures, by id, in pages: the list to keep outside, for `POST` after a restore."""
        who = await self._access.who(request, Act.CUSTOMER_ERASE, "erasures")
        found = await self._access.documents(who).find(ERASURES, Find(limit=limit, cursor=cursor))
        known = [load(Erasure, document.body) for document in found.documents]
        seen = [each for each in known if may(who, Act.CUSTOMER_ERASE, Object(tenant=who.tenant, sponsor=each.sponsor)) is None]
        return JSONResponse(page([_shown(each) for each in seen], found.cursor))

    async def retentions(self, request: Request, cursor: str | None = None, limit: Limit = 50) -> Response:
        """What went each night because it was kept long enough, by rule; the newest first."""
        who = await self._access.who(request, Act.CUSTOMER_ERASE, "retentions")
        await self._access.require(request, who, Act.CUSTOMER_ERASE, Object(tenant=who.tenant, sponsor=who.sponsor), "retentions")
        found = await self._access.documents(who).find(RETENTIONS, Find(is_descending=True, limit=limit, cursor=cursor))
        return JSONResponse(page([{k: v for k, v in each.body.items() if k != "format"} for each in found.documents], found.cursor))

    async def apply(self, request: Request) -> Response:
        """Erasures that were kept outside, as `GET` gave them: those of people who are here again are carried out anew."""
        who = await self._access.who(request, Act.CUSTOMER_ERASE, "erasures")
        given: list[Erasure] = []
        for number, each in enumerate(understood(Kept, await body_of(request, LIST_BYTES_MAX)).items):
            try:
                given.append(load_object(Erasure, each))
            except BadInput as error:
                raise BadInput("invalid_field", error.detail, f"/items/{number}{error.pointer}") from None
        for each in given:
            await self._access.require(request, who, Act.CUSTOMER_ERASE, Object(tenant=who.tenant, sponsor=each.sponsor), "erasures")
        applied = [each.id for each in given if await self._erasures.apply(who.tenant, each)]
        await self._access.record(request, who, "erasures.apply", "erasures", after=applied)
        return JSONResponse({"given": len(given), "applied": applied})


def _shown(erasure: Erasure) -> dict[str, Any]:
    body: dict[str, Any] = dict(dump(erasure))
    return {name: value for name, value in body.items() if name not in ("format", "stage")} | {"is_done": erasure.stage is None}
