"""
Calls Twilio's REST API with Twilio's own client, over a connection pool of ours and to whichever address the settings name (the stand-in, a proxy, a region).

What goes wrong is said once, here: a ProviderError with Twilio's code, whether it is worth another try, and whether the request may have been carried out.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar, cast
from urllib.parse import urlsplit, urlunsplit

import aiohttp
from aiohttp import ClientSession, ClientTimeout
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from standardiste.common.errors import ProviderError
from standardiste.common.twilio.credentials import Credentials

API_URL: Final = "https://api.twilio.com"
TIMEOUT_MS: Final = 10_000
CONNECTIONS_MAX: Final = 64
CLIENTS_MAX: Final = 256
_AUTHENTICATION: Final = 20003
_NOT_LOGGED: Final = logging.getLogger("twilio.withheld")
_NOT_LOGGED.disabled = True  # Twilio's client logs whole requests: numbers and texts

T = TypeVar("T")


class RedirectedHttpClient(AsyncTwilioHttpClient):
    """Twilio's HTTP client with the host swapped, a time limit on every request, and one pool made when first used."""

    def __init__(self, api_url: str = API_URL, timeout_ms: int = TIMEOUT_MS) -> None:
        super().__init__(pool_connections=False, logger=_NOT_LOGGED)
        self._to = urlsplit(api_url)
        self._timeout = ClientTimeout(total=timeout_ms / 1000)
        self._pool: ClientSession | None = None

    async def request(
        self,
        method: str,
        url: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  the name is that of Twilio's base class; the pool's own limit holds
        allow_redirects: bool = False,
    ) -> Response:
        """One request. Raises what aiohttp raises."""
        async with self.pool().request(
            method.upper(),
            self.redirected(url),
            params=_texts(params),
            data=data,
            headers={**(headers or {}), **({} if auth is None else basic(*auth))},
            allow_redirects=allow_redirects,
        ) as response:
            return Response(response.status, await response.text(), response.headers)

    def redirected(self, url: str) -> str:
        """The same path at the address of the settings."""
        parts = urlsplit(url)
        return urlunsplit(parts._replace(scheme=self._to.scheme, netloc=self._to.netloc, path=self._to.path.rstrip("/") + parts.path))

    def pool(self) -> ClientSession:
        if self._pool is None:
            self._pool = ClientSession(timeout=self._timeout, connector=aiohttp.TCPConnector(limit=CONNECTIONS_MAX))
        return self._pool

    async def close(self) -> None:
        if self._pool is not None:
            await self._pool.close()
            self._pool = None


class TwilioApi:
    """Twilio's client by account, and the one way to call it."""

    def __init__(self, api_url: str = API_URL, timeout_ms: int = TIMEOUT_MS) -> None:
        self.http = RedirectedHttpClient(api_url, timeout_ms)
        self._clients: OrderedDict[Credentials, Client] = OrderedDict()

    def client(self, credentials: Credentials) -> Client:
        """Twilio's own client for an account; kept."""
        found = self._clients.get(credentials)
        if found is None:
            found = Client(credentials.account_sid, credentials.auth_token, http_client=self.http, environment={"": ""})
            self._clients[credentials] = found
            if len(self._clients) > CLIENTS_MAX:
                self._clients.popitem(last=False)
        return found

    async def ask(self, request: Awaitable[T]) -> T:
        """Await a request of a client; raises ProviderError for whatever goes wrong."""
        try:
            return await request
        except (TwilioException, aiohttp.ClientError, TimeoutError, OSError) as error:
            raise provider_error(error) from error

    async def task(self, ready: Callable[[], None]) -> None:
        """For Service.tasks: closes the pool when the service ends."""
        ready()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            await self.http.close()


def provider_error(error: Exception) -> ProviderError:
    """What an exception of the client means."""
    if isinstance(error, TwilioRestException):
        return _refused(error.status, error.code, error.msg)
    if isinstance(error, TwilioException) and len(error.args) == 2 and isinstance(error.args[1], Response):
        return _refused_page(error.args[1])
    if isinstance(error, aiohttp.ClientConnectorError | ConnectionRefusedError):
        return ProviderError("twilio", "not_reached", "", is_retryable=True)
    return ProviderError("twilio", "no_answer", type(error).__name__, is_retryable=True, is_outcome_unknown=True)


def _refused(status: int, code: int | None, words: str) -> ProviderError:
    is_later = status in (408, 425, 429) or status >= 500 or code == _AUTHENTICATION
    return ProviderError("twilio", str(code or status), words, is_retryable=is_later, is_outcome_unknown=status >= 500)


def _refused_page(response: Response) -> ProviderError:
    """Lists are refused with the bare response: the client reads no code from it."""
    try:
        said = cast("object", json.loads(response.text))
    except ValueError:
        said = None
    body = cast("dict[str, object]", said) if isinstance(said, dict) else {}
    code = body.get("code")
    return _refused(response.status_code, code if isinstance(code, int) else None, str(body.get("message", "")))


def basic(user: str, password: str) -> dict[str, str]:
    """The header of basic authentication."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def _texts(params: dict[str, object] | None) -> dict[str, Any] | None:
    """Query values as text: aiohttp takes no booleans."""
    return None if params is None else {name: str(value) for name, value in params.items()}
