"""
`POST /v1/messages`: one call that writes to a person on any channel.

The message's id follows from who asks and the Idempotency-Key, and so do the command's, the interaction's and the conversation's: a repeat, or a run that a
crash cut short, asks the router the same again, and the router answers a command once. The document is written first; the person's address rides on the
command alone and is kept nowhere here.
"""

from __future__ import annotations

import hashlib
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from standardiste.common.addresses import family_of, normal_address
from standardiste.common.blobs.port import Blobs
from standardiste.common.bodies import request_body, understood
from standardiste.common.conversations import ConversationBook
from standardiste.common.errors import BadInput, CommandRejected
from standardiste.common.events.commands import Actor, OpenInteraction
from standardiste.common.events.directory import ChannelAddress, Queue, Site
from standardiste.common.events.model import (
    Attachment,
    BlobName,
    Channel,
    Content,
    ConversationId,
    MessageId,
    QueueId,
    Scope,
)
from standardiste.common.http import accepted, body_of, idempotent, principal, problem, require
from standardiste.common.ids import keyed_id
from standardiste.common.intake import AttachmentDraft, Intake
from standardiste.common.parts import Parts
from standardiste.common.permission.ledger import Ledger
from standardiste.common.security.principal import Principal
from standardiste.common.security.rights import Act, Object, may
from standardiste.ingest_open.channel_choice import chosen_address
from standardiste.ingest_open.posted import checked_key, files_of
from standardiste.ingest_open.sending_model import PostedSend, Sending, SentMessage, shown_sending
from standardiste.ingest_open.sending_store import PREFIX, Sendings
from standardiste.ingest_open.settings import OpenSettings

CHANNELS: Final = (Channel.SMS, Channel.EMAIL, Channel.OTHER, Channel.SOCIAL)
"""What can be written to first. A chat visitor is there or not; a call carries no text."""
_OPEN: Final = (Channel.OTHER, Channel.SOCIAL)


