"""
What an HTTP edge is written with: who asks and whether they may, bodies with a limit, pages, versions, receipts, problems.

    @router.post("/v1/interactions", status_code=202)
    async def take(request: Request, who: Annotated[Principal, Depends(allowed(Act.CONTACT_CREATE))]) -> Response:
        body = await body_of(request, 256 * KIB)
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

from fastapi import Depends
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response

from standardiste.common.edge import BODY_LIMIT, RATE_HEADERS, too_large
from standardiste.common.errors import BadInput
from standardiste.common.events.base import Instant
from standardiste.common.http_problem import HttpProblem, problem, problem_of, response_of
from standardiste.common.idempotency import idempotent
from standardiste.common.metrics import counter
from standardiste.common.parts import Parts
from standardiste.common.rate_limit import TokenBuckets, headers
from standardiste.common.security.api_keys import PREFIX, hash_of
from standardiste.common.security.audit import Audit
from standardiste.common.security.principal import Principal
from standardiste.common.security.rights import Act, Object, may
from standardiste.common.security.tokens import BadCredential

__all__ = [
    "Act",
    "HttpProblem",
    "Limiter",
    "Object",
    "Principal",
    "accepted",
    "allowed",
    "body_of",
    "client_of",
    "etag",
    "idempotent",
    "if_match",
    "limit_client",
    "page",
    "parts_of",
    "principal",
    "principal_of",
    "problem",
    "problem_of",
    "require",
    "response_of",
]

LIMIT_MAX = 1_000
_limited = counter("standardiste_rate_limited_total")


class Limiter:
    """The process's two sets of buckets: tenants with a credential, client addresses without one."""

    def __init__(self, parts: Parts) -> None:
        self.tenants = TokenBuckets(per_s=parts.http.tenant_per_s, burst=parts.http.tenant_burst)
        self.clients = TokenBuckets(per_s=parts.http.client_per_s, burst=parts.http.client_burst)


def parts_of(request: HTTPConnection) -> Parts:
    """The open parts of the process that answers."""
    return cast(Parts, request.app.state.parts)


def client_of(request: HTTPConnection) -> str:
    """The client's network address, as the trusted proxies tell it; for limits and the audit record."""
    return request.client.host if request.client is not None else ""


async def principal(request: Request) -> Principal:
    """
    Dependency: who asks, by `Authorization: Bearer <token or API key>`, and one token of the tenant's bucket.

    Problems: bad_credential, bad_token, token_expired (401), too_many_requests (429).
    """
    scheme, _, credential = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not credential:
        _limit(request, "client", client_of(request))
        raise problem("bad_credential")
    try:
        found = principal_of(parts_of(request), credential.strip())
    except BadCredential:
        _limit(request, "client", client_of(request))
        raise
    _limit(request, "tenant", found.tenant)
    return found


def principal_of(parts: Parts, credential: str) -> Principal:
    """Who a token or API key stands for. Raises BadCredential."""
    now = parts.clock.now()
    if not credential.startswith(PREFIX):
        return parts.verifier.verify(credential, now)
    found = parts.directory.api_key(hash_of(credential))
    if found is None:
        raise BadCredential("bad_credential")
    tenant, key = found
    if key.is_archived or (key.expires_at is not None and key.expires_at <= now):
        raise BadCredential("bad_credential", "The key was withdrawn or has ended.")
    return Principal(
        tenant=tenant,
        id=key.id,
        kind="api_key",
        name=key.name,
        scopes=key.scopes,
        sponsor=key.sponsor,
        expires_at=key.expires_at,
    )


def allowed(act: Act | str) -> Callable[[Request, Principal], Awaitable[Principal]]:
    """
    A dependency: the principal, or 403 `not_allowed`, on record, when nothing it holds grants the act. Objects are asked about with `require`.
    """

    async def check(request: Request, who: Principal = Depends(principal)) -> Principal:  # noqa: B008  FastAPI's way to declare a dependency
        if may(who, act) is not None:
            audit = cast(Audit, request.app.state.audit)
            await audit.record(who.tenant, who.who, "refused", str(act), source=client_of(request))
            require(who, act)
        return who

    return check


def require(who: Principal, act: Act | str, obj: Object | None = None) -> None:
    """Raise `not_allowed` unless the principal may do this to that."""
    refused = may(who, act, obj)
    if refused is not None:
        raise problem("not_allowed", refused.detail, act=str(act))


def limit_client(request: Request) -> None:
    """One token of the client address's bucket, for paths without a credential. Raises too_many_requests."""
    _limit(request, "client", client_of(request))


async def body_of(request: Request, limit_bytes: int) -> bytes:
    """The whole body, read as it streams; 413 `too_large` as soon as it is over the limit. A second call gives the same bytes."""
    request.scope[BODY_LIMIT] = limit_bytes
    body = await request.body()
    if len(body) > limit_bytes:
        raise too_large(limit_bytes)
    return body


def page(items: Sequence[Any], cursor: str | None) -> dict[str, Any]:
    """One page as every list answers it: `items`, and `next`: the cursor of what follows, null at the end."""
    return {"items": list(items), "next": cursor}


def etag(version: int) -> str:
    """The ETag of a version."""
    return f'"{version}"'


def if_match(request: Request) -> int | None:
    """The version named by If-Match; None for `*`. Raises if_match_missing (428), or invalid_field when it is no ETag of ours."""
    header = request.headers.get("if-match")
    if header is None:
        raise problem("if_match_missing")
    if header.strip() == "*":
        return None
    text = header.strip().removeprefix("W/").strip('"')
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise BadInput("invalid_field", "If-Match is not an ETag that was given here", "/headers/if-match")
    return int(text)


def accepted(location: str, body: dict[str, Any]) -> Response:
    """202: taken durably; what becomes of it is to be read at `location`."""
    return JSONResponse(body, 202, {"Location": location})


def _limit(request: Request, bucket: str, key: str) -> None:
    limiter = cast(Limiter, request.app.state.limiter)
    now: Instant = parts_of(request).clock.now()
    taken = (limiter.tenants if bucket == "tenant" else limiter.clients).take(key, now)
    request.scope[RATE_HEADERS] = headers(taken)
    if not taken.is_allowed:
        _limited.labels(bucket).inc()
        raise problem("too_many_requests", retry_after_s=taken.retry_after_s)
