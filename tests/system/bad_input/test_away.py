"""
What the installation leans on goes away under it: the log or the store locked by another program, and a disk without room.

The edges answer 503 with Retry-After (SMTP 451), desks and visitors are told by name, nothing that was accepted is lost, the process stays responsive,
and when what was away is back everything goes on by itself.
"""

from __future__ import annotations

import asyncio
import itertools
import resource
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any

import aiosmtplib
import httpx
import pytest
from system.house import Desk, Harm, token_of

from standardiste.all_in_one.players.agent import AgentClient, Refused
from standardiste.all_in_one.players.mail import letter, send
from standardiste.all_in_one.players.process import Installation
from standardiste.all_in_one.players.stage import CHAT_PAGE, MAIL_ADDRESS, POST_ADDRESS, SMS_NUMBER, VOICE_NUMBER, Stage
from standardiste.common.testing.visitor import Visitor

pytestmark = pytest.mark.asyncio(loop_scope="module")

WITHIN_S = 20.0
RESPONSIVE_WITHIN_S = 1.0
_numbers = itertools.count(1)


def fresh(name: str) -> str:
    return f"{name}-{next(_numbers)}"


@pytest.fixture
def installation(house: Stage) -> Installation:
    assert isinstance(house.installation, Installation)
    return house.installation


