"""Which service answers under which path: one table, held by the ingress of this machine and by the Helm chart; and what the small proxy passes on."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest
import yaml

from standardiste.all_in_one.cluster.ingress import Ingress
from standardiste.all_in_one.cluster.prefixes import PREFIXES, SERVICES, service_for
from standardiste.all_in_one.services import SETTINGS
from standardiste.common.service import listen
from standardiste.common.serving import free_port

VALUES = Path(__file__).parents[3] / "deploy" / "k8s" / "standardiste" / "values.yaml"


def test_the_chart_runs_the_same_services_under_the_same_paths() -> None:
    services = yaml.safe_load(VALUES.read_text())["services"]
    assert set(SERVICES) == set(SETTINGS) == set(services)
    assert {prefix: name for name, its in services.items() for prefix in its.get("prefixes", [])} == PREFIXES


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/v1/agent/ws", "agent-gateway"),
        ("/v1/interactions", "ingest-open"),
        ("/v1/interactions?limit=5", "ingest-open"),
        ("/v1/interactionsx", None),
        ("/desk/", "agent-gateway"),
        ("/", None),
    ],
)
def test_a_path_belongs_to_the_service_of_its_prefix(path: str, service: str | None) -> None:
    assert service_for(path) == service


async def test_a_request_is_passed_on_with_its_sender_and_the_answer_comes_back() -> None:
    heard: list[bytes] = []

    async def behind(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        writer.close()

    listening = listen("127.0.0.1", 0)
    port = listening.getsockname()[1]
    async with await asyncio.start_server(behind, "127.0.0.1", 0) as server:
        ingress = Ingress(listening, lambda service: server.sockets[0].getsockname()[1])
        await ingress.start()
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
            answer = await http.get("/v1/customers/receipts/r1", headers={"X-Forwarded-For": "1.2.3.4"})
            nowhere = await http.get("/elsewhere")
        await ingress.stop()
    assert (answer.status_code, answer.text) == (202, "ok")
    assert nowhere.status_code == 404
    assert b"X-Forwarded-For: 127.0.0.1" in heard[0], "what a client says of itself is not believed"
    assert b"1.2.3.4" not in heard[0]


async def test_a_service_that_is_down_is_said_with_when_to_come_again() -> None:
    listening = listen("127.0.0.1", 0)
    ingress = Ingress(listening, lambda service: free_port())
    await ingress.start()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{listening.getsockname()[1]}") as http:
        answer = await http.post("/v1/interactions", json={})
    await ingress.stop()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
