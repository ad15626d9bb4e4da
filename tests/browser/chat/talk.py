"""What the widget's tests share: the words it says, its page in a browser, and what an accessibility checker has to say of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page

AXE = Path(__file__).parents[3] / "services/ingest-chat/web/node_modules/axe-core/axe.min.js"
WORDS = {
    "fr": {
        "open": "Ouvrir la discussion",
        "message": "Votre message",
        "with": "Vous discutez avec Alice",
        "typing": "Alice écrit…",
        "second": "Vous êtes en position 2 dans la file. Entre 1 et 3 min.",
        "lost": "Pas de connexion.",
        "end": "Terminer la discussion",
        "yes": "Terminer",
        "ended": "La discussion est terminée. Merci !",
    },
    "en": {
        "open": "Open the chat",
        "message": "Your message",
        "with": "You are talking with Alice",
        "typing": "Alice is writing…",
        "second": "You are number 2 in line. Between 1 and 3 min.",
        "lost": "No connection.",
        "end": "End the conversation",
        "yes": "End it",
        "ended": "The conversation is over. Thank you!",
    },
}


@pytest_asyncio.fixture
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A browser's own storage; whatever its pages complain of fails the test."""
    found = await browser.new_context(viewport={"width": 1280, "height": 800})
    complaints: list[str] = []
    found.on("weberror", lambda error: complaints.append(str(error.error)))
    found.on("console", lambda message: complaints.append(message.text) if message.type == "error" and "ERR_" not in message.text else None)
    yield found
    await found.close()
    assert complaints == []


async def opened(context: BrowserContext, url: str, language: str = "fr") -> Page:
    """The demo page with the chat open."""
    page = await context.new_page()
    await page.goto(f"{url}/v1/chat/demo?page=site&language={language}")
    await page.get_by_role("button", name=WORDS[language]["open"]).click()
    return page


async def complaints_of(page: Page) -> list[tuple[str, list[str]]]:
    """What axe finds wrong with the widget: the rule, and where."""
    await page.evaluate(AXE.read_text() + "; 0")  # as a debugger does, past the page's own policy
    found = await page.evaluate("axe.run({include: [['standardiste-chat']]})")
    return [(each["id"], [node["html"] for node in each["nodes"]]) for each in found["violations"]]