class SendingEdge:
    """The endpoints of /v1/messages."""

    def __init__(self, settings: OpenSettings, parts: Parts, intake: Intake, book: ConversationBook, sendings: Sendings) -> None:
        self._settings, self._parts, self._intake, self._book, self._sendings = settings, parts, intake, book, sendings
        self._ledger = Ledger(parts.store, parts.keys, parts.directory)

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/v1/messages", tags=["messages"])
        router.add_api_route(
            "",
            self.send,
            methods=["POST"],
            status_code=202,
            responses={202: {"model": SentMessage}},
            openapi_extra=request_body(PostedSend),
        )
        router.add_api_route("/{message}", self.sent, methods=["GET"], responses={200: {"model": SentMessage}})
        return router

    async def send(self, request: Request) -> Response:
        """Write to a person: customer and conversation are found or made. Idempotency-Key required; the same key sends once."""
        who = await principal(request)
        require(who, Act.MESSAGE_SEND)
        key = checked_key(request.headers.get("idempotency-key"))
        if key is None:
            raise problem("idempotency_key_missing")
        body = await body_of(request, self._settings.open_body_bytes_max)
        return await idempotent(request, who, lambda: self._send(who, key, understood(PostedSend, body)), is_required=True)

    async def sent(self, request: Request, message: str) -> Response:
        """Where a message stands."""
        who = await principal(request)
        require(who, Act.MESSAGE_SEND)
        found = await self._sendings.get(who.tenant, message)
        if found is None or may(who, Act.MESSAGE_SEND, Object(tenant=who.tenant, sponsor=found.sponsor)) is not None:
            raise problem("not_found")
        return JSONResponse(shown_sending(found))

    async def _send(self, who: Principal, key: str, posted: PostedSend) -> Response:
        tenant = who.tenant
        address = chosen_address(self._parts.directory, tenant, CHANNELS, posted.channel_address, posted.channel)
        scope = self._parts.directory.scope_of(tenant, address)
        require(who, Act.MESSAGE_SEND, Object(tenant=tenant, sponsor=scope.sponsor, site=scope.site, campaign=scope.campaign))
        if not posted.text.strip() and not posted.attachments:
            raise BadInput("invalid_field", "text or attachments must say something", "/text")
        if len(posted.text.encode("utf-8", "replace")) > 64 * 1024:
            raise BadInput("invalid_field", "at most 64 KiB of text", "/text")
        theirs = self._theirs(tenant, scope, address, posted.to.address)
        queue = self._queue(tenant, posted.queue)
        files = files_of(posted)
        message = keyed_id(self._parts.keys.tenant(tenant, "sending"), PREFIX, who.id, key)
        conversation = await self._conversation(tenant, address, theirs, posted.conversation, message)
        ledgered = self._ledger.address_id(tenant, scope.sponsor, address.channel, address.channel_name or address.channel.value, theirs)
        known = await self._sendings.get(tenant, message)
        refused = (
            await self._ledger.may_contact(tenant, ledgered, posted.purpose, address.channel, self._parts.clock.now())
            if known is None or not known.is_asked  # a repeat is answered the same, whatever was said or has struck since
            else None
        )
        if refused is not None:
            raise CommandRejected(refused)
        actor = f"api:{who.id}"
        begun = Sending(
            id=message,
            conversation=conversation,
            interaction=f"in_{_tail(tenant, actor, message)}",
            receipt=f"rc_{_tail(tenant, actor, message)}",
            state="accepted",
            updated_at=self._parts.clock.now(),
            sponsor=scope.sponsor,
            channel_address=address.id,
        )
        kept = await self._sendings.begin(tenant, begun)
        if not kept.is_asked:
            command = OpenInteraction(
                actor=Actor(api_key=who.id),
                channel=address.channel,
                channel_address=address.id,
                address=theirs,
                content=await _content(self._parts.blobs, tenant, message, posted, files),
                conversation=conversation,
                queue=queue,
                purpose=posted.purpose,
                attributes=posted.attributes,
                message=MessageId(message),
                name=posted.to.name,
            )
            await self._intake.report(tenant, conversation, command, id=message)
            await self._sendings.asked(tenant, message)
        return accepted(f"/v1/messages/{message}", shown_sending(kept))

    def _theirs(self, tenant: str, scope: Scope, address: ChannelAddress, given: str) -> str:
        """The person's address, as the channel knows it."""
        site = self._parts.directory.get(Site, tenant, scope.site)
        family = family_of(address.channel, address.channel_name or address.channel.value)
        normal = normal_address(family, given, None if site is None else site.country)
        is_fit = normal is not None and "\0" not in normal
        if address.channel is Channel.SMS:
            is_fit = is_fit and (normal or "").startswith("+")
        elif address.channel is Channel.EMAIL:
            is_fit = is_fit and "@" in (normal or "").strip("@") and " " not in (normal or "")
        if normal is None or not is_fit:
            raise BadInput("invalid_field", "not an address of this channel", "/to/address")
        return normal

    async def _conversation(
        self, tenant: str, address: ChannelAddress, theirs: str, conversation: str | None, message: str
    ) -> ConversationId:
        """
        The conversation that an answer will belong to. Texts have one for each pair of numbers; a mail begins one, and its answers are known by their
        thread; on an open channel it is the one that is named, or the one that such messages share.
        """
        secret = self._parts.keys.tenant(tenant, "conversation")
        if conversation is not None:
            known = await self._book.get(tenant, conversation) if address.channel in _OPEN else None
            if known is None or known.channel_address != address.id or known.address != theirs:
                raise problem("unknown_conversation", pointer="/conversation")
            return ConversationId(conversation)
        match address.channel:
            case Channel.SMS:
                return ConversationId(keyed_id(secret, "sms", address.address, theirs))
            case Channel.EMAIL:
                return ConversationId(keyed_id(secret, "cv", message))
            case _:
                return ConversationId(keyed_id(secret, "open", address.id, "to", theirs))

    def _queue(self, tenant: str, queue: str | None) -> QueueId | None:
        if queue is None:
            return None
        found = self._parts.directory.get(Queue, tenant, queue)
        if found is None or found.is_archived:
            raise BadInput("invalid_field", "no queue of this id", "/queue")
        return found.id


async def _content(blobs: Blobs, tenant: str, message: str, posted: PostedSend, files: tuple[AttachmentDraft, ...]) -> Content:
    attachments = [
        Attachment(
            id=f"{message}-a{number}",
            name=each.name,
            media_type=each.media_type,
            size_bytes=len(each.content),
            blob=BlobName((await blobs.put(tenant, message, each.content)).name),
            sha256=hashlib.sha256(each.content).hexdigest(),
        )
        for number, each in enumerate(files, 1)
    ]
    return Content(
        text=posted.text,
        subject=posted.subject,
        language=posted.language,
        attachments=tuple(attachments),
        template=posted.template,
        template_values=posted.template_values or None,
    )


def _tail(*parts: str) -> str:
    """What the router makes of the same parts (router.engine.media.digest): so its ids are known before it has answered. A test holds the two together."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:25]
