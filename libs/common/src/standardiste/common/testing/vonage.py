"""
A stand-in for Vonage's Messages API on a loopback port: takes messages with basic authentication, calls back, signs what it sends.

What it takes of a request is what the models of PyPI vonage-messages allow; a test of the adapter holds the requests against those models themselves.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import socket
from collections import deque
from types import TracebackType
from typing import Any, Final, Self

import httpx
import uvicorn
from joserfc import jwt
from joserfc.jwk import OctKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from standardiste.common.testing.http_server import QuietServer

API_KEY: Final = "a1b2c3d4"
API_SECRET: Final = "the-secret-of-vonage"
SIGNATURE_SECRET: Final = "a-signature-secret-of-enough-characters"


class VonageDouble:
    """One account. `answers` are statuses and titles with which the next messages are refused; `cuts` how many yeses are lost."""

    def __init__(self) -> None:
        self.api_key, self.api_secret, self.signature_secret = API_KEY, API_SECRET, SIGNATURE_SECRET
        self.taken: list[dict[str, Any]] = []
        self.answers: deque[tuple[int, str]] = deque()
        self.cuts = 0
        self.media: dict[str, tuple[str, bytes]] = {}
        self._port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        listening = socket.create_server(("127.0.0.1", 0))
        self._port = int(listening.getsockname()[1])
        routes = [Route("/v1/messages", self._send, methods=["POST"]), Route("/v3/media/{id}", self._media, methods=["GET"])]
        app = Starlette(routes=routes)
        config = uvicorn.Config(app, log_config=None, lifespan="off", access_log=False, timeout_graceful_shutdown=1)
        self._server = QuietServer(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[listening]))
        await self._server.up.wait()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.should_exit = True
        await self._serving

    async def post(self, url: str, told: dict[str, Any], now_s: float, *, secret: str | None = None) -> httpx.Response:
        """A webhook, signed as Vonage signs."""
        body = json.dumps(told).encode()
        async with httpx.AsyncClient() as http:
            return await http.post(url, content=body, headers={"authorization": self.authorization(body, now_s, secret=secret)})

    def authorization(self, body: bytes, now_s: float, *, secret: str | None = None) -> str:
        """The header that proves a body."""
        claims = {"iat": int(now_s), "iss": "Vonage", "api_key": self.api_key, "payload_hash": hashlib.sha256(body).hexdigest()}
        return "Bearer " + jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(secret or self.signature_secret))

    def keep(self, id: str, media_type: str, content: bytes) -> str:
        """A file of a customer; where it is fetched."""
        self.media[id] = (media_type, content)
        return f"{self.url}/v3/media/{id}"

    async def _media(self, request: Request) -> Response:
        found = self.media.get(request.path_params["id"])
        if found is None or not self._is_ours(request):
            return JSONResponse({"title": "Not found"}, 404)
        return Response(found[1], media_type=found[0])

    def _is_ours(self, request: Request) -> bool:
        expected = "Basic " + base64.b64encode(f"{self.api_key}:{self.api_secret}".encode()).decode()
        return request.headers.get("authorization") == expected

    async def _send(self, request: Request) -> Response:
        if not self._is_ours(request):
            return JSONResponse({"title": "Unauthorized", "detail": "You did not provide correct credentials."}, 401)
        if self.answers:
            status, title = self.answers.popleft()
            return JSONResponse({"title": title, "detail": "As the test wants it.", "instance": "x"}, status)
        self.taken.append(await request.json())
        if self.cuts:
            self.cuts -= 1
            return _Broken()
        return JSONResponse({"message_uuid": f"uuid-{len(self.taken)}"}, 202)


class _Broken(Response):
    """The connection breaks before the answer."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 202, "headers": [(b"content-length", b"1000")]})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})
