"""The folder of sent mail on a real Dovecot: our answers are laid into it once, colleagues' mails are read from it once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from standardiste.common.bus.topics import Topic
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.events.inputs import ChannelAddressReported, DeliveryReported, MailFound
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
from standardiste.common.testing.dovecot import PASSWORD, Dovecot
from standardiste.common.testing.mail_server import mail_server
from standardiste.common.testing.running import running, tenant_of_test
from standardiste.ingest_email.app import build
from standardiste.ingest_email.settings import EmailSettings

pytestmark = pytest.mark.needs("dovecot")

WITHIN_S = 25.0
FOLDER = "Done"
"""A folder that the test's server makes; here it holds sent mail."""


def address(server: Dovecot, **settings: Any) -> ChannelAddress:
    plain: dict[str, Any] = {
        "imap_host": "127.0.0.1",
        "imap_port": server.port,
        "imap_tls": "none",
        "imap_username": "aide",
        "imap_password_secret": "imap",
        "imap_sent_folder": FOLDER,
    }
    return ChannelAddress(
        id=ChannelAddressId("ca_aide"), change_set=0, channel=Channel.EMAIL, address="aide@exemple.fr", settings={**plain, **settings}
    )


def deliver(number: int) -> DeliverMessage:
    return DeliverMessage(
        conversation=ConversationId(f"cv_{number}"),
        interaction=InteractionId(f"in_{number}"),
        message=MessageId(f"msg_{number}"),
        author=Author(kind=AuthorKind.AGENT, id="anna"),
        content=Content(text="Voici.", subject="Réponse"),
        channel=Channel.EMAIL,
        channel_address=ChannelAddressId("ca_aide"),
        address="jeanne@client.example",
    )


def lay(server: Dovecot, id: str, to: str = "jeanne@client.example", sender: str = "Ben <ben@exemple.fr>") -> None:
    """A colleague's program lays what it sent into the folder."""
    raw = f"From: {sender}\r\nTo: {to}\r\nSubject: Re: facture\r\nMessage-ID: <{id}@outlook.example>\r\nIn-Reply-To: <m1@client.example>\r\n\r\nVoici.\r\n"
    client = server.client("aide")
    client.append(FOLDER, r"\Seen", None, raw.encode())  # type: ignore[arg-type] - None is the server's own instant
    client.logout()


def laid(server: Dovecot) -> list[str]:
    """The Message-IDs in the folder."""
    client = server.client("aide")
    client.select(FOLDER, readonly=True)
    _, found = client.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])")
    client.logout()
    return [part[1].decode().strip().partition("<")[2].rstrip(">") for part in found if isinstance(part, tuple)]


async def test_our_answers_are_laid_there_once_and_a_colleagues_mail_is_read_once(tmp_path: Path, mail_store: Dovecot) -> None:
    lay(mail_store, "before-the-first-look")
    async with mail_server() as server:
        settings = EmailSettings(email_smtp_port=None, email_out_host="127.0.0.1", email_out_port=server.port)
        async with running(tmp_path, lambda parts: build(settings, parts)) as site:
            await site.parts.secrets.put("t1", "imap", PASSWORD)
            await site.configure("t1", tenant_of_test(), address(mail_store, imap_sent_append=True))
            await site.inputs(ChannelAddressReported, 1, WITHIN_S)
            await site.decide("t1", deliver(1), topic=Topic.OUTBOUND_EMAIL)
            await site.inputs(DeliveryReported, 1, WITHIN_S)
            async with asyncio.timeout(WITHIN_S):
                while "msg_1@exemple.fr" not in await asyncio.to_thread(laid, mail_store):
                    await server.arrived()
            await asyncio.to_thread(lay, mail_store, "o1")
            await asyncio.to_thread(lay, mail_store, "inside", "ventes@exemple.fr, aide@exemple.fr")
            await asyncio.to_thread(lay, mail_store, "o2", "x@y.example, aide@exemple.fr")
            found = await site.inputs(MailFound, 2, WITHIN_S)
        async with running(tmp_path, lambda parts: build(settings, parts)) as site:
            await asyncio.to_thread(lay, mail_store, "o3")
            found = await site.inputs(MailFound, 4, WITHIN_S)
    assert [(each.thread.message_id, each.to) for each in found] == [
        ("o1@outlook.example", ("jeanne@client.example",)),
        ("inside@outlook.example", ("ventes@exemple.fr",)),
        ("o2@outlook.example", ("x@y.example",)),
        ("o3@outlook.example", ("jeanne@client.example",)),
    ]
    assert (found[0].message.author.name, found[0].thread.in_reply_to, found[0].message.content.text) == (
        "Ben",
        "m1@client.example",
        "Voici.",
    )
    assert laid(mail_store).count("msg_1@exemple.fr") == 1


async def test_no_copy_is_laid_where_none_is_asked_for(tmp_path: Path, mail_store: Dovecot) -> None:
    async with mail_server() as server:
        settings = EmailSettings(email_smtp_port=None, email_out_host="127.0.0.1", email_out_port=server.port)
        async with running(tmp_path, lambda parts: build(settings, parts)) as site:
            await site.parts.secrets.put("t1", "imap", PASSWORD)
            await site.configure("t1", tenant_of_test(), address(mail_store))
            await site.inputs(ChannelAddressReported, 1, WITHIN_S)
            await site.decide("t1", deliver(1), topic=Topic.OUTBOUND_EMAIL)
            await site.inputs(DeliveryReported, 1, WITHIN_S)
            await asyncio.to_thread(lay, mail_store, "o1")
            await site.inputs(MailFound, 1, WITHIN_S)
    assert laid(mail_store) == ["o1@outlook.example"]
