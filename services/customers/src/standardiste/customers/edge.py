"""The HTTP edge: who asks, whose it is, whether they may, and the documents as they are shown. Reading a customer's record is audited; so is a no."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Final, cast

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.responses import JSONResponse

from standardiste.common.blobs.port import BlobRef
from standardiste.common.errors import BadInput
from standardiste.common.events.model import AgentId, AttachmentState
from standardiste.common.http import Act, Object, Principal, body_of, client_of, etag, if_match, page, principal, problem
from standardiste.common.parts import Parts
from standardiste.common.security.audit import Audit
from standardiste.common.security.rights import may
from standardiste.common.store.indexing import fold
from standardiste.common.store.port import Document, Find, Json, TenantStore, Where
from standardiste.customers import shown
from standardiste.customers.history import object_of, parse_position
from standardiste.customers.progress import Progress, parse_at_least
from standardiste.customers.records import (
    CONVERSATIONS,
    CUSTOMERS,
    HISTORY,
    MESSAGES,
    RECEIPTS,
    Conversation,
    Customer,
    Receipt,
    StoredMessage,
    dump,
    load,
)

PAGE_MAX: Final = 1_000
PATCH_BYTES_MAX: Final = 64 * 1024
NOT_YET_S: Final = 1
HISTORY_SETTLED_MS: Final = 3_600 * 1_000
"""A line this old is given even if its offset is above the group's: it was written before a restore counted offsets anew."""
CONVERSATIONS_ASKED: Final = 20
"""How many of a customer's conversations are looked at for one that the reader's rights cover."""

_EMPTY: Final[Mapping[str, Any]] = {"labels": (), "attributes": {}, "is_blocked": False}
"""What null says of a field that cannot be without a value."""

Limit = Annotated[int, Query(ge=1, le=PAGE_MAX)]


