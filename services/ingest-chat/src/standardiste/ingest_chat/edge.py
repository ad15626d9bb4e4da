"""
The chat over HTTP: pages, sessions, messages. What a mobile app uses, and what the widget begins with.

Paths are open: a session's own token is the credential. Origins are checked against the page's settings, not by the process's edge, because pages of other sites carry the
widget; nothing here rides on cookies.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import BaseModel, Field

from standardiste.common.bodies import Strict, request_body, understood
from standardiste.common.clock import Clock, rfc3339
from standardiste.common.errors import BadInput
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.events.model import Assurance
from standardiste.common.http import body_of, client_of, limit_client, page, problem
from standardiste.common.ids import Ids, keyed_id
from standardiste.common.problems import language_of
from standardiste.common.rate_limit import TokenBuckets
from standardiste.common.secrets.port import Secrets
from standardiste.common.security.keys import Keys
from standardiste.ingest_chat.credentials import claims_of
from standardiste.ingest_chat.demo import POLICY, demo_page
from standardiste.ingest_chat.frames import Accepted, Ended, Entry, check_say, plain
from standardiste.ingest_chat.hub import Hub
from standardiste.ingest_chat.identity import PREFIX as SIGNED
from standardiste.ingest_chat.identity import SECRET_SETTING, Identity, read_identity
from standardiste.ingest_chat.pages import Page, Pages, page_body
from standardiste.ingest_chat.sessions import ChatSession, Sessions
from standardiste.ingest_chat.tokens import SESSION_TTL_MS, SessionClaims, Tokens, VisitorClaims
from standardiste.ingest_chat.transcript import PAGE, Place, Transcript, with_places
from standardiste.ingest_chat.visitors import Slow, Visitors

BODY_BYTES_MAX: Final = 32 * 1024
KEY_CHARACTERS_MIN: Final = 16
"""A session key is as good as its session's token, so it must not be guessed."""
SESSION: Final = "chat"
"""What a session's id, and so its conversation's, begins with."""

Name = Annotated[str, Field(min_length=1, max_length=120)]
Language = Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)]
AttributeName = Annotated[str, Field(min_length=1, max_length=64)]
AttributeValue = Annotated[str, Field(max_length=1000)]


class PostedMessage(Strict):
    """The visitor's words. `id` is the sender's own: the same id is the same message."""

    id: str
    text: str


class PostedSession(Strict):
    """
    Begin a chat on `page` (the address of one of the tenant's chat pages), or resume one with its token as Bearer credential.

    `visitor` is the token given last time, so that a returning visitor is the same customer. `identity` is the site's signed word on who he is
    (identity.py). `message`, when given, is said at once (what a pre-chat form asked).
    """

    page: Annotated[str, Field(min_length=1, max_length=255)]
    visitor: str | None = None
    identity: str | None = None
    name: Name | None = None
    language: Language | None = None
    attributes: Annotated[dict[AttributeName, AttributeValue], Field(max_length=20)] = Field(default_factory=dict)
    message: PostedMessage | None = None


class GivenSession(BaseModel):
    """A session and its tokens: `token` is its Bearer credential, `visitor` is for the next session of the same person."""

    session: str
    token: str
    expires_at: str
    visitor: str
    is_ended: bool


class LinePage(BaseModel):
    """Lines of the transcript, as the websocket's frames. `next` is always given: sent as `after`, it brings what came since."""

    items: list[Entry]
    next: str


