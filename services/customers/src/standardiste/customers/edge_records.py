"""The HTTP edge of records: find, read, make and change customers; what a writer may set is looked at before anything is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field
from starlette.responses import JSONResponse

from standardiste.common.attributes import fits, may_edit, may_see, seen
from standardiste.common.bodies import Strict, request_body, understood
from standardiste.common.errors import BadInput
from standardiste.common.events.directory import Sponsor
from standardiste.common.events.directory_customers import Crm, CustomerAttribute
from standardiste.common.events.model import Attributes, CustomerId
from standardiste.common.http import Act, Object, Principal, body_of, etag, idempotent, if_match, page
from standardiste.common.permission.consent import ConsentEntry, Word
from standardiste.common.permission.ledger import Ledger
from standardiste.common.security.rights import may
from standardiste.common.store.indexing import fold
from standardiste.common.store.port import ABSENT, Document, Find, Json, Where
from standardiste.customers import shown
from standardiste.customers.access import Access, GivenAddress, object_of
from standardiste.customers.edge import Limit
from standardiste.customers.externals import external_key, externals_of
from standardiste.customers.lookup import lookup_urls
from standardiste.customers.records import CONVERSATIONS, CUSTOMERS, Customer, dump, load

BODY_BYTES_MAX: Final = 64 * 1024
ADDRESSES_MAX: Final = 50
_EMPTY: Final[Mapping[str, Any]] = {"labels": (), "attributes": {}, "is_blocked": False, "external_ids": {}}
"""What null says of a field that cannot be without a value."""

_IMPERSONAL: Final = frozenset({"language", "zone", "labels", "is_blocked", "preferred_agent"})

Label = Annotated[str, Field(min_length=1, max_length=64)]
Name = Annotated[str, Field(min_length=1, max_length=64)]


class Patch(Strict):
    """What people change of a customer. A field that is absent stays."""

    name: str | None = Field(None, max_length=200)
    language: str | None = Field(None, max_length=35, pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")
    zone: str | None = Field(None, max_length=64)
    labels: list[Label] | None = Field(None, max_length=50)
    attributes: dict[Annotated[str, Field(max_length=64)], Annotated[str, Field(max_length=1_000)] | int | float | bool] | None = Field(
        None, max_length=100
    )
    external_ids: dict[Name, Annotated[str, Field(min_length=1, max_length=200)]] | None = Field(None, max_length=20)
    is_blocked: bool | None = None
    preferred_agent: str | None = Field(None, max_length=64)


class NewCustomer(Patch):
    """A customer that we are told of before he contacts us."""

    sponsor: str | None = Field(None, max_length=64)
    addresses: list[GivenAddress] = Field(default_factory=list[GivenAddress], max_length=ADDRESSES_MAX)


@dataclass(frozen=True, slots=True)
class Change:
    """What a writer gives, checked: the fields of the record, by name."""

    fields: Mapping[str, Any]

    def on(self, former: Customer, at: int) -> Customer:
        return replace(former, **self.fields, updated_at=at)


class RecordsEdge:
    """Customers as records."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._ledger = Ledger(access.parts.store, access.parts.keys, access.parts.directory)

    def add_to(self, router: APIRouter) -> None:
        """`/{customer}` takes any second part: these come after all fixed ones."""
        router.add_api_route("", self.search, methods=["GET"])
        router.add_api_route("", self.create, methods=["POST"], status_code=201, openapi_extra=request_body(NewCustomer))
        router.add_api_route("/{customer}", self.customer, methods=["GET"])
        router.add_api_route("/{customer}/conversations", self.conversations, methods=["GET"])
        router.add_api_route("/{customer}", self.patch, methods=["PATCH"], openapi_extra=request_body(Patch))

    async def search(
        self,
        request: Request,
        q: str | None = None,
        external: Annotated[str | None, Query(max_length=300)] = None,
        cursor: str | None = None,
        limit: Limit = 50,
    ) -> Response:
        """
        Customers whose name or addresses have all these words, cases and accents aside; all of them without words. By id, in pages.

        `external` is `system:id`: the customer who has this id in that system.
        """
        who = await self._access.who(request, Act.CUSTOMER_READ, "customers")
        if q is not None and not fold(q):
            raise BadInput("invalid_field", "a search needs at least one letter or digit", "/query/q")
        if external is not None:
            documents, next_cursor = await self._by_external(who, external), None
        else:
            found = await self._access.documents(who).find(CUSTOMERS, Find(text=q, cursor=cursor, limit=limit))
            documents, next_cursor = list(found.documents), found.cursor
        visible = [document for document in documents if await self._access.may_see(who, Act.CUSTOMER_READ, document)]
        await self._access.record(request, who, "customer.search", "customers", after=[document.id for document in visible])
        return JSONResponse(page([self._shown(who, document) for document in visible], next_cursor))

    async def create(self, request: Request) -> Response:
        """Make a record, with addresses and external ids that no other has. 409 when one is taken."""
        who = await self._access.who(request, Act.CUSTOMER_WRITE, "customers")
        given = understood(NewCustomer, await body_of(request, BODY_BYTES_MAX))
        sponsor = self._access.sponsor_of(who, given.sponsor)
        await self._access.require(request, who, Act.CUSTOMER_WRITE, Object(tenant=who.tenant, sponsor=sponsor), "customers")

        async def run() -> Response:
            at = self._access.clock.now()
            named = [self._access.key_of(who.tenant, sponsor, each, f"/addresses/{n}") for n, each in enumerate(given.addresses)]
            bare = Customer(
                id=CustomerId(self._access.parts.ids.mint("cu")),
                sponsor=sponsor,
                created_at=at,
                updated_at=at,
                keys=tuple(dict.fromkeys(named)),
                addresses=tuple(dict.fromkeys(each.address.strip() for each in given.addresses)),
            )
            change = self.change_of(who, bare, given.model_dump(exclude_unset=True, exclude={"sponsor", "addresses"}))
            fresh = change.on(bare, at)
            version = await self._access.documents(who).put(CUSTOMERS, fresh.id, dump(fresh), expected=ABSENT)
            await self._access.record(request, who, "customer.create", f"customer/{fresh.id}", after=_of(fresh, change.fields))
            stored = Document(tenant=who.tenant, id=fresh.id, version=version, body=dump(fresh))
            headers = {"ETag": etag(version), "Location": f"/v1/customers/{fresh.id}"}
            return JSONResponse(self._shown(who, stored), 201, headers)

        return await idempotent(request, who, run)

    async def customer(self, request: Request, customer: str) -> Response:
        """A customer's record, with its ETag. What the reader's roles do not see is left out."""
        who, found = await self._access.customer(request, Act.CUSTOMER_READ, customer)
        await self._access.record(request, who, "customer.read", f"customer/{customer}")
        return JSONResponse(self._shown(who, found), headers={"ETag": etag(found.version)})

    async def patch(self, request: Request, customer: str) -> Response:
        """Change name, language, zone, labels, attributes, external ids, block and preferred agent; If-Match."""
        who, found = await self._access.customer(request, Act.CUSTOMER_WRITE, customer)
        expected = if_match(request)
        former = load(Customer, found.body)
        given = understood(Patch, await body_of(request, BODY_BYTES_MAX)).model_dump(exclude_unset=True)
        change = self.change_of(who, former, given)
        fresh = change.on(former, self._access.clock.now())
        version = await self._access.documents(who).put(
            CUSTOMERS, customer, dump(fresh), expected=found.version if expected is None else expected
        )
        if fresh.is_blocked != former.is_blocked:
            await self._say_blocked(who, fresh, version)
        await self._access.record(
            request, who, "customer.write", f"customer/{customer}", before=_of(former, change.fields), after=_of(fresh, change.fields)
        )
        stored = Document(tenant=who.tenant, id=customer, version=version, body=dump(fresh))
        return JSONResponse(self._shown(who, stored), headers={"ETag": etag(version)})

    async def conversations(self, request: Request, customer: str, cursor: str | None = None, limit: Limit = 50) -> Response:
        """A customer's conversations, newest first."""
        who, _ = await self._access.customer(request, Act.CUSTOMER_READ, customer)
        find = Find(where=(Where(index="customer", equals=customer),), sort="last_at", is_descending=True, cursor=cursor, limit=limit)
        found = await self._access.documents(who).find(CONVERSATIONS, find)
        await self._access.record(request, who, "customer.read", f"customer/{customer}/conversations")
        visible = [document for document in found.documents if may(who, Act.CUSTOMER_READ, object_of(who, document)) is None]
        return JSONResponse(page([shown.conversation(document) for document in visible], found.cursor))

    async def _say_blocked(self, who: Principal, customer: Customer, version: int) -> None:
        """A record that is blocked is blocked by each of its addresses for whatever sends; the ledger says so for all of them."""
        at = self._access.clock.now()
        for number, key in enumerate(customer.keys):
            entry = ConsentEntry(
                id=f"{customer.id}-{version}-{number}",
                address=self._ledger.id_of_key(who.tenant, key),
                sponsor=customer.sponsor,
                word=Word.BLOCKED if customer.is_blocked else Word.UNBLOCKED,
                at=at,
                recorded_at=at,
                recorded_by=who.who,
                source="record",
            )
            await self._ledger.record(who.tenant, entry)

    def change_of(self, who: Principal, former: Customer, given: dict[str, Any]) -> Change:
        """What these fields change. Raises BadInput for an attribute that is not as it was declared or not this writer's to set."""
        given = given | {name: empty for name, empty in _EMPTY.items() if name in given and given[name] is None}
        if "labels" in given:
            given["labels"] = tuple(dict.fromkeys(given["labels"]))
        if "attributes" in given:
            declared = self._access.attributes(who.tenant)
            values = attributes_set(who, declared, former.attributes, given["attributes"])
            at = self._access.clock.now()
            given["attributes"] = values
            given["attributes_at"] = {
                name: former.attributes_at.get(name, at) if former.attributes.get(name) == value else at for name, value in values.items()
            }
        if "external_ids" in given:
            given["externals"] = externals_of(former.sponsor, given["external_ids"])
        return Change(given)

    def _shown(self, who: Principal, document: Document) -> dict[str, Any]:
        record = shown.customer(document)
        record["attributes"] = seen(who, self._access.attributes(who.tenant), record["attributes"])
        crms = self._access.directory.all(Crm, who.tenant)
        return {**record, "lookup_urls": lookup_urls(crms, load(Customer, document.body))}

    async def _by_external(self, who: Principal, external: str) -> list[Document]:
        system, has_id, id = external.partition(":")
        if not has_id or not system or not id:
            raise BadInput("invalid_field", "an external id is system:id", "/query/external")
        found: list[Document] = []
        sponsors = {each.id for each in self._access.directory.all(Sponsor, who.tenant)}
        own = self._access.directory.tenant(who.tenant)
        sponsors |= {own.default_sponsor} if own is not None else set()
        for sponsor in sorted(sponsors):
            where = Where(index="external", equals=external_key(sponsor, system, id))
            found += (await self._access.documents(who).find(CUSTOMERS, Find(where=(where,), limit=1))).documents
        return found


def attributes_set(who: Principal, declared: Mapping[str, CustomerAttribute], former: Attributes, given: Attributes) -> Attributes:
    """
    The attributes after this writer gave his: whole, but for those he may not see, which stay. Raises BadInput with a pointer to the first that cannot be.
    """
    for name, value in given.items():
        attribute = declared.get(name)
        if attribute is None or former.get(name) == value:
            continue
        if not may_edit(who, attribute):
            raise BadInput("invalid_field", "your roles do not set this attribute", f"/attributes/{name}")
        if not fits(attribute, value):
            wanted = ", ".join(attribute.choices) if attribute.type == "choice" else attribute.type
            raise BadInput("invalid_field", f"the attribute takes: {wanted}", f"/attributes/{name}")
    hidden = {name: value for name, value in former.items() if name in declared and not may_see(who, declared[name])}
    kept = {name: value for name, value in former.items() if name in declared and name not in given and not may_edit(who, declared[name])}
    return {**kept, **given, **hidden}


def _of(customer: Customer, fields: Mapping[str, Any]) -> Json:
    """What the audit record tells of a change. It outlives an erasure, so of what is personal it names the field only."""
    body = dump(customer)
    return {name: body.get(name) if name in _IMPERSONAL else "…" for name in fields}
