"""The HTTP edge of merges and splits."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Request, Response
from pydantic import Field
from starlette.responses import JSONResponse

from standardiste.common.bodies import Strict, request_body, understood
from standardiste.common.clock import rfc3339
from standardiste.common.errors import BadInput
from standardiste.common.events.model import CustomerId
from standardiste.common.http import Act, Principal, body_of, etag, idempotent, problem
from standardiste.common.store.port import Find, Where
from standardiste.customers import shown
from standardiste.customers.access import Access, GivenAddress
from standardiste.customers.joining import Joiner
from standardiste.customers.joins import ADDRESSES_MAX, BEGUN, Join
from standardiste.customers.records import CUSTOMERS, JOINS, Customer, load

BODY_BYTES_MAX: Final = 32 * 1024


class Merge(Strict):
    """The other record, which goes. Both are of one sponsor."""

    other: str = Field(min_length=1, max_length=64)
    why: str = Field("", max_length=500)


class Split(Strict):
    """The addresses that belong to somebody else: to the record they came from by a merge, where they all came from one; else to a new one."""

    addresses: list[GivenAddress] = Field(min_length=1, max_length=50)
    why: str = Field("", max_length=500)


class JoinsEdge:
    """Two records that are one person, and one that is two."""

    def __init__(self, access: Access, joiner: Joiner) -> None:
        self._access, self._joiner = access, joiner

    def add_after(self, router: APIRouter) -> None:
        """What hangs on a customer."""
        router.add_api_route("/{customer}/merge", self.merge, methods=["POST"], openapi_extra=request_body(Merge))
        router.add_api_route("/{customer}/split", self.split, methods=["POST"], openapi_extra=request_body(Split))
        router.add_api_route("/{customer}/joins", self.joins, methods=["GET"])

    async def merge(self, request: Request, customer: str) -> Response:
        """Make the other record part of this one: addresses, conversations, what this one does not say. Live conversations follow at once."""
        who, found = await self._access.customer_as_decided(request, Act.CUSTOMER_WRITE, customer)
        given = understood(Merge, await body_of(request, BODY_BYTES_MAX))
        other = load(Customer, (await self._access.customer_for(request, who, Act.CUSTOMER_WRITE, given.other)).body)
        into = load(Customer, found.body)

        async def run() -> Response:
            _require_mergeable(into, other)
            join = self._join("merge", who, into=into.id, gone=other, keys=other.keys, why=given.why)
            await self._joiner.begin(who.tenant, join)
            await self._access.record(request, who, "customer.merge", f"customer/{into.id}", after={"other": other.id}, why=given.why)
            return await self._answer(who, into.id, join)

        return await idempotent(request, who, run)

    async def split(self, request: Request, customer: str) -> Response:
        """Give addresses, with their conversations, to a record of their own."""
        who, found = await self._access.customer_as_decided(request, Act.CUSTOMER_WRITE, customer)
        given = understood(Split, await body_of(request, BODY_BYTES_MAX))
        former = load(Customer, found.body)
        named = [self._access.key_of(who.tenant, former.sponsor, each, f"/addresses/{n}") for n, each in enumerate(given.addresses)]
        keys = tuple(dict.fromkeys(named))
        for number, key in enumerate(named):
            if key not in former.keys:
                raise BadInput("invalid_field", "this is no address of the customer", f"/addresses/{number}")

        async def run() -> Response:
            origins = {former.origins.get(key, former.id) for key in keys}
            origin = next(iter(origins)) if len(origins) == 1 else former.id
            back = None if origin == former.id else await self._access.documents(who).get(CUSTOMERS, origin)
            is_back = back is not None and load(Customer, back.body).merged_into == former.id
            into = origin if is_back else CustomerId(self._access.parts.ids.mint("cu"))
            join = self._join("split", who, into=into, gone=former, keys=keys, why=given.why)
            await self._joiner.begin(who.tenant, join)
            await self._access.record(request, who, "customer.split", f"customer/{former.id}", after={"into": into}, why=given.why)
            return await self._answer(who, into, join)

        return await idempotent(request, who, run)

    async def joins(self, request: Request, customer: str) -> Response:
        """The merges and splits that a record went through, the newest first."""
        who, _ = await self._access.customer(request, Act.CUSTOMER_READ, customer)
        found: dict[str, Join] = {}
        for side in ("into", "gone"):
            page = await self._access.documents(who).find(JOINS, Find(where=(Where(index=side, equals=customer),), limit=1_000))
            found |= {document.id: load(Join, document.body) for document in page.documents}
        await self._access.record(request, who, "customer.read", f"customer/{customer}/joins")
        newest_first = sorted(found.values(), key=lambda each: (each.at, each.id), reverse=True)
        return JSONResponse({"items": [_shown(each) for each in newest_first], "next": None})

    def _join(self, kind: str, who: Principal, *, into: CustomerId, gone: Customer, keys: tuple[str, ...], why: str) -> Join:
        id, at = self._access.parts.ids.mint("jo"), self._access.clock.now()
        return Join(id=id, kind=kind, into=into, gone=gone.id, keys=keys, before=gone, at=at, by=who.who, why=why, stage=BEGUN)

    async def _answer(self, who: Principal, customer: CustomerId, join: Join) -> Response:
        found = await self._access.documents(who).get(CUSTOMERS, customer)
        if found is None:
            raise problem("not_found")
        return JSONResponse({"join": join.id, "customer": shown.customer(found)}, headers={"ETag": etag(found.version)})


def _require_mergeable(into: Customer, other: Customer) -> None:
    if into.id == other.id:
        raise BadInput("invalid_field", "a record is not merged with itself", "/other")
    if into.sponsor != other.sponsor:
        raise BadInput("invalid_field", "the two are customers of different sponsors", "/other")
    if into.merged_into is not None or other.merged_into is not None:
        raise BadInput("invalid_field", "one of the two was merged away already", "/other")
    if len(into.keys) + len(other.keys) > ADDRESSES_MAX:
        raise BadInput("invalid_field", f"together they have over {ADDRESSES_MAX} addresses", "/other")


def _shown(join: Join) -> dict[str, Any]:
    """Without what the record said before: that is for a split."""
    return {
        "id": join.id,
        "kind": join.kind,
        "into": join.into,
        "other": join.gone,
        "by": join.by,
        "why": join.why,
        "at": rfc3339(join.at),
        "is_done": join.stage != BEGUN,
    }
