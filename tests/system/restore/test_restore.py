"""Restore of a backup taken under load: what was accepted and not closed is there, at its age; sending is held until released."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from standardiste.all_in_one import backup
from standardiste.all_in_one.operator import Credential, Operator
from standardiste.all_in_one.players.agent import AgentClient, at_work
from standardiste.all_in_one.players.floor import PASSWORD, Floor, floor_document
from standardiste.all_in_one.players.letters import Integrator
from standardiste.all_in_one.players.process import Installation
from standardiste.common.clock import SystemClock, parse_rfc3339

CLOSED, WAITING, LATER = 20, 40, 10
ADMIN = Credential("admin", PASSWORD)


async def receipts_in(integrator: Integrator, receipts: list[str], state: str) -> dict[str, dict[str, object]]:
    """The receipts once all are in this state."""
    found: dict[str, dict[str, object]] = {}
    async with asyncio.timeout(30):
        while len(found) < len(receipts):
            for receipt in receipts:
                answer = await integrator.receipt(receipt)
                if answer.status_code == httpx.codes.OK and answer.json()["state"] == state:
                    found[receipt] = answer.json()
    return found


async def posted(integrator: Integrator, prefix: str, count: int) -> list[str]:
    answers = [await integrator.post(f"{prefix}-{n}", "post", f"{prefix}-{n}", "Good morning") for n in range(count)]
    return [str(answer.json()["receipt"]) for answer in answers]


@pytest.mark.timeout(300)
async def test_what_was_accepted_and_not_closed_is_there_at_its_age(tmp_path: Path, figures: dict[str, object]) -> None:
    first = Installation(tmp_path / "data", ("--configuration", str(floor_document(tmp_path, 4))))
    await first.start()
    floor = await Floor.of(first, 4)
    async with httpx.AsyncClient(base_url=first.url, timeout=30) as http:
        integrator = Integrator(http, floor.api_key)
        closed = await posted(integrator, "closed", CLOSED)
        async with at_work(first.url, floor.agent_tokens[0], lambda work: "Answered."):
            await receipts_in(integrator, closed, "closed")
        waiting = await posted(integrator, "waiting", WAITING)
        await receipts_in(integrator, waiting, "accepted")
        async with Operator(first.url, ADMIN) as operator:
            info = await operator.backup()
        await posted(integrator, "later", LATER)
    await first.kill()

    restored = tmp_path / "restored"
    await backup.restore(first.data / "backups" / info["name"], restored, SystemClock())
    again = Installation(restored)
    await again.start()
    try:
        async with httpx.AsyncClient(base_url=again.url, timeout=30) as http, Operator(again.url, ADMIN) as operator:
            assert (await operator.installation())["is_held"] is True
            integrator = Integrator(http, floor.api_key)
            accepted_at = {
                str(each["interaction"]): str(each["accepted_at"]) for each in (await receipts_in(integrator, waiting, "accepted")).values()
            }
            assert len(await receipts_in(integrator, closed, "closed")) == CLOSED
            ages: dict[str, str] = {}
            async with AgentClient(again.url, floor.agent_tokens[1], keep=True) as agent:
                await agent.ready()
                while len(ages) < WAITING:
                    offer = await agent.offered()
                    shown = agent.offers[offer]["interaction"]
                    ages[shown["id"]] = shown["enqueued_at"]
                    await agent.accept(offer)
                    await agent.until(lambda id=shown["id"]: agent.work[id].state == "active")
                    await agent.complete(shown["id"])
            await operator.release()
            assert (await operator.installation())["is_held"] is False
        figures |= {"backup": info["name"], "waiting": WAITING, "restored_at_their_age": len(ages)}
        assert set(ages) == set(accepted_at)
        late_ms = [parse_rfc3339(ages[each]) - parse_rfc3339(at) for each, at in accepted_at.items()]
        assert all(-1 <= late <= 1_000 for late in late_ms), "the age is that of the acceptance"
    finally:
        await again.stop()
