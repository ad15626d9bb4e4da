"""The desk in a real browser, over real services: an agent's hour, in French and English."""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Locator, Page, WebSocketRoute, expect

from standardiste.common.events.decisions import InteractionConnecting
from standardiste.common.events.inputs import ContactLeft, ContactReceived, MediaConnected
from standardiste.common.events.model import Channel, ChannelAddressId, ConversationId, LeftBecause
from standardiste.common.testing.builders import contact, content

AXE = Path(__file__).parents[3] / "services/agent-gateway/web/node_modules/axe-core/axe.min.js"
SHOTS = os.environ.get("DESK_SHOTS")
MAIL_TEXT = (
    "Bonjour,\n\nje ne comprends pas la ligne 3.\n\nJeanne\n\nLe 2 mars 2026 à 10:00, Maison Lumen a écrit :\n> Voici votre facture.\n"
)
MAIL_HTML = (
    '<p>Bonjour,</p><p>je ne comprends pas la <b>ligne 3</b>.</p><script>document.title="pwned"</script>'
    '<img src="https://tracker.example/pixel.png" onerror="parent.document.title=1">'
)

pytestmark = pytest.mark.needs("chromium")

CUT_OFF = """() => {
  const panels = [...document.querySelectorAll(".panel, .offer, .topbar, header")];
  const found = [];
  for (const it of document.querySelectorAll("button, input, select, textarea, a[href]")) {
    const box = it.getBoundingClientRect();
    if (!box.width || it.closest(".skip") || getComputedStyle(it).position === "absolute") continue;
    const panel = panels.filter((each) => each.contains(it)).at(-1);
    const right = panel ? Math.min(innerWidth, panel.getBoundingClientRect().right) : innerWidth;
    if (box.right > right + 0.5) found.push(`${it.tagName} ${it.textContent}`);
  }
  return found;
}"""
"""The controls that reach beyond their panel or the screen on the right."""


async def shot(page: Page, name: str) -> None:
    """A picture to look at, when DESK_SHOTS names a folder."""
    if SHOTS:
        await page.screenshot(path=Path(SHOTS) / f"{name}.png")


async def sign_in(page: Page, url: str) -> None:
    await page.goto(f"{url}/desk")
    await page.get_by_label("Nom d'utilisateur").fill("anna")
    await page.get_by_label("Mot de passe").fill("a-desk-of-ones-own")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status").filter(has_text="Connecté")).to_be_visible()
    await expect(page.get_by_text("Indisponible")).to_be_visible()


async def be_ready(page: Page) -> None:
    await page.get_by_role("main").get_by_role("button", name="Disponible").click()
    await expect(page.get_by_text("Vous êtes disponible.")).to_be_visible()


async def accept(page: Page, name: str) -> None:
    await expect(page.locator(".offer").filter(has_text=name)).to_be_visible()
    await page.keyboard.press("F2")
    await expect(page.get_by_role("heading", name=name)).to_be_visible()
    await expect(page.locator(".conversation-head .tag.good")).to_be_visible()


def box(page: Page) -> Locator:
    return page.locator("#composer-text")


def said(page: Page) -> Locator:
    return page.locator(".message-text")


async def faults(page: Page) -> list[str]:
    """What axe finds wrong with the page as it is."""
    await page.evaluate(AXE.read_text())
    found: dict[str, Any] = json.loads(await page.evaluate("axe.run().then(JSON.stringify)"))
    return [f"{each['id']}: {node['html']}" for each in found["violations"] for node in each["nodes"]]


