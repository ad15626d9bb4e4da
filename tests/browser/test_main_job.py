"""
The main job in real Chromium over a whole installation: an agent signs in, a visitor opens the widget's page and writes, the agent takes the chat and
answers, the visitor sees the answer. In French and in English. DESK_SHOTS names a folder for pictures to look at.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from standardiste.all_in_one.demo import tenant as demo
from standardiste.all_in_one.players.process import Installation, running
from standardiste.common.testing.browser import CHROMIUM, FLAGS

pytestmark = pytest.mark.needs("chromium")

SHOTS = os.environ.get("DESK_SHOTS")
WORDS = {
    "fr": {
        "name": "Nom d'utilisateur",
        "password": "Mot de passe",
        "ready": "Disponible",
        "open": "Ouvrir la discussion",
        "message": "Votre message",
        "question": "Bonjour, ma lampe est-elle partie ?",
        "answer": "Oui, ce matin. Vous l'aurez jeudi.",
        "read": "Lu",
    },
    "en": {
        "name": "User name",
        "password": "Password",
        "ready": "Ready",
        "open": "Open the chat",
        "message": "Your message",
        "question": "Hello, has my lamp left?",
        "answer": "Yes, this morning. You will have it on Thursday.",
        "read": "Read",
    },
}
AGENT = {"fr": "amelie", "en": "bruno"}


@pytest_asyncio.fixture
async def installation(tmp_path: Path) -> AsyncGenerator[Installation]:
    document = tmp_path / "lumen.yaml"
    document.write_text(demo.document())
    async with running(tmp_path / "data", "--configuration", str(document)) as started:
        yield started


@pytest_asyncio.fixture
async def chromium() -> AsyncGenerator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        await browser.close()


async def shot(page: Page, name: str) -> None:
    if SHOTS:
        await page.screenshot(path=Path(SHOTS) / f"{name}.png")


@pytest.mark.parametrize("language", ["fr", "en"])
async def test_a_visitor_is_answered_by_an_agent(installation: Installation, chromium: Browser, language: str) -> None:
    words = WORDS[language]
    desk = await (await chromium.new_context(locale=f"{language}-FR", viewport={"width": 1280, "height": 800})).new_page()
    await desk.goto(f"{installation.url}/desk/")
    await shot(desk, f"{language}-1-door")
    await desk.get_by_label(words["name"]).fill(AGENT[language])
    await desk.get_by_label(words["password"]).fill("lumen-demo")
    await desk.keyboard.press("Enter")
    await desk.get_by_role("main").get_by_role("button", name=words["ready"]).click()

    visitor = await (await chromium.new_context(locale=f"{language}-FR", viewport={"width": 1000, "height": 760})).new_page()
    await visitor.goto(f"{installation.url}/v1/chat/demo?page={demo.CHAT_PAGE}&language={language}")
    await visitor.get_by_role("button", name=words["open"]).click()
    await visitor.get_by_label(words["message"]).fill(words["question"])
    await visitor.keyboard.press("Enter")

    await expect(desk.locator(".offer")).to_be_visible()
    await shot(desk, f"{language}-2-offer")
    await desk.keyboard.press("F2")
    await expect(desk.locator(".message-text").filter(has_text=words["question"])).to_be_visible()
    await expect(visitor.locator(".line.ours .meta")).to_contain_text(words["read"])
    await desk.locator("#composer-text").fill(words["answer"])
    await desk.keyboard.press("Control+Enter")
    await expect(visitor.get_by_text(words["answer"])).to_be_visible()
    await expect(desk.locator(".message.ours")).to_contain_text(words["read"])
    await visitor.reload()
    await expect(visitor.locator(".line.ours .meta")).to_contain_text(words["read"])
    await shot(desk, f"{language}-3-answered")
    await shot(visitor, f"{language}-4-visitor")
