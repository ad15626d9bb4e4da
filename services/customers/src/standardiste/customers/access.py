"""Who asks, whose it is, whether they may: what every endpoint here begins with. Reading a customer's record is audited; so is a no."""

from __future__ import annotations

from typing import Final

from fastapi import Request
from pydantic import Field

from standardiste.common.addresses import customer_key, family_of, normal_address
from standardiste.common.bodies import Strict
from standardiste.common.clock import Clock
from standardiste.common.directory_view import DirectoryView
from standardiste.common.errors import BadInput
from standardiste.common.events.directory import Site, Sponsor
from standardiste.common.events.directory_customers import CustomerAttribute
from standardiste.common.events.model import AgentId, Channel, SponsorId
from standardiste.common.http import Act, Object, Principal, client_of, principal, problem
from standardiste.common.parts import Parts
from standardiste.common.security.audit import Audit
from standardiste.common.security.rights import may
from standardiste.common.soon import soon
from standardiste.common.store.port import Document, Find, Json, TenantStore, Where
from standardiste.customers.progress import Progress, parse_at_least
from standardiste.customers.records import CONVERSATIONS, CUSTOMERS, RECEIPTS, Conversation, Customer, load

CONVERSATIONS_ASKED: Final = 20
"""How many of a customer's conversations are looked at for one that the reader's rights cover."""


class GivenAddress(Strict):
    """An address of a customer. `channel_name` tells an integrator's channels apart."""

    channel: Channel
    address: str = Field(min_length=1, max_length=500)
    channel_name: str = Field("", max_length=64)