class Patch(BaseModel):
    """What people change of a customer. A field that is absent stays."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str | None = Field(None, max_length=200)
    language: str | None = Field(None, max_length=35, pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")
    zone: str | None = Field(None, max_length=64)
    labels: list[Annotated[str, Field(min_length=1, max_length=64)]] | None = Field(None, max_length=50)
    attributes: dict[Annotated[str, Field(max_length=64)], Annotated[str, Field(max_length=1_000)] | int | float | bool] | None = Field(
        None, max_length=100
    )
    is_blocked: bool | None = None
    preferred_agent: str | None = Field(None, max_length=64)


class JsonLines(Response):
    """One JSON object a line."""

    media_type = "application/x-ndjson"


class CustomersEdge:
    """The endpoints of /v1/customers."""

    def __init__(self, parts: Parts, progress: Progress) -> None:
        self._parts, self._progress = parts, progress
        self._audit = Audit(parts.store, parts.clock)

    def router(self) -> APIRouter:
        """Paths with a fixed second part first: `{customer}` takes any."""
        router = APIRouter(prefix="/v1/customers", tags=["customers"])
        router.add_api_route("/history", self.history, methods=["GET"], response_class=JsonLines)
        for path, endpoint in (
            ("", self.search),
            ("/receipts/{receipt}", self.receipt),
            ("/blobs/{tenant}/{contact}/{sha256}", self.blob),
            ("/conversations/{conversation}", self.conversation),
            ("/conversations/{conversation}/messages", self.messages),
            ("/{customer}", self.customer),
            ("/{customer}/conversations", self.conversations),
        ):
            router.add_api_route(path, endpoint, methods=["GET"])
        router.add_api_route("/{customer}", self.patch, methods=["PATCH"], openapi_extra=_BODY_OF_PATCH)
        return router

    # ---- receipts

    async def receipt(self, request: Request, receipt: str) -> Response:
        """What became of a contact, for good. 404 with Retry-After until it is written."""
        who = await self._who(request, Act.RECEIPT_READ, f"receipt/{receipt}")
        found = await self._documents(who).get(RECEIPTS, receipt)
        if found is None:
            raise problem("not_found", retry_after_s=NOT_YET_S)
        await self._require(
            request, who, Act.RECEIPT_READ, Object(tenant=who.tenant, sponsor=load(Receipt, found.body).sponsor), f"receipt/{receipt}"
        )
        return JSONResponse(shown.receipt(found))

    # ---- customers

    async def search(self, request: Request, q: str | None = None, cursor: str | None = None, limit: Limit = 50) -> Response:
        """Customers whose name or addresses have all these words, cases and accents aside; all of them without words. By id, in pages."""
        who = await self._who(request, Act.CUSTOMER_READ, "customers")
        if q is not None and not fold(q):
            raise BadInput("invalid_field", "a search needs at least one letter or digit", "/query/q")
        found = await self._documents(who).find(CUSTOMERS, Find(text=q, cursor=cursor, limit=limit))
        seen = [document for document in found.documents if await self._may_see(who, Act.CUSTOMER_READ, document)]
        await self._record(request, who, "customer.search", "customers", after=[document.id for document in seen])
        return JSONResponse(page([shown.customer(document) for document in seen], found.cursor))

    async def customer(self, request: Request, customer: str) -> Response:
        """A customer's record, with its ETag."""
        who, found = await self._customer(request, Act.CUSTOMER_READ, customer)
        await self._record(request, who, "customer.read", f"customer/{customer}")
        return JSONResponse(shown.customer(found), headers={"ETag": etag(found.version)})

    async def patch(self, request: Request, customer: str) -> Response:
        """Change name, language, zone, labels, attributes, block and preferred agent; If-Match."""
        who, found = await self._customer(request, Act.CUSTOMER_WRITE, customer)
        expected = if_match(request)
        given = _patch_of(await body_of(request, PATCH_BYTES_MAX))
        former = load(Customer, found.body)
        fresh = replace(former, **given, updated_at=self._parts.clock.now())
        version = await self._documents(who).put(CUSTOMERS, customer, dump(fresh), expected=found.version if expected is None else expected)
        await self._record(request, who, "customer.write", f"customer/{customer}", before=_of(former, given), after=_of(fresh, given))
        stored = Document(tenant=who.tenant, id=customer, version=version, body=dump(fresh))
        return JSONResponse(shown.customer(stored), headers={"ETag": etag(version)})

    async def conversations(self, request: Request, customer: str, cursor: str | None = None, limit: Limit = 50) -> Response:
        """A customer's conversations, newest first."""
        who, _ = await self._customer(request, Act.CUSTOMER_READ, customer)
        find = Find(where=(Where(index="customer", equals=customer),), sort="last_at", is_descending=True, cursor=cursor, limit=limit)
        found = await self._documents(who).find(CONVERSATIONS, find)
        await self._record(request, who, "customer.read", f"customer/{customer}/conversations")
        seen = [document for document in found.documents if may(who, Act.CUSTOMER_READ, _object(who, document)) is None]
        return JSONResponse(page([shown.conversation(document) for document in seen], found.cursor))

    # ---- conversations

    async def conversation(self, request: Request, conversation: str, at_least: str | None = None) -> Response:
        """A conversation. `at_least` is the seq of a frame: the answer holds what was decided up to it, or is 503 with Retry-After."""
        who, found = await self._conversation(request, conversation, at_least)
        await self._record(request, who, "conversation.read", f"conversation/{conversation}")
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
        who, _ = await self._conversation(request, conversation, at_least)
        inside = Where(index="place", at_least=f"{conversation}/", below=f"{conversation}0")  # "0" follows "/"
        find = Find(where=(inside,), sort="place", is_descending=newest_first, cursor=cursor, limit=limit)
        found = await self._documents(who).find(MESSAGES, find)
        if cursor is None:
            await self._record(request, who, "conversation.read", f"conversation/{conversation}/messages")
        own = [document for document in found.documents if document.body.get("conversation") == conversation]
        return JSONResponse(page([shown.message(document) for document in own], found.cursor))

    # ---- blobs

    async def blob(self, request: Request, tenant: str, contact: str, sha256: str) -> Response:
        """An attachment, a long body, a recording: the bytes, under a policy that lets nothing in them act."""
        ref = BlobRef(tenant=tenant, contact=contact, sha256=sha256)
        who = await self._who(request, Act.CUSTOMER_READ, f"blob/{ref.name}")
        documents = self._documents(who)
        named = await documents.find(MESSAGES, Find(where=(Where(index="blob", equals=ref.name),), limit=1))
        if tenant != who.tenant or not named.documents:
            raise problem("not_found")
        message = load(StoredMessage, named.documents[0].body)
        conversation = None if message.conversation is None else await documents.get(CONVERSATIONS, message.conversation)
        obj = Object(tenant=who.tenant) if conversation is None else _object(who, conversation)
        await self._require(request, who, Act.CUSTOMER_READ, obj, f"blob/{ref.name}")
        attachment = shown.attachment_of(message.message.content, ref.name)
        if attachment is not None and attachment.state is AttachmentState.REFUSED:
            raise problem("not_allowed", "The attachment was refused: it is not safe.")
        content = await self._parts.blobs.get(ref)
        if content is None:
            raise problem("not_found")
        await self._record(request, who, "blob.read", f"blob/{ref.name}")
        return Response(content, headers=shown.blob_headers(ref.name, message))

    # ---- history

    async def history(self, request: Request, after: str | None = None, limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 500) -> Response:
        """Lines of history after a position, in the order of the log, as JSON lines. The Link header names the next page, also at the end."""
        who = await self._who(request, Act.HISTORY_READ, "history")
        begin = "" if after is None else str(parse_position(after))
        find = Find(where=(Where(index="position", at_least=begin + "!"),), sort="position", limit=limit)  # "!" sorts before any digit
        found = await self._documents(who).find(HISTORY, find)
        await self._record(request, who, "history.export", f"history?after={after or ''}")
        reached, lines = begin, list[str]()
        for document in found.documents:
            line = cast("Mapping[str, Any]", document.body["line"])
            if not await self._is_settled(str(line["position"])):
                break
            reached = str(line["position"])
            if may(who, Act.HISTORY_READ, object_of(who.tenant, line)) is None:
                lines.append(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
        query = f"?after={reached}" if reached else ""
        return JsonLines("".join(lines), headers={"Link": f'</v1/customers/history{query}>; rel="next"'})

    async def _is_settled(self, position: str) -> bool:
        """Whether no line can come to stand before this one any more."""
        place = parse_position(position)
        if place.appended_at < self._parts.clock.now() - HISTORY_SETTLED_MS:
            return True
        return await self._progress.has_passed(place.partition, place.offset)

    # ---- whose it is and who may

    async def _customer(self, request: Request, act: Act, customer: str) -> tuple[Principal, Document]:
        who = await self._who(request, act, f"customer/{customer}")
        found = await self._documents(who).get(CUSTOMERS, customer)
        if found is None:
            raise problem("not_found")
        if not await self._may_see(who, act, found):
            await self._require(request, who, act, _object_of_customer(who, found), f"customer/{customer}")
        return who, found

    async def _conversation(self, request: Request, conversation: str, at_least: str | None) -> tuple[Principal, Document]:
        what = f"conversation/{conversation}"
        who = await self._who(request, Act.CUSTOMER_READ, what)
        if at_least is not None and not await self._progress.reached(*parse_at_least(at_least)):
            raise problem("not_yet")
        found = await self._documents(who).get(CONVERSATIONS, conversation)
        if found is None or "waiting" in found.body:
            raise problem("not_found")
        await self._require(request, who, Act.CUSTOMER_READ, _object(who, found), what)
        return who, found

    async def _may_see(self, who: Principal, act: Act, customer: Document) -> bool:
        """By the customer's sponsor; else by one of the newest conversations (its site, campaign, or an own one)."""
        if may(who, act, _object_of_customer(who, customer)) is None:
            return True
        find = Find(where=(Where(index="customer", equals=customer.id),), sort="last_at", is_descending=True, limit=CONVERSATIONS_ASKED)
        found = await self._documents(who).find(CONVERSATIONS, find)
        return any(may(who, act, _object(who, document)) is None for document in found.documents)

    async def _who(self, request: Request, act: Act, what: str) -> Principal:
        who = await principal(request)
        await self._require(request, who, act, None, what)
        return who

    async def _require(self, request: Request, who: Principal, act: Act, obj: Object | None, what: str) -> None:
        refused = may(who, act, obj)
        if refused is not None:
            await self._record(request, who, f"{act}.refused", what)
            raise problem("not_allowed", refused.detail, act=str(act))

    async def _record(self, request: Request, who: Principal, act: str, what: str, before: Json = None, after: Json = None) -> None:
        await self._audit.record(who.tenant, who.who, act, what, before, after, source=client_of(request))

    def _documents(self, who: Principal) -> TenantStore:
        return self._parts.store.tenant(who.tenant)


def _object(who: Principal, conversation: Document) -> Object:
    """Whose a conversation is; to an agent who had it, his own."""
    known = load(Conversation, conversation.body)
    scope = known.scope
    is_own = AgentId(who.id) in known.agents
    return Object(
        tenant=conversation.tenant, sponsor=scope.sponsor, site=scope.site, campaign=scope.campaign, person=who.id if is_own else None
    )


def _object_of_customer(who: Principal, customer: Document) -> Object:
    return Object(tenant=customer.tenant, sponsor=load(Customer, customer.body).sponsor)


def _patch_of(body: bytes) -> dict[str, Any]:
    """The fields given. Raises BadInput("invalid_field")."""
    try:
        given = Patch.model_validate_json(body).model_dump(exclude_unset=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise BadInput("invalid_field", first["msg"], "".join(f"/{part}" for part in first["loc"])) from None
    given |= {name: empty for name, empty in _EMPTY.items() if name in given and given[name] is None}
    if "labels" in given:
        given["labels"] = tuple(dict.fromkeys(given["labels"]))
    return given


def _of(customer: Customer, fields: Mapping[str, Any]) -> Json:
    body = dump(customer)
    return {name: body.get(name) for name in fields}


_BODY_OF_PATCH: Final[dict[str, Any]] = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": Patch.model_json_schema()}}}
}
