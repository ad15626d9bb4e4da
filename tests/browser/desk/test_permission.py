"""What would stop an answer is said before it is written: the customer's no, the hours of an app; and the record shows the ways to him."""

from __future__ import annotations

from typing import Any

import pytest
from browser.desk.test_desk import accept, be_ready, box, faults, shot, sign_in
from playwright.async_api import Page, expect

from standardiste.common.events.inputs import ContactReceived
from standardiste.common.events.model import Channel, ChannelAddressId, ConversationId
from standardiste.common.testing.builders import contact, content

pytestmark = pytest.mark.needs("chromium")
HOUR_MS = 3_600_000
WORDS = {
    "fr": (
        "Ne plus contacter",
        "De nouveau oui",
        "Le client a refusé ce canal.",
        "Fiche ERP",
        "trop ancien",
        "Une réponse libre est possible",
    ),
    "en": (
        "No more, please",
        "Yes again",
        "The customer has opted out of this channel.",
        "ERP record",
        "too long ago",
        "A free answer may go out",
    ),
}


async def texted(site: Any, page: Page, channel_name: str = "sms", hours_ago: int = 0) -> None:
    """A customer writes, by text or by an app, and the agent takes it."""
    is_app = channel_name == "whatsapp"
    received = contact(
        "text-1",
        channel=Channel.SMS,
        channel_name=channel_name,
        channel_address=ChannelAddressId("app" if is_app else "text"),
        our_address="whatsapp:+33699000011" if is_app else "+33699000010",
        address="+33612345678",
        name="Jeanne",
        conversation=ConversationId("text-1"),
        content=content("Où est mon colis ?"),
        received_at=site.parts.clock.now() - hours_ago * HOUR_MS,
    )
    await site.report(ContactReceived(contact=received), "text-1")
    await accept(page, "Jeanne")


@pytest.mark.parametrize("language", ["fr", "en"])
async def test_no_of_the_customer_is_written_down_and_said_where_an_answer_is_written(site: Any, page: Page, language: str) -> None:
    withdraw, resume, refused, crm, _, _ = WORDS[language]
    await sign_in(page, site.url)
    await be_ready(page)
    await texted(site, page)
    await page.locator(f".language[lang={language}]").click()
    link = page.get_by_role("link", name=crm)
    await expect(link).to_have_attribute("rel", "noopener noreferrer")
    await expect(page.locator(".permissions li")).to_have_count(2)
    await page.get_by_role("button", name=f"{withdraw} SMS +33612345678").click()
    await expect(page.locator(".composer").get_by_role("alert")).to_have_text(refused)
    assert await page.locator(".customer").evaluate("it => it.scrollWidth <= it.clientWidth")
    assert await faults(page) == []
    await shot(page, f"opted-out-{language}")
    await page.get_by_role("button", name=f"{resume} SMS +33612345678").click()
    await expect(page.locator(".composer .bar")).to_have_count(0)
    await expect(box(page)).to_be_visible()


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("is_over", [False, True])
async def test_app_is_called_by_its_name_and_its_hours_are_said(site: Any, page: Page, language: str, is_over: bool) -> None:
    *_, over, open_for = WORDS[language]
    await sign_in(page, site.url)
    await be_ready(page)
    await texted(site, page, "whatsapp", hours_ago=3 if is_over else 0)
    await page.locator(f".language[lang={language}]").click()
    await expect(page.locator(".customer")).to_contain_text("WhatsApp")
    await expect(page.locator(".composer .bar")).to_contain_text(over if is_over else open_for)
    assert await page.locator("#conversation").evaluate("it => it.scrollWidth <= it.clientWidth")
    assert await faults(page) == []
    await shot(page, f"app-{'over' if is_over else 'open'}-{language}")
