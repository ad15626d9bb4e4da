"""Attachments of mails where the tenant asks for a scanner: looked through as they come, and no mail is held up by a scanner that is away."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from standardiste.common.conversations import ConversationBook
from standardiste.common.errors import ProviderError, ScannerAway
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.events.inputs import ContactReceived
from standardiste.common.events.model import (
    Attachment,
    AttachmentState,
    Author,
    AuthorKind,
    BlobName,
    Channel,
    ChannelAddressId,
    Content,
    ConversationId,
    InteractionId,
    MessageId,
)
from standardiste.common.events.outbound import DeliverMessage
from standardiste.common.outbox import Send
from standardiste.common.scanning.clamd import Clamd
from standardiste.common.scanning.screen import Screen
from standardiste.common.testing.builders import AT
from standardiste.common.testing.clamd import EVIL, ScriptedClamd, scripted_clamd
from standardiste.common.testing.running import Running, key_of_test, running, tenant_of_test
from standardiste.ingest_email.app import build
from standardiste.ingest_email.drafting import Drafting
from standardiste.ingest_email.settings import EmailSettings
from standardiste.ingest_email.tokens import Tokens

HELP = ChannelAddress(id=ChannelAddressId("ca_help"), change_set=0, channel=Channel.EMAIL, address="aide@exemple.fr")


async def states(site: Running, number: int) -> list[AttachmentState]:
    """What is said of the three files of a mail: a harmless one, one that is not, and one for which the daemon has an answer of its own."""
    files = "".join(
        f"--B\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename={name}\r\n\r\n{content}\r\n"
        for name, content in (("a.pdf", "fine"), ("b.pdf", EVIL.decode()), ("c.pdf", f"third {number}"))
    )
    raw = (
        f"From: a@client.example\r\nTo: aide@exemple.fr\r\nMessage-ID: <m{number}@x>\r\nMIME-Version: 1.0\r\n"
        f"Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\n\r\nBonjour\r\n{files}--B--\r\n"
    )
    async with site.client() as http:
        response = await http.post("/v1/email/messages", content=raw.encode(), headers={"Content-Type": "message/rfc822"})
    assert response.status_code == 202
    contact = (await site.inputs(ContactReceived, number))[number - 1].contact
    return [each.state for each in contact.content.attachments]


async def test_files_are_looked_through_where_the_tenant_asks(tmp_path: Path) -> None:
    unscanned, clean, refused = AttachmentState.UNSCANNED, AttachmentState.CLEAN, AttachmentState.REFUSED
    async with (
        scripted_clamd() as daemon,
        running(tmp_path, lambda parts: build(EmailSettings(email_smtp_port=None), parts), scanner=Clamd(daemon.address)) as site,
    ):
        await site.configure("t1", tenant_of_test(), HELP, key_of_test("contact.create"))
        assert await states(site, 1) == [unscanned, unscanned, unscanned]
        assert daemon.scanned == 0
        await site.configure("t1", replace(tenant_of_test(), scans_attachments=True))
        assert await states(site, 2) == [clean, refused, clean]
        await _third_has_no_answer(daemon)
        assert await states(site, 3) == [clean, refused, unscanned]


async def _third_has_no_answer(daemon: ScriptedClamd) -> None:
    """The two known files are remembered, so the next answer is the third's."""
    daemon.answers.append("stream: Can't allocate memory ERROR")


async def test_no_file_leaves_with_an_answer_that_was_not_found_safe(tmp_path: Path) -> None:
    """An agent may pass on what another customer sent."""
    async with (
        scripted_clamd() as daemon,
        running(tmp_path, lambda parts: build(EmailSettings(email_smtp_port=None), parts), scanner=Clamd(daemon.address)) as site,
    ):
        await site.configure("t1", replace(tenant_of_test(), scans_attachments=True), HELP)
        parts = site.parts
        book = ConversationBook(parts.store, "ingest-email", (Channel.EMAIL,))
        drafting = Drafting(
            book=book,
            directory=parts.directory,
            secrets=parts.secrets,
            blobs=parts.blobs,
            tokens=Tokens(parts.store, parts.keys),
            screen=Screen(parts.scanner, parts.directory),
        )
        assert b"Zmlu" in (await drafting.compose(await answer(site, b"fine"), HELP)).content
        with pytest.raises(ProviderError) as refused:
            await drafting.compose(await answer(site, EVIL), HELP)
        assert (refused.value.code, refused.value.is_retryable) == ("file_refused", False)
        daemon.answers.append("")
        with pytest.raises(ScannerAway):
            await drafting.compose(await answer(site, b"nobody looked"), HELP)


async def answer(site: Running, content: bytes) -> Send:
    """A message to a customer with one file."""
    ref = await site.parts.blobs.put("t1", "c1", content)
    file = Attachment(id="a", name="a.txt", media_type="text/plain", size_bytes=len(content), blob=BlobName(ref.name), sha256=ref.sha256)
    command = DeliverMessage(
        conversation=ConversationId("cv1"),
        interaction=InteractionId("i1"),
        message=MessageId("m1"),
        author=Author(kind=AuthorKind.AGENT, name="Alice"),
        content=Content(text="Ci-joint", attachments=(file,)),
        channel=Channel.EMAIL,
        channel_address=HELP.id,
        address="jeanne@client.example",
    )
    return Send(tenant="t1", command=command, taken_at=AT)
