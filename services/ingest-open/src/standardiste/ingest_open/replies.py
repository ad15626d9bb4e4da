"""
The answers of agents, kept for the integrator to fetch: delivering on an open channel is storing.

One document an answer; `number` counts within its conversation, without gaps, in the order the router made them, and is the cursor. The outbox sends
one message of a conversation at a time, and a message's id names its document, so a repeat finds it there and numbers nothing twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, cast

from standardiste.common.blobs.port import BlobRef
from standardiste.common.clock import Clock, rfc3339
from standardiste.common.conversations import ConversationBook
from standardiste.common.errors import BadInput, VersionConflict
from standardiste.common.events.base import Instant
from standardiste.common.events.codec import adapter
from standardiste.common.events.model import Attachment
from standardiste.common.outbox import Send, Sent, Unknown
from standardiste.common.store.port import ABSENT, Body, Collection, Find, Index, Store, Where

REPLIES = Collection(name="open-replies", indexes=(Index(name="place", path="place", is_unique=True),))
_DIGITS: Final = 9
_CURSOR: Final = "r"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replies:
    """One page of answers, oldest first, and the cursor behind the last of them: kept and sent again, it brings what came since."""

    items: Sequence[Mapping[str, Any]]
    next: str


class ReplyProvider:
    """The outbox's provider of open channels: takes a message by storing it."""

    name = "open"

    def __init__(self, store: Store, clock: Clock, book: ConversationBook) -> None:
        self._store, self._clock, self._book = store, clock, book

    async def send(self, send: Send) -> Sent:
        documents, command = self._store.tenant(send.tenant), send.command
        if command.address is not None:  # an agent began: from now on the integrator may fetch and continue this conversation
            await self._book.learn_address(send.tenant, command, command.channel_address)
        if await documents.get(REPLIES, command.message) is None:
            number = await _last_number(self._store, send.tenant, command.conversation) + 1
            with suppress(VersionConflict):  # stored meanwhile by a try whose answer was lost
                await documents.put(REPLIES, command.message, _body(send, number, self._clock.now()), expected=ABSENT)
        return Sent(provider_id=command.message)

    async def look_up(self, send: Send) -> Sent | Unknown | None:
        known = await self._store.tenant(send.tenant).get(REPLIES, send.command.message)
        return None if known is None else Sent(provider_id=send.command.message)


async def replies_after(store: Store, tenant: str, conversation: str, cursor: str | None, limit: int) -> Replies:
    """What was answered after the cursor. Raises BadInput("cursor_invalid")."""
    number = _number_of(cursor)
    where = Where(index="place", at_least=_place(conversation, number + 1), below=_place(conversation, 10**_DIGITS - 1))
    page = await store.tenant(tenant).find(REPLIES, Find(where=(where,), sort="place", limit=limit))
    last = cast("int", page.documents[-1].body["number"]) if page.documents else number
    return Replies(items=[cast("Mapping[str, Any]", document.body["reply"]) for document in page.documents], next=f"{_CURSOR}{last}")


async def reply_of(store: Store, tenant: str, conversation: str, message: str) -> Body | None:
    """The stored answer of this conversation, if there is one."""
    document = await store.tenant(tenant).get(REPLIES, message)
    return document.body if document is not None and document.body["conversation"] == conversation else None


def blob_of(reply: Body, attachment: str) -> BlobRef | None:
    """Where the bytes of an answer's file are."""
    name = cast("Mapping[str, str]", reply.get("blobs", {})).get(attachment)
    if name is None:
        return None
    tenant, contact, sha256 = name.split("/")
    return BlobRef(tenant=tenant, contact=contact, sha256=sha256)


async def _last_number(store: Store, tenant: str, conversation: str) -> int:
    where = Where(index="place", at_least=_place(conversation, 0), below=_place(conversation, 10**_DIGITS - 1))
    page = await store.tenant(tenant).find(REPLIES, Find(where=(where,), sort="place", is_descending=True, limit=1))
    return cast("int", page.documents[0].body["number"]) if page.documents else 0


def _place(conversation: str, number: int) -> str:
    return f"{conversation}/{number:0{_DIGITS}d}"


def _number_of(cursor: str | None) -> int:
    if cursor is None:
        return 0
    digits = cursor.removeprefix(_CURSOR)
    if not cursor.startswith(_CURSOR) or not digits.isascii() or not digits.isdigit() or len(digits) > _DIGITS:
        raise BadInput("cursor_invalid", "not a cursor of these replies", "/query/after")
    return int(digits)


def _body(send: Send, number: int, now: Instant) -> Body:
    command = send.command
    content = command.content
    reply = {
        "id": command.message,
        "conversation": command.conversation,
        "interaction": command.interaction,
        "author": {"kind": command.author.kind.value, "name": command.author.name},
        "subject": content.subject,
        "text": content.text,
        "language": content.language,
        "in_reply_to": command.in_reply_to,
        "attachments": [_attachment(send, each) for each in content.attachments],
        "is_machine_made": command.is_machine_made,
        "sent_at": rfc3339(send.taken_at),
    }
    return {
        "place": _place(command.conversation, number),
        "number": number,
        "conversation": command.conversation,
        "interaction": command.interaction,
        "channel_address": command.channel_address,
        "sender": command.author.agent or "",
        "stored_at": now,
        "blobs": {each.id: each.blob for each in content.attachments},
        "reply": cast("Body", {name: value for name, value in reply.items() if value is not None}),
    }


def _attachment(send: Send, attachment: Attachment) -> Body:
    shown: dict[str, Any] = adapter(Attachment).dump_python(
        attachment, mode="json", include={"id", "name", "media_type", "size_bytes", "sha256"}
    )
    command = send.command
    return {**shown, "url": f"/v1/interactions/{command.conversation}/messages/{command.message}/attachments/{attachment.id}"}
