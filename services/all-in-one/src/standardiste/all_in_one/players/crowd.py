"""Many customers at once, who post letters until each is accepted, whatever happens to the installation meanwhile; and the books that must add up afterwards."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Final

import httpx

POSTERS: Final = 8
ANSWER_WITHIN_S: Final = 12.0
AGAIN_AFTER_S: Final = 0.1


class Crowd:
    """`receipts` holds what was accepted, by key; `said` what else was answered, and how often (0 is a lost connection); `slowest_s` the longest answer."""

    def __init__(self, url: Callable[[], str], api_key: str, channel_address: str = "post", watcher: str | None = None) -> None:
        """`watcher` is the token of somebody who may ask the router why a contact is still open."""
        self._url, self._headers, self._channel_address = url, {"Authorization": f"Bearer {api_key}"}, channel_address
        self._watcher = watcher
        self.receipts: dict[str, str] = {}
        self.said: Counter[int] = Counter()
        self.without_retry_after = 0
        self.slowest_s = 0.0

    async def post(self, keys: Iterable[str], every_s: float = 0.0) -> None:
        """Post all of these, each under its own key until it is accepted; a new one every so often per poster."""
        waiting = iter(keys)

        async def one() -> None:
            async with httpx.AsyncClient(timeout=ANSWER_WITHIN_S) as http:
                for key in waiting:
                    self.receipts[key] = await self._until_accepted(http, key)
                    await asyncio.sleep(every_s)

        await asyncio.gather(*(one() for _ in range(POSTERS)))

    async def ask(self, http: httpx.AsyncClient, key: str) -> httpx.Response:
        """Post one, once."""
        body = {"channel_address": self._channel_address, "from": {"address": f"customer-{key}"}, "text": f"Letter {key}"}
        began = time.monotonic()
        try:
            return await http.post(f"{self._url()}/v1/interactions", json=body, headers={**self._headers, "Idempotency-Key": key})
        finally:
            self.slowest_s = max(self.slowest_s, time.monotonic() - began)

    async def _until_accepted(self, http: httpx.AsyncClient, key: str) -> str:
        while True:
            try:
                answer = await self.ask(http, key)
            except httpx.TransportError:
                self.said[0] += 1
                await asyncio.sleep(AGAIN_AFTER_S)
                continue
            if answer.status_code == httpx.codes.ACCEPTED.value:
                return str(answer.json()["receipt"])
            self.said[answer.status_code] += 1
            self.without_retry_after += "retry-after" not in answer.headers
            assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE.value, answer.text
            await asyncio.sleep(AGAIN_AFTER_S)

    async def all_closed(self, within_s: float) -> dict[str, dict[str, Any]]:
        """Every receipt, once all say closed. Raises TimeoutError naming what is open."""
        found: dict[str, dict[str, Any]] = {}
        deadline = time.monotonic() + within_s
        async with httpx.AsyncClient(base_url=self._url(), headers=self._headers, timeout=ANSWER_WITHIN_S) as http:
            while len(found) < len(self.receipts):
                for key in self.receipts.keys() - found.keys():
                    answer = await self._read(http, f"/v1/customers/receipts/{self.receipts[key]}")
                    if answer is not None and answer.json()["state"] == "closed":
                        found[key] = answer.json()
                if time.monotonic() > deadline:
                    left = sorted(set(self.receipts) - set(found))
                    raise TimeoutError(f"{len(left)} still open: {[await self._state_of(http, key) for key in left[:10]]}")
        return found

    async def _state_of(self, http: httpx.AsyncClient, key: str) -> str:
        """What is known of one contact, for whoever has to find out why it is still open."""
        answer = await self._read(http, f"/v1/customers/receipts/{self.receipts[key]}")
        receipt: dict[str, Any] = {} if answer is None else answer.json()
        said = f"{key}: receipt {receipt or 'not to be had'}"
        if self._watcher is None or "interaction" not in receipt:
            return said
        path = f"/v1/agent/interactions/{receipt['interaction']}/why"
        why = await http.get(path, headers={"Authorization": f"Bearer {self._watcher}"})
        return f"{said}; the router: {why.status_code} {why.text}"

    async def closes(self) -> list[dict[str, Any]]:
        """What history says of every close, over all pages."""
        records: list[dict[str, Any]] = []
        path = "/v1/customers/history?limit=1000"
        async with httpx.AsyncClient(base_url=self._url(), headers=self._headers, timeout=30) as http:
            while True:
                answer = await http.get(path)
                answer.raise_for_status()
                page = [json.loads(line) for line in answer.text.splitlines() if line]
                if not page:
                    return [record["data"] for record in records if record["kind"] == "interaction"]
                records += page
                path = str(answer.links["next"]["url"])

    async def _read(self, http: httpx.AsyncClient, path: str) -> httpx.Response | None:
        try:
            answer = await http.get(path)
        except httpx.TransportError:
            return None
        return answer if answer.is_success else None
