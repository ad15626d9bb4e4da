"""
What every request passes before and after its service: trace, origin, body limit, security and RateLimit headers, metrics, and the last net for faults.

Pure ASGI and one layer, because it runs for every webhook. A body is counted as it streams; `body_of` may raise or lower the limit of its own path.
A browser's page may call from our own origin, from those the settings allow, and anywhere under the prefixes of services that check origins themselves (the chat widget's).
"""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from typing import Final
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from standardiste.common import tracing
from standardiste.common.health import Health
from standardiste.common.http_problem import HttpProblem, language_of_scope, problem, response_of
from standardiste.common.log import logger
from standardiste.common.metrics import counter, gauge, histogram
from standardiste.common.settings import HttpSettings

BODY_LIMIT: Final = "standardiste.body_limit"
RATE_HEADERS: Final = "standardiste.rate_headers"
ALWAYS_OPEN: Final = ("/livez", "/readyz", "/metrics", "/problems/")

API_POLICY: Final = b"default-src 'none'; frame-ancestors 'none'"
PAGE_POLICY: Final = (
    b"default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; style-src 'self'; script-src 'self'; connect-src 'self'; "
    b"frame-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_CORS_MAX_AGE: Final = b"600"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})

log = logger("edge")
_requests = counter("standardiste_http_requests_total")
_seconds = histogram("standardiste_http_request_seconds")
_in_flight = gauge("standardiste_http_in_flight")


class Edge:
    """The one middleware."""

    def __init__(
        self, app: ASGIApp, *, settings: HttpSettings, health: Health, pages: Sequence[str] = (), cross_origin: Sequence[str] = ()
    ) -> None:
        self._app, self._settings, self._health = app, settings, health
        self._pages, self._cross_origin = tuple(pages), tuple(cross_origin)
        public = urlsplit(settings.public_url)
        self._origins = {f"{public.scheme}://{public.netloc}", *settings.allowed_origins}
        self._transport = [(b"strict-transport-security", b"max-age=31536000")] if public.scheme == "https" else []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        incoming = tracing.accepted_traceparent(_text(headers.get(b"traceparent")))
        refused = self._refused(scope, headers)
        if scope["type"] == "websocket":
            token = tracing.enter(incoming or tracing.new_traceparent())  # no span: a socket lives for hours
            try:
                await (self._app(scope, receive, send) if refused is None else _deny(refused, scope, receive, send))
            finally:
                tracing.leave(token)
            return
        with tracing.child_of(incoming, f"{scope['method']} {scope['path']}", "server"):
            await self._http(scope, receive, send, headers, refused)

    async def _http(self, scope: Scope, receive: Receive, send: Send, headers: dict[bytes, bytes], refused: HttpProblem | None) -> None:
        began, status, path = perf_counter(), 500, scope["path"]
        is_started = False
        traceparent = tracing.current_traceparent() or ""
        origin = headers.get(b"origin") if path.startswith(self._cross_origin) else None

        async def sending(message: Message) -> None:
            nonlocal status, is_started
            if message["type"] == "http.response.start":
                status, is_started = message["status"], True
                message["headers"] = self._complete(list(message.get("headers", ())), scope, traceparent, origin)
            await send(message)

        _in_flight.inc()
        try:
            if refused is not None:
                await response_of(refused, language_of_scope(scope))(scope, receive, sending)
            elif scope["method"] == "OPTIONS" and origin is not None:
                await _preflight(sending, headers)
            elif scope["method"] in _SAFE:
                await self._app(scope, receive, sending)
            else:
                scope[BODY_LIMIT] = self._settings.body_bytes_max
                await self._app(scope, _counted(scope, receive, headers), sending)
        except HttpProblem as found:
            await response_of(found, language_of_scope(scope))(scope, receive, sending)
        except Exception:
            log.error("request_failed", route=_route(scope), method=scope["method"], exc_info=True)
            if not is_started:
                await response_of(problem("internal"), language_of_scope(scope))(scope, receive, sending)
        finally:
            _in_flight.dec()
            route = _route(scope)
            _requests.labels(route, scope["method"], f"{status // 100}xx").inc()
            _seconds.labels(route).observe(perf_counter() - began)

    def _refused(self, scope: Scope, headers: dict[bytes, bytes]) -> HttpProblem | None:
        path: str = scope["path"]
        if not self._health.has_started and not path.startswith((*ALWAYS_OPEN, *self._pages)):
            return problem("starting")
        origin = _text(headers.get(b"origin"))
        is_harmless = scope["type"] == "http" and scope["method"] in _SAFE
        if origin is None or is_harmless or path.startswith(self._cross_origin) or origin in self._origins:
            return None
        return None if urlsplit(origin).netloc == _text(headers.get(b"host")) else problem("bad_origin")

    def _complete(
        self, headers: list[tuple[bytes, bytes]], scope: Scope, traceparent: str, origin: bytes | None
    ) -> list[tuple[bytes, bytes]]:
        present = {name.lower() for name, _ in headers}
        is_page = scope["path"].startswith(self._pages)
        for name, value in (
            (b"content-security-policy", PAGE_POLICY if is_page else API_POLICY),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
            (b"cache-control", b"no-cache" if is_page else b"no-store"),
        ):
            if name not in present:
                headers.append((name, value))
        headers.append((b"traceparent", traceparent.encode()))
        headers += self._transport
        headers += scope.get(RATE_HEADERS, ())
        if origin is not None and b"access-control-allow-origin" not in present:
            headers += ((b"access-control-allow-origin", origin), (b"vary", b"Origin"))
            headers.append(
                (b"access-control-expose-headers", b"Location, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, ETag")
            )
        return headers


def too_large(limit_bytes: int) -> HttpProblem:
    """The answer to a body over its limit."""
    return problem("too_large", f"At most {limit_bytes} bytes are taken here.", limit_bytes=limit_bytes)


def _counted(scope: Scope, receive: Receive, headers: dict[bytes, bytes]) -> Receive:
    declared = headers.get(b"content-length", b"0")
    length = int(declared) if declared.isdigit() else 0
    taken = 0

    async def receiving() -> Message:
        nonlocal taken
        limit: int = scope[BODY_LIMIT]
        if length > limit:
            raise too_large(limit)
        message = await receive()
        if message["type"] == "http.request":
            taken += len(message.get("body", b""))
            if taken > limit:
                raise too_large(limit)
        return message

    return receiving


async def _preflight(send: Send, headers: dict[bytes, bytes]) -> None:
    asked = headers.get(b"access-control-request-headers", b"content-type")
    answer = [
        (b"access-control-allow-methods", b"GET, POST, PUT, PATCH, DELETE"),
        (b"access-control-allow-headers", asked),
        (b"access-control-max-age", _CORS_MAX_AGE),
        (b"content-length", b"0"),
    ]
    await send({"type": "http.response.start", "status": 204, "headers": answer})
    await send({"type": "http.response.body", "body": b""})


async def _deny(refused: HttpProblem, scope: Scope, receive: Receive, send: Send) -> None:
    await receive()  # the connect
    if "websocket.http.response" in scope.get("extensions", {}):
        await response_of(refused, language_of_scope(scope))(scope, receive, send)
    else:
        await send({"type": "websocket.close", "code": 1008, "reason": refused.name})


def _route(scope: Scope) -> str:
    """The path as declared, so that metrics stay few; what matched nothing is one."""
    return getattr(scope.get("route"), "path", "unmatched")


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")
