"""Files of a chat where the tenant asks for a scanner: looked through as they come and before a visitor is given them, and no message waits for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest_asyncio

from standardiste.common.events.inputs import ContactReceived
from standardiste.common.events.model import Attachment, AttachmentState, BlobName, Channel, Content, ConversationId, MessageId
from standardiste.common.events.outbound import DeliverMessage
from standardiste.common.scanning.clamd import Clamd
from standardiste.common.testing.builders import TENANT, tenant
from standardiste.common.testing.chat import ALICE, INTERACTION, PAGE, ChatRouter
from standardiste.common.testing.clamd import EVIL, ScriptedClamd, scripted_clamd
from standardiste.common.testing.running import Running, running
from standardiste.common.testing.visitor import Visitor
from standardiste.ingest_chat.app import build
from standardiste.ingest_chat.settings import ChatSettings


@pytest_asyncio.fixture
async def daemon() -> AsyncIterator[ScriptedClamd]:
    async with scripted_clamd() as found:
        yield found


@pytest_asyncio.fixture
async def site(tmp_path: Path, daemon: ScriptedClamd) -> AsyncIterator[Running]:
    entities = (replace(tenant(), scans_attachments=True), PAGE)
    scanner = Clamd(daemon.address, within_s=1)
    async with running(tmp_path, lambda parts: build(ChatSettings(), parts), entities=entities, scanner=scanner) as found:
        yield found


async def test_files_of_visitors_are_looked_through_as_they_come(site: Running, daemon: ScriptedClamd) -> None:
    visitor = await Visitor.begin(site.url, PAGE.address)
    async with visitor.client() as http:
        for number, content in enumerate((b"fine", EVIL, b"third"), 1):
            if number == 3:
                daemon.answers.append("stream: Can't allocate memory ERROR")
            (await http.post("/files", params={"id": f"f{number}", "name": "a.pdf"}, content=content)).raise_for_status()
    received = await site.inputs(ContactReceived, 3)
    states = [each.contact.content.attachments[0].state for each in received]
    assert states == [AttachmentState.CLEAN, AttachmentState.REFUSED, AttachmentState.UNSCANNED]


async def test_visitor_is_given_what_was_found_safe_and_nothing_else(site: Running, daemon: ScriptedClamd) -> None:
    router, visitor = ChatRouter(site), await Visitor.begin(site.url, PAGE.address, message={"id": "a", "text": "Bonjour"})
    await router.take()
    files: list[Attachment] = []
    for name, content in (("fine", b"fine"), ("evil", EVIL)):
        ref = await site.parts.blobs.put(TENANT, "a1", content)
        files.append(Attachment(id=name, name=name, media_type="text/plain", size_bytes=4, blob=BlobName(ref.name), sha256=ref.sha256))
    send = DeliverMessage(
        conversation=ConversationId(visitor.session),
        interaction=INTERACTION,
        message=MessageId("a1"),
        author=ALICE,
        content=Content(text="Voici", attachments=tuple(files)),
        channel=Channel.CHAT,
        channel_address=PAGE.id,
    )
    await router.send(send)
    async with visitor.connected() as socket, visitor.client() as http:
        assert await socket.texts(2) == ["Bonjour", "Voici"]
        daemon.answers.append("")
        assert answer_of(await http.get("/files/a1/fine")) == (503, "scanner_away")
        assert answer_of(await http.get("/files/a1/fine")) == (200, "fine")
        assert answer_of(await http.get("/files/a1/evil")) == (403, "not_allowed")


def answer_of(response: httpx.Response) -> tuple[int, str]:
    """The status, with the content or the problem's name."""
    return response.status_code, response.text if response.status_code == 200 else response.json()["type"].rsplit("/", 1)[1]