@contextmanager
def locked(database: Path) -> Generator[None]:
    """Another program holds the file's lock, as a careless backup or a forgotten shell does."""
    with closing(sqlite3.connect(database, isolation_level=None, timeout=10)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def full_disk(installation: Installation) -> Generator[None]:
    """Let no file of the process grow beyond the largest in its folder: the kernel refuses as it does on a full disk."""
    assert installation.process is not None
    pid = installation.process.pid
    former = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    largest = max(path.stat().st_size for path in installation.data.iterdir() if path.is_file())
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (largest, former[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, former)


@asynccontextmanager
async def responsive(stage: Stage) -> AsyncGenerator[list[float]]:
    """Ask for /livez all the while; gives how long each answer took. One client after another waits no longer than a second."""
    took: list[float] = []
    loop = asyncio.get_running_loop()

    async def ask() -> None:
        async with httpx.AsyncClient(base_url=stage.url, timeout=WITHIN_S) as http:
            while True:
                began = loop.time()
                (await http.get("/livez")).raise_for_status()
                took.append(loop.time() - began)
                await asyncio.sleep(0.05)

    asking = asyncio.create_task(ask())
    try:
        yield took
    finally:
        asking.cancel()
        await asyncio.wait([asking])
    assert max(took) < RESPONSIVE_WITHIN_S


class Writer:
    """Posts on every HTTP way in and keeps what was accepted."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.receipts: list[str] = []

    async def letter(self, text: str = "Bonjour") -> tuple[int, str]:
        return self._keep(await self.stage.integrator.post(fresh("letter"), POST_ADDRESS, "client-away", text))

    async def mail(self) -> tuple[int, str]:
        raw = letter("away@client.example", MAIL_ADDRESS, "x", "Bonjour", f"<{fresh('away')}@client.example>").as_bytes()
        headers = {"Authorization": f"Bearer {self.stage.integrator.api_key}", "Content-Type": "message/rfc822"}
        return self._keep(await self.stage.http.post("/v1/email/messages", content=raw, headers=headers))

    async def text(self) -> tuple[int, str]:
        form = {"To": SMS_NUMBER, "From": "+33639980222", "Body": "Bonjour", "MessageSid": fresh("SM")}
        return await self._signed("/v1/sms/twilio/messages", form)

    async def call(self) -> tuple[int, str]:
        form = {"To": VOICE_NUMBER, "From": "+33639980223", "CallSid": fresh("CA"), "CallStatus": "ringing"}
        return await self._signed("/v1/voice/twilio/calls", form)

    async def smtp(self) -> int:
        try:
            mail = letter("away@client.example", MAIL_ADDRESS, "x", "Bonjour", f"<{fresh('away')}@client.example>")
            await send(mail, "away@client.example", MAIL_ADDRESS, self.stage.smtp_port)
        except aiosmtplib.SMTPResponseException as error:
            return error.code
        return 250

    async def settled(self) -> None:
        """Every receipt that was given is there, and was not given up."""
        async with asyncio.timeout(WITHIN_S):
            for receipt in self.receipts:
                while True:
                    answer = await self.stage.integrator.receipt(receipt)
                    if answer.status_code == httpx.codes.OK:
                        break
                    assert answer.status_code == httpx.codes.NOT_FOUND
                    await asyncio.sleep(0.05)

    async def _signed(self, path: str, form: dict[str, str]) -> tuple[int, str]:
        answer = await self.stage.outside.twilio.webhooks.send(f"{self.stage.url}{path}", form)
        assert answer.status == 200 or answer.retry_after, answer
        return answer.status, "" if answer.status == 200 else answer.body.split("/problems/")[1].split('"')[0]

    def _keep(self, answer: httpx.Response) -> tuple[int, str]:
        if answer.status_code == httpx.codes.ACCEPTED:
            self.receipts.append(answer.json()["receipt"])
            return answer.status_code, ""
        assert int(answer.headers["retry-after"]) > 0
        return answer.status_code, answer.json()["type"].removeprefix("/problems/")


async def again_until(attempt: Callable[[], Awaitable[Any]], wanted: Any, within_s: float = WITHIN_S) -> None:
    """Do it again, as whoever was told Retry-After does, until it goes well."""
    async with asyncio.timeout(within_s):
        while True:
            if await attempt() == wanted:
                return
            await asyncio.sleep(0.1)


async def test_log_that_is_locked_is_a_bus_that_is_away(house: Stage, installation: Installation, figures: dict[str, object]) -> None:
    writer, harm = Writer(house), Harm.of(house)
    assert await writer.letter("before") == (202, "")
    visitor = await Visitor.begin(house.url, CHAT_PAGE)
    token = await token_of(house, "claire")
    async with Desk.open(house, token) as desk, visitor.connected() as socket, responsive(house) as took:
        assert "refused" not in str(await desk.ask("before", "status.set", status="ready"))
        with locked(installation.data / "bus.sqlite"):
            answers = await asyncio.gather(writer.letter(), writer.mail(), writer.text(), writer.call())
            assert answers == [(503, "bus_away")] * 4
            assert await writer.smtp() == 451
            answer = await desk.ask("during", "status.set", status="ready")
            assert (answer["kind"], answer["reason"], answer["retry_after_ms"]) == ("problem", "bus_away", 1_000)
            assert (await desk.next("away"))["is_away"] is True
            said = await socket.say("Bonjour", "away-1")
            assert (said["kind"], said["reason"]) == ("problem", "bus_away")
            asked = await house.http.get("/v1/agent/doctor", headers={"Authorization": f"Bearer {token}"})
            assert (asked.status_code, asked.headers["retry-after"]) == (503, "5")
        for attempt in (writer.letter, writer.mail, writer.text, writer.call):
            await again_until(attempt, (200, "") if attempt in (writer.text, writer.call) else (202, ""))
        await again_until(writer.smtp, 250)
        assert (await socket.say("Bonjour", "away-1"))["kind"] == "accepted"
        assert (await desk.next("away"))["is_away"] is False
        assert "reason" not in await desk.ask("after", "status.set", status="ready")
        await desk.decided("offer.made")
    figures["livez_max_ms"] = round(max(took) * 1000)
    await writer.settled()
    await harm.check()


async def test_store_that_is_locked_loses_nothing(house: Stage, installation: Installation, figures: dict[str, object]) -> None:
    writer, harm = Writer(house), Harm.of(house)
    admin = {"Authorization": f"Bearer {await house.token('admin')}"}
    async with responsive(house) as took:
        with locked(installation.data / "store.sqlite"):
            for attempt in (writer.letter, writer.mail, writer.text, writer.call):
                assert await attempt() in ((202, ""), (200, ""), (503, "store_away")), attempt
            assert await writer.smtp() in (250, 451)
            begun = await house.http.post("/v1/chat/sessions", json={"page": CHAT_PAGE})
            assert (begun.status_code, begun.json()["type"], begun.headers["retry-after"]) == (503, "/problems/store_away", "5")
            skill = await house.http.put("/v1/directory/skill/away", json={"name": {"fr": "Away"}}, headers={**admin, "If-None-Match": "*"})
            assert (skill.status_code, skill.json()["type"], skill.headers["retry-after"]) == (503, "/problems/store_away", "5")
        for attempt in (writer.letter, writer.mail, writer.text, writer.call):
            await again_until(attempt, (200, "") if attempt in (writer.text, writer.call) else (202, ""))
        await again_until(writer.smtp, 250)
    figures["livez_max_ms"] = round(max(took) * 1000)
    await writer.settled()
    await harm.check()


async def test_full_disk_is_refused_and_well_again_by_itself(house: Stage, installation: Installation, figures: dict[str, object]) -> None:
    writer, harm = Writer(house), Harm.of(house)
    async with AgentClient(house.url, await token_of(house, "claire")) as agent, responsive(house) as took:
        with full_disk(installation):
            answers = [await writer.letter("x" * 60_000) for _ in range(200)]
            while await writer.letter("x" * 200) == (202, ""):
                pass
            assert set(answers) <= {(202, ""), (503, "bus_away"), (503, "store_away"), (503, "blobs_away")}
            assert answers[-1][0] == 503
            for attempt in (writer.mail, writer.text, writer.call):
                assert (await attempt())[0] in (503, 202, 200)
            assert await writer.smtp() in (250, 451)
        for attempt in (writer.letter, writer.mail, writer.text, writer.call):
            await again_until(attempt, (200, "") if attempt in (writer.text, writer.call) else (202, ""))
        await again_until(writer.smtp, 250)
        await again_until(lambda: answered(agent), True)
    figures["accepted"], figures["livez_max_ms"] = len(writer.receipts), round(max(took) * 1000)
    await writer.settled()
    await harm.check()


async def answered(agent: AgentClient) -> bool:
    """Whether the router answers this desk."""
    try:
        await agent.command("status.set", status="ready")
    except Refused:
        return False
    return True
