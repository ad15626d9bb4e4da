"""
The whole embedded edition as its users meet it: a burst of contacts, offers at a steady rate, CPU per interaction.

`make bench`. The installation runs as a process of its own; customers post through the open API and agents sit on websockets, in this process. Beside
it, in the same run, a bare loop: one HTTP server that puts each body into SQLite and nothing else.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import uvloop
from load import Connection, Report, percentile

from standardiste.all_in_one.players.agent import AgentClient, Frame, Hands, Refused
from standardiste.all_in_one.players.floor import Floor, floor_document
from standardiste.all_in_one.players.process import Installation, running
from standardiste.common.clock import parse_rfc3339

AGENTS = 200
BURST = 600
CONNECTIONS = 32
RATE_PER_S = 50
STEADY_S = 20
RECEIPTS_WITHIN_S = 30


async def main() -> int:
    report = Report("installation: burst, offer latency, CPU per interaction")
    with tempfile.TemporaryDirectory() as root:
        async with running(Path(root) / "data", "--configuration", str(floor_document(Path(root), AGENTS))) as installation:
            floor = await Floor.of(installation, AGENTS)
            await burst(installation, floor, report)
            await steady(installation, floor, report)
            report.figure("resident memory at the end", installation.rss_bytes() / 2**20, "MiB")
        await bare(Path(root), report)
    return report.close()


async def burst(installation: Installation, floor: Floor, report: Report) -> None:
    """600 contacts over 32 connections with nobody at work: accepted durably, and none left unknown."""
    before = installation.cpu_s()
    receipts, took_s = await post(installation.url, floor.api_key, "burst", BURST)
    report.figure(f"burst: {BURST} contacts over {CONNECTIONS} connections, all accepted after", took_s, "s", at_most=1.0)
    report.figure("burst: accepted per second", BURST / took_s, "/s")
    began = time.perf_counter()
    unknown = await wait_for_receipts(installation.url, floor.api_key, receipts)
    report.figure("burst: contacts without a receipt in the end", unknown, "", at_most=0)
    report.figure("burst: last receipt written after the last was accepted", time.perf_counter() - began, "s")
    report.figure("burst: CPU per 1,000 contacts accepted and identified", (installation.cpu_s() - before) / BURST * 1000, "s")


async def post(url: str, key: str, prefix: str, count: int) -> tuple[list[str], float]:
    numbers = iter(range(count))
    receipts: list[str] = []

    async def one(connection: Connection) -> None:
        for number in numbers:
            status, _, body = await connection.post("/v1/interactions", letter(number), Idempotency_Key=f"{prefix}-{number}")
            assert status == 202, (status, body)
            receipts.append(json.loads(body)["receipt"])

    async with AsyncExitStack() as stack:
        connections = [await stack.enter_async_context(Connection(url, key)) for _ in range(CONNECTIONS)]
        began = time.perf_counter()
        await asyncio.gather(*(one(connection) for connection in connections))
        return receipts, time.perf_counter() - began


def letter(number: int) -> dict[str, Any]:
    return {
        "channel_address": "post",
        "from": {"address": f"customer-{number % 5000}", "name": f"Customer {number % 5000}"},
        "subject": "An order that did not come",
        "text": "Good morning. I ordered two lamps three weeks ago and have had no news since. Where are they? " * 4,
    }


async def wait_for_receipts(url: str, key: str, receipts: list[str]) -> int:
    """How many are still unknown after a while; each is asked again until it is there."""
    pending = set(receipts)
    deadline = time.perf_counter() + RECEIPTS_WITHIN_S
    async with Connection(url, key) as connection:
        while pending and time.perf_counter() < deadline:
            for receipt in sorted(pending):
                status, _, _ = await connection.get(f"/v1/customers/receipts/{receipt}")
                if status == 200:
                    pending.discard(receipt)
    return len(pending)


async def steady(installation: Installation, floor: Floor, report: Report) -> None:
    """50 contacts a second with 200 agents who accept, answer, complete and wrap up at once."""
    posted: dict[str, float] = {}
    offered: dict[str, float] = {}
    inside_ms: list[float] = []
    closed: set[str] = set()
    async with desks(installation.url, floor, inside_ms, offered, closed):
        await until(lambda: len(closed) >= BURST, 60)  # the burst's contacts first
        offered.clear()
        inside_ms.clear()
        own_before = time.process_time()
        count = RATE_PER_S * STEADY_S
        before, began = installation.cpu_s(), time.perf_counter()
        async with AsyncExitStack() as stack:
            connections = [await stack.enter_async_context(Connection(installation.url, floor.api_key)) for _ in range(CONNECTIONS)]
            free = asyncio.Queue[Connection]()
            for connection in connections:
                free.put_nowait(connection)

            async def one(number: int) -> None:
                connection = await free.get()
                at = time.perf_counter()
                _, _, body = await connection.post("/v1/interactions", letter(number), Idempotency_Key=f"steady-{number}")
                posted["in" + json.loads(body)["receipt"][1:]] = at
                free.put_nowait(connection)

            async with asyncio.TaskGroup() as group:
                for number in range(count):
                    await asyncio.sleep(max(0.0, began + number / RATE_PER_S - time.perf_counter()))
                    group.create_task(one(number))
        await until(lambda: len(closed) >= BURST + count, 60)
        cpu_s, own_s = installation.cpu_s() - before, time.process_time() - own_before
    waits_ms = [(offered[each] - at) * 1000 for each, at in posted.items() if each in offered]
    report.figure("steady: contacts offered", len(waits_ms), "", at_least=count)
    report.figure("steady: post to offer on the websocket, p50", percentile(waits_ms, 0.50), "ms", at_most=15)
    report.figure("steady: post to offer on the websocket, p99", percentile(waits_ms, 0.99), "ms", at_most=60)
    report.figure("steady: of that, appended to offered, as the log says, p50", percentile(inside_ms, 0.50), "ms")
    report.figure("steady: of that, appended to offered, as the log says, p99", percentile(inside_ms, 0.99), "ms")
    report.figure("steady: CPU of the players per 1,000 interactions, on the same cores", own_s / count * 1000, "s")
    report.figure("steady: CPU per 1,000 interactions, post to wrap-up", cpu_s / count * 1000, "s", at_most=15)


@asynccontextmanager
async def desks(url: str, floor: Floor, inside_ms: list[float], offered: dict[str, float], closed: set[str]) -> AsyncGenerator[None]:
    hands = Hands()

    async def work(agent: AgentClient, offer: str, interaction: str) -> None:
        try:
            await agent.accept(offer)
            await agent.reply(interaction, "Your lamps left our house this morning; you will have them on Thursday.")
            await agent.complete(interaction)
        except Refused:
            return

    async def on_event(agent: AgentClient, name: str, frame: Frame) -> None:
        if name == "offer.made" and frame["data"]["offer"]["agent"] == agent.agent:
            interaction = frame["data"]["offer"]["interaction"]
            offered.setdefault(interaction, time.perf_counter())
            shown = frame["data"]
            inside_ms.append(parse_rfc3339(shown["offer"]["offered_at"]) - parse_rfc3339(shown["interaction"]["enqueued_at"]))
            hands.begin(work(agent, frame["data"]["offer"]["id"], interaction))
        elif name == "interaction.closed":
            closed.add(frame["data"]["interaction"])

    async with AsyncExitStack() as stack:
        for token in floor.agent_tokens:
            agent = await stack.enter_async_context(AgentClient(url, token, on_event=on_event))
            await agent.ready()
        yield
        await hands.rest()


async def until(holds: Any, within_s: float) -> None:
    deadline = time.perf_counter() + within_s
    while not holds() and time.perf_counter() < deadline:
        await asyncio.sleep(0.01)


BARE = """
import sqlite3, sys
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
import uvicorn
log = sqlite3.connect(sys.argv[1], isolation_level=None)
log.execute("PRAGMA journal_mode=WAL"); log.execute("PRAGMA synchronous=FULL"); log.execute("CREATE TABLE log (body BLOB)")
async def take(request):
    log.execute("INSERT INTO log VALUES (?)", (await request.body(),))
    return JSONResponse({"receipt": "r"}, 202)
uvicorn.run(Starlette(routes=[Route("/v1/interactions", take, methods=["POST"])]), port=int(sys.argv[2]), log_level="error", loop="uvloop")
"""


async def bare(root: Path, report: Report) -> None:
    """The same burst against a server that only stores it, one commit a request."""
    port = 18_099
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", BARE, str(root / "bare.sqlite"), str(port))
    try:
        await reachable(port)
        _, took_s = await post(f"http://127.0.0.1:{port}", "none", "bare", BURST)
        report.figure("beside it: a bare server that stores each body in SQLite, same burst", took_s, "s")
    finally:
        process.terminate()
        await process.wait()


async def reachable(port: int) -> None:
    for _ in range(500):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.02)
        else:
            writer.close()
            return
    raise TimeoutError(f"nothing listens on {port}")


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sys.exit(runner.run(main()))
