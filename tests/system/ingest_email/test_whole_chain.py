"""Mail through the real router and customers: acknowledged and threaded, closed at once and opened again, strangers kept apart."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest_asyncio

from standardiste.common.events.directory import Rule, RuleSet, Template
from standardiste.common.events.inputs import ContactIdentified
from standardiste.common.events.model import Channel, QueueId
from standardiste.common.testing.builders import channel_address, configuration
from standardiste.common.testing.mail_server import Mail, MailServer, mail_server
from standardiste.common.testing.running import Running, key_of_test, running
from standardiste.customers.app import build as build_customers
from standardiste.customers.settings import CustomersSettings
from standardiste.ingest_email.app import build as build_email
from standardiste.ingest_email.settings import EmailSettings
from standardiste.router.app import build as build_router
from standardiste.router.settings import RouterSettings

TRIES = 500
RULES = RuleSet(id="main", change_set=1, rules=(Rule(name="all", when="true", queue=QueueId("main"), acknowledge="received"),))
RECEIVED = Template(id="received", change_set=1, text={"en": "We have it: {subject} ({reference})."})


@pytest_asyncio.fixture
async def server() -> AsyncIterator[MailServer]:
    async with mail_server() as found:
        yield found


@pytest_asyncio.fixture
async def site(tmp_path: Path, server: MailServer) -> AsyncIterator[Running]:
    settings = EmailSettings(email_smtp_port=None, email_out_host="127.0.0.1", email_out_port=server.port)
    address = replace(channel_address(Channel.EMAIL), settings={"reply_token": "address"})
    async with running(
        tmp_path,
        lambda parts: build_router(RouterSettings(), parts),
        lambda parts: build_customers(CustomersSettings(), parts),
        lambda parts: build_email(settings, parts),
    ) as found:
        key = key_of_test("contact.create", "customer.read", "customer.write", "receipt.read")
        await found.configure("t1", *configuration(RULES, RECEIVED, address), key)
        yield found


async def post(http: httpx.AsyncClient, id: str, *, sender: str = "jean@example.org", to: str = "help@example.com", head: str = "") -> str:
    raw = f"From: {sender}\r\nTo: {to}\r\nSubject: My bill\r\nMessage-ID: <{id}@example.org>\r\n{head}\r\nHello\r\n"
    response = await http.post("/v1/email/messages", content=raw.encode(), headers={"Content-Type": "message/rfc822"})
    assert response.status_code == 202, response.text
    return str(response.json()["receipt"])


async def receipt(http: httpx.AsyncClient, id: str, state: str) -> dict[str, Any]:
    """The receipt, once it is in this state."""
    for _ in range(TRIES):
        response = await http.get(f"/v1/customers/receipts/{id}")
        if response.status_code == 200 and response.json()["state"] == state:
            return dict(response.json())
    raise AssertionError(f"the receipt is not {state}")


async def messages(http: httpx.AsyncClient, conversation: str, count: int) -> list[dict[str, Any]]:
    """The conversation's messages, once there are so many and the last has been sent."""
    for _ in range(TRIES):
        response = await http.get(f"/v1/customers/conversations/{conversation}/messages")
        found = response.json().get("items", []) if response.status_code == 200 else []
        if len(found) >= count and any(each["state"] == "sent" for each in found[-1]["deliveries"]):
            return list(found)
    raise AssertionError("the messages are not there")


def answer_to(mail: Mail) -> str:
    return f"In-Reply-To: <{mail.message_id}>\r\n"


async def test_a_mail_is_acknowledged_and_its_answer_threaded(site: Running, server: MailServer) -> None:
    async with site.client() as http:
        await post(http, "m1")
        sent = (await server.arrived())[0]
        first = (await site.inputs(ContactIdentified))[0]
        assert (sent.recipients, sent.message["Auto-Submitted"], sent.message["In-Reply-To"]) == (
            ("jean@example.org",),
            "auto-replied",
            "<m1@example.org>",
        )
        timeline = await messages(http, first.conversation, 2)
        assert [each["author"]["kind"] for each in timeline] == ["customer", "system"]
        assert timeline[1]["content"]["text"] == f"We have it: My bill ({first.conversation[-8:].upper()})."
        assert timeline[1]["is_machine_made"] is True
        await post(http, "m2", head=answer_to(sent))
        await post(http, "m3", to=str(sent.message["Reply-To"]).partition("<")[2].rstrip(">") or str(sent.message["Reply-To"]))
        await post(http, "m4", sender="eve@evil.example", head=answer_to(sent))
        found = {each.contact: each for each in await site.inputs(ContactIdentified, 4)}
        conversations = [each.conversation for each in found.values()]
        assert conversations[:3] == [first.conversation] * 3
        assert conversations[3] != first.conversation
        assert [each.linked_to for each in found.values()] == [None, None, None, first.conversation]


async def test_spam_is_closed_with_its_reason_and_comes_again_when_asked(site: Running, server: MailServer) -> None:
    async with site.client() as http:
        id = await post(http, "m1", head="X-Spam-Flag: YES\r\n")
        assert (await receipt(http, id, "closed"))["reason"] == "spam"
        response = await http.post(f"/v1/customers/receipts/{id}/reopen")
        assert response.status_code == 202, response.text
        again = str(response.json()["receipt"])
        assert (await receipt(http, again, "accepted"))["state"] == "accepted"
        assert (await receipt(http, id, "closed"))["reason"] == "spam"
        await post(http, "m2", sender="paul@example.org")
        sent = (await server.arrived())[0]
        assert sent.recipients == ("paul@example.org",), "spam is not acknowledged, nor when it comes again"
