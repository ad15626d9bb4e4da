"""The HTTP edge: the provider's inbound texts and status callbacks, each proven by its signature."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from standardiste.common.addresses import text_conversation
from standardiste.common.errors import ProviderError
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.events.model import Channel, DeliveryState
from standardiste.common.http import body_of, limit_client, problem
from standardiste.common.intake import AttachmentDraft, Intake
from standardiste.common.log import logger
from standardiste.common.outbox import Outbox
from standardiste.common.parts import Parts
from standardiste.common.twilio.callback_token import CallbackTokens
from standardiste.common.twilio.client import TwilioApi
from standardiste.common.twilio.credentials import CredentialBook
from standardiste.common.twilio.webhook import Form, form_of, require_signature
from standardiste.ingest_sms import media
from standardiste.ingest_sms.deliveries import STATES, Deliveries, Progress
from standardiste.ingest_sms.inbound import Inbound, draft, understand
from standardiste.ingest_sms.opt_outs import OptOuts
from standardiste.ingest_sms.vonage import VonageTexts, inbound_of, media_of, status_of
from standardiste.ingest_sms.words import reason

NOTHING_TO_SAY: Final = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
STATUS_PATH: Final = "/v1/sms/twilio/status"
VONAGE_STATUS_PATH: Final = "/v1/sms/vonage/status"
BODY_BYTES_MAX: Final = 64 * 1024
log = logger("ingest-sms")


class SmsEdge:
    """The endpoints of /v1/sms."""

    def __init__(
        self,
        *,
        parts: Parts,
        intake: Intake,
        credentials: CredentialBook,
        tokens: CallbackTokens,
        api: TwilioApi,
        vonage: VonageTexts,
        opt_outs: OptOuts,
        deliveries: Deliveries,
        outbox: Outbox,
    ) -> None:
        self._vonage = vonage
        self._parts, self._intake, self._credentials, self._tokens, self._api = parts, intake, credentials, tokens, api
        self._opt_outs, self._deliveries, self._outbox = opt_outs, deliveries, outbox

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/v1/sms", tags=["sms"])
        form = {"requestBody": {"content": {"application/x-www-form-urlencoded": {"schema": {"type": "object"}}}, "required": True}}
        router.add_api_route(
            "/twilio/messages", self.message, methods=["POST"], openapi_extra=form, summary="Twilio's inbound message webhook"
        )
        router.add_api_route(
            "/twilio/status/{token}", self.status, methods=["POST"], status_code=204, openapi_extra=form, summary="Twilio's status callback"
        )
        json = {"requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}, "required": True}}
        router.add_api_route(
            "/vonage/messages", self.vonage_message, methods=["POST"], openapi_extra=json, summary="Vonage's inbound message webhook"
        )
        router.add_api_route(
            "/vonage/status/{token}", self.vonage_status, methods=["POST"], status_code=204, openapi_extra=json, summary="Vonage's status"
        )
        return router

    async def vonage_message(self, request: Request) -> Response:
        """A customer's text, signed by Vonage. Answered once it is durable; the same message_uuid changes nothing."""
        body = await body_of(request, BODY_BYTES_MAX)
        inbound = inbound_of(body)
        tenant, address = self._ours(request, inbound.ours)
        await self._check_vonage(request, tenant, address, body)
        media = media_of(body)
        file = None if media is None else await self._vonage.fetch(tenant, address, media)
        if media is not None and file is None:
            log.warning("media_missing", address_id=address.id, missing=1)
        await self._take(tenant, address, inbound, () if file is None else (file,), int(media is not None and file is None))
        return Response(status_code=200)

    async def vonage_status(self, request: Request, token: str) -> Response:
        """What became of one of our texts, signed by Vonage. The token in the path names it."""
        tenant, address, message = self._named(token)
        body = await body_of(request, BODY_BYTES_MAX)
        await self._check_vonage(request, tenant, address, body)
        state, provider_id, code = status_of(body)
        if state is not None:
            await self._report(
                tenant, Progress(message=message, state=state, at=self._parts.clock.now(), provider_id=provider_id, code=code)
            )
        return Response(status_code=204)

    async def message(self, request: Request) -> Response:
        """A customer's text, signed by Twilio. Answered with an empty document once it is durable; the same MessageSid changes nothing."""
        form = await form_of(request)
        tenant, address = self._ours(request, form["To"].strip())
        await require_signature(request, form, self._parts.http.public_url, self._credentials, tenant, address)
        inbound = understand(form)
        files, missing = await self._files(tenant, address, form)
        await self._take(tenant, address, inbound, files, missing)
        return Response(NOTHING_TO_SAY, media_type="text/xml")

    async def _take(
        self, tenant: str, address: ChannelAddress, inbound: Inbound, files: tuple[AttachmentDraft, ...] = (), missing: int = 0
    ) -> None:
        """Keep what the customer asked of us (STOP, START), and hand the text in."""
        scope = self._parts.directory.scope_of(tenant, address)
        if inbound.word is not None:
            await self._opt_outs.note(tenant, scope.sponsor, address.id, inbound.sender, inbound.word, self._parts.clock.now(), inbound.sid)
        own = self._parts.directory.tenant(tenant)
        await self._intake.accept(
            draft(
                inbound,
                tenant=tenant,
                address=address,
                scope=scope,
                conversation=text_conversation(self._parts.keys.tenant(tenant, "conversation"), address.address, inbound.sender),
                files=files,
                files_missing=missing,
                is_test=own is not None and own.is_test,
            )
        )

    def _ours(self, request: Request, number: str) -> tuple[str, ChannelAddress]:
        """Whose number this is. Who guesses is slowed down."""
        found = self._parts.directory.address(Channel.SMS, number)
        if found is None:
            limit_client(request)
            raise problem("unknown_channel_address")
        return found

    def _named(self, token: str) -> tuple[str, ChannelAddress, str]:
        """The tenant, our address and our message that a callback's path names."""
        tenant, (channel_address, message) = self._tokens.read(token, 2)
        address = self._parts.directory.get(ChannelAddress, tenant, channel_address)
        if address is None:
            raise problem("bad_token")
        return tenant, address, message

    async def _check_vonage(self, request: Request, tenant: str, address: ChannelAddress, body: bytes) -> None:
        if not await self._vonage.is_signed(tenant, address, request.headers.get("authorization", ""), body, self._parts.clock.now()):
            limit_client(request)
            raise problem("bad_signature")

    async def status(self, request: Request, token: str) -> Response:
        """What became of one of our texts, signed by Twilio. The token in the path names it, so a callback may overtake the answer to our own request."""
        tenant, address, message = self._named(token)
        form = await form_of(request)
        await require_signature(request, form, self._parts.http.public_url, self._credentials, tenant, address)
        state = STATES.get(form["MessageStatus"])
        if state is not None:
            code = form["ErrorCode"] or None
            progress = Progress(message=message, state=state, at=self._parts.clock.now(), provider_id=form["MessageSid"], code=code)
            await self._report(tenant, progress)
        return Response(status_code=204)

    async def _report(self, tenant: str, progress: Progress) -> None:
        if not await self._deliveries.is_news(tenant, progress) or await self._is_told(tenant, progress):
            return
        own = self._parts.directory.tenant(tenant)
        has_failed = progress.state is DeliveryState.FAILED
        is_ours = await self._outbox.report_delivery(
            tenant,
            progress.message,
            progress.state,
            at=progress.at,
            code=progress.code,
            detail=reason(progress.code or "30008", own.language if own else None) if has_failed else None,
            provider_id=progress.provider_id,
        )
        if is_ours:
            await self._deliveries.note(tenant, progress)

    async def _is_told(self, tenant: str, progress: Progress) -> bool:
        """The outbox itself says `sent` at the provider's yes; a callback says it only where that yes was lost."""
        if progress.state is not DeliveryState.SENT:
            return False
        record = await self._outbox.get(tenant, progress.message)
        return record is None or not record.is_open

    async def _files(self, tenant: str, address: ChannelAddress, form: Form) -> tuple[tuple[AttachmentDraft, ...], int]:
        count = form.integer("NumMedia")
        if not count:
            return (), 0
        try:
            credentials = await self._credentials.of(tenant, address)
        except ProviderError:
            return (), count
        files, missing = await media.fetch(self._api.http, credentials, form)
        if missing:
            log.warning("media_missing", address_id=address.id, missing=missing)
        return files, missing
