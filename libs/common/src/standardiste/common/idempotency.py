"""
Idempotency-Key: the same request sent again gets the answer it got, for 24 hours.

Theory. The key belongs to who sent it and to the path. The first request writes a claim with a keyed hash of the body, runs, and puts the answer into the claim. A repeat with the same body is given that
answer; with another body it is refused; while the first still runs it is told to wait. A claim whose process died is taken over after a minute, so what runs must
bear to run twice (its ids derive from the key or its writes are conditional).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, cast

from starlette.requests import Request
from starlette.responses import Response

from standardiste.common.clock import Clock
from standardiste.common.errors import VersionConflict
from standardiste.common.http_problem import problem
from standardiste.common.security.principal import Principal
from standardiste.common.store.port import ABSENT, Collection, Document, Find, Index, Json, Store, Where

if TYPE_CHECKING:
    from standardiste.common.parts import Parts

IDEMPOTENCY: Final = Collection(name="idempotency", indexes=(Index(name="expires_at", path="expires_at"),))
KEPT_MS: Final = 24 * 3600 * 1000
CLAIM_MS: Final = 60_000
KEY_CHARACTERS_MAX: Final = 255
_FORMAT: Final = 1
_KEPT_HEADERS: Final = ("location", "etag", "content-type", "content-language")


async def idempotent(
    request: Request, principal: Principal, run: Callable[[], Awaitable[Response]], *, is_required: bool = False
) -> Response:
    """
    Run once per Idempotency-Key; without the header run as it is (or 400 `idempotency_key_missing` where it is required).

    Answers below 500 are kept; a fault frees the key. Problems: idempotency_key_reused (422), idempotency_key_busy (409).
    """
    key = request.headers.get("idempotency-key")
    if not key:
        if is_required:
            raise problem("idempotency_key_missing")
        return await run()
    if len(key) > KEY_CHARACTERS_MAX:
        raise problem("invalid_field", f"at most {KEY_CHARACTERS_MAX} characters", pointer="/headers/idempotency-key")
    parts = cast("Parts", request.app.state.parts)
    id = _digest(principal.who, request.method, request.url.path, key)
    fingerprint = hmac.new(parts.keys.tenant(principal.tenant, "idempotency"), await request.body(), hashlib.sha256).hexdigest()
    store, now = parts.store.tenant(principal.tenant), parts.clock.now()
    version = ABSENT
    former = await store.get(IDEMPOTENCY, id)
    if former is not None:
        answer = _former_answer(former, fingerprint, now)
        if answer is not None:
            return answer
        version = former.version
    claim: dict[str, Json] = {
        "format": _FORMAT,
        "fingerprint": fingerprint,
        "claimed_at": now,
        "expires_at": now + KEPT_MS,
        "status": None,
    }
    try:
        version = await store.put(IDEMPOTENCY, id, claim, expected=version)
    except VersionConflict:
        raise problem("idempotency_key_busy") from None
    try:
        response = await run()
    except BaseException:
        await store.delete(IDEMPOTENCY, id)
        raise
    if response.status_code >= 500:
        await store.delete(IDEMPOTENCY, id)
        return response
    kept = {name: value for name, value in response.headers.items() if name in _KEPT_HEADERS}
    body = base64.b64encode(bytes(response.body)).decode()
    await store.put(IDEMPOTENCY, id, {**claim, "status": response.status_code, "headers": kept, "body": body})
    return response


async def sweep(store: Store, clock: Clock) -> int:
    """Forget what is older than a day; gives how many."""
    gone = 0
    async for document in store.every_tenant(IDEMPOTENCY, Find(where=(Where(index="expires_at", below=clock.now()),), sort="expires_at")):
        gone += await store.tenant(document.tenant).delete(IDEMPOTENCY, document.id)
    return gone


def _former_answer(former: Document, fingerprint: str, now: int) -> Response | None:
    body = former.body
    if cast(int, body["expires_at"]) <= now:
        return None
    if body["fingerprint"] != fingerprint:
        raise problem("idempotency_key_reused")
    if body["status"] is None:
        if cast(int, body["claimed_at"]) + CLAIM_MS <= now:
            return None
        raise problem("idempotency_key_busy")
    headers = cast("dict[str, str]", body["headers"])
    return Response(base64.b64decode(cast(str, body["body"])), cast(int, body["status"]), {**headers, "Idempotency-Replayed": "true"})


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
