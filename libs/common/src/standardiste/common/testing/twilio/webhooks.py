"""Calls the webhooks of the system under test, signed as Twilio signs, in order per text or call. The signature is the provider's own implementation, not ours."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urljoin

import httpx
from twilio.request_validator import RequestValidator

from standardiste.common.testing.twilio.timers import Changes

ANSWER_WITHIN_S = 15.0  # Twilio's own limit
_KEPT = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the webhook said; status 0 when nothing was reached."""

    status: int
    body: str
    media_type: str = ""
    retry_after: str | None = None

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One webhook request that was made, for tests to look at."""

    url: str
    params: Mapping[str, str]
    answer: Answer


class Webhooks:
    """
    Posts forms with X-Twilio-Signature. `requests` keeps the last 2,000; `drop` names statuses whose callbacks are lost on the way, `drop_steps` parts of addresses;
    `proxies` leads from a public address to the real one.
    """

    def __init__(self, auth_token: str, changes: Changes) -> None:
        self._validator = RequestValidator(auth_token)
        self._http = httpx.AsyncClient(timeout=ANSWER_WITHIN_S)
        self._changes = changes
        self._chains: dict[str, asyncio.Task[None]] = {}
        self.requests: deque[Request] = deque(maxlen=_KEPT)
        self.drop: set[str] = set()
        self.drop_steps: set[str] = set()
        self.proxies: dict[str, str] = {}

    async def send(self, url: str, params: Mapping[str, str], *, signature: str | None = None, base: str = "") -> Answer:
        """One signed request, its answer awaited. `signature` replaces the right one, to test refusal."""
        whole = urljoin(base, url)
        sign = signature if signature is not None else self._validator.compute_signature(whole, dict(params))
        headers = {"X-Twilio-Signature": sign, "User-Agent": "TwilioProxy/1.1"}
        try:
            response = await self._http.post(self._behind_proxy(whole), data=dict(params), headers=headers)
            answer = Answer(
                status=response.status_code,
                body=response.text,
                media_type=response.headers.get("content-type", "").split(";")[0],
                retry_after=response.headers.get("retry-after"),
            )
        except httpx.HTTPError:
            answer = Answer(status=0, body="")
        self.requests.append(Request(url=whole, params=dict(params), answer=answer))
        self._changes.tell()
        return answer

    def later(self, chain: str, url: str | None, params: Mapping[str, str]) -> None:
        """A callback that nobody here waits for; those of one chain keep their order. `drop` holds values of MessageStatus or CallStatus to lose."""
        if not url or {params.get("MessageStatus"), params.get("CallStatus")} & self.drop or any(step in url for step in self.drop_steps):
            return
        former = self._chains.get(chain)

        async def run() -> None:
            if former is not None:
                await asyncio.wait([former])
            await self.send(url, params)
            if self._chains.get(chain) is asyncio.current_task():
                del self._chains[chain]

        self._chains[chain] = asyncio.create_task(run())

    def _behind_proxy(self, url: str) -> str:
        for public, real in self.proxies.items():
            if url.startswith(public):
                return real + url.removeprefix(public)
        return url

    async def settle(self) -> None:
        """Return when every callback on its way was answered."""
        while self._chains:
            await asyncio.wait(list(self._chains.values()))
            await asyncio.sleep(0)

    async def close(self) -> None:
        for task in self._chains.values():
            task.cancel()
        await self._http.aclose()
