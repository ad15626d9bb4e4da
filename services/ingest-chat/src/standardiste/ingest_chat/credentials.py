"""Whose session a request is about: its Bearer token."""

from __future__ import annotations

from fastapi import Request

from standardiste.common.clock import Clock
from standardiste.common.errors import BadInput
from standardiste.ingest_chat.tokens import SessionClaims, Tokens


def claims_of(tokens: Tokens, clock: Clock, request: Request, session: str | None = None) -> SessionClaims:
    """The claims of the Bearer token, which must be the path's session's. Raises BadInput: bad_token, token_expired."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise BadInput("bad_token", "The session's token is missing.")
    claims = tokens.read_session(token.strip(), clock.now())
    if session is not None and claims.session != session:
        raise BadInput("bad_token", "The token is another session's.")
    return claims
