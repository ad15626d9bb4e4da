"""
Posting to an address that a tenant chose, without letting it reach into our own network.

Theory. The name is resolved here, every address it has must be a public one, and the connection goes to the very address that was looked at, with the
name kept for TLS and the Host header: a name that resolves otherwise a moment later gains nothing. Redirects are answers like any other, never
followed; proxies of the environment are not used; of the answer a bounded part is read.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias
from urllib.parse import SplitResult, urlsplit

import httpx

URL_CHARACTERS_MAX: Final = 2_000
ANSWER_BYTES_MAX: Final = 16 * 1024
CONNECT_WITHIN_S: Final = 5.0
ANSWER_WITHIN_S: Final = 15.0

Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a host name. Raises OSError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one try gave: an HTTP status, or why there was none."""

    status: int | None = None
    error: str = ""
    body: bytes = b""
    """The beginning of the answer, whole unless it is long."""

    @property
    def is_taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def fault_of(url: str, *, is_private_allowed: bool) -> str | None:
    """What forbids this URL before anything is resolved; None when nothing does."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return "not a URL"
    if len(url) > URL_CHARACTERS_MAX or not url.isascii() or not url.isprintable() or " " in url:
        return f"not a URL of at most {URL_CHARACTERS_MAX} printable ASCII characters"
    if parts.scheme != "https" and not (is_private_allowed and parts.scheme == "http"):
        return "only https is called"
    if not parts.hostname or parts.username is not None or parts.password is not None:
        return "a host, and no name or password, belongs in the URL"
    literal = _literal(parts.hostname)
    if literal is not None and not is_private_allowed and not _is_public(literal):
        return "the address is not a public one"
    return None


async def resolve(host: str, port: int) -> Sequence[str]:
    """The system's answer."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


class Target:
    """Posts bodies to tenants' URLs. One connection pool for all; close it with `aclose`."""

    def __init__(self, *, is_private_allowed: bool, connections_max: int, resolve: Resolve = resolve) -> None:
        self._is_private_allowed, self._resolve = is_private_allowed, resolve
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(ANSWER_WITHIN_S, connect=CONNECT_WITHIN_S),
            limits=httpx.Limits(max_connections=connections_max, max_keepalive_connections=connections_max),
            follow_redirects=False,
            trust_env=False,
        )

    async def post(self, url: str, headers: Mapping[str, str], body: bytes, *, within_s: float = ANSWER_WITHIN_S) -> Answer:
        """One try, over within 15 s or less. Never raises for what the other side does."""
        try:
            async with asyncio.timeout(within_s):
                return await self._post(url, headers, body)
        except TimeoutError:
            return Answer(error="no answer in time")
        except httpx.TimeoutException:
            return Answer(error="no answer in time")
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            return Answer(error=f"not reached: {type(error).__name__}")

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        fault = fault_of(url, is_private_allowed=self._is_private_allowed)
        if fault is not None:
            return Answer(error=fault)
        parts = urlsplit(url)
        host = parts.hostname or ""
        addresses = await self._resolve(host, parts.port or _port(parts))
        if not addresses:
            return Answer(error="the name has no address")
        if not self._is_private_allowed and not all(_is_public(ipaddress.ip_address(each.partition("%")[0])) for each in addresses):
            return Answer(error="the name leads to an address that is not public")
        request = self._http.build_request(
            "POST",
            _at(parts, addresses[0]),
            headers={**headers, "host": parts.netloc},
            content=body,
            extensions={"sni_hostname": host},
        )
        response = await self._http.send(request, stream=True)
        try:
            content = await _read_some(response)
        finally:
            await response.aclose()
        return Answer(status=response.status_code, body=content)


async def _read_some(response: httpx.Response) -> bytes:
    """Read a short answer to its end, so that the connection may be used again; a long one is cut off."""
    content = bytearray()
    async for chunk in response.aiter_raw():
        content += chunk
        if len(content) > ANSWER_BYTES_MAX:
            break
    return bytes(content[:ANSWER_BYTES_MAX])


def _at(parts: SplitResult, address: str) -> str:
    host = f"[{address}]" if ":" in address else address
    return parts._replace(netloc=f"{host}:{parts.port or _port(parts)}", fragment="").geturl()


def _port(parts: SplitResult) -> int:
    return 443 if parts.scheme == "https" else 80


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    inner = address
    if isinstance(address, ipaddress.IPv6Address):
        if address.sixtofour is not None or address.teredo is not None or address in _NAT64:
            return False
        inner = address.ipv4_mapped or address
    return inner.is_global and not inner.is_multicast and not inner.is_reserved


_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