async def test_chat_from_offer_to_close_without_a_mouse(site: Any, page: Page) -> None:
    await sign_in(page, site.url)
    await page.keyboard.press("s")
    await expect(page.locator("#status")).to_be_focused()
    await page.keyboard.type("Disp")
    await expect(page.locator(".status .tag")).to_contain_text("Disponible")
    await page.keyboard.press("Tab")

    session = await site.chat("Bonjour, ma lampe ne s'allume plus. <b>Que faire ?</b>")
    await expect(page).to_have_title("1 proposition – Standardiste")
    await shot(page, "offer-fr")
    await page.keyboard.press("a")
    await expect(said(page)).to_have_text("Bonjour, ma lampe ne s'allume plus. <b>Que faire ?</b>")
    await expect(box(page)).to_be_focused()
    await page.keyboard.type("Avez-vous essayé une autre ampoule ?")
    await page.keyboard.press("Enter")
    await site.heard(session, "autre ampoule")
    await expect(page.locator(".message.ours")).to_contain_text("Envoyé")
    await site.say(session, "Oui, deux.")
    await expect(said(page)).to_have_count(3)
    await shot(page, "chat-fr")

    await page.keyboard.press("Escape")
    await page.keyboard.press("n")
    await page.keyboard.type("Client patient.")
    await page.keyboard.press("Enter")
    await expect(page.locator(".message.note")).to_contain_text("Client patient.")
    await page.keyboard.press("F8")
    await expect(page.locator(".conversation-head")).to_contain_text("En attente")
    await page.keyboard.press("F8")
    await expect(page.locator(".conversation-head")).to_contain_text("Actif")

    await page.keyboard.press("F9")
    await expect(page.get_by_role("heading", name="Clôture")).to_be_visible()
    await expect(page.locator("#wrap-disposition")).to_be_focused()
    await page.keyboard.type("Rés")
    await shot(page, "wrap-up-fr")
    await page.keyboard.press("F9")
    await expect(page.get_by_text("Vous êtes disponible.")).to_be_visible()
    await expect(page.get_by_role("navigation").get_by_text("Rien en cours.")).to_be_visible()


async def test_mail_is_read_safely_and_answered_in_english(site: Any, page: Page, context: BrowserContext) -> None:
    foreign: list[str] = []
    context.on(
        "request", lambda request: None if request.url.startswith((site.url, "data:", "blob:", "about:")) else foreign.append(request.url)
    )
    await sign_in(page, site.url)
    await be_ready(page)
    await page.get_by_role("button", name="English").click()
    await site.mail("Ma facture de mars", MAIL_TEXT, MAIL_HTML, b"%PDF-1.4 " * 300)
    await accept(page, "Jeanne Martin")
    await expect(page.locator(".customer")).to_contain_text("jeanne@client.example")
    await expect(said(page)).not_to_contain_text("Voici votre facture")
    await page.get_by_role("button", name="Show the whole message").click()
    await expect(said(page)).to_contain_text("Voici votre facture")
    await shot(page, "mail-en")

    await page.get_by_role("button", name="As it was sent").click()
    frame = page.frame_locator(".html-frame")
    await expect(frame.get_by_text("ligne 3")).to_be_visible()
    await shot(page, "mail-html-en")
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Download facture mars.pdf").click()
    assert (await download.value).suggested_filename == "facture mars.pdf"
    assert foreign == []
    await expect(page).to_have_title("Standardiste")

    await box(page).fill("Line 3 is the shade.")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".message.ours")).to_contain_text("Line 3 is the shade.")


