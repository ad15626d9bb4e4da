"""The HTTP edge of the consent ledger: write down what was said about an address, read it, ask whether it may be contacted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from pydantic import Field
from starlette.responses import JSONResponse

from standardiste.common.bodies import Strict, request_body, understood
from standardiste.common.clock import parse_rfc3339, rfc3339
from standardiste.common.errors import BadInput
from standardiste.common.events.base import Instant
from standardiste.common.events.model import Channel, CustomerId, SponsorId
from standardiste.common.http import Act, body_of, idempotent
from standardiste.common.permission.consent import ANY, SERVICE, Basis, ConsentEntry, Word, fault_of
from standardiste.common.permission.ledger import Ledger
from standardiste.customers.access import Access, GivenAddress
from standardiste.customers.documents import change
from standardiste.customers.records import CUSTOMERS, Customer, dump, load
from standardiste.customers.resolver import Resolver

BODY_BYTES_MAX: Final = 32 * 1024
AHEAD_MS_MAX: Final = 5 * 60 * 1_000
"""What was said was said; a clock may be a little ahead of ours."""


class Said(Strict):
    """What was said about an address. `channel` absent covers every channel of it, `purpose` absent every purpose."""

    address: GivenAddress
    word: Word
    sponsor: str | None = Field(None, max_length=64)
    purpose: str = Field(ANY, min_length=1, max_length=64)
    channel: Channel | None = None
    basis: Basis | None = None
    wording: str = Field("", max_length=4_000)
    language: str | None = Field(None, max_length=35)
    source: str = Field("", max_length=200)
    proof: str = Field("", max_length=500)
    at: str | None = Field(None, max_length=40)
    expires_at: str | None = Field(None, max_length=40)


class Asked(Strict):
    """May this address be contacted for this purpose on this channel?"""

    address: GivenAddress
    sponsor: str | None = Field(None, max_length=64)
    purpose: str = Field(SERVICE, min_length=1, max_length=64)
    at: str | None = Field(None, max_length=40)


class ConsentsEdge:
    """The ledger over HTTP."""

    def __init__(self, access: Access, resolver: Resolver) -> None:
        self._access, self._resolver = access, resolver
        self._ledger = Ledger(access.parts.store, access.parts.keys, access.parts.directory)

    def add_to(self, router: APIRouter) -> None:
        router.add_api_route("/consents", self.record, methods=["POST"], status_code=201, openapi_extra=request_body(Said))
        router.add_api_route("/permission", self.permission, methods=["POST"], openapi_extra=request_body(Asked))

    def add_after(self, router: APIRouter) -> None:
        """What hangs on a customer."""
        router.add_api_route("/{customer}/consents", self.of_customer, methods=["GET"])

    async def record(self, request: Request) -> Response:
        """
        Add an entry to the ledger; nothing that stands there changes. A block holds at the address's next contact.
        """
        who = await self._access.who(request, Act.CUSTOMER_WRITE, "consents")
        said = understood(Said, await body_of(request, BODY_BYTES_MAX))
        sponsor = self._access.sponsor_of(who, said.sponsor)
        key = self._access.key_of(who.tenant, sponsor, said.address, "/address")
        await self._access.require_address(request, who, Act.CUSTOMER_WRITE, sponsor, key, "consents")
        fault = fault_of(said.word, said.purpose, said.basis)
        if fault is not None:
            raise BadInput("invalid_field", fault, "/word")
        now = self._access.clock.now()
        at = _instant(said.at, "/at", now)
        if at > now + AHEAD_MS_MAX:
            raise BadInput("invalid_field", "this is still to come", "/at")
        if said.expires_at is not None and said.word is not Word.GIVEN:
            raise BadInput("invalid_field", "only a consent expires", "/expires_at")

        async def run() -> Response:
            entry = ConsentEntry(
                id=self._access.parts.ids.mint("co"),
                address=self._ledger.id_of_key(who.tenant, key),
                sponsor=sponsor,
                word=said.word,
                at=at,
                recorded_at=now,
                recorded_by=who.who,
                purpose=said.purpose,
                channel=said.channel,
                basis=said.basis,
                wording=said.wording,
                language=said.language,
                source=said.source,
                proof=said.proof,
                expires_at=None if said.expires_at is None else _instant(said.expires_at, "/expires_at", now),
            )
            await self._ledger.record(who.tenant, entry)
            if said.word in (Word.BLOCKED, Word.UNBLOCKED):
                await self._block(who.tenant, sponsor, key, said.address.address, is_blocked=said.word is Word.BLOCKED)
            await self._access.record(request, who, f"consent.{said.word.value}", f"consent/{entry.id}", why=said.source)
            return JSONResponse(_shown(entry), 201)

        return await idempotent(request, who, run)

    async def of_customer(self, request: Request, customer: str) -> Response:
        """What was said about a customer's addresses, the newest first."""
        who, found = await self._access.customer(request, Act.CUSTOMER_READ, customer)
        await self._access.record(request, who, "customer.read", f"customer/{customer}/consents")
        items: list[dict[str, Any]] = []
        for number, key in enumerate(load(Customer, found.body).keys):
            entries = await self._ledger.entries(who.tenant, self._ledger.id_of_key(who.tenant, key))
            items += [{**_shown(entry), "of_address": number} for entry in entries]
        return JSONResponse({"items": sorted(items, key=lambda each: (each["at"], each["id"]), reverse=True), "next": None})

    async def permission(self, request: Request) -> Response:
        """Whether an address may be contacted for a purpose, now or at an instant; if not, why."""
        who = await self._access.who(request, Act.CUSTOMER_READ, "permission")
        asked = understood(Asked, await body_of(request, BODY_BYTES_MAX))
        sponsor = self._access.sponsor_of(who, asked.sponsor)
        key = self._access.key_of(who.tenant, sponsor, asked.address, "/address")
        await self._access.require_address(request, who, Act.CUSTOMER_READ, sponsor, key, "permission")
        at = _instant(asked.at, "/at", self._access.clock.now())
        address = self._ledger.id_of_key(who.tenant, key)
        refused = await self._ledger.may_contact(who.tenant, address, asked.purpose, asked.address.channel, at)
        answer = {"may_contact": refused is None, "purpose": asked.purpose, "channel": asked.address.channel.value, "at": rfc3339(at)}
        return JSONResponse(answer if refused is None else {**answer, "reason": refused.reason, "detail": refused.detail})

    async def _block(self, tenant: str, sponsor: SponsorId, key: str, address: str, *, is_blocked: bool) -> None:
        """Identification reads the record, not the ledger: who is blocked has one, also before he ever wrote."""
        at = self._access.clock.now()

        def fresh(id: CustomerId) -> Customer:
            return Customer(id=id, sponsor=sponsor, created_at=at, updated_at=at, keys=(key,), addresses=(address.strip(),))

        def merge(it: Customer | None) -> Customer | None:
            if it is None or key not in it.keys:
                return None
            kept = tuple(each for each in it.blocked_keys if each != key)
            return replace(it, blocked_keys=(*kept, key) if is_blocked else kept, updated_at=at)

        customer, _ = await self._resolver.customer_at(tenant, key, fresh)
        await change(self._access.parts.store.tenant(tenant), CUSTOMERS, Customer, customer.id, merge)


def _instant(text: str | None, pointer: str, default: Instant) -> Instant:
    if text is None:
        return default
    try:
        return parse_rfc3339(text)
    except ValueError:
        raise BadInput("invalid_field", "an instant is RFC 3339 with its offset", pointer) from None


def _shown(entry: ConsentEntry) -> dict[str, Any]:
    body: dict[str, Any] = dict(dump(entry))
    return {name: value for name, value in body.items() if name not in ("format", "address") and value != ""}
