"""
The HTTP edge of the import: a CSV, or a part of one under the same first line, of customers.

A line that says nothing new changes nothing, so an import that was broken off is simply sent again. Lines are worked in side by side, so that they share disk
writes; two that name the same person in one part are worked in one after the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import JSONResponse

from standardiste.common.errors import UniqueConflict, VersionConflict
from standardiste.common.events.directory import Site
from standardiste.common.events.model import CustomerId, SponsorId
from standardiste.common.http import Act, Object, body_of
from standardiste.common.problems import language_of
from standardiste.common.store.port import ABSENT, Document, Find, TenantStore, Where
from standardiste.customers.access import Access
from standardiste.customers.erasures import Erasures
from standardiste.customers.importing import LineFault, Row, applied, made, rows_of
from standardiste.customers.joins import ADDRESSES_MAX
from standardiste.customers.records import CUSTOMERS, Customer, dump, load

BODY_BYTES_MAX: Final = 8 * 1024 * 1024
SIDE_BY_SIDE: Final = 64
FAULTS_MAX: Final = 1_000

CSV_BODY: Final[dict[str, Any]] = {
    "requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string", "maxLength": BODY_BYTES_MAX}}}}
}


class ImportEdge:
    """Customers by the thousand."""

    def __init__(self, access: Access, erasures: Erasures) -> None:
        self._access, self._erasures = access, erasures

    def add_to(self, router: APIRouter) -> None:
        router.add_api_route("/imports", self.take, methods=["POST"], openapi_extra=CSV_BODY)

    async def take(
        self,
        request: Request,
        is_dry_run: bool = False,
        sponsor: Annotated[str | None, Query(max_length=64)] = None,
        first_line: Annotated[int, Query(ge=1, le=1_000_000_000)] = 1,
    ) -> Response:
        """
        Make and change the customers that the lines name; answer with counts and what is wrong, line by line. `is_dry_run` changes nothing.

        A customer is found by an external id, else by an address. `first_line` is the line of the whole file at which the header of this part would stand.
        """
        who = await self._access.who(request, Act.CUSTOMER_IMPORT, "imports")
        owner = self._access.sponsor_of(who, sponsor)
        await self._access.require(request, who, Act.CUSTOMER_IMPORT, Object(tenant=who.tenant, sponsor=owner), "imports")
        content = await body_of(request, BODY_BYTES_MAX)
        own = self._access.directory.tenant(who.tenant)
        site = None if own is None else self._access.directory.get(Site, who.tenant, own.default_site)
        region = None if site is None else site.country
        work = _Work(self._access, self._erasures, who.tenant, owner, is_dry_run=is_dry_run)
        faults: list[LineFault] = []
        for number, each in enumerate(rows_of(content, owner, self._access.attributes(who.tenant), region, first_line), 1):
            if isinstance(each, LineFault):
                faults.append(each)
            else:
                await work.take(each)
            if number % SIDE_BY_SIDE == 0:
                await asyncio.sleep(0)  # others of this process have work too
        faults = sorted([*faults, *await work.end()], key=lambda fault: fault.line)
        counts = {"made": work.made, "changed": work.changed, "unchanged": work.unchanged, "refused": len(faults)}
        if not is_dry_run:
            await self._access.record(request, who, "customer.import", "customers", after=counts)
        language = language_of(request.headers.get("accept-language"), "fr" if who.language.startswith("fr") else "en")
        shown = [fault.plain(language) for fault in faults[:FAULTS_MAX]]
        return JSONResponse({"is_dry_run": is_dry_run, **counts, "faults": shown})


class _Work:
    """The lines of one part on their way into documents."""

    def __init__(self, access: Access, erasures: Erasures, tenant: str, sponsor: SponsorId, *, is_dry_run: bool) -> None:
        self._access, self._erasures, self._tenant, self._sponsor, self._is_dry_run = access, erasures, tenant, sponsor, is_dry_run
        self._documents: TenantStore = access.parts.store.tenant(tenant)
        self._under_way: dict[asyncio.Task[None], frozenset[str]] = {}
        self._tried: set[str] = set()
        self._faults: list[LineFault] = []
        self.made = self.changed = self.unchanged = 0

    async def take(self, row: Row) -> None:
        """Begin with a line, once there is room and no earlier one of the same person is under way."""
        names = frozenset((*row.keys, *row.externals(self._sponsor)))
        while len(self._under_way) >= SIDE_BY_SIDE or any(names & other for other in self._under_way.values()):
            await self._some()
        self._under_way[asyncio.create_task(self._work_in(row))] = names

    async def end(self) -> Sequence[LineFault]:
        """What was wrong, when all lines are done."""
        while self._under_way:
            await self._some()
        return self._faults

    async def _some(self) -> None:
        done, _ = await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            del self._under_way[task]
            task.result()

    async def _work_in(self, row: Row) -> None:
        while True:
            try:
                fault = await self._once(row)
            except (UniqueConflict, VersionConflict):
                continue  # a contact or another import was there first: look again
            if fault is not None:
                self._faults.append(LineFault(line=row.line, name=fault, parameters={"most": ADDRESSES_MAX} if "many" in fault else {}))
            return

    async def _once(self, row: Row) -> str | None:
        found = await self._found(row)
        if len(found) > 1:
            return "several"
        at = self._access.clock.now()
        if not found:
            if await self._erasures.is_erased(self._tenant, (*row.keys, *row.externals(self._sponsor))):
                return "erased"
            await self._make(row)
            return None
        document = next(iter(found.values()))
        former = load(Customer, document.body)
        fresh = applied(former, row, at)
        if len(fresh.keys) > ADDRESSES_MAX:
            return "too_many_addresses"
        if fresh is former:
            self.unchanged += 1
            return None
        if not self._is_dry_run:
            await self._documents.put(CUSTOMERS, document.id, dump(fresh), expected=document.version)
        self.changed += 1
        return None

    async def _make(self, row: Row) -> None:
        if self._is_dry_run:
            names = {*row.keys, *row.externals(self._sponsor)}
            is_again = bool(names & self._tried)
            self._tried |= names
            self.changed += is_again
            self.made += not is_again
            return
        fresh = made(CustomerId(self._access.parts.ids.mint("cu")), self._sponsor, row, self._access.clock.now())
        await self._documents.put(CUSTOMERS, fresh.id, dump(fresh), expected=ABSENT)
        self.made += 1

    async def _found(self, row: Row) -> dict[str, Document]:
        """The records that the line names, by id."""
        wheres = [Where(index="external", equals=each) for each in row.externals(self._sponsor)]
        wheres += [Where(index="key", equals=key) for key in row.keys]
        pages = [await self._documents.find(CUSTOMERS, Find(where=(where,), limit=1)) for where in wheres]
        return {document.id: document for page in pages for document in page.documents}
