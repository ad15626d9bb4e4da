"""The widget in real Chromium: what it asks before a chat, when it is closed, files both ways, a transcript by mail; both languages, keyboard and contrast."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from browser.chat.talk import WORDS, complaints_of, context, opened
from playwright.async_api import BrowserContext, FilePayload, expect

from standardiste.common.events.commands import OpenInteraction
from standardiste.common.events.directory import Calendar, Opening
from standardiste.common.events.inputs import ContactReceived
from standardiste.common.events.model import Attachment, BlobName, Channel, ChannelAddressId, Content, MessageId
from standardiste.common.events.outbound import DeliverMessage
from standardiste.common.testing.builders import TENANT, channel_address, tenant
from standardiste.common.testing.chat import ALICE, INTERACTION, PAGE, ChatRouter
from standardiste.common.testing.running import Running

__all__ = ["context"]
pytestmark = pytest.mark.needs("chromium")

MAIL = channel_address(Channel.EMAIL, settings={})
ASKING = replace(
    PAGE,
    settings={
        **PAGE.settings,
        "form": "name* email contract",
        "form_contract_fr": "N° de contrat",
        "form_contract_en": "Contract number",
        "offline_address": MAIL.id,
        "transcript_address": MAIL.id,
    },
)
NEVER = Calendar(id="never", change_set=0, zone="Europe/Paris", openings=(Opening(weekdays=(1,), opens="00:00", closes="00:01"),))
CLOSED = replace(ASKING, settings={**ASKING.settings, "calendar": "never"})
MORE = {
    "fr": {
        "name": "Votre nom (obligatoire)",
        "email": "Votre adresse e-mail",
        "contract": "N° de contrat",
        "start": "Commencer la discussion",
        "left": "Laisser le message",
        "thanks": "Merci ! Votre message nous est parvenu",
        "ours": "Votre message (obligatoire)",
        "save": "Enregistrer devis.pdf",
        "mail": "Envoyer",
        "mailed": "La discussion est en route",
    },
    "en": {
        "name": "Your name (required)",
        "email": "Your e-mail address",
        "contract": "Contract number",
        "start": "Start the chat",
        "left": "Leave the message",
        "thanks": "Thank you! Your message is with us",
        "ours": "Your message (required)",
        "save": "Save devis.pdf",
        "mail": "Send",
        "mailed": "The conversation is on its way",
    },
}


@pytest.mark.parametrize("language", ["fr", "en"])
async def test_form_files_and_transcript(site: Running, router: ChatRouter, context: BrowserContext, language: str, tmp_path: Path) -> None:
    await site.configure(TENANT, tenant(), ASKING, MAIL)
    words = {**WORDS[language], **MORE[language]}
    page = await opened(context, site.url, language)
    await expect(page.get_by_role("textbox", name=words["message"], exact=True)).to_have_count(0)
    await page.screenshot(path=tmp_path / f"form-{language}.png")
    assert await complaints_of(page) == []
    await page.get_by_role("textbox", name=words["name"]).fill("Jeanne Roux")
    await page.get_by_role("textbox", name=words["email"]).fill("jeanne@client.example")
    await page.get_by_role("textbox", name=words["contract"]).fill("C-1042")
    await page.get_by_role("button", name=words["start"]).press("Enter")
    await page.get_by_role("textbox", name=words["message"]).fill("Ma lampe clignote")
    await page.keyboard.press("Enter")
    contact = (await site.inputs(ContactReceived))[0].contact
    assert (contact.name, contact.attributes) == ("Jeanne Roux", {"email": "jeanne@client.example", "contract": "C-1042"})
    assert contact.conversation is not None
    await router.take()
    await page.locator("input[type=file]").set_input_files(FilePayload(name="photo.png", mimeType="image/png", buffer=b"\x89PNG"))
    await router.take()
    await expect(page.get_by_role("button", name="photo.png")).to_be_enabled()
    ref = await site.parts.blobs.put(TENANT, "a9", b"%PDF")
    file = Attachment(id="a9-1", name="devis.pdf", media_type="application/pdf", size_bytes=4, blob=BlobName(ref.name), sha256=ref.sha256)
    await router.send(
        DeliverMessage(
            conversation=contact.conversation,
            interaction=INTERACTION,
            message=MessageId("a9"),
            author=ALICE,
            content=Content(text="Voici le devis.", attachments=(file,)),
            channel=Channel.CHAT,
            channel_address=ChannelAddressId("chat"),
        )
    )
    async with page.expect_download() as download:
        await page.get_by_role("button", name=words["save"]).click()
    saved = await (await download.value).path()
    assert await asyncio.to_thread(Path(saved).read_bytes) == b"%PDF"
    await page.screenshot(path=tmp_path / f"files-{language}.png")
    assert await complaints_of(page) == []
    await router.close(contact.conversation)
    await expect(page.get_by_text(words["ended"])).to_be_visible()
    await page.screenshot(path=tmp_path / f"ended-{language}.png")
    await page.get_by_role("button", name=words["mail"], exact=True).first.click()
    await expect(page.get_by_text(words["mailed"])).to_be_visible()
    command = (await site.inputs(OpenInteraction))[0]
    assert (command.address, command.content and "Ma lampe clignote" in command.content.text) == ("jeanne@client.example", True)
    assert await complaints_of(page) == []


@pytest.mark.parametrize("language", ["fr", "en"])
async def test_closed_page_takes_a_message(site: Running, context: BrowserContext, language: str, tmp_path: Path) -> None:
    await site.configure(TENANT, tenant(), CLOSED, MAIL, NEVER)
    words = {**WORDS[language], **MORE[language]}
    page = await opened(context, site.url, language)
    await page.screenshot(path=tmp_path / f"closed-{language}.png")
    assert await complaints_of(page) == []
    await page.get_by_role("textbox", name=words["name"]).fill("Jeanne Roux")
    await page.get_by_role("textbox", name=words["email"]).fill("jeanne@client.example")
    await page.get_by_role("textbox", name=words["ours"]).fill("Rappelez-moi demain.")
    await page.get_by_role("button", name=words["left"]).click()
    await expect(page.get_by_text(words["thanks"])).to_be_visible()
    contact = (await site.inputs(ContactReceived))[0].contact
    assert (contact.channel, contact.address, contact.language) == (Channel.EMAIL, "jeanne@client.example", language)