@pytest.mark.parametrize(
    ("language", "short", "long", "templates"),
    [
        (
            "fr",
            "1 SMS, encore 133 caractères (GSM-7 : 160 par SMS)",
            "2 SMS, encore 56 caractères (Unicode : 70 par SMS)",
            "Retard de livraison",
        ),
        ("en", "1 SMS, 133 characters left (GSM-7: 160 per SMS)", "2 SMS, 56 characters left (Unicode: 70 per SMS)", "Late delivery"),
    ],
)
async def test_text_is_counted_before_it_is_sent_and_filled_from_a_template(
    site: Any, page: Page, language: str, short: str, long: str, templates: str
) -> None:
    await sign_in(page, site.url)
    await be_ready(page)
    texted = contact(
        "text-1",
        channel=Channel.SMS,
        channel_address=ChannelAddressId("text"),
        our_address="+33699000010",
        address="+33612345678",
        name="Jeanne",
        conversation=ConversationId("text-1"),
        content=content("Où est mon colis ?"),
        language="en",
        received_at=site.parts.clock.now(),
    )
    await site.report(ContactReceived(contact=texted), "text-1")
    await accept(page, "Jeanne")
    await page.locator(f".language[lang={language}]").click()
    await box(page).focus()
    await page.keyboard.type("Le colis arrive mercredi, 9")
    counter = page.locator("#composer-counter")
    await expect(counter).to_have_text(short)
    await page.keyboard.type("h. " + "ê" * 48)
    await expect(counter).to_have_text(long)
    await expect(page.locator(".composer-foot [aria-live=polite]")).to_contain_text("2 SMS, Unicode")
    await page.keyboard.press("Control+A")
    await page.keyboard.press("F3")
    await expect(page.locator(".picker [role=option]")).to_have_count(2)
    await shot(page, f"templates-{language}")
    assert await faults(page) == []
    options = page.locator(".picker [aria-selected=true]")
    first = await options.text_content()
    await page.keyboard.press("ArrowDown")
    await expect(options).not_to_have_text(first or "")
    await page.keyboard.type(templates[:6].upper())
    await expect(page.locator(".picker [role=option]")).to_contain_text([templates])
    await page.keyboard.press("Enter")
    await expect(box(page)).to_be_focused()
    await expect(box(page)).to_have_value("Hello Jeanne, your parcel comes tomorrow. Anna Roche")
    await shot(page, f"text-{language}")
    await page.keyboard.press("F3")
    await expect(page.get_by_role("combobox", name="modèle" if language == "fr" else "templates")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(box(page)).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator(".message.ours")).to_contain_text("Hello Jeanne")


async def test_call_shows_how_it_stands(site: Any, page: Page) -> None:
    await sign_in(page, site.url)
    await be_ready(page)
    caller = contact(
        "call-1",
        channel=Channel.VOICE,
        channel_address=ChannelAddressId("phone"),
        our_address="+33199000010",
        address="+33612345678",
        conversation=ConversationId("call-1"),
        content=content(""),
        received_at=site.parts.clock.now(),
        is_live=True,
    )
    await site.report(ContactReceived(contact=caller), "call-1")
    await expect(page.locator(".offer")).to_contain_text("Appel")
    await shot(page, "call-offer-fr")
    await page.keyboard.press("F2")
    call = page.locator(".call")
    await expect(call).to_contain_text("Votre téléphone sonne…")
    connecting = await site.decided(InteractionConnecting)
    await site.report(MediaConnected(interaction=connecting.interaction, offer=connecting.offer), "call-1-media")
    await expect(call).to_contain_text("En conversation")
    await expect(page.get_by_label("Votre note pour les collègues")).to_be_visible()
    await shot(page, "call-fr")
    await page.keyboard.press("F8")
    await expect(call).to_contain_text("L'appelant entend de la musique")
    await site.report(ContactLeft(contact=caller.id, conversation=ConversationId("call-1"), because=LeftBecause.HUNG_UP), "call-1-left")
    await expect(page.get_by_role("heading", name="Clôture")).to_be_visible()
    await shot(page, "call-wrap-fr")


async def test_mandatory_outcome_is_asked_for(site: Any, page: Page) -> None:
    await sign_in(page, site.url)
    await be_ready(page)
    await site.letter("Je souhaite résilier mon contrat.")
    await accept(page, "Émile Blanc")
    await page.keyboard.press("F9")
    close = page.get_by_role("button", name="Fermer", exact=False).and_(page.locator(".wrapup button"))
    await expect(close).to_be_disabled()
    await page.select_option("#wrap-disposition", "solved")
    await expect(close).to_be_enabled()
    await close.click()
    await expect(page.get_by_role("navigation").get_by_text("Rien en cours.")).to_be_visible()


