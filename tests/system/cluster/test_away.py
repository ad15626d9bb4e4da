"""The broker is away for a minute, then the store: who is told what, at once, and what goes on by itself afterwards."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from standardiste.all_in_one.players.agent import AgentClient

if TYPE_CHECKING:
    from conftest import Site

AWAY_S = 60.0
ANSWERED_WITHIN_S = 8.0
"""The bus gives up after 5,000 ms; the rest is room for a slow machine."""


class Desk(AgentClient):
    """A desk that remembers whether it was told that the bus is away."""

    def __init__(self, url: str, token: str) -> None:
        super().__init__(url, token, keep=True)
        self.told: list[bool] = []

    async def _take(self, frame: Mapping[str, Any]) -> None:
        if frame["kind"] == "away":
            self.told.append(bool(frame["is_away"]))
        await super()._take(frame)


@pytest.mark.timeout(600)
async def test_a_broker_that_is_away_is_said_at_once_and_forgiven(site: Site, figures: dict[str, object]) -> None:
    """Two desks hold an open offer each when the broker goes; nobody else is at work."""
    tokens = site.floor.agent_tokens[:2]
    async with Desk(site.cluster.url, tokens[0]) as one, Desk(site.cluster.url, tokens[1]) as two, httpx.AsyncClient(timeout=15) as http:
        desks = (one, two)
        for desk in desks:
            await desk.ready()
        sessions = [desk.session for desk in desks]
        await site.crowd.post(["before-0", "before-1"])
        for desk in desks:
            await desk.offered()
        await site.kafka.kill()
        gone_at = time.monotonic()
        await asyncio.sleep(1)
        asked_at = time.monotonic()
        refused = await site.crowd.ask(http, "during-0")
        answered_s = time.monotonic() - asked_at
        for desk in desks:
            await desk.until(lambda desk=desk: desk.told[-1:] == [True], 30)
        told_s = time.monotonic() - gone_at
        await asyncio.sleep(AWAY_S - (time.monotonic() - gone_at))
        await site.kafka.start()
        back_at = time.monotonic()
        for desk in desks:
            await desk.until(lambda desk=desk: desk.told[-1:] == [False], 60)
        back_s = time.monotonic() - back_at
        site.work()  # everybody else comes to work now
        await site.crowd.post(["during-0", "after-0"])
        frames = [frame for desk in desks for frame in desk.seen]
        figures |= {
            "answer_s": round(answered_s, 1),
            "status": refused.status_code,
            "retry_after": refused.headers.get("retry-after"),
            "desks_told_after_s": round(told_s, 1),
            "desks_back_after_s": round(back_s, 1),
        }
        assert refused.status_code == httpx.codes.SERVICE_UNAVAILABLE
        assert "retry-after" in refused.headers
        assert answered_s <= ANSWERED_WITHIN_S
        assert [desk.session for desk in desks] == sessions, "no session is lost"
        missed = [frame for frame in frames if frame["data"].get("because") == "missed" or frame["type"].endswith("offer.expired.v1")]
        assert missed == [], "no offer counts as missed"
    figures |= await site.books()


@pytest.mark.timeout(600)
async def test_routing_goes_on_without_the_store(site: Site, figures: dict[str, object]) -> None:
    site.work()
    await site.crowd.post(f"before-{n}" for n in range(20))
    async with Desk(site.cluster.url, site.floor.agent_tokens[0]) as desk, httpx.AsyncClient(timeout=15) as http:
        await desk.ready()
        await site.mongod.kill()
        gone_at = time.monotonic()
        taken = 0
        while time.monotonic() - gone_at < AWAY_S:
            answer = await site.crowd.ask(http, f"during-{taken}")
            if answer.is_success:
                site.crowd.receipts[f"during-{taken}"] = str(answer.json()["receipt"])
                taken += 1
            else:
                site.crowd.said[answer.status_code] += 1
            await asyncio.sleep(1)
        await site.mongod.start()
        offered = len([frame for frame in desk.seen if frame["type"].endswith("offer.made.v1")])
    figures |= {"taken_while_away": taken, "offered_to_one_desk": offered} | await site.books()
    assert taken >= 10, "customers are served without the store"
