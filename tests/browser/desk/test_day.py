"""The rest of an agent's day at the desk, by keyboard: files, handing over, asking in, setting aside, beginning with a customer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from browser.desk.test_desk import accept, be_ready, box, faults, said, shot, sign_in
from playwright.async_api import BrowserContext, Page, expect

from standardiste.common.events.decisions import InteractionParked, InteractionTransferred, TransferAsked
from standardiste.common.events.model import ToQueue

pytestmark = pytest.mark.needs("chromium")
DROP = """([name, text]) => {
  const data = new DataTransfer();
  data.items.add(new File([text], name, { type: "text/plain" }));
  const form = document.querySelector("form.composer");
  for (const kind of ["dragover", "drop"]) form.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
}"""


async def in_chat(site: Any, page: Page) -> dict[str, Any]:
    """An agent in a chat with Paul Girard."""
    await sign_in(page, site.url)
    await be_ready(page)
    session = await site.chat("Bonjour")
    await accept(page, "Paul Girard")
    return session


async def test_files_go_out_chosen_or_dropped_and_their_limits_are_said_before(site: Any, page: Page, tmp_path: Path) -> None:
    session = await in_chat(site, page)
    await expect(page.locator(".composer-attach")).to_contain_text("jusqu'à 10 fichiers, 10 Mo en tout")
    quote = tmp_path / "devis été.pdf"
    quote.write_bytes(b"%PDF-1.7 devis")
    await page.locator("#composer-files").set_input_files(quote)
    await page.evaluate(DROP, ["note.txt", "voici"])
    await expect(page.locator(".composer-files li.there")).to_have_count(2)
    (tmp_path / "vide.txt").touch()
    await page.locator("#composer-files").set_input_files(tmp_path / "vide.txt")
    await expect(page.get_by_role("alert").filter(has_text="Le fichier est vide.")).to_be_visible()
    await expect(page.get_by_role("button", name="Envoyer")).to_be_disabled()
    assert await faults(page) == []
    await shot(page, "files-fr")
    await page.get_by_role("button", name="Retirer vide.txt").click()
    await box(page).fill("Votre devis")
    await page.keyboard.press("Control+Enter")
    heard = await site.heard(session, "Votre devis")
    assert [(each["name"], each["media_type"]) for each in heard["files"]] == [
        ("devis été.pdf", "application/pdf"),
        ("note.txt", "text/plain"),
    ]
    headers = {"Authorization": f"Bearer {session['token']}"}
    path = f"/v1/chat/sessions/{session['session']}/files/{heard['id']}/{heard['files'][0]['id']}"
    assert (await site.http.get(path, headers=headers)).content == quote.read_bytes()
    await expect(page.locator(".composer-files")).to_have_count(0)
    await expect(page.locator(".message.ours .attachment-name")).to_have_text(["devis été.pdf", "note.txt"])


async def test_chat_is_handed_to_a_queue_by_keyboard(site: Any, page: Page) -> None:
    await in_chat(site, page)
    await page.keyboard.press("F6")
    await page.keyboard.type("courr")
    await expect(page.get_by_role("listbox").get_by_role("option")).to_have_count(1)
    await shot(page, "whom-fr")
    await page.keyboard.press("Enter")
    await page.keyboard.type("Veut résilier")
    assert await faults(page) == []
    await shot(page, "hand-fr")
    await page.keyboard.press("Enter")
    moved = await site.decided(InteractionTransferred)
    assert (moved.target, moved.note) == (ToQueue(queue="letters"), "Veut résilier")


async def test_colleague_takes_over_or_is_asked_in(site: Any, page: Page, context: BrowserContext) -> None:
    await in_chat(site, page)
    other = await (await context.browser.new_context(locale="en-GB", viewport={"width": 1360, "height": 820})).new_page()  # type: ignore[union-attr]  # it has one
    await other.goto(f"{site.url}/desk")
    await other.get_by_label("User name").fill("ben")
    await other.get_by_label("Password").fill("a-desk-of-ones-own")
    await other.keyboard.press("Enter")
    await other.get_by_role("main").get_by_role("button", name="Ready").click()
    await expect(other.get_by_text("You are ready.")).to_be_visible()
    await page.keyboard.press("F6")
    await page.keyboard.type("ben")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Consulter").click()
    await expect(page.locator(".beside")).to_contain_text("Ben Hart est sollicité")
    await other.keyboard.press("F2")
    await expect(page.locator(".beside")).to_contain_text("Ben Hart est avec vous")
    await shot(page, "consult-fr")
    await page.get_by_role("button", name="Revenir au client").click()
    await expect(page.locator(".beside")).to_have_count(0)
    await page.keyboard.press("F6")
    await page.keyboard.type("ben")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Enter")
    await expect(page.locator(".beside")).to_contain_text("En attente de Ben Hart")
    assert (await site.decided(TransferAsked)).note == ""
    await shot(other, "offer-of-transfer-en")
    await other.keyboard.press("F2")
    await expect(other.get_by_role("heading", name="Paul Girard")).to_be_visible()
    await expect(page.get_by_role("navigation").get_by_text("Rien en cours.")).to_be_visible()


async def test_mail_is_set_aside(site: Any, page: Page) -> None:
    await sign_in(page, site.url)
    await be_ready(page)
    await site.mail("Ma facture", "Bonjour, quand ?")
    await accept(page, "Jeanne Martin")
    await page.keyboard.press("Escape")
    await page.locator("#conversation").focus()
    await page.keyboard.press("p")
    await site.decided(InteractionParked)
    await expect(page.get_by_role("navigation").get_by_text("Rien en cours.")).to_be_visible()


async def test_agent_begins_with_a_customer(site: Any, page: Page) -> None:
    await sign_in(page, site.url)
    await be_ready(page)
    await page.keyboard.press("o")
    dialog = page.get_by_role("dialog", name="Écrire à un client")
    await dialog.locator("select").first.select_option("mail")
    await dialog.get_by_label("À (adresse e-mail)").fill("jeanne@client.example")
    assert await faults(page) == []
    await shot(page, "opening-fr")
    await page.keyboard.press("Enter")
    await expect(dialog).to_be_hidden()
    await expect(page.locator(".conversation-head")).to_contain_text("À notre initiative")
    await expect(said(page)).to_have_count(0)
    await expect(box(page)).to_be_visible()
