"""
kill -9 the whole embedded installation while 200 interactions are under way, ten times; start it again each time.

In the end every accepted contact is closed, none twice, none lost, and the receipts add up. The seed is printed; STANDARDISTE_SEED runs one again.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from standardiste.all_in_one.players.agent import tireless
from standardiste.all_in_one.players.floor import Floor, floor_document
from standardiste.all_in_one.players.process import Installation

ROUNDS = 10
UNDER_WAY = 200
AGENTS = 20
POSTERS = 8
CLOSED_WITHIN_S = 60


class Customers:
    """Who post until each contact is accepted, whatever happens to the installation meanwhile."""

    def __init__(self, installation: Installation, api_key: str) -> None:
        self._installation, self._headers = installation, {"Authorization": f"Bearer {api_key}"}
        self.receipts: dict[str, str] = {}

    async def post(self, keys: list[str]) -> None:
        """Post all of these; each is tried again under its own key until it is accepted."""
        waiting = iter(keys)

        async def one() -> None:
            async with httpx.AsyncClient(timeout=5) as http:
                for key in waiting:
                    self.receipts[key] = await self._until_accepted(http, key)

        await asyncio.gather(*(one() for _ in range(POSTERS)))

    async def _until_accepted(self, http: httpx.AsyncClient, key: str) -> str:
        body = {"channel_address": "post", "from": {"address": f"customer-{key}"}, "text": f"Letter {key}"}
        while True:
            try:
                answer = await http.post(
                    f"{self._installation.url}/v1/interactions", json=body, headers={**self._headers, "Idempotency-Key": key}
                )
            except httpx.TransportError:
                await asyncio.sleep(0.05)
                continue
            if answer.status_code == httpx.codes.ACCEPTED:
                return str(answer.json()["receipt"])
            assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE, answer.text

    async def all_closed(self) -> dict[str, dict[str, Any]]:
        """Every receipt, once all say closed. Raises TimeoutError naming what is open."""
        found: dict[str, dict[str, Any]] = {}
        deadline = time.monotonic() + CLOSED_WITHIN_S
        async with httpx.AsyncClient(base_url=self._installation.url, headers=self._headers, timeout=10) as http:
            while len(found) < len(self.receipts):
                for key, receipt in self.receipts.items():
                    if key not in found:
                        answer = await http.get(f"/v1/customers/receipts/{receipt}")
                        if answer.status_code == httpx.codes.OK and answer.json()["state"] == "closed":
                            found[key] = answer.json()
                if time.monotonic() > deadline:
                    raise TimeoutError(f"still open: {sorted(set(self.receipts) - set(found))[:10]}")
        return found

    async def closed_records(self) -> list[dict[str, Any]]:
        """Every history record of a close, over all pages."""
        records: list[dict[str, Any]] = []
        async with httpx.AsyncClient(base_url=self._installation.url, headers=self._headers, timeout=30) as http:
            path = "/v1/customers/history?limit=1000"
            while True:
                answer = await http.get(path)
                answer.raise_for_status()
                page = [json.loads(line) for line in answer.text.splitlines() if line]
                records += page
                path = str(answer.links["next"]["url"])
                if not page:
                    return [record for record in records if record["kind"] == "interaction"]


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_nothing_is_lost_or_doubled_when_the_process_is_killed(tmp_path: Path, figures: dict[str, object]) -> None:
    seed = int(os.environ.get("STANDARDISTE_SEED", time.time_ns() % 1_000_000))
    dice = random.Random(seed)
    figures |= {"seed": seed, "kills": ROUNDS}
    installation = Installation(tmp_path / "data", ("--configuration", str(floor_document(tmp_path, AGENTS))))
    await installation.start()
    back_s: list[float] = []
    try:
        floor = await Floor.of(installation, AGENTS)
        customers = Customers(installation, floor.api_key)
        agents = [
            asyncio.create_task(tireless(lambda: installation.url, token, lambda work: f"Answer to {work.id}"))
            for token in floor.agent_tokens
        ]
        for number in range(ROUNDS):
            posting = asyncio.create_task(customers.post([f"{number}-{n}" for n in range(UNDER_WAY)]))
            await asyncio.sleep(dice.uniform(0.05, 1.5))  # the moment of the kill
            await installation.kill()
            began = time.perf_counter()
            await installation.start()
            back_s.append(time.perf_counter() - began)
            await posting
        receipts = await customers.all_closed()
        records = await customers.closed_records()
        for agent in agents:
            agent.cancel()
        await asyncio.gather(*agents, return_exceptions=True)
    finally:
        await installation.kill()
    figures |= {
        "accepted": len(customers.receipts),
        "closed": len(receipts),
        "records": len(records),
        "longest_restart_s": round(max(back_s), 2),
    }
    assert len(receipts) == ROUNDS * UNDER_WAY, "none lost"
    assert {receipt["reason"] for receipt in receipts.values()} == {"handled"}
    interactions = [record["data"]["interaction"] for record in records]
    assert len(interactions) == len(set(interactions)) == ROUNDS * UNDER_WAY, "none closed twice"
    assert {receipt["interaction"] for receipt in receipts.values()} == set(interactions), "receipts and history add up"
