"""
The HTTP edge of the open channel: decode, check whose it is, hand in, answer 202.

The hot path (`POST /v1/interactions`) takes the request and gives the response itself: the body is read once, validated once, and nothing but the
key's digest is written besides the record on the bus.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from standardiste.common.bodies import request_body, understood
from standardiste.common.conversations import ConversationBook, Correspondent
from standardiste.common.directory_view import DirectoryView
from standardiste.common.errors import BadInput
from standardiste.common.events.directory import ChannelAddress, Queue
from standardiste.common.events.inputs import DeliveryReported
from standardiste.common.events.model import (
    AgentId,
    AttachmentState,
    Channel,
    ChannelAddressId,
    ConversationId,
    DeliveryState,
    InteractionId,
    MessageId,
    QueueId,
    ReceiptId,
)
from standardiste.common.http import accepted, body_of, page, principal, problem, require
from standardiste.common.ids import keyed_id
from standardiste.common.intake import ContactDraft, Intake
from standardiste.common.parts import Parts
from standardiste.common.scanning.screen import Screen
from standardiste.common.security.principal import Principal
from standardiste.common.security.rights import Act, Object, may
from standardiste.common.soon import soon
from standardiste.ingest_open.channel_choice import chosen_address
from standardiste.ingest_open.key_memory import KeyMemory
from standardiste.ingest_open.posted import (
    PostedDelivery,
    PostedInteraction,
    PostedMessage,
    ReplyPage,
    Reported,
    Taken,
    checked_key,
    files_of,
    require_words,
)
from standardiste.ingest_open.replies import blob_of, replies_after, reply_of
from standardiste.ingest_open.settings import OpenSettings

CHANNELS: Final = (Channel.OTHER, Channel.SOCIAL)
"""The channels that an integrator brings; the others have their own way in."""
PAGE_MAX: Final = 200
SMALL_BODY_BYTES_MAX: Final = 64 * 1024
NOT_YET_S: Final = 1
"""When to ask again for a conversation that was accepted a moment ago."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """One POST: who, under which key, what."""

    principal: Principal
    key: str
    body: bytes


class OpenEdge:
    """The endpoints of /v1/interactions."""

    def __init__(
        self, settings: OpenSettings, parts: Parts, intake: Intake, book: ConversationBook, memory: KeyMemory, screen: Screen
    ) -> None:
        self._settings, self._parts, self._intake, self._book, self._memory, self._screen = settings, parts, intake, book, memory, screen
        self._directory: DirectoryView = parts.directory

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/v1/interactions", tags=["interactions"])
        router.add_api_route(
            "",
            self.interaction,
            methods=["POST"],
            status_code=202,
            responses={202: {"model": Taken}},
            openapi_extra=request_body(PostedInteraction),
        )
        router.add_api_route(
            "/{conversation}/messages",
            self.message,
            methods=["POST"],
            status_code=202,
            responses={202: {"model": Taken}},
            openapi_extra=request_body(PostedMessage),
        )
        router.add_api_route("/{conversation}/replies", self.replies, methods=["GET"], responses={200: {"model": ReplyPage}})
        router.add_api_route(
            "/{conversation}/messages/{message}/attachments/{attachment}", self.attachment, methods=["GET"], response_class=Response
        )
        router.add_api_route(
            "/{conversation}/messages/{message}/delivery",
            self.delivery,
            methods=["POST"],
            status_code=202,
            responses={202: {"model": Reported}},
            openapi_extra=request_body(PostedDelivery),
        )
        return router

    async def interaction(self, request: Request) -> Response:
        """Anything an integrator brings: letter, fax, social. Idempotency-Key required; the same key is the same contact."""
        asked = await self._asked(request)
        posted = understood(PostedInteraction, asked.body)
        require_words(posted)
        tenant = asked.principal.tenant
        address = self._address(asked.principal, posted)
        files = files_of(posted)
        conversation = await self._conversation(tenant, address, posted, asked.key)
        await self._guard(request, asked)
        receipt = await self._intake.accept(
            ContactDraft(
                tenant=tenant,
                channel_address=address,
                scope=self._directory.scope_of(tenant, address),
                address=posted.sender.address,
                name=posted.sender.name,
                provider_id=asked.key,
                text=posted.text,
                subject=posted.subject,
                language=posted.language,
                attributes=posted.attributes,
                attachments=files,
                received_at=posted.received_at,
                conversation=conversation,
                queue=self._queue(tenant, posted.queue),
                priority=posted.priority,
                is_test=self._is_test(tenant),
            )
        )
        return _accepted(receipt, conversation)

    async def message(self, request: Request, conversation: str) -> Response:
        """A further message of the customer in a conversation. Idempotency-Key required."""
        asked = await self._asked(request)
        posted = understood(PostedMessage, asked.body)
        require_words(posted)
        tenant = asked.principal.tenant
        known = await self._known(asked.principal, Act.CONTACT_CREATE, conversation)
        if posted.sender is not None and posted.sender.address != known.address:
            raise BadInput("invalid_field", "another customer than the conversation's", "/from/address")
        address = self._directory.address_by_id(tenant, known.channel_address)
        if address is None:
            raise problem("unknown_channel_address", "The conversation's channel address is archived.")
        files = files_of(posted)
        await self._guard(request, asked)
        receipt = await self._intake.accept(
            ContactDraft(
                tenant=tenant,
                channel_address=address,
                scope=self._directory.scope_of(tenant, address),
                address=known.address,
                name=(posted.sender.name if posted.sender else None) or known.name,
                provider_id=asked.key,
                text=posted.text,
                subject=posted.subject,
                language=posted.language or known.language,
                attributes=posted.attributes,
                attachments=files,
                received_at=posted.received_at,
                conversation=ConversationId(conversation),
                is_test=self._is_test(tenant),
            )
        )
        return _accepted(receipt, ConversationId(conversation))

    async def replies(
        self, request: Request, conversation: str, after: str | None = None, limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 50
    ) -> Response:
        """The answers of agents after a cursor, oldest first. `next` is always given: kept and sent again, it brings what came since."""
        who = await principal(request)
        await self._known(who, Act.REPLY_READ, conversation)
        found = await replies_after(self._parts.store, who.tenant, conversation, after, limit)
        return JSONResponse(page(found.items, found.next))

    async def attachment(self, request: Request, conversation: str, message: str, attachment: str) -> Response:
        """The bytes of an answer's file, as a download: nothing in it is shown by a browser."""
        who = await principal(request)
        await self._known(who, Act.REPLY_READ, conversation)
        reply = await reply_of(self._parts.store, who.tenant, conversation, message)
        ref = None if reply is None else blob_of(reply, attachment)
        content = None if ref is None else await self._parts.blobs.get(ref)
        if content is None:
            raise problem("not_found")
        await self._screen.require_safe(who.tenant, AttachmentState.UNSCANNED, content)
        return Response(content, media_type="application/octet-stream", headers={"Content-Disposition": "attachment"})

    async def delivery(self, request: Request, conversation: str, message: str) -> Response:
        """The integrator reports what became of an answer; states move forward only, a repeat changes nothing."""
        who = await principal(request)
        await self._known(who, Act.DELIVERY_REPORT, conversation)
        posted = understood(PostedDelivery, await body_of(request, SMALL_BODY_BYTES_MAX))
        reply = await reply_of(self._parts.store, who.tenant, conversation, message)
        if reply is None:
            raise problem("not_found", "No answer of this id is in the conversation.")
        state, at = DeliveryState(posted.state), posted.at if posted.at is not None else self._parts.clock.now()
        report = DeliveryReported(
            conversation=ConversationId(conversation),
            interaction=InteractionId(str(reply["interaction"])),
            message=MessageId(message),
            state=state,
            at=at,
            code=posted.code,
            detail=posted.detail,
            is_final=state in (DeliveryState.FAILED, DeliveryState.READ),
            sender=AgentId(str(reply.get("sender", ""))) or None,
            channel_address=ChannelAddressId(str(reply.get("channel_address", ""))) or None,
        )
        await self._intake.report(who.tenant, conversation, report, id=f"{message}/{state.value}/integrator", time=at)
        return JSONResponse({"message": message, "state": state.value}, 202)

    async def _asked(self, request: Request) -> _Asked:
        who = await principal(request)
        require(who, Act.CONTACT_CREATE)
        key = checked_key(request.headers.get("idempotency-key"))
        if key is None:
            raise problem("idempotency_key_missing")
        return _Asked(who, key, await body_of(request, self._settings.open_body_bytes_max))

    async def _guard(self, request: Request, asked: _Asked) -> None:
        """Refuse a key that came with another body. After validation, so that a refused body uses up no key."""
        if await self._memory.is_reused(asked.principal.tenant, asked.key, request.scope["path"], asked.body):
            raise problem("idempotency_key_reused")

    def _address(self, who: Principal, posted: PostedInteraction) -> ChannelAddress:
        """The channel address that the body names, by id, or by its channel's name where one alone has it."""
        found = chosen_address(self._directory, who.tenant, CHANNELS, posted.channel_address, posted.channel)
        require(who, Act.CONTACT_CREATE, self._object(who.tenant, found))
        return found

    async def _conversation(self, tenant: str, address: ChannelAddress, posted: PostedInteraction, key: str) -> ConversationId:
        """
        The conversation it belongs to: one of ours, the integrator's thread with this sender, or a new one of its own.

        Derived, so that a repeat names the same from no memory. The sender is part of a thread's id: two customers never share one.
        """
        if posted.conversation is not None:
            if posted.thread is not None:
                raise BadInput("invalid_field", "either conversation or thread", "/thread")
            known = await self._correspondent(tenant, posted.conversation)
            if known is None or known.channel_address != address.id:
                raise problem("unknown_conversation", retry_after_s=NOT_YET_S, pointer="/conversation")
            if known.address != posted.sender.address:
                raise BadInput("invalid_field", "another customer than the conversation's", "/from/address")
            return ConversationId(posted.conversation)
        secret = self._parts.keys.tenant(tenant, "conversation")
        if posted.thread is not None:
            return ConversationId(keyed_id(secret, "open", address.id, "thread", posted.sender.address, posted.thread))
        return ConversationId(keyed_id(secret, "open", address.id, "key", key))

    async def _known(self, who: Principal, act: Act, conversation: str) -> Correspondent:
        require(who, act)
        known = await self._correspondent(who.tenant, conversation)
        address = None if known is None else self._directory.get(ChannelAddress, who.tenant, known.channel_address)
        if known is None or (address is not None and may(who, act, self._object(who.tenant, address)) is not None):
            raise problem("unknown_conversation", retry_after_s=NOT_YET_S)
        return known

    async def _correspondent(self, tenant: str, conversation: str) -> Correspondent | None:
        """One that was accepted a moment ago is waited for."""
        return await soon(lambda: self._book.get(tenant, conversation))

    def _object(self, tenant: str, address: ChannelAddress) -> Object:
        scope = self._directory.scope_of(tenant, address)
        return Object(tenant=tenant, sponsor=scope.sponsor, site=scope.site, campaign=scope.campaign)

    def _queue(self, tenant: str, queue: str | None) -> QueueId | None:
        if queue is None:
            return None
        found = self._directory.get(Queue, tenant, queue)
        if found is None or found.is_archived:
            raise BadInput("invalid_field", "no queue of this id", "/queue")
        return found.id

    def _is_test(self, tenant: str) -> bool:
        own = self._directory.tenant(tenant)
        return own is not None and own.is_test


def _accepted(receipt: ReceiptId, conversation: ConversationId) -> Response:
    return accepted(f"/v1/customers/receipts/{receipt}", {"receipt": receipt, "conversation": conversation})
