"""
What a browser proves who it is with: a visitor's token (the same person next week) and a session's (this conversation).

Signed with a key of the tenant, kept nowhere. The tenant named inside only chooses the key, so a token of one tenant is worth nothing at another.
Form: `<kind>.<payload>.<mac>`, base64url without padding; the payload is JSON.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Any, Final, Protocol, cast

from standardiste.common.errors import BadInput
from standardiste.common.events.base import Instant

PURPOSE: Final = "chat"
SESSION_TTL_MS: Final = 24 * 3600 * 1000
"""A session's token is renewed each time the widget resumes with it."""
VISITOR_TTL_MS: Final = 365 * 24 * 3600 * 1000
TOKEN_CHARACTERS_MAX: Final = 2_000
_SESSION: Final = "cs"
_VISITOR: Final = "cv"


class TenantKeys(Protocol):
    def tenant(self, tenant: str, purpose: str) -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionClaims:
    """One chat: tenant, page (the channel address's id), session (also the conversation's id), visitor."""

    tenant: str
    page: str
    session: str
    visitor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitorClaims:
    """A visitor of this tenant, session after session."""

    tenant: str
    visitor: str


class Tokens:
    """Issues and reads both. Reading raises BadInput("bad_token") or ("token_expired")."""

    def __init__(self, keys: TenantKeys) -> None:
        self._keys = keys

    def session(self, claims: SessionClaims, now: Instant) -> str:
        payload = {"t": claims.tenant, "p": claims.page, "s": claims.session, "v": claims.visitor, "e": now + SESSION_TTL_MS}
        return self._signed(_SESSION, claims.tenant, payload)

    def visitor(self, claims: VisitorClaims, now: Instant) -> str:
        return self._signed(_VISITOR, claims.tenant, {"t": claims.tenant, "v": claims.visitor, "e": now + VISITOR_TTL_MS})

    def read_session(self, token: str, now: Instant) -> SessionClaims:
        payload = self._verified(_SESSION, token, now)
        return SessionClaims(tenant=payload["t"], page=payload["p"], session=payload["s"], visitor=payload["v"])

    def read_visitor(self, token: str, now: Instant) -> VisitorClaims:
        payload = self._verified(_VISITOR, token, now)
        return VisitorClaims(tenant=payload["t"], visitor=payload["v"])

    def _signed(self, kind: str, tenant: str, payload: dict[str, Any]) -> str:
        text = f"{kind}.{_encoded(json.dumps(payload, separators=(',', ':')).encode())}"
        return f"{text}.{_encoded(self._mac(tenant, text))}"

    def _mac(self, tenant: str, text: str) -> bytes:
        return hmac.new(self._keys.tenant(tenant, PURPOSE), text.encode(), hashlib.sha256).digest()

    def _verified(self, kind: str, token: str, now: Instant) -> dict[str, Any]:
        text, _, mac = token.rpartition(".")
        if len(token) > TOKEN_CHARACTERS_MAX or not token.isascii() or not text.startswith(f"{kind}."):
            raise _bad()
        try:
            payload: object = json.loads(_decoded(text.removeprefix(f"{kind}.")))
            given = _decoded(mac)
        except (ValueError, RecursionError, binascii.Error):
            raise _bad() from None
        claims = cast("dict[str, Any]", payload) if isinstance(payload, dict) else {}
        tenant = claims.get("t")
        if not isinstance(tenant, str) or not hmac.compare_digest(self._mac(tenant, text), given):
            raise _bad()
        if claims["e"] <= now:
            raise BadInput("token_expired", "The chat's token has expired.")
        return claims


def _bad() -> BadInput:
    return BadInput("bad_token", "This token is not one of ours.")


def _encoded(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
