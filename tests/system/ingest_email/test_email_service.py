"""ingest-email over real sockets, log and store: mail taken by HTTP, SMTP and LMTP, answers sent by SMTP, everything refused by name."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiosmtplib
import httpx
import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from standardiste.common.bus.topics import Topic
from standardiste.common.events.decisions import CustomerIdentified, InteractionCreated
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.events.inputs import ContactReceived, DeliveryReported
from standardiste.common.events.model import (
    Author,
    AuthorKind,
    Channel,
    ChannelAddressId,
    Contact,
    Content,
    ConversationId,
    DeliveryState,
    InteractionId,
    MessageId,
)
from standardiste.common.events.outbound import DeliverMessage
from standardiste.common.parts import Parts
from standardiste.common.service import Service
from standardiste.common.serving import free_port
from standardiste.common.testing.away import AwayBus
from standardiste.common.testing.builders import customer
from standardiste.common.testing.mail_server import CUT, MailServer, mail_server
from standardiste.common.testing.running import Running, key_of_test, running, tenant_of_test
from standardiste.ingest_email.app import build
from standardiste.ingest_email.settings import EmailSettings

HELP = ChannelAddress(
    id=ChannelAddressId("ca_help"),
    change_set=0,
    channel=Channel.EMAIL,
    address="aide@exemple.fr",
    name={"fr": "Aide Exemple", "en": "Help"},
)
SALES = ChannelAddress(id=ChannelAddressId("ca_sales"), change_set=0, channel=Channel.EMAIL, address="ventes@exemple.fr")
OTHER_KEY = "sk_another-tenants-key"
MAIL = """\
From: Jeanne Roux <Jeanne@Client.Example>
To: aide@exemple.fr
Subject: Ma facture
Date: Mon, 02 Nov 2026 10:00:00 +0100
Message-ID: <m1@client.example>
References: <m0@client.example>
Content-Type: text/plain; charset=utf-8

