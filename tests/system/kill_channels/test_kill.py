"""
ingest-sms, ingest-open and ingest-chat killed with SIGKILL while 500 messages come in and 500 answers go out. All arrive, none twice: what a sender was told
yes for, and every answer. A sender who was told nothing hands in again under the same id; the ledger of answers is the provider's list of texts, the replies
that the integrator fetches, the transcript that the visitor reads. `make kill-channels` prints it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest
import pytest_asyncio

from standardiste.common.bus.topics import Topic
from standardiste.common.events.base import Data, spec_of
from standardiste.common.events.codec import decode
from standardiste.common.events.directory import ChannelAddress, Entity
from standardiste.common.events.inputs import ContactReceived
from standardiste.common.events.model import (
    Author,
    AuthorKind,
    Channel,
    ChannelAddressId,
    Content,
    ConversationId,
    InteractionId,
    MessageId,
)
from standardiste.common.events.outbound import DeliverMessage
from standardiste.common.security.keys import INSTALLATION_KEY, make_secrets
from standardiste.common.security.twilio_signature import sign
from standardiste.common.testing.running import API_KEY, MASTER_KEY, Running, key_of_test, records, running, tenant_of_test
from standardiste.common.testing.twilio.double import TwilioDouble

ANSWERS, MESSAGES, KILLS, SENDERS = 500, 500, 3, 8
CONVERSATIONS = 10
PAUSE_S, WITHIN_S = 0.05, 240.0
KEY = "a-random-key-of-session-"


class World(Protocol):
    """One channel: how its customers write, and where its answers can be counted."""

    module: str
    topic: Topic
    address: ChannelAddress

    def environment(self) -> dict[str, str]: ...

    async def prepare(self, site: Running) -> None: ...

    async def enter(self, http: httpx.AsyncClient) -> None: ...

    def conversation(self, number: int) -> str: ...

    async def hand_in(self, http: httpx.AsyncClient, number: int) -> bool: ...

    async def arrived(self, http: httpx.AsyncClient) -> list[str]: ...


class Texts:
    module, topic = "standardiste.ingest_sms", Topic.OUTBOUND_SMS

    def __init__(self, port: int, twilio: TwilioDouble) -> None:
        self.url, self.twilio = f"http://127.0.0.1:{port}", twilio
        settings = {"account_sid": twilio.account_sid, "auth_token_secret": "twilio"}
        self.address = ChannelAddress(
            id=ChannelAddressId("sms"), change_set=0, channel=Channel.SMS, address="+33199000001", settings=settings
        )
        twilio.number(self.address.address)

    def environment(self) -> dict[str, str]:
        return {"TWILIO_URL": self.twilio.url}

    async def prepare(self, site: Running) -> None:
        await site.parts.secrets.put("t1", "twilio", self.twilio.auth_token)

    async def enter(self, http: httpx.AsyncClient) -> None: ...

    def conversation(self, number: int) -> str:
        return f"conv{number}"

    async def hand_in(self, http: httpx.AsyncClient, number: int) -> bool:
        form = {"MessageSid": f"SM{number:032}", "From": f"+336399{number:05}", "To": self.address.address, "Body": str(number)}
        path = "/v1/sms/twilio/messages"
        headers = {"X-Twilio-Signature": sign(self.url + path, form, self.twilio.auth_token)}
        return (await http.post(path, data=form, headers=headers)).status_code == httpx.codes.OK

    async def arrived(self, http: httpx.AsyncClient) -> list[str]:
        return [text.body for text in self.twilio.account.texts.values()]


class Letters:
    module, topic = "standardiste.ingest_open", Topic.OUTBOUND_OPEN
    address = ChannelAddress(id=ChannelAddressId("letters"), change_set=0, channel=Channel.OTHER, address="letters", channel_name="letter")

    def environment(self) -> dict[str, str]:
        return {}

    async def prepare(self, site: Running) -> None: ...

    async def enter(self, http: httpx.AsyncClient) -> None: ...

    def conversation(self, number: int) -> str:
        return f"conv{number % CONVERSATIONS}"

    async def hand_in(self, http: httpx.AsyncClient, number: int) -> bool:
        body = {"channel": "letters", "from": {"address": f"c{number}"}, "text": str(number)}
        headers = {"Idempotency-Key": f"k{number}", "Authorization": f"Bearer {API_KEY}"}
        return (await http.post("/v1/interactions", json=body, headers=headers)).status_code == httpx.codes.ACCEPTED

    async def arrived(self, http: httpx.AsyncClient) -> list[str]:
        found: list[str] = []
        for number in range(CONVERSATIONS):
            path, headers = f"/v1/interactions/conv{number}/replies", {"Authorization": f"Bearer {API_KEY}"}
            answer = await http.get(path, params={"limit": 200}, headers=headers)
            found += [each["text"] for each in answer.json().get("items", ())]
        return found


class Chats:
    module, topic = "standardiste.ingest_chat", Topic.OUTBOUND_CHAT
    address = ChannelAddress(id=ChannelAddressId("chat"), change_set=0, channel=Channel.CHAT, address="site")

    def __init__(self) -> None:
        self.sessions: list[dict[str, Any]] = []

    def environment(self) -> dict[str, str]:
        return {"CHAT_SESSIONS_PER_CLIENT_BURST": "1000"}

    async def prepare(self, site: Running) -> None: ...

    async def enter(self, http: httpx.AsyncClient) -> None:
        for number in range(CONVERSATIONS):
            headers = {"Idempotency-Key": f"{KEY}{number}"}
            self.sessions.append((await http.post("/v1/chat/sessions", json={"page": "site"}, headers=headers)).json())

    def conversation(self, number: int) -> str:
        return str(self.sessions[number % CONVERSATIONS]["session"])

    async def hand_in(self, http: httpx.AsyncClient, number: int) -> bool:
        session = self.sessions[number % CONVERSATIONS]
        body, headers = {"id": f"m{number}", "text": str(number)}, {"Authorization": f"Bearer {session['token']}"}
        answer = await http.post(f"/v1/chat/sessions/{session['session']}/messages", json=body, headers=headers)
        return answer.status_code == httpx.codes.ACCEPTED

    async def arrived(self, http: httpx.AsyncClient) -> list[str]:
        found: list[str] = []
        for session in self.sessions:
            path, headers = f"/v1/chat/sessions/{session['session']}/messages", {"Authorization": f"Bearer {session['token']}"}
            items = (await http.get(path, headers=headers)).json()["items"]
            found += [each["text"] for each in items if each["kind"] == "said" and each["author"]["kind"] == "agent"]
        return found


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest_asyncio.fixture(params=["sms", "open", "chat"])
async def world(request: pytest.FixtureRequest, port: int) -> AsyncIterator[World]:
    async with TwilioDouble() as twilio:
        yield {"sms": lambda: Texts(port, twilio), "open": Letters, "chat": Chats}[request.param]()


@asynccontextmanager
async def service(folder: Path, world: World, port: int) -> AsyncGenerator[asyncio.subprocess.Process]:
    """The service as a process of its own; killed when the block ends, unless it has ended."""
    given = {
        "BUS": f"embedded:///{folder}/bus.sqlite",
        "STORE": f"sqlite:///{folder}/store.sqlite",
        "BLOBS": str(folder / "blobs"),
        "SECRETS_FOLDER": str(folder / "secrets"),
        "PORT": str(port),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "HTTP_CLIENT_PER_S": "10000",
        "HTTP_CLIENT_BURST": "100000",
        "LOG_LEVEL": "error",
        **world.environment(),
    }
    environment = os.environ | {f"STANDARDISTE_{name}": value for name, value in given.items()}
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", world.module, env=environment)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await process.wait()


async def sender(http: httpx.AsyncClient, world: World, numbers: list[int], taken: set[int], attempts: Counter[int]) -> None:
    """What was not answered yes is handed in again, as senders do, until all is taken."""
    while numbers:
        attempts[numbers[-1]] += 1
        try:
            is_taken = await world.hand_in(http, numbers[-1])
        except httpx.TransportError:
            is_taken = False
        if is_taken:
            taken.add(numbers.pop())
        await asyncio.sleep(PAUSE_S)


def answer(world: World, number: int) -> Data:
    """An agent writes."""
    return DeliverMessage(
        conversation=ConversationId(world.conversation(number)),
        interaction=InteractionId("i1"),
        message=MessageId(f"a{number}"),
        author=Author(kind=AuthorKind.AGENT, id="anna", name="Anna"),
        content=Content(text=f"Réponse {number}"),
        channel=world.address.channel,
        channel_address=world.address.id,
        address=None if world.address.channel is Channel.CHAT else f"+336398{number:05}" if world.address.channel is Channel.SMS else "c",
    )


async def up(http: httpx.AsyncClient) -> None:
    """Until the service answers."""

    async def is_up() -> bool:
        try:
            return (await http.get("/readyz")).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    await until(is_up)


async def until(is_so: Callable[[], Any]) -> None:
    for _ in range(int(WITHIN_S / PAUSE_S)):
        if await is_so():
            return
        await asyncio.sleep(PAUSE_S)
    raise AssertionError("not so in time")


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_all_arrives_over_kills_and_nothing_twice(tmp_path: Path, world: World, port: int, figures: dict[str, object]) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / INSTALLATION_KEY).write_text(MASTER_KEY.hex())
    make_secrets(tmp_path / "secrets")
    entities: tuple[Entity, ...] = (tenant_of_test(), world.address, key_of_test("contact.create", "reply.read"))
    async with running(tmp_path, entities=entities) as site:
        await world.prepare(site)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10) as http:
        async with service(tmp_path, world, port) as process:
            await up(http)
            await world.enter(http)
            process.terminate()
            await process.wait()
        async with running(tmp_path) as site:
            await site.decide("t1", *(answer(world, number) for number in range(ANSWERS)), topic=world.topic)
        taken, attempts = set[int](), Counter[int]()
        async with asyncio.TaskGroup() as senders:
            for each in range(SENDERS):
                senders.create_task(sender(http, world, list(range(each, MESSAGES, SENDERS)), taken, attempts))
            for kill in range(1, KILLS + 1):
                async with service(tmp_path, world, port):

                    async def is_far(done: int = kill) -> bool:
                        return len(taken) >= done * MESSAGES // (KILLS + 1)

                    await until(is_far)
            async with service(tmp_path, world, port) as process:
                await up(http)

                async def is_done() -> bool:
                    return len(taken) >= MESSAGES and len(set(await world.arrived(http))) >= ANSWERS

                await until(is_done)
                counted = Counter(await world.arrived(http))
                process.terminate()
                await process.wait()
    async with running(tmp_path) as site:
        receipts = await handed_in(site)
    figures |= {
        "kills": KILLS,
        "messages": len(taken),
        "handed in again": sum(attempts.values()) - MESSAGES,
        "answers": len(counted),
        "answers again": sum(counted.values()) - len(counted),
    }
    assert counted == Counter(f"Réponse {number}" for number in range(ANSWERS))
    assert {text: len(found) for text, found in receipts.items()} == {str(number): 1 for number in range(MESSAGES)}


async def handed_in(site: Running) -> dict[str, set[str]]:
    """The receipts under which each message came, by its words."""
    found: dict[str, set[str]] = {}
    async with asyncio.timeout(WITHIN_S):
        async for record in records(site.parts.bus, Topic.INPUTS):
            if record.headers.get("ce_type") == spec_of(ContactReceived).name:
                contact = decode(record).data.contact
                found.setdefault(contact.content.text, set()).add(contact.receipt)
                if len(found) >= MESSAGES:
                    break
    return found