async def test_lost_connection_comes_back_with_what_was_missed(site: Any, page: Page) -> None:
    sockets: list[WebSocketRoute] = []
    is_down = False

    def through(route: WebSocketRoute) -> None:
        sockets.append(route)
        route.connect_to_server()

    await page.route_web_socket("**/v1/agent/ws", lambda route: through(route) if not is_down else None)
    await sign_in(page, site.url)
    await be_ready(page)
    session = await site.chat("Bonjour")
    await accept(page, "Paul Girard")
    is_down = True
    await sockets[-1].close(code=4999)
    await expect(page.locator(".banner")).to_contain_text("Connexion perdue")
    await shot(page, "lost-fr")
    await site.say(session, "Êtes-vous là ?")
    is_down = False
    await page.get_by_role("button", name="Essayer maintenant").click()
    await expect(page.get_by_role("status").filter(has_text="Connecté")).to_be_visible()
    await expect(said(page)).to_have_text(["Bonjour", "Êtes-vous là ?"])


async def test_reload_shows_the_same_work(site: Any, page: Page) -> None:
    await sign_in(page, site.url)
    await be_ready(page)
    await site.chat("Bonjour")
    await accept(page, "Paul Girard")
    await page.reload()
    await expect(said(page)).to_have_text("Bonjour")
    await expect(page.get_by_role("heading", name="Paul Girard")).to_be_visible()


async def test_desk_opened_elsewhere_takes_over_and_gives_back(site: Any, page: Page, context: BrowserContext) -> None:
    await sign_in(page, site.url)
    other = await context.new_page()
    await sign_in(other, site.url)
    await expect(page.get_by_role("alertdialog")).to_contain_text("Votre poste a été ouvert ailleurs.")
    await shot(page, "elsewhere-fr")
    await page.get_by_role("button", name="Utiliser celui-ci").click()
    await expect(page.get_by_role("status").filter(has_text="Connecté")).to_be_visible()
    await expect(other.get_by_role("alertdialog")).to_be_visible()


async def test_wrong_password_is_told_in_words(site: Any, page: Page) -> None:
    await page.goto(f"{site.url}/desk/")
    await page.get_by_label("Nom d'utilisateur").fill("anna")
    await page.get_by_label("Mot de passe").fill("wrong")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_have_text("Le nom d'utilisateur ou le mot de passe n'est pas bon.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_view_is_accessible(site: Any, page: Page, scheme: Any) -> None:
    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    checked: dict[str, list[str]] = {}

    async def check(name: str, reach: Callable[[], Awaitable[object]]) -> None:
        await reach()
        await shot(page, f"{name}-{scheme}")
        checked[name] = await faults(page)

    async def offered() -> None:
        await be_ready(page)
        await site.mail("Ma facture", MAIL_TEXT, MAIL_HTML, b"%PDF")
        await expect(page.locator(".offer")).to_be_visible()

    async def wrapping() -> None:
        await page.keyboard.press("F9")
        await expect(page.locator("#wrap-disposition")).to_be_focused()

    async def helped() -> None:
        await page.get_by_role("button", name="Raccourcis clavier").click()
        await expect(page.get_by_role("dialog")).to_be_visible()

    await check("door", lambda: page.goto(f"{site.url}/desk/"))
    await check("idle", lambda: sign_in(page, site.url))
    await check("offer", offered)
    await check("conversation", lambda: accept(page, "Jeanne Martin"))
    await check("wrap-up", wrapping)
    await check("help", helped)
    assert checked == {name: [] for name in checked}


@pytest.mark.parametrize("width", [390, 900, 1024, 1280, 1600])
async def test_nothing_is_cut_off_at_any_width(site: Any, page: Page, width: int) -> None:
    """Every control of a mail at work and of an offer beside it lies inside its panel and on the screen."""
    await page.set_viewport_size({"width": width, "height": 800})
    await sign_in(page, site.url)
    await be_ready(page)
    await site.mail("Ma facture de mars", MAIL_TEXT, MAIL_HTML, b"%PDF")
    await accept(page, "Jeanne Martin")
    await site.mail("Une autre facture", MAIL_TEXT, MAIL_HTML, b"%PDF")
    await expect(page.locator(".offer")).to_be_visible()
    cut_off: dict[str, list[str]] = {}
    for language in ("Français", "English"):
        await page.get_by_role("button", name=language).click()
        await shot(page, f"width-{width}-{language}")
        cut_off[language] = await page.evaluate(CUT_OFF)
    assert cut_off == {"Français": [], "English": []}
