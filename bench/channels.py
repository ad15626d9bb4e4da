"""
What one process of an ingest service takes in: contacts by the open API, mails, texts, chat messages, each accepted durably, beside the bare framework's echo on
the same machine in the same run; and what 2,000 open chat sessions cost it.

`make bench-channels`. Each service runs as a process of its own, alone, on an embedded log and store; the customers are in this process. CPU per message is the
service's own, so it says what a core of its own would take even where this machine is busy.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import uvloop
from channels_server import AUTH_TOKEN, NUMBER, PUBLIC
from load import Connection, Report
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from standardiste.common.security.twilio_signature import sign
from standardiste.ingest_chat.frames import SUBPROTOCOL

CONNECTIONS = 32
WARM = 200
COUNT = 3_000
SESSIONS = 2_000
CHATS = 100
AT_ONCE = 50
TICK_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Served:
    """A server process."""

    url: str
    key: str
    pid: int

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK_S

    def rss_bytes(self) -> int:
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Asked:
    """One request: path, body, headers."""

    path: str
    body: bytes
    headers: Mapping[str, str]


@asynccontextmanager
async def served(name: str, folder: Path) -> AsyncGenerator[Served]:
    """The service, alone in a process."""
    folder.mkdir()
    script = str(Path(__file__).with_name("channels_server.py"))
    process = await asyncio.create_subprocess_exec(sys.executable, script, name, str(folder), stdout=-1, stderr=asyncio.subprocess.DEVNULL)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(120):
            told = json.loads(await process.stdout.readline())
        yield Served(told["url"], told["key"], process.pid)
    finally:
        process.terminate()
        await process.wait()


async def post(server: Served, requests: Sequence[Asked], accepted: int) -> float:
    """All of them over 32 connections, each accepted; the seconds that took."""
    waiting = iter(requests)

    async def connection(stack: AsyncExitStack) -> Connection:
        return await stack.enter_async_context(Connection(server.url, server.key))

    async def work(each: Connection) -> None:
        for request in waiting:
            status, _, body = await each.send(request.path, request.body, request.headers)
            assert status == accepted, (status, body[:300])

    async with AsyncExitStack() as stack:
        connections = [await connection(stack) for _ in range(CONNECTIONS)]
        began = time.perf_counter()
        await asyncio.gather(*(work(each) for each in connections))
        return time.perf_counter() - began


async def measure(report: Report, server: Served, what: str, ask: Callable[[int], Asked], accepted: int) -> float:
    """Print the rate and the CPU of one kind; gives the CPU ms per request."""
    requests = [ask(number) for number in range(WARM + COUNT)]
    await post(server, requests[:WARM], accepted)
    before = server.cpu_s()
    took_s = await post(server, requests[WARM:], accepted)
    cpu_ms = (server.cpu_s() - before) / COUNT * 1000
    report.figure(f"{what}: accepted per second, {CONNECTIONS} connections", COUNT / took_s, "/s")
    report.figure(f"{what}: CPU of the service per message", cpu_ms, "ms")
    return cpu_ms


def letter(number: int) -> Asked:
    body = {
        "channel": "letters",
        "from": {"address": f"c{number}", "name": "Jeanne Roux"},
        "subject": "Résiliation",
        "text": "Je résilie. " * 20,
    }
    return Asked("/v1/interactions", json.dumps(body).encode(), {"Idempotency-Key": f"k{number}"})


def mail(number: int) -> Asked:
    """An answer in HTML and text, quoting what it answers, from one of a few hundred customers."""
    said, quoted = "Bonjour, où est ma facture ? " * 10, "\r\n".join(["> Voici votre dossier."] * 10)
    raw = (
        f"From: Jeanne <client{number % 300}@client.example>\r\nTo: aide@exemple.fr\r\nSubject: Re: Facture {number}\r\n"
        f"Message-ID: <m{number}@client.example>\r\nReferences: <a@client.example> <b@client.example>\r\nMIME-Version: 1.0\r\n"
        f"Date: Mon, 02 Nov 2026 10:00:00 +0100\r\nContent-Type: multipart/alternative; boundary=B\r\n\r\n"
        f"--B\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{said}\r\n\r\nLe lundi, Aide a écrit :\r\n{quoted}\r\n"
        f"--B\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>{said}</p><blockquote>Voici votre dossier.</blockquote>\r\n--B--\r\n"
    )
    return Asked("/v1/email/messages", raw.encode(), {"Content-Type": "message/rfc822"})


def text(number: int) -> Asked:
    form = [
        ("MessageSid", f"SM{number:032}"),
        ("From", f"+336399{number:05}"),
        ("To", NUMBER),
        ("Body", "Où est mon colis ?"),
        ("NumSegments", "1"),
    ]
    path = "/v1/sms/twilio/messages"
    headers = {"X-Twilio-Signature": sign(PUBLIC + path, form, AUTH_TOKEN), "Content-Type": "application/x-www-form-urlencoded"}
    return Asked(path, urlencode(form).encode(), headers)


async def sessions(server: Served, count: int) -> list[tuple[str, str]]:
    """So many chat sessions begun: id and token."""
    found: list[tuple[str, str]] = []

    async def work(numbers: range) -> None:
        async with Connection(server.url, "") as http:
            for _ in numbers:
                status, _, body = await http.send("/v1/chat/sessions", b'{"page": "site"}', {})
                assert status == 201, body[:300]
                told: dict[str, Any] = json.loads(body)
                found.append((told["session"], told["token"]))

    await asyncio.gather(*(work(range(start, count, 8)) for start in range(8)))
    return found


async def open_sockets(report: Report, server: Served) -> None:
    """2,000 visitors with their windows open: what each costs in memory, at rest and after a message."""
    known = await sessions(server, SESSIONS)
    before, began = server.rss_bytes(), time.perf_counter()
    gate, sockets = asyncio.Semaphore(AT_ONCE), list[ClientConnection]()

    async def enter(session: str, token: str) -> None:
        async with gate:
            url = f"{server.url.replace('http', 'ws')}/v1/chat/sessions/{session}/ws"
            socket = await connect(url, subprotocols=[Subprotocol(SUBPROTOCOL)], compression=None, ping_interval=None, open_timeout=60)
            await socket.send(json.dumps({"kind": "hello", "token": token}))
            assert json.loads(await socket.recv())["kind"] == "welcome"
            sockets.append(socket)

    await asyncio.gather(*(enter(*each) for each in known))
    report.figure(f"chat: {SESSIONS} sessions open after", time.perf_counter() - began, "s")
    report.figure("chat: memory per open session", (server.rss_bytes() - before) / SESSIONS / 1024, "KiB", at_most=64)
    cpu, looked_s = server.cpu_s(), 5.0
    await asyncio.sleep(looked_s)
    report.figure(f"chat: CPU of {SESSIONS} open sessions at rest", (server.cpu_s() - cpu) / looked_s * 100, "% of a core")
    began = time.perf_counter()
    for number, socket in enumerate(sockets[::10]):
        await socket.send(json.dumps({"kind": "say", "id": f"m{number}", "text": "Bonjour"}))
    for socket in sockets[::10]:
        assert json.loads(await socket.recv())["kind"] == "accepted"
    report.figure(f"chat: {len(sockets[::10])} of them say something at once, all accepted after", time.perf_counter() - began, "s")
    await asyncio.gather(*(socket.close() for socket in sockets))


async def main() -> int:
    report = Report("channels: accepted per second and process, open chat sessions")
    with tempfile.TemporaryDirectory() as root:
        async with served("echo", Path(root) / "echo") as server:
            bare = await measure(report, server, "bare echo", lambda number: Asked("/echo", letter(number).body, {}), 202)
        for name, ask, accepted in (("open", letter, 202), ("email", mail, 202), ("sms", text, 200)):
            async with served(name, Path(root) / name) as server:
                report.figure(f"{name}: CPU, times the bare echo's", await measure(report, server, name, ask, accepted) / bare, "x")
        async with served("chat", Path(root) / "chat") as server:
            talking = await sessions(server, CHATS)

            def say(number: int) -> Asked:
                session, token = talking[number % CHATS]
                body = json.dumps({"id": f"m{number}", "text": "Ma lampe clignote."}).encode()
                return Asked(f"/v1/chat/sessions/{session}/messages", body, {"Authorization": f"Bearer {token}"})

            report.figure("chat: CPU, times the bare echo's", await measure(report, server, "chat", say, 202) / bare, "x")
            await open_sockets(report, server)
    return report.close()


if __name__ == "__main__":
    sys.exit(uvloop.run(main()))
