"""The HTTP edge of what is read: receipts, conversations and their messages, blobs, history."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Final, cast

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import JSONResponse

from standardiste.common.blobs.port import BlobRef
from standardiste.common.errors import BadInput
from standardiste.common.events.model import AttachmentState
from standardiste.common.http import Act, Object, page, problem
from standardiste.common.scanning.screen import Screen
from standardiste.common.security.rights import may
from standardiste.common.store.indexing import fold
from standardiste.common.store.port import Find, Where
from standardiste.customers import shown
from standardiste.customers.access import Access, object_of
from standardiste.customers.history import object_of as object_of_line
from standardiste.customers.history import parse_position
from standardiste.customers.progress import Progress
from standardiste.customers.records import (
    CONVERSATIONS,
    HISTORY,
    MESSAGES,
    Receipt,
    StoredMessage,
    load,
)

PAGE_MAX: Final = 1_000
NOT_YET_S: Final = 1
HISTORY_SETTLED_MS: Final = 3_600 * 1_000
"""A line this old is given even if its offset is above the group's: it was written before a restore counted offsets anew."""
Limit = Annotated[int, Query(ge=1, le=PAGE_MAX)]


class JsonLines(Response):
    """One JSON object a line."""

    media_type = "application/x-ndjson"


class ReadingEdge:
    """What is read: receipts, conversations, messages, blobs, history."""

    def __init__(self, access: Access, progress: Progress) -> None:
        self._access, self._progress = access, progress
        self._screen = Screen(access.parts.scanner, access.parts.directory)

    def add_to(self, router: APIRouter) -> None:
        """The paths here."""
        router.add_api_route("/history", self.history, methods=["GET"], response_class=JsonLines)
        for path, endpoint in (
            ("/messages", self.search),
            ("/receipts/{receipt}", self.receipt),
            ("/blobs/{tenant}/{contact}/{sha256}", self.blob),
            ("/conversations/{conversation}", self.conversation),
            ("/conversations/{conversation}/messages", self.messages),
        ):
            router.add_api_route(path, endpoint, methods=["GET"])

    # ---- receipts

    async def receipt(self, request: Request, receipt: str) -> Response:
        """What became of a contact, for good. One accepted a moment ago is waited for; 404 with Retry-After while it is not written."""
        who = await self._access.who(request, Act.RECEIPT_READ, f"receipt/{receipt}")
        found = await self._access.receipt(who, receipt)
        if found is None:
            raise problem("not_found", retry_after_s=NOT_YET_S)
        await self._access.require(
            request, who, Act.RECEIPT_READ, Object(tenant=who.tenant, sponsor=load(Receipt, found.body).sponsor), f"receipt/{receipt}"
        )
        return JSONResponse(shown.receipt(found))

    # ---- conversations

    async def conversation(self, request: Request, conversation: str, at_least: str | None = None) -> Response:
        """A conversation. `at_least` is the seq of a frame: the answer holds what was decided up to it, or is 503 with Retry-After."""
        who, found = await self._access.conversation(request, conversation, at_least)
        await self._access.record(request, who, "conversation.read", f"conversation/{conversation}")
        return JSONResponse(shown.conversation(found))

    async def messages(
        self,
        request: Request,
        conversation: str,
        cursor: str | None = None,
        limit: Limit = 50,
        at_least: str | None = None,
        newest_first: bool = False,
    ) -> Response:
        """Its messages and notes, oldest first, in pages."""
        who, _ = await self._access.conversation(request, conversation, at_least)
        inside = Where(index="place", at_least=f"{conversation}/", below=f"{conversation}0")  # "0" follows "/"
        find = Find(where=(inside,), sort="place", is_descending=newest_first, cursor=cursor, limit=limit)
        found = await self._access.documents(who).find(MESSAGES, find)
        if cursor is None:
            await self._access.record(request, who, "conversation.read", f"conversation/{conversation}/messages")
        own = [document for document in found.documents if document.body.get("conversation") == conversation]
        return JSONResponse(page([shown.message(document) for document in own], found.cursor))

    async def search(self, request: Request, q: str | None = None, cursor: str | None = None, limit: Limit = 50) -> Response:
        """Messages of all channels that have all these words, cases and accents aside, with their conversations. By id, in pages."""
        who = await self._access.who(request, Act.CUSTOMER_READ, "messages")
        if q is None or not fold(q):
            raise BadInput("invalid_field", "a search needs at least one letter or digit", "/query/q")
        documents = self._access.documents(who)
        found = await documents.find(MESSAGES, Find(text=q, cursor=cursor, limit=limit))
        objects: dict[str, Object] = {}
        seen: list[dict[str, Any]] = []
        for document in found.documents:
            id = str(document.body.get("conversation", ""))
            if id not in objects:
                conversation = await documents.get(CONVERSATIONS, id)
                objects[id] = Object(tenant=who.tenant) if conversation is None else object_of(who, conversation)
            if may(who, Act.CUSTOMER_READ, objects[id]) is None:
                seen.append(shown.message(document))
        await self._access.record(request, who, "message.search", "messages", after=[message["id"] for message in seen])
        return JSONResponse(page(seen, found.cursor))

    # ---- blobs

    async def blob(self, request: Request, tenant: str, contact: str, sha256: str) -> Response:
        """An attachment, a long body, a recording: the bytes, under a policy that lets nothing in them act."""
        ref = BlobRef(tenant=tenant, contact=contact, sha256=sha256)
        who = await self._access.who(request, Act.CUSTOMER_READ, f"blob/{ref.name}")
        documents = self._access.documents(who)
        named = await documents.find(MESSAGES, Find(where=(Where(index="blob", equals=ref.name),), limit=1))
        if tenant != who.tenant or not named.documents:
            raise problem("not_found")
        message = load(StoredMessage, named.documents[0].body)
        conversation = None if message.conversation is None else await documents.get(CONVERSATIONS, message.conversation)
        obj = Object(tenant=who.tenant) if conversation is None else object_of(who, conversation)
        await self._access.require(request, who, Act.CUSTOMER_READ, obj, f"blob/{ref.name}")
        attachment = shown.attachment_of(message.message.content, ref.name)
        known = AttachmentState.UNSCANNED if attachment is None else attachment.state
        if known is AttachmentState.REFUSED:
            raise problem("not_allowed", "The attachment was refused: it is not safe.")
        content = await self._access.parts.blobs.get(ref)
        if content is None:
            raise problem("not_found")
        await self._screen.require_safe(tenant, known, content)
        await self._access.record(request, who, "blob.read", f"blob/{ref.name}")
        return Response(content, headers=shown.blob_headers(ref.name, message))

    # ---- history

    async def history(self, request: Request, after: str | None = None, limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 500) -> Response:
        """Lines of history after a position, in the order of the log, as JSON lines. The Link header names the next page, also at the end."""
        who = await self._access.who(request, Act.HISTORY_READ, "history")
        begin = "" if after is None else str(parse_position(after))
        find = Find(where=(Where(index="position", at_least=begin + "!"),), sort="position", limit=limit)  # "!" sorts before any digit
        found = await self._access.documents(who).find(HISTORY, find)
        await self._access.record(request, who, "history.export", f"history?after={after or ''}")
        reached, lines = begin, list[str]()
        for document in found.documents:
            line = cast("Mapping[str, Any]", document.body["line"])
            if not await self._is_settled(str(line["position"])):
                break
            reached = str(line["position"])
            if may(who, Act.HISTORY_READ, object_of_line(who.tenant, line)) is None:
                lines.append(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
        query = f"?after={reached}" if reached else ""
        return JsonLines("".join(lines), headers={"Link": f'</v1/customers/history{query}>; rel="next"'})

    async def _is_settled(self, position: str) -> bool:
        """Whether no line can come to stand before this one any more."""
        place = parse_position(position)
        if place.appended_at < self._access.parts.clock.now() - HISTORY_SETTLED_MS:
            return True
        return await self._progress.has_passed(place.partition, place.offset)