class ChatEdge:
    """The endpoints of /v1/chat."""

    def __init__(
        self,
        *,
        visitors: Visitors,
        sessions: Sessions,
        transcript: Transcript,
        hub: Hub,
        pages: Pages,
        tokens: Tokens,
        keys: Keys,
        secrets: Secrets,
        clock: Clock,
        ids: Ids,
        sessions_per_client: TokenBuckets,
    ) -> None:
        self._visitors, self._sessions, self._transcript, self._hub = visitors, sessions, transcript, hub
        self._pages, self._tokens, self._keys, self._clock, self._ids = pages, tokens, keys, clock, ids
        self._sessions_per_client, self._secrets = sessions_per_client, secrets

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/v1/chat", tags=["chat"])
        add = router.add_api_route
        add(
            "/sessions",
            self.begin,
            methods=["POST"],
            status_code=201,
            responses={200: {"model": GivenSession}, 201: {"model": GivenSession}},
            openapi_extra=request_body(PostedSession),
        )
        add(
            "/sessions/{session}/messages",
            self.say,
            methods=["POST"],
            status_code=202,
            responses={202: {"model": Accepted}},
            openapi_extra=request_body(PostedMessage),
        )
        add("/sessions/{session}/messages", self.messages, methods=["GET"], responses={200: {"model": LinePage}})
        add("/sessions/{session}", self.end, methods=["DELETE"], status_code=204)
        add("/pages/{address}", self.page, methods=["GET"], responses={200: {"model": Page}})
        add("/demo", self.demo, methods=["GET"], response_class=HTMLResponse)
        return router

    async def begin(self, request: Request) -> Response:
        """
        201 with a new session and its tokens, 200 with the one that the Bearer token or the Idempotency-Key names.

        An Idempotency-Key must be random and at least 16 characters long: who knows it is given the session.
        """
        limit_client(request)
        posted = understood(PostedSession, await body_of(request, BODY_BYTES_MAX))
        tenant, address = self._pages.find(posted.page)
        self._pages.check_origin(address, request.headers.get("origin"), request.headers.get("host"))
        if "authorization" in request.headers:
            claims = claims_of(self._tokens, self._clock, request)
            if (claims.tenant, claims.page) != (tenant, address.id):
                raise BadInput("bad_token", "The token is another page's.")
            session, is_new = await self._known(claims), False
        else:
            session, is_new = await self._new(request, posted, tenant, address)
            claims = SessionClaims(tenant=tenant, page=address.id, session=session.id, visitor=session.visitor)
        if posted.message is not None:
            check_say(posted.message.id, posted.message.text)
            await self._say(claims, posted.message)
        return JSONResponse(self._given(claims, session), 201 if is_new else 200)

    async def say(self, request: Request, session: str) -> Response:
        """The visitor says something; durable when answered. The same id is the same message."""
        limit_client(request)
        claims = claims_of(self._tokens, self._clock, request, session)
        posted = understood(PostedMessage, await body_of(request, BODY_BYTES_MAX))
        check_say(posted.id, posted.text)
        accepted = plain(await self._say(claims, posted))
        return JSONResponse(accepted, 202, {"Location": f"/v1/customers/receipts/{accepted['receipt']}"})

    async def messages(
        self, request: Request, session: str, after: str | None = None, limit: Annotated[int, Query(ge=1, le=PAGE)] = PAGE
    ) -> Response:
        """What was said after a `seq` or a message id, oldest first. `next` is always given: sent as `after`, it brings what came since."""
        limit_client(request)
        claims = claims_of(self._tokens, self._clock, request, session)
        place = await self._transcript.place_of(claims.tenant, session, after) or Place()
        frames, place = with_places(await self._transcript.after(claims.tenant, session, place, limit), place)
        return JSONResponse(page([plain(frame) for frame in frames], str(place)))

    async def end(self, request: Request, session: str) -> Response:
        """The visitor says goodbye. Repeatable."""
        limit_client(request)
        claims = claims_of(self._tokens, self._clock, request, session)
        await self._visitors.goodbye(claims)
        self._hub.tell(claims.tenant, session, Ended(seq="", id="goodbye", at=self._clock.now()))
        return Response(status_code=204)

    async def page(self, request: Request, address: str, language: str | None = None) -> Response:
        """What the widget needs to show itself on this page."""
        limit_client(request)
        tenant, found = self._pages.find(address)
        self._pages.check_origin(found, request.headers.get("origin"), request.headers.get("host"))
        shown = self._pages.shown(tenant, found, language or _accepted(request))
        return JSONResponse(page_body(shown), headers={"Cache-Control": "max-age=60", "Vary": "Accept-Language, Origin"})

    async def demo(self, request: Request, page: str, language: str | None = None) -> Response:
        """A page that carries the widget."""
        limit_client(request)
        tenant, found = self._pages.find(page)
        spoken = self._pages.language(tenant, found, language or _accepted(request))
        headers = {"Content-Security-Policy": POLICY, "Content-Language": spoken}
        return HTMLResponse(demo_page(page, spoken), headers=headers)

    async def _new(self, request: Request, posted: PostedSession, tenant: str, page: ChannelAddress) -> tuple[ChatSession, bool]:
        identity = await self._identity(posted, tenant, page)
        taken = self._sessions_per_client.take(client_of(request), self._clock.now())
        if not taken.is_allowed:
            raise problem("too_many_requests", retry_after_s=taken.retry_after_s)
        session = ChatSession(
            id=self._session_id(request, tenant, page.id),
            page=page.id,
            visitor=self._visitor(posted, tenant) if identity is None else self._signed(identity, tenant, page),
            began_at=self._clock.now(),
            name=posted.name if identity is None else identity.name or posted.name,
            language=posted.language,
            attributes=posted.attributes if identity is None else {**posted.attributes, **_told(identity)},
            assurance=Assurance.ASSERTED if identity is None else Assurance.SIGNED_VISITOR,
        )
        return await self._sessions.begin(tenant, session)

    def _session_id(self, request: Request, tenant: str, page: str) -> str:
        key = request.headers.get("idempotency-key")
        if key is None:
            return self._ids.mint(SESSION)
        if not KEY_CHARACTERS_MIN <= len(key) <= 255:
            raise BadInput("invalid_field", f"{KEY_CHARACTERS_MIN} to 255 random characters", "/headers/idempotency-key")
        return keyed_id(self._keys.tenant(tenant, "chat session"), SESSION, page, key)

    async def _identity(self, posted: PostedSession, tenant: str, page: ChannelAddress) -> Identity | None:
        """Who the site says that the visitor is; None where it says nothing. Raises BadInput("bad_token") for what the page's secret did not sign."""
        if posted.identity is None:
            return None
        name = page.settings.get(SECRET_SETTING)
        secret = await self._secrets.get(tenant, name) if isinstance(name, str) else None
        if secret is None:
            raise BadInput("bad_token", "This page signs nobody in.", "/identity")
        return read_identity(posted.identity, secret, page.address, self._clock.now())

    def _signed(self, identity: Identity, tenant: str, page: ChannelAddress) -> str:
        """The visitor whom the site has signed in: the same on every device, of this secret's site alone."""
        name = str(page.settings.get(SECRET_SETTING))
        return keyed_id(self._keys.tenant(tenant, "signed visitor"), SIGNED, name, identity.subject)

    def _visitor(self, posted: PostedSession, tenant: str) -> str:
        """The visitor that comes back, or a new one. A token that is too old, or another tenant's, begins a new one: it only saves asking who he is."""
        if posted.visitor is not None:
            try:
                known = self._tokens.read_visitor(posted.visitor, self._clock.now())
            except BadInput:
                return self._ids.mint("visitor")
            if known.tenant == tenant and not known.visitor.startswith(f"{SIGNED}_"):
                return known.visitor  # one who was signed in is himself only while the site says so
        return self._ids.mint("visitor")

    async def _known(self, claims: SessionClaims) -> ChatSession:
        session = await self._sessions.get(claims.tenant, claims.session)
        if session is None:
            raise BadInput("bad_token", "No such session.")
        return session

    def _given(self, claims: SessionClaims, session: ChatSession) -> dict[str, Any]:
        now = self._clock.now()
        return {
            "session": session.id,
            "token": self._tokens.session(claims, now),
            "expires_at": rfc3339(now + SESSION_TTL_MS),
            "visitor": self._tokens.visitor(VisitorClaims(tenant=claims.tenant, visitor=session.visitor), now),
            "is_ended": session.is_ended,
        }

    async def _say(self, claims: SessionClaims, posted: PostedMessage) -> Any:
        try:
            return await self._visitors.say(claims, posted.id, posted.text)
        except Slow as slow:
            raise problem("too_many_requests", retry_after_s=slow.retry_after_s) from None


def _told(identity: Identity) -> dict[str, str]:
    """What the site's word adds for the rules and the desk."""
    return {"site_user": identity.subject, **({"email": identity.email} if identity.email else {})}


def _accepted(request: Request) -> str | None:
    header = request.headers.get("accept-language")
    return None if header is None else language_of(header)
