"""`GET /v1/events`: the tenant's public facts after a cursor, from the log itself; waits for the next when there is none yet."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from standardiste.common.bus.port import epoch_of
from standardiste.common.bus.topics import Topic, partition_of
from standardiste.common.errors import BadInput
from standardiste.common.http import page, principal, problem, require
from standardiste.common.parts import Parts
from standardiste.common.security.rights import Act, Object
from standardiste.ingest_open.log_cursor import cursor_of, offset_after
from standardiste.ingest_open.log_reading import fact_of, read_log
from standardiste.ingest_open.webhooks_model import PUBLIC_TYPES, full_types

PAGE_MAX: Final = 200
WAIT_MAX_S: Final = 25
READERS_MAX: Final = 64
READERS_PER_TENANT_MAX: Final = 4
LATEST: Final = "latest"
START: Final = "start"


class Fact(BaseModel):
    """A structured CloudEvent, with the cursor of its place."""

    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: Annotated[str, Field(description="RFC 3339")]
    traceparent: str | None = None
    cursor: str
    data: dict[str, Any]


class FactPage(BaseModel):
    """Facts, oldest first. `next` is always given: sent as `after`, it brings what came since."""

    items: list[Fact]
    next: str


class EventsEdge:
    """Readers at once are bounded, in all and for each tenant: a reader too many is told to come back."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._readers: Counter[str] = Counter()

    def router(self) -> APIRouter:
        router = APIRouter(tags=["events"])
        router.add_api_route("/v1/events", self.events, methods=["GET"], responses={200: {"model": FactPage}})
        return router

    async def events(
        self,
        request: Request,
        after: str | None = None,
        types: Annotated[str | None, Query(description="Names of public facts, by commas; absent: all")] = None,
        limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 100,
        wait_s: Annotated[int, Query(ge=0, le=WAIT_MAX_S)] = 0,
    ) -> Response:
        """The tenant's public facts after a cursor (`latest`: from now on; absent: all that the log still holds), waiting up to `wait_s` for the first."""
        who = await principal(request)
        require(who, Act.EVENT_READ)
        require(who, Act.EVENT_READ, Object(tenant=who.tenant))
        bus, epoch = self._parts.bus, epoch_of(self._parts.bus)
        wanted = _types(types)
        if after == LATEST:
            end = (await bus.ends(Topic.DECISIONS)).get(partition_of(who.tenant, bus.partitions), 0)
            if end == 0 or wait_s == 0:
                return JSONResponse(page([], _next(epoch, end)))
            offset = end
        else:
            offset = offset_after(after, epoch) if after != START else 0
        if self._readers.total() >= READERS_MAX or self._readers[who.tenant] >= READERS_PER_TENANT_MAX:
            raise problem("too_many_requests", "Too many readers of events at once.", retry_after_s=1)
        self._readers[who.tenant] += 1
        try:
            read = await read_log(bus, who.tenant, wanted, offset, limit=limit, wait_s=wait_s)
        finally:
            self._readers[who.tenant] -= 1
        return JSONResponse(page([fact_of(bus, each) for each in read.records], _next(epoch, read.offset)))


def _next(epoch: int, offset: int) -> str:
    return cursor_of(epoch, offset - 1) if offset > 0 else START


def _types(names: str | None) -> frozenset[str]:
    if names is None:
        return PUBLIC_TYPES
    try:
        return frozenset(full_types(tuple(names.split(","))))
    except BadInput as fault:
        raise BadInput(fault.reason, fault.detail, "/query/types") from None
