"""A CRM outside, asked before routing: a real HTTP server that answers, is slow, fails, or is somewhere it may not be."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from standardiste.common.bus.topics import Topic
from standardiste.common.events.base import Event
from standardiste.common.events.codec import encode
from standardiste.common.events.directory_customers import Crm, CustomerAttribute
from standardiste.common.events.inputs import ContactIdentified, ContactReceived
from standardiste.common.events.model import CustomerSummary
from standardiste.common.security.webhook_signature import mint_secret, sign
from standardiste.common.testing.builders import AT, contact
from standardiste.common.testing.running import Running, key_of_test, running, tenant_of_test
from standardiste.customers.app import build
from standardiste.customers.hook import FAILURES_MAX, understood
from standardiste.customers.settings import CustomersSettings


@dataclass(slots=True)
class Outside:
    """A CRM on a port of its own. `answer` is sent after `is_let` is set; `asked` holds the requests."""

    url: str = ""
    status: int = 200
    answer: bytes = b"{}"
    is_let: asyncio.Event = field(default_factory=asyncio.Event)
    asked: list[tuple[dict[str, str], bytes]] = field(default_factory=list[tuple[dict[str, str], bytes]])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:] if line)}
        self.asked.append((headers, await reader.readexactly(int(headers["content-length"]))))
        await self.is_let.wait()
        head = f"HTTP/1.1 {self.status} X\r\nContent-Length: {len(self.answer)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + self.answer)
        writer.close()


@pytest_asyncio.fixture
async def crm() -> AsyncIterator[Outside]:
    outside = Outside()
    outside.is_let.set()
    server = await asyncio.start_server(outside.serve, "127.0.0.1", 0)
    outside.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/lookup"
    yield outside
    outside.is_let.set()
    server.close()


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Running]:
    settings = CustomersSettings(customers_hook_private_allowed=True)
    async with running(tmp_path, lambda parts: build(settings, parts)) as found:
        await found.configure("t1", tenant_of_test(), key_of_test("customer.read"))
        yield found


ATTRIBUTES = (
    CustomerAttribute(id="vip", change_set=0, type="flag", default=False),
    CustomerAttribute(id="plan", change_set=0, type="choice", choices=("basic", "gold")),
)


async def came(site: Running, count: int, **fields: Any) -> CustomerSummary:
    """What the router is told of the count-th contact."""
    one = contact(f"c{count}", **fields)
    event = Event(id=one.id, source="ingest-email", subject=one.id, tenant="t1", time=AT, data=ContactReceived(contact=one))
    await site.parts.bus.publish(encode(event, Topic.INPUTS))
    return (await site.inputs(ContactIdentified, count))[-1].customer


def hooked(crm: Outside, **fields: Any) -> Crm:
    return Crm(**{"id": "crm", "change_set": 0, "hook_url": crm.url, **fields})


async def test_what_the_crm_knows_is_told_to_the_router_and_kept_in_the_record(site: Running, crm: Outside) -> None:
    secret = mint_secret()
    await site.parts.secrets.put("t1", "crm", secret)
    await site.configure("t1", *ATTRIBUTES, hooked(crm, hook_secret="crm"))
    said = {"attributes": {"vip": True, "plan": "platinum", "unknown": 1}, "name": "Jeanne", "labels": ["gold"]}
    crm.answer = json.dumps(said).encode()
    told = await came(site, 1)
    assert (told.attributes, told.labels, told.name) == ({"vip": True}, ("gold",), "Jeanne")
    headers, body = crm.asked[0]
    assert json.loads(body)["contact"]["address"] == "customer@example.org"
    assert headers["webhook-signature"] == sign(secret, headers["webhook-id"], int(headers["webhook-timestamp"]), body)
    async with site.client() as http:
        record = (await http.get(f"/v1/customers/{told.id}")).json()
    assert (record["attributes"], record["name"]) == ({"vip": True}, "Jeanne")
    assert (await came(site, 2)).attributes == {"vip": True}
    assert len(crm.asked) == 1, "asked once a minute"


async def test_a_slow_crm_keeps_nobody_waiting(site: Running, crm: Outside) -> None:
    crm.is_let.clear()
    await site.configure("t1", *ATTRIBUTES, hooked(crm, hook_timeout_ms=100))
    told = await came(site, 1)
    assert told.attributes == {"vip": False}, "the default"
    assert len(crm.asked) == 1


async def test_one_that_fails_is_let_alone(site: Running, crm: Outside) -> None:
    crm.status = 500
    await site.configure("t1", *ATTRIBUTES, hooked(crm))
    for number in range(FAILURES_MAX + 3):
        assert (await came(site, number + 1, address=f"a{number}@example.org")).attributes == {"vip": False}
    assert len(crm.asked) == FAILURES_MAX


async def test_who_is_not_known_there_is_no_failure(site: Running, crm: Outside) -> None:
    crm.status = 404
    await site.configure("t1", *ATTRIBUTES, hooked(crm))
    for number in range(FAILURES_MAX + 3):
        await came(site, number + 1, address=f"a{number}@example.org")
    assert len(crm.asked) == FAILURES_MAX + 3


async def test_another_sponsors_crm_is_not_asked(site: Running, crm: Outside) -> None:
    await site.configure("t1", *ATTRIBUTES, hooked(crm, sponsor="acme"))
    await came(site, 1)
    assert crm.asked == []


async def test_inside_the_house_nobody_is_asked_unless_it_is_allowed(tmp_path: Path, crm: Outside) -> None:
    async with running(tmp_path, lambda parts: build(CustomersSettings(), parts)) as site:
        await site.configure("t1", tenant_of_test(), *ATTRIBUTES, hooked(crm))
        assert (await came(site, 1)).attributes == {"vip": False}
    assert crm.asked == []


@pytest.mark.parametrize("body", [b"", b"[]", b"nothing", b"[" * 100_000, b'"x"', b"\xff"])
def test_what_is_no_answer_is_none(body: bytes) -> None:
    assert understood(body, ATTRIBUTES) is None


@pytest.mark.parametrize(
    "body", [b"{}", b'{"attributes": 3, "labels": 4, "name": 5}', b'{"attributes": {"vip": "yes", "plan": [1]}, "labels": [null]}']
)
def test_what_is_not_as_declared_is_passed_over(body: bytes) -> None:
    known = understood(body, ATTRIBUTES)
    assert known is not None
    assert (known.attributes, known.labels, known.name) == ({}, (), None)