Bonjour, où est ma facture ?
""".encode()


@dataclass(slots=True)
class Site:
    running: Running
    server: MailServer
    smtp_port: int
    lmtp_port: int

    async def send(self, raw: bytes = MAIL, to: str | list[str] = "aide@exemple.fr", sender: str = "jeanne@client.example") -> Any:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=self.smtp_port, start_tls=False, timeout=10) as client:
            return await client.sendmail(sender, to, raw)

    async def contact(self, nth: int = 1) -> Contact:
        return (await self.running.inputs(ContactReceived, nth))[nth - 1].contact

    async def begun(self, raw: bytes = MAIL, conversation: str = "conv1") -> Contact:
        """A mail came, the router took it, `customers` knows the conversation."""
        await self.send(raw)
        contact = await self.contact()
        created = InteractionCreated(
            interaction=InteractionId("i1"),
            contact=contact,
            conversation=None,
            enqueued_at=contact.received_at,
            change_set=1,
            identify_by=contact.received_at,
        )
        identified = CustomerIdentified(
            interaction=InteractionId("i1"), version=1, contact=contact.id, conversation=ConversationId(conversation), customer=customer()
        )
        await self.running.decide("t1", created, identified, subject="i1")
        return contact

    async def answer(self, message: str = "msg_1", text: str = "Elle est en pièce jointe.", **fields: Any) -> None:
        deliver = DeliverMessage(
            conversation=ConversationId("conv1"),
            interaction=InteractionId("i1"),
            message=MessageId(message),
            author=Author(kind=AuthorKind.AGENT, id="anna", name="Anna"),
            content=Content(text=text),
            channel=Channel.EMAIL,
            channel_address=HELP.id,
        )
        await self.running.decide("t1", replace(deliver, **fields), topic=Topic.OUTBOUND_EMAIL)

    async def reports(self, count: int = 1) -> list[tuple[str, DeliveryState, str]]:
        found = await self.running.inputs(DeliveryReported, count)
        return [(each.message, each.state, each.code or "") for each in found]


def builds(settings: EmailSettings, bus: list[AwayBus]) -> Callable[[Parts], Service]:
    def made(parts: Parts) -> Service:
        bus.append(AwayBus(parts.bus))
        return build(settings, replace(parts, bus=bus[0]))

    return made


@pytest.fixture
def away() -> list[AwayBus]:
    return []


@pytest_asyncio.fixture
async def site(tmp_path: Path, away: list[AwayBus]) -> AsyncIterator[Site]:
    async with mail_server() as server:
        smtp_port, lmtp_port = free_port(), free_port()
        settings = EmailSettings(
            email_smtp_port=smtp_port,
            email_lmtp_port=lmtp_port,
            email_out_host="127.0.0.1",
            email_out_port=server.port,
            email_message_bytes_max=1_000_000,
            email_smtp_connections_max=3,
            email_smtp_name="mx.exemple.fr",
        )
        async with running(tmp_path, builds(settings, away)) as site:
            await site.configure("t1", tenant_of_test(), HELP, SALES, key_of_test("contact.create"))
            await site.configure("t2", tenant_of_test("t2"), key_of_test("contact.create", key=OTHER_KEY, id="key2"))
            yield Site(site, server, smtp_port, lmtp_port)


async def post(site: Site, raw: bytes, key: str | None = None, **params: str) -> httpx.Response:
    async with site.running.client(key) if key else site.running.client() as http:
        return await http.post("/v1/email/messages", content=raw, params=params, headers={"Content-Type": "message/rfc822"})


# ---- ways in


async def test_mail_by_smtp_is_a_contact_of_the_address_it_came_to(site: Site) -> None:
    await site.send()
    contact = await site.contact()
    assert (contact.address, contact.name) == ("jeanne@client.example", "Jeanne Roux")
    assert (HELP.id, "aide@exemple.fr", Channel.EMAIL) == (contact.channel_address, contact.our_address, contact.channel)
    assert (contact.content.subject, contact.content.text) == ("Ma facture", "Bonjour, où est ma facture ?")
    assert contact.thread is not None
    assert (contact.thread.message_id, contact.thread.references) == ("m1@client.example", ("m0@client.example",))


async def test_same_mail_by_smtp_and_by_http_has_one_receipt(site: Site) -> None:
    await site.send()
    response = await post(site, MAIL)
    assert response.status_code == 202
    receipt = (await site.contact()).receipt
    assert {"receipt": receipt} == response.json()
    assert f"/v1/customers/receipts/{receipt}" == response.headers["location"]


async def test_mail_to_two_of_our_addresses_is_a_contact_of_each(site: Site) -> None:
    await site.send(to=["aide@exemple.fr", "ventes@exemple.fr"])
    await site.contact(2)
    assert [HELP.id, SALES.id] == [each.contact.channel_address for each in await site.running.inputs(ContactReceived, 2)]


async def test_tag_after_plus_belongs_to_the_address(site: Site) -> None:
    await site.send(to="aide+abc@exemple.fr")
    assert HELP.id == (await site.contact()).channel_address


async def test_unknown_recipient_is_refused_with_550(site: Site) -> None:
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as refused:
        await site.send(to="nobody@exemple.fr")
    assert [each.code for each in refused.value.recipients] == [550]


async def test_size_is_advertised_and_a_larger_mail_refused_with_552(site: Site) -> None:
    large = MAIL + b"\r\n".join([b"x" * 70] * 20_000)
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=site.smtp_port, start_tls=False) as client:
        await client.ehlo()
        assert client.esmtp_extensions["size"] == "1000000"
        with pytest.raises(aiosmtplib.SMTPResponseException) as announced:
            await client.mail("a@b.example", options=[f"SIZE={len(large)}"])
        assert announced.value.code == 552
        await client.mail("a@b.example")
        await client.rcpt("aide@exemple.fr")
        with pytest.raises(aiosmtplib.SMTPResponseException) as sent:
            await client.data(large)
        assert sent.value.code == 552


async def test_bus_away_is_451_by_smtp_and_503_by_http(site: Site, away: list[AwayBus]) -> None:
    away[0].is_away = True
    with pytest.raises(aiosmtplib.SMTPResponseException) as refused:
        await site.send()
    response = await post(site, MAIL)
    away[0].is_away = False
    assert refused.value.code == 451
    assert (response.status_code, "retry-after" in response.headers) == (503, True)
    await site.send()
    assert (await site.contact()).address == "jeanne@client.example"


async def test_what_is_no_mail_is_refused_by_name(site: Site) -> None:
    with pytest.raises(aiosmtplib.SMTPResponseException) as refused:
        await site.send(b"hello\r\n")
    response = await post(site, b"\x00\xff\x00 not a mail", to="aide@exemple.fr")
    assert refused.value.code == 550
    assert (response.status_code, response.json()["type"].rsplit("/")[-1]) == (400, "bad_message")


async def test_one_connection_too_many_is_told_421(site: Site) -> None:
    clients = [aiosmtplib.SMTP(hostname="127.0.0.1", port=site.smtp_port, start_tls=False) for _ in range(3)]
    for client in clients:
        await client.connect()
    with pytest.raises(aiosmtplib.SMTPConnectResponseError) as refused:
        await aiosmtplib.SMTP(hostname="127.0.0.1", port=site.smtp_port, start_tls=False).connect()
    for client in clients:
        await client.quit()
    assert refused.value.code == 421
    await site.send()


async def test_null_sender_is_taken(site: Site) -> None:
    await site.send(sender="")
    assert (await site.contact()).address == "jeanne@client.example"


async def test_lmtp_answers_each_recipient(site: Site) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", site.lmtp_port)

    async def say(line: bytes) -> str:
        writer.write(line + b"\r\n")
        while True:
            said = (await asyncio.wait_for(reader.readline(), 10)).decode()
            if said[3:4] != "-":
                return said[:3]

    await reader.readline()
    assert await say(b"LHLO relay.example") == "250"
    assert await say(b"MAIL FROM:<jeanne@client.example>") == "250"
    assert await say(b"RCPT TO:<aide@exemple.fr>") == "250"
    assert await say(b"RCPT TO:<nobody@exemple.fr>") == "550"
    assert await say(b"RCPT TO:<ventes@exemple.fr>") == "250"
    assert await say(b"DATA") == "354"
    writer.write(MAIL.replace(b"\n", b"\r\n") + b".\r\n")
    assert [(await asyncio.wait_for(reader.readline(), 10)).decode()[:3] for _ in range(2)] == ["250", "250"]
    writer.close()
    await site.contact(2)


@pytest.mark.parametrize(
    ("key", "params", "status", "name"),
    [
        ("sk_wrong", {}, 401, "bad_credential"),
        (OTHER_KEY, {}, 404, "unknown_channel_address"),
        (None, {"to": "nobody@exemple.fr"}, 404, "unknown_channel_address"),
    ],
    ids=["wrong key", "another tenant's address", "unknown address"],
)
async def test_post_is_refused_by_name(site: Site, key: str | None, params: dict[str, str], status: int, name: str) -> None:
    response = await post(site, MAIL, key, **params)
    assert (status, name) == (response.status_code, response.json()["type"].rsplit("/")[-1])


async def test_too_large_a_post_is_413(site: Site) -> None:
    assert (await post(site, MAIL + b"x" * 1_000_000)).status_code == 413


async def test_files_html_and_the_raw_mail_are_kept_as_blobs(site: Site) -> None:
    raw = (
        b"From: a@client.example\r\nTo: aide@exemple.fr\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n"
        b"--B\r\nContent-Type: text/html\r\n\r\n<p>Bonjour<script>x()</script></p>\r\n"
        b"--B\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=f.pdf\r\n\r\n%PDF-1.4\r\n--B--\r\n"
    )
    await site.send(raw)
    content = (await site.contact()).content
    assert content.text == "Bonjour"
    assert [each.name for each in content.attachments] == ["f.pdf"]
    assert content.html_blob is not None
    assert content.raw_blob is not None


async def test_starttls_is_offered_where_a_certificate_is_given(tmp_path: Path) -> None:
    certificate, key = certificate_of_test(tmp_path)
    port = free_port()
    settings = EmailSettings(email_smtp_port=port, email_smtp_certificate=certificate, email_smtp_key=key)
    async with running(tmp_path, lambda parts: build(settings, parts)) as site:
        await site.configure("t1", tenant_of_test(), HELP)
        async with aiosmtplib.SMTP(hostname="localhost", port=port, start_tls=True, cert_bundle=str(certificate), timeout=10) as client:
            await client.sendmail("jeanne@client.example", "aide@exemple.fr", MAIL)
        assert (await site.inputs(ContactReceived))[0].contact.address == "jeanne@client.example"


def certificate_of_test(folder: Path) -> tuple[Path, Path]:
    """A certificate for localhost, signed by itself, good for a day."""
    private, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(private, hashes.SHA256())
    )
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    key.write_bytes(private.private_bytes(*plain))
    return certificate, key


# ---- ways out


async def test_answer_goes_to_the_customer_in_the_thread(site: Site) -> None:
    await site.begun()
    await site.answer()
    mail = (await site.server.arrived())[0]
    message = mail.message
    assert (mail.sender, mail.recipients) == ("aide@exemple.fr", ("jeanne@client.example",))
    assert message["From"] == "Aide Exemple <aide@exemple.fr>"
    assert message["To"] == "Jeanne Roux <jeanne@client.example>"
    assert message["Subject"] == "Re: Ma facture"
    assert message["Message-ID"] == "<msg_1@exemple.fr>"
    assert message["In-Reply-To"] == "<m1@client.example>"
    assert message["References"] == "<m0@client.example> <m1@client.example>"
    assert message["Auto-Submitted"] is None
    body = message.get_body(("plain",))
    assert body is not None
    assert body.get_content().strip() == "Elle est en pièce jointe."
    assert await site.reports() == [("msg_1", DeliveryState.SENT, "")]


async def test_refused_answer_is_told_as_failed_with_the_servers_word(site: Site) -> None:
    await site.begun()
    site.server.recipients.append("550 5.1.1 no such user")
    await site.answer()
    assert await site.reports() == [("msg_1", DeliveryState.FAILED, "550 5.1.1")]


async def test_deferred_answer_is_sent_later_and_the_next_waits_behind_it(site: Site) -> None:
    await site.begun()
    site.server.data.append("451 4.7.1 greylisted")
    await site.answer("msg_1")
    await site.answer("msg_2")
    mails = await site.server.arrived(2)
    assert [mail.message["Message-ID"] for mail in mails] == ["<msg_1@exemple.fr>", "<msg_2@exemple.fr>"]
    assert await site.reports(2) == [("msg_1", DeliveryState.SENT, ""), ("msg_2", DeliveryState.SENT, "")]


async def test_answer_whose_yes_was_lost_goes_again_under_the_same_message_id(site: Site) -> None:
    await site.begun()
    site.server.data.append(CUT)
    await site.answer()
    mails = await site.server.arrived(2)
    assert mails[0].message["Message-ID"] == mails[1].message["Message-ID"]
    assert await site.reports() == [("msg_1", DeliveryState.SENT, "")]


async def test_connection_is_used_again(site: Site) -> None:
    await site.begun()
    await site.answer("msg_1")
    await site.server.arrived(1)
    await site.answer("msg_2")
    await site.server.arrived(2)
    assert site.server.connections == 1


async def test_bounce_tells_the_message_it_is_about_and_is_no_contact(site: Site) -> None:
    await site.begun()
    await site.answer()
    await site.server.arrived()
    await site.reports()
    bounce = (
        b"From: MAILER-DAEMON@relay.example\r\nTo: aide@exemple.fr\r\nSubject: Undelivered Mail\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=B\r\n\r\n"
        b"--B\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n"
        b"--B\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; relay.example\r\n\r\n"
        b"Final-Recipient: rfc822; jeanne@client.example\r\nAction: failed\r\nStatus: 5.2.2\r\nDiagnostic-Code: smtp; 552 mailbox full\r\n\r\n"
        b"--B\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <msg_1@exemple.fr>\r\nSubject: Re: Ma facture\r\n\r\nx\r\n--B--\r\n"
    )
    await site.send(bounce, sender="")
    reported = await site.running.inputs(DeliveryReported, 2)
    assert (reported[1].state, reported[1].code, reported[1].recipient) == (DeliveryState.FAILED, "5.2.2", "jeanne@client.example")
    await site.send(MAIL.replace(b"m1@", b"m2@"))
    assert [each.contact.thread.message_id if each.contact.thread else "" for each in await site.running.inputs(ContactReceived, 2)] == [
        "m1@client.example",
        "m2@client.example",
    ]


async def test_where_an_agent_began_the_address_comes_with_the_command(site: Site) -> None:
    await site.answer("msg_1", address="paul@client.example", content=Content(text="Bonjour Paul", subject="Votre dossier"))
    mail = (await site.server.arrived())[0]
    assert (mail.recipients, mail.message["Subject"]) == (("paul@client.example",), "Votre dossier")
