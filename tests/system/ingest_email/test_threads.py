"""Mail that names its conversation by a token, mail that is closed at once, and what a trusted server says of the sender."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from standardiste.common.bus.topics import Topic
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.events.inputs import ContactReceived
from standardiste.common.events.model import (
    Assurance,
    Author,
    AuthorKind,
    Channel,
    ChannelAddressId,
    CloseReason,
    Contact,
    Content,
    ConversationId,
    InteractionId,
    MessageId,
)
from standardiste.common.events.outbound import DeliverMessage
from standardiste.common.testing.mail_server import MailServer, mail_server
from standardiste.common.testing.running import Running, key_of_test, running, tenant_of_test
from standardiste.ingest_email.app import build
from standardiste.ingest_email.settings import EmailSettings

HELP = ChannelAddress(id=ChannelAddressId("ca_help"), change_set=0, channel=Channel.EMAIL, address="aide@exemple.fr")


@pytest_asyncio.fixture
async def server() -> AsyncIterator[MailServer]:
    async with mail_server() as found:
        yield found


@pytest_asyncio.fixture
async def site(tmp_path: Path, server: MailServer) -> AsyncIterator[Running]:
    settings = EmailSettings(email_smtp_port=None, email_out_host="127.0.0.1", email_out_port=server.port)
    async with running(tmp_path, lambda parts: build(settings, parts)) as found:
        await found.configure("t1", tenant_of_test(), HELP, key_of_test("contact.create"))
        yield found


def mail(id: str, to: str = "aide@exemple.fr", subject: str = "Ma facture", sender: str = "jeanne@client.example", **more: str) -> bytes:
    lines = [f"From: {sender}", f"To: {to}", f"Subject: {subject}", f"Message-ID: <{id}@client.example>"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in more.items()]
    return "\r\n".join([*lines, "Date: Mon, 02 Nov 2026 10:00:00 +0100", "", "Bonjour", ""]).encode()


async def post(site: Running, *mails: bytes) -> list[Contact]:
    """The contacts of all mails so far."""
    async with site.client() as http:
        for raw in mails:
            response = await http.post("/v1/email/messages", content=raw, headers={"Content-Type": "message/rfc822"})
            assert response.status_code == 202, response.text
    return [each.contact for each in await site.inputs(ContactReceived, len(mails))]


async def answered(site: Running, server: MailServer, *, subject: str = "Re: Ma facture", **settings: Any) -> EmailMessage:
    """The mail that leaves when an agent answers."""
    await site.configure("t1", replace(HELP, settings=settings))
    deliver = DeliverMessage(
        conversation=ConversationId("cv_1"),
        interaction=InteractionId("i1"),
        message=MessageId("msg_1"),
        author=Author(kind=AuthorKind.AGENT, id="anna"),
        content=Content(text="Bonjour", subject=subject),
        channel=Channel.EMAIL,
        channel_address=HELP.id,
        address="jeanne@client.example",
    )
    await site.decide("t1", deliver, topic=Topic.OUTBOUND_EMAIL)
    return (await server.arrived())[0].message


def conversations(contacts: list[Contact]) -> list[str | None]:
    return [contact.thread.conversation if contact.thread else None for contact in contacts]


async def test_an_answer_without_its_thread_names_its_conversation_by_the_address(site: Running, server: MailServer) -> None:
    sent = await answered(site, server, reply_token="address")
    reply_to = str(sent["Reply-To"])
    assert reply_to.startswith("aide+t-")
    assert str(sent["From"]) == "aide@exemple.fr"
    forged = reply_to.replace(reply_to[7:23], "0" * 16)
    assert conversations(await post(site, mail("m1", to=reply_to), mail("m2", to=forged), mail("m3"))) == ["cv_1", None, None]


async def test_an_answer_without_its_thread_names_its_conversation_by_the_subject(site: Running, server: MailServer) -> None:
    sent = await answered(site, server, reply_token="subject")
    subject = str(sent["Subject"])
    assert subject.startswith("Re: Ma facture [#")
    found = await post(site, mail("m1", subject=f"TR : {subject}"))
    assert conversations(found) == ["cv_1"]
    assert found[0].content.subject == "TR : Re: Ma facture"


async def test_no_token_is_sent_where_none_is_asked_for(site: Running, server: MailServer) -> None:
    sent = await answered(site, server)
    assert (sent["Reply-To"], str(sent["Subject"])) == (None, "Re: Ma facture")


async def test_spam_and_lists_are_closed_at_once(site: Running) -> None:
    mails = (mail("m1", X_Spam_Flag="YES"), mail("m2", List_Id="<news.shop.example>"), mail("m3"))
    found = await post(site, *mails)
    assert [each.close_as for each in found] == [CloseReason.SPAM, CloseReason.LIST, None]


async def test_what_is_over_the_cap_of_a_correspondent_is_a_flood(site: Running) -> None:
    await site.configure("t1", replace(HELP, settings={"rate_max": 2}))
    mails = [mail(f"m{number}") for number in range(4)]
    found = await post(site, *mails, mail("m5", sender="paul@client.example"))
    assert [each.close_as for each in found] == [None, None, CloseReason.FLOOD, CloseReason.FLOOD, None]


@pytest.mark.parametrize(
    ("expected", "settings", "said"),
    [
        (Assurance.AUTHENTICATED, {"authserv": "mx.exemple.fr"}, "mx.exemple.fr; dkim=pass header.d=client.example"),
        (Assurance.ASSERTED, {"authserv": "mx.exemple.fr"}, "mx.other.example; dkim=pass header.d=client.example"),
        (Assurance.ASSERTED, {}, "mx.exemple.fr; dkim=pass header.d=client.example"),
    ],
)
async def test_the_word_of_the_addresss_trusted_server_is_the_assurance(
    site: Running, expected: Assurance, settings: dict[str, str], said: str
) -> None:
    await site.configure("t1", replace(HELP, settings=settings))
    assert (await post(site, mail("m1", Authentication_Results=said)))[0].assurance == expected
