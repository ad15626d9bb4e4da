"""The endpoints of /v1/webhooks: set up, look, enable again, replay. Each change is on record in the audit."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from standardiste.common.bodies import request_body, understood
from standardiste.common.bus.port import epoch_of
from standardiste.common.errors import BadInput
from standardiste.common.http import body_of, client_of, page, principal, problem, require
from standardiste.common.outside import fault_of
from standardiste.common.parts import Parts
from standardiste.common.security.audit import Audit
from standardiste.common.security.principal import Principal
from standardiste.common.security.rights import Act, Object, may
from standardiste.common.security.webhook_signature import mint_secret
from standardiste.ingest_open.log_cursor import cursor_of, offset_after
from standardiste.ingest_open.log_reading import fact_of, read_log
from standardiste.ingest_open.webhooks import order_of, payload_of, secret_name
from standardiste.ingest_open.webhooks_model import (
    DeliveryPage,
    PostedReplay,
    PostedWebhook,
    Replayed,
    ShownWebhook,
    Webhook,
    WebhookPage,
    WebhookState,
    full_types,
    shown,
    shown_delivery,
)
from standardiste.ingest_open.webhooks_store import WEBHOOKS_MAX, WebhookStore

BODY_BYTES_MAX: Final = 64 * 1024
PAGE_MAX: Final = 200
REPLAY_MAX: Final = 500
"""Facts queued by one replay; its answer says where to go on."""


class WebhookEdge:
    """Whoever may write webhooks sees those of his sponsor, or all of the tenant."""

    def __init__(self, parts: Parts, store: WebhookStore, audit: Audit, *, is_private_allowed: bool) -> None:
        self._parts, self._store, self._audit, self._is_private_allowed = parts, store, audit, is_private_allowed

    def router(self) -> APIRouter:
        router, one = APIRouter(prefix="/v1/webhooks", tags=["webhooks"]), "/{webhook}"
        router.add_api_route(
            "",
            self.create,
            methods=["POST"],
            status_code=201,
            responses={201: {"model": ShownWebhook}},
            openapi_extra=request_body(PostedWebhook),
        )
        router.add_api_route("", self.list, methods=["GET"], responses={200: {"model": WebhookPage}})
        router.add_api_route(one, self.read, methods=["GET"], responses={200: {"model": ShownWebhook}})
        router.add_api_route(one, self.delete, methods=["DELETE"], status_code=204)
        router.add_api_route(f"{one}/enable", self.enable, methods=["POST"], responses={200: {"model": ShownWebhook}})
        router.add_api_route(f"{one}/deliveries", self.deliveries, methods=["GET"], responses={200: {"model": DeliveryPage}})
        router.add_api_route(
            f"{one}/replay",
            self.replay,
            methods=["POST"],
            status_code=202,
            responses={202: {"model": Replayed}},
            openapi_extra=request_body(PostedReplay),
        )
        return router

    async def create(self, request: Request) -> Response:
        """Set up an endpoint; the answer holds its signing secret, this once."""
        who = await principal(request)
        require(who, Act.WEBHOOK_WRITE)
        posted = understood(PostedWebhook, await body_of(request, BODY_BYTES_MAX))
        fault = fault_of(posted.url, is_private_allowed=self._is_private_allowed)
        if fault is not None:
            raise BadInput("invalid_field", fault, "/url")
        require(who, Act.WEBHOOK_WRITE, Object(tenant=who.tenant, sponsor=posted.sponsor))
        if len(await self._store.all(who.tenant)) >= WEBHOOKS_MAX:
            raise problem("refused", f"A tenant has at most {WEBHOOKS_MAX} webhooks.", reason="too_many_webhooks")
        now, secret = self._parts.clock.now(), mint_secret()
        webhook = Webhook(
            id=self._parts.ids.mint("wh"),
            url=posted.url,
            types=full_types(posted.types),
            sponsor=posted.sponsor,
            description=posted.description,
            created_at=now,
            changed_at=now,
        )
        await self._parts.secrets.put(who.tenant, secret_name(webhook.id), secret)
        await self._store.put(who.tenant, webhook)
        await self._record(request, who, "webhook.created", webhook)
        return JSONResponse(shown(webhook, secret), 201, {"Location": f"/v1/webhooks/{webhook.id}"})

    async def list(self, request: Request) -> Response:
        """The endpoints, with their state and, where disabled, why."""
        who = await principal(request)
        require(who, Act.WEBHOOK_WRITE)
        return JSONResponse(page([shown(each) for each in await self._store.all(who.tenant) if _may(who, each)], None))

    async def read(self, request: Request, webhook: str) -> Response:
        """One endpoint."""
        _, found = await self._found(request, webhook)
        return JSONResponse(shown(found))

    async def delete(self, request: Request, webhook: str) -> Response:
        """Remove an endpoint and its secret; what waits for it is given up."""
        who, found = await self._found(request, webhook)
        await self._store.delete(who.tenant, webhook)
        await self._parts.secrets.delete(who.tenant, secret_name(webhook))
        await self._record(request, who, "webhook.deleted", found)
        return Response(status_code=204)

    async def enable(self, request: Request, webhook: str) -> Response:
        """Let a disabled endpoint get facts again, from now on; a replay brings what it missed."""
        who, found = await self._found(request, webhook)
        turned = await self._store.turn(who.tenant, webhook, WebhookState.ACTIVE)
        if turned is not None:
            await self._record(request, who, "webhook.enabled", turned)
        return JSONResponse(shown(turned or replace(found, state=WebhookState.ACTIVE)))

    async def deliveries(
        self, request: Request, webhook: str, cursor: str | None = None, limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 50
    ) -> Response:
        """What became of each fact, newest first; kept for 7 days."""
        who, _ = await self._found(request, webhook)
        found = await self._store.log(who.tenant, webhook, cursor, limit)
        return JSONResponse(page([shown_delivery(each.body) for each in found.documents], found.cursor))

    async def replay(self, request: Request, webhook: str) -> Response:
        """Deliver again what came after a cursor, a page at a time: ask again with `next` until it is null."""
        who, found = await self._found(request, webhook)
        posted = understood(PostedReplay, await body_of(request, BODY_BYTES_MAX))
        bus, epoch = self._parts.bus, epoch_of(self._parts.bus)
        offset = offset_after(posted.after, epoch, "/after")
        if found.state is WebhookState.DISABLED:
            raise problem("refused", "The webhook is disabled; enable it first.", reason="webhook_disabled")
        read = await read_log(bus, who.tenant, frozenset(found.types), offset, limit=REPLAY_MAX)
        queued = 0
        for record in read.records:
            fact = fact_of(bus, record)
            if found.sponsor is None or await self._sponsor(who.tenant, fact["data"].get("interaction")) == found.sponsor:
                queued += await self._store.again(who.tenant, webhook, fact, payload_of(fact), order_of(record))
        await self._record(request, who, "webhook.replayed", found)
        return JSONResponse({"queued": queued, "next": None if read.is_end else cursor_of(epoch, max(read.offset - 1, 0))}, 202)

    async def _sponsor(self, tenant: str, interaction: str | None) -> str | None:
        return None if interaction is None else await self._store.sponsor_of(tenant, interaction)

    async def _found(self, request: Request, webhook: str) -> tuple[Principal, Webhook]:
        who = await principal(request)
        require(who, Act.WEBHOOK_WRITE)
        found = await self._store.get(who.tenant, webhook)
        if found is None or not _may(who, found):
            raise problem("not_found", "No webhook of this id is yours.")
        return who, found

    async def _record(self, request: Request, who: Principal, act: str, webhook: Webhook) -> None:
        after = {"url": webhook.url, "state": webhook.state.value}
        await self._audit.record(who.tenant, who.who, act, f"webhook/{webhook.id}", after=after, source=client_of(request))


def _may(who: Principal, webhook: Webhook) -> bool:
    return may(who, Act.WEBHOOK_WRITE, Object(tenant=who.tenant, sponsor=webhook.sponsor)) is None