class Access:
    """What the endpoints lean on."""

    def __init__(self, parts: Parts, progress: Progress) -> None:
        self.parts, self._progress = parts, progress
        self._audit = Audit(parts.store, parts.clock)

    @property
    def clock(self) -> Clock:
        return self.parts.clock

    @property
    def directory(self) -> DirectoryView:
        return self.parts.directory

    async def customer(self, request: Request, act: Act, customer: str, what: str = "") -> tuple[Principal, Document]:
        """Who asks, and the record. Raises not_found, not_allowed."""
        who = await self.who(request, act, what or f"customer/{customer}")
        return who, await self.customer_for(request, who, act, customer)

    async def customer_as_decided(self, request: Request, act: Act, customer: str) -> tuple[Principal, Document]:
        """
        The same for whoever changes what several documents say: none of them is behind what was decided by now. Raises not_yet when they do not come up in a
        second, BusAway.
        """
        who = await self.who(request, act, f"customer/{customer}")
        if not await self._progress.caught_up(tenant=who.tenant):
            raise problem("not_yet")
        return who, await self.customer_for(request, who, act, customer)

    async def customer_for(self, request: Request, who: Principal, act: Act, customer: str) -> Document:
        found = await self.documents(who).get(CUSTOMERS, customer)
        if found is None:
            raise problem("not_found")
        if not await self.may_see(who, act, found):
            await self.require(request, who, act, object_of_customer(found), f"customer/{customer}")
        return found

    async def conversation(self, request: Request, conversation: str, at_least: str | None) -> tuple[Principal, Document]:
        """Who asks, and the conversation as of a position. Raises not_found, not_yet, not_allowed."""
        what = f"conversation/{conversation}"
        who = await self.who(request, Act.CUSTOMER_READ, what)
        if at_least is not None and not await self._progress.reached(*parse_at_least(at_least)):
            raise problem("not_yet")
        found = await self.documents(who).get(CONVERSATIONS, conversation)
        if found is None or "waiting" in found.body:
            raise problem("not_found")
        await self.require(request, who, Act.CUSTOMER_READ, object_of(who, found), what)
        return who, found

    async def may_see(self, who: Principal, act: Act, customer: Document) -> bool:
        """By the customer's sponsor; else by one of the newest conversations (its site, campaign, or an own one)."""
        if may(who, act, object_of_customer(customer)) is None:
            return True
        find = Find(where=(Where(index="customer", equals=customer.id),), sort="last_at", is_descending=True, limit=CONVERSATIONS_ASKED)
        found = await self.documents(who).find(CONVERSATIONS, find)
        return any(may(who, act, object_of(who, document)) is None for document in found.documents)

    async def require_address(self, request: Request, who: Principal, act: Act, sponsor: SponsorId, key: str, what: str) -> None:
        """The right over an address: over its sponsor's, or over the customer whose it is. Raises not_allowed."""
        obj = Object(tenant=who.tenant, sponsor=sponsor)
        if may(who, act, obj) is not None:
            found = await self.documents(who).find(CUSTOMERS, Find(where=(Where(index="key", equals=key),), limit=1))
            if found.documents and await self.may_see(who, act, found.documents[0]):
                return
        await self.require(request, who, act, obj, what)

    async def who(self, request: Request, act: Act, what: str) -> Principal:
        """Who asks, if anything in his rights grants the act at all."""
        who = await principal(request)
        await self.require(request, who, act, None, what)
        return who

    async def require(self, request: Request, who: Principal, act: Act, obj: Object | None, what: str) -> None:
        refused = may(who, act, obj)
        if refused is not None:
            await self.record(request, who, f"{act}.refused", what)
            raise problem("not_allowed", refused.detail, act=str(act))

    async def record(
        self, request: Request, who: Principal, act: str, what: str, before: Json = None, after: Json = None, why: str = ""
    ) -> None:
        await self._audit.record(who.tenant, who.who, act, what, before, after, why=why, source=client_of(request))

    async def receipt(self, who: Principal, receipt: str) -> Document | None:
        """A receipt; one that is about to be written is waited for a moment."""
        return await soon(lambda: self.documents(who).get(RECEIPTS, receipt))

    def documents(self, who: Principal) -> TenantStore:
        return self.parts.store.tenant(who.tenant)

    def sponsor_of(self, who: Principal, given: str | None) -> SponsorId:
        """Whose customers are meant: as given, the key's own, or the tenant's default. Raises BadInput for one that does not exist."""
        own = self.parts.directory.tenant(who.tenant)
        default = own.default_sponsor if own is not None else SponsorId("main")
        sponsor = SponsorId(given or who.sponsor or default)
        if sponsor != default and self.parts.directory.get(Sponsor, who.tenant, sponsor) is None:
            raise BadInput("invalid_field", "there is no such sponsor", "/sponsor")
        return sponsor

    def key_of(self, tenant: str, sponsor: SponsorId, given: GivenAddress, pointer: str) -> str:
        """The key of an address as somebody wrote it; national numbers are read as the tenant's main site would. Raises BadInput."""
        own = self.parts.directory.tenant(tenant)
        site = None if own is None else self.parts.directory.get(Site, tenant, own.default_site)
        family = family_of(given.channel, given.channel_name or given.channel.value)
        normal = normal_address(family, given.address, None if site is None else site.country)
        if normal is None or "\0" in normal:
            raise BadInput("invalid_field", "this address says nobody", f"{pointer}/address")
        return customer_key(sponsor, family, normal)

    def attributes(self, tenant: str) -> dict[str, CustomerAttribute]:
        """The attributes that the tenant declares, by name."""
        return {each.id: each for each in self.parts.directory.all(CustomerAttribute, tenant)}


def object_of(who: Principal, conversation: Document) -> Object:
    """Whose a conversation is; to an agent who had it, his own."""
    known = load(Conversation, conversation.body)
    scope = known.scope
    is_own = AgentId(who.id) in known.agents
    return Object(
        tenant=conversation.tenant, sponsor=scope.sponsor, site=scope.site, campaign=scope.campaign, person=who.id if is_own else None
    )


def object_of_customer(customer: Document) -> Object:
    return Object(tenant=customer.tenant, sponsor=load(Customer, customer.body).sponsor)
