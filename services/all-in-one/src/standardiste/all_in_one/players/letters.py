"""An integrator who posts letters, faxes and social messages through the open API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

NOT_YET = 404


@dataclass(frozen=True, slots=True)
class Integrator:
    """Speaks the open API with one API key. `http` has the installation's base URL."""

    http: httpx.AsyncClient
    api_key: str

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.api_key}"}

    async def post(self, key: str, channel_address: str, sender: str, text: str, **more: Any) -> httpx.Response:
        """Post one contact; the answer as it came (202 when accepted)."""
        body = {"channel_address": channel_address, "from": {"address": sender}, "text": text, **more}
        return await self.http.post("/v1/interactions", json=body, headers={**self._headers, "Idempotency-Key": key})

    async def receipt(self, id: str) -> httpx.Response:
        return await self.http.get(f"/v1/customers/receipts/{id}", headers=self._headers)

    async def replies(self, conversation: str) -> list[dict[str, Any]]:
        """The answers so far; none while the conversation is not known yet."""
        answer = await self.http.get(f"/v1/interactions/{conversation}/replies", headers=self._headers)
        if answer.status_code == NOT_YET:
            return []
        answer.raise_for_status()
        return list(answer.json()["items"])
