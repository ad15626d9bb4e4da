"""Acknowledgements by rule and signatures by queue: what the router is asked to send, and what leaves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from standardiste.common.bus.topics import Topic
from standardiste.common.events.base import Instant
from standardiste.common.events.decisions import CustomerIdentified, InteractionCreated, InteractionQueued, InteractionRouted
from standardiste.common.events.directory import ChannelAddress, Queue, Rule, RuleSet, Template
from standardiste.common.events.inputs import ContactReceived, MessageNoted
from standardiste.common.events.model import (
    Author,
    AuthorKind,
    Channel,
    ChannelAddressId,
    Contact,
    Content,
    ConversationId,
    InteractionId,
    MessageId,
    QueuedBecause,
    QueueId,
    Requirement,
    Why,
)
from standardiste.common.events.outbound import DeliverMessage
from standardiste.common.testing.builders import customer
from standardiste.common.testing.mail_server import MailServer, mail_server
from standardiste.common.testing.running import Running, key_of_test, running, tenant_of_test
from standardiste.ingest_email.app import build
from standardiste.ingest_email.settings import EmailSettings

HELP = ChannelAddress(id=ChannelAddressId("ca_help"), change_set=0, channel=Channel.EMAIL, address="aide@exemple.fr")
BILLING = Queue(
    id=QueueId("billing"),
    change_set=0,
    name={"fr": "Facturation", "en": "Billing"},
    signature={"fr": "{agent}\nService {queue}", "en": "{agent}, {queue}"},
)
RECEIVED = Template(
    id="received",
    change_set=0,
    subject={"fr": "Bien reçu : {subject}"},
    text={"fr": "Bonjour {name}, dossier {reference}, service {queue}. {autre}"},
    html={"fr": "<p>Bonjour <b>{name}</b></p>"},
)
RULES = RuleSet(
    id="main",
    change_set=0,
    rules=(
        Rule(name="bill", when='contact.subject.contains("facture")', queue=QueueId("billing"), acknowledge="received"),
        Rule(name="other", when="true", queue=QueueId("billing")),
    ),
)


@pytest_asyncio.fixture
async def server() -> AsyncIterator[MailServer]:
    async with mail_server() as found:
        yield found


@pytest_asyncio.fixture
async def site(tmp_path: Path, server: MailServer) -> AsyncIterator[Running]:
    settings = EmailSettings(email_smtp_port=None, email_out_host="127.0.0.1", email_out_port=server.port)
    async with running(tmp_path, lambda parts: build(settings, parts)) as found:
        await found.configure("t1", tenant_of_test(), HELP, BILLING, RECEIVED, RULES, key_of_test("contact.create"))
        yield found


async def came(
    site: Running, number: int, *, sender: str = "Jeanne <jeanne@client.example>", rule: str = "bill", head: str = ""
) -> Contact:
    """A mail came and was routed; the decisions are told in the order of the router."""
    raw = f"From: {sender}\r\nTo: aide@exemple.fr\r\nSubject: Ma facture <1>\r\nMessage-ID: <m{number}@x>\r\n{head}\r\nBonjour\r\n"
    async with site.client() as http:
        await http.post("/v1/email/messages", content=raw.encode(), headers={"Content-Type": "message/rfc822"})
    contact = (await site.inputs(ContactReceived, number))[number - 1].contact
    i, conversation = InteractionId(f"in_{number}"), ConversationId(f"cv_abcdefgh{number}")
    decisions: list[Any] = [
        InteractionCreated(interaction=i, contact=contact, enqueued_at=contact.received_at, change_set=1, identify_by=contact.received_at),
        InteractionRouted(interaction=i, version=1, requirement=Requirement(queue=QueueId("billing")), why=Why(rule=rule)),
        CustomerIdentified(interaction=i, version=1, contact=contact.id, conversation=conversation, customer=customer()),
        InteractionQueued(
            interaction=i,
            version=2,
            conversation=conversation,
            queue=QueueId("billing"),
            because=QueuedBecause.IDENTIFIED,
            enqueued_at=Instant(0),
        ),
    ]
    await site.decide("t1", *decisions, subject=i)
    return contact


async def asked(site: Running, count: int = 1) -> list[MessageNoted]:
    return await site.inputs(MessageNoted, count)


async def test_who_writes_is_told_by_the_rules_template(site: Running) -> None:
    contact = await came(site, 1)
    noted = (await asked(site))[0]
    assert (noted.is_to_be_sent, noted.interaction, noted.conversation, noted.message.id) == (True, "in_1", "cv_abcdefgh1", "in_1-ack")
    content = noted.message.content
    assert content.subject == "Bien reçu : Ma facture <1>"
    assert content.text == "Bonjour Jeanne, dossier BCDEFGH1, service Facturation. {autre}"
    assert content.html_blob is not None
    assert content.html_blob.startswith(f"t1/{contact.id}/")
    assert noted.message.is_machine_made


@pytest.mark.parametrize(
    ("unanswered"),
    [
        {"head": "Auto-Submitted: auto-replied\r\n"},
        {"head": "Precedence: bulk\r\n"},
        {"head": "List-Id: <l.exemple.fr>\r\n"},
        {"head": "X-Spam-Flag: YES\r\n"},
        {"sender": "no-reply@shop.example"},
        {"sender": "shop-noreply@shop.example"},
        {"sender": "ne_pas_repondre@shop.example"},
        {"sender": "bounces+123@shop.example"},
        {"sender": "MAILER-DAEMON@relay.example"},
        {"sender": "aide@exemple.fr"},
        {"head": "Reply-To: noreply@shop.example\r\n"},
        {"rule": "other"},
    ],
    ids=str,
)
async def test_no_machine_is_told_and_nobody_by_a_rule_without_template(site: Running, unanswered: dict[str, str]) -> None:
    await came(site, 1, **unanswered)
    await came(site, 2, sender="paul@client.example")
    assert [each.interaction for each in await asked(site)] == ["in_2"]


async def test_nobody_is_told_more_than_a_few_times_a_day(site: Running) -> None:
    for number in range(1, 8):
        await came(site, number)
    await came(site, 8, sender="paul@client.example")
    told = {each.interaction for each in await asked(site, 6)}
    assert "in_8" in told, "another is told; of the seven only five"


async def test_the_acknowledgement_says_that_a_machine_wrote_it(site: Running, server: MailServer) -> None:
    await came(site, 1)
    noted = (await asked(site))[0]
    await site.decide("t1", deliver(noted.message.content, is_machine_made=True), topic=Topic.OUTBOUND_EMAIL)
    sent = (await server.arrived())[0].message
    assert (sent["Auto-Submitted"], sent["X-Auto-Response-Suppress"], sent["In-Reply-To"]) == ("auto-replied", "All", "<m1@x>")
    body = sent.get_body(("html",))
    assert body is not None
    assert "<b>Jeanne</b>" in body.get_content()
    assert "-- " not in str(sent.get_body(("plain",)))


async def test_an_answer_bears_its_queues_signature_in_its_language(site: Running, server: MailServer) -> None:
    await came(site, 1)
    await asked(site)
    await site.decide("t1", deliver(Content(text="Voici.", language="en"), queue=QueueId("billing")), topic=Topic.OUTBOUND_EMAIL)
    sent = (await server.arrived())[0].message
    plain, html = sent.get_body(("plain",)), sent.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert plain.get_content().replace("\r\n", "\n") == "Voici.\n\n-- \nAnna, Billing\n"
    assert "Anna, Billing" in html.get_content()


def deliver(content: Content, **fields: Any) -> DeliverMessage:
    plain = DeliverMessage(
        conversation=ConversationId("cv_abcdefgh1"),
        interaction=InteractionId("in_1"),
        message=MessageId("in_1-ack"),
        author=Author(kind=AuthorKind.AGENT, id="anna", name="Anna"),
        content=content,
        channel=Channel.EMAIL,
        channel_address=HELP.id,
    )
    return replace(plain, **fields)
