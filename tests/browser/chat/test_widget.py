"""The widget in real Chromium: a talk in both languages, reload, a lost line, other tabs, other people's pages, keyboard and contrast."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pytest
from browser.chat.talk import WORDS, complaints_of, context, opened
from playwright.async_api import Browser, BrowserContext, Page, expect

from standardiste.common.events.inputs import ContactLeft, ContactReceived, ContactTyping, DeliveryReported
from standardiste.common.events.model import ConversationId, DeliveryState, InteractionId, LeftBecause, MessageId
from standardiste.common.events.outbound import AnnounceAgent, TellPosition, TellReading, TellTyping
from standardiste.common.testing.builders import TENANT
from standardiste.common.testing.chat import ALICE, INTERACTION, PAGE, ChatRouter
from standardiste.common.testing.running import Running

__all__ = ["context"]
pytestmark = pytest.mark.needs("chromium")


class Line(Protocol):
    """The line between browser and site that conftest's Wire is."""

    url: str

    def cut(self) -> None: ...
    def mend(self) -> None: ...


async def write(page: Page, *texts: str, language: str = "fr") -> None:
    for text in texts:
        field = page.get_by_role("textbox", name=WORDS[language]["message"])
        await field.fill(text)
        await field.press("Enter")


async def expect_texts(page: Page, *texts: str) -> None:
    """The conversation, whole and in order, behind the greeting."""
    await expect(page.locator(".bubble")).to_have_count(len(texts) + 1)
    await expect(page.locator(".line:not(:first-child) .bubble, .line + .line .bubble")).to_have_text(list(texts))


async def session_of(site: Running, number: int = 1) -> ConversationId:
    conversation = (await site.inputs(ContactReceived, number))[-1].contact.conversation
    assert conversation is not None
    return conversation


@pytest.mark.parametrize("language", ["fr", "en"])
async def test_visitor_and_agent_talk(site: Running, router: ChatRouter, context: BrowserContext, language: str, tmp_path: Path) -> None:
    words = WORDS[language]
    page = await opened(context, site.url, language)
    await write(page, "Ma lampe clignote", language=language)
    session = await session_of(site)
    await router.take()
    await router.send(TellPosition(conversation=session, position=2, wait_p50_ms=60_000, wait_p90_ms=180_000))
    await expect(page.get_by_text(words["second"])).to_be_visible()
    await router.send(AnnounceAgent(conversation=session, interaction=INTERACTION, author=ALICE))
    await expect(page.get_by_text(words["with"])).to_be_visible()
    await expect(page.get_by_text(words["second"])).to_have_count(0)
    await router.send(TellTyping(conversation=session, author=ALICE))
    await expect(page.get_by_text(words["typing"])).to_be_visible()
    await router.say(session, "Bonjour <b>Zoé</b>", "Voyez https://lumen.example/aide.")
    await expect_texts(page, "Ma lampe clignote", "Bonjour <b>Zoé</b>", "Voyez https://lumen.example/aide.")
    await expect(page.get_by_role("link", name="https://lumen.example/aide", exact=True)).to_have_attribute("target", "_blank")
    await expect(page.get_by_text(words["typing"])).to_have_count(0)
    reports = await site.inputs(DeliveryReported, 6)
    assert {(report.message, report.state) for report in reports} == {
        (message, state) for message in ("a1", "a2") for state in (DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.READ)
    }
    await page.screenshot(path=tmp_path / f"talk-{language}.png")


async def test_typing_is_told_and_the_conversation_can_be_ended_and_begun_anew(
    site: Running, router: ChatRouter, context: BrowserContext
) -> None:
    page = await opened(context, site.url)
    await write(page, "un")
    first = await session_of(site)
    await router.take()
    await page.get_by_role("textbox").type("deux")
    assert (await site.inputs(ContactTyping))[0].conversation == first
    await page.get_by_role("textbox").fill("")
    await page.get_by_role("button", name=WORDS["fr"]["end"]).click()
    await page.get_by_role("button", name=WORDS["fr"]["yes"], exact=True).click()
    await expect(page.get_by_text(WORDS["fr"]["ended"])).to_be_visible()
    assert (await site.inputs(ContactLeft))[0].because is LeftBecause.SAID_GOODBYE
    await router.close(first)
    await write(page, "encore")
    assert await session_of(site, 2) != first
    await expect(page.get_by_text(WORDS["fr"]["ended"])).to_have_count(1)


async def test_words_for_a_chat_that_was_closed_meanwhile_begin_a_new_one(
    site: Running, router: ChatRouter, context: BrowserContext
) -> None:
    page = await opened(context, site.url)
    await write(page, "un")
    first = await session_of(site)
    await router.take()
    await expect_texts(page, "un")
    async with site.client(None) as http:  # from another device, say: this page is not told
        token = json.loads(await page.evaluate("localStorage['standardiste.chat.site.session']"))["token"]
        await http.delete(f"/v1/chat/sessions/{first}", headers={"Authorization": f"Bearer {token}"})
    await write(page, "deux")
    assert await session_of(site, 2) != first
    await router.take(interaction=InteractionId("i2"))
    await expect(page.locator(".ours .bubble")).to_have_text(["un", "deux"])


async def test_reload_keeps_the_conversation_and_is_no_leaving(site: Running, router: ChatRouter, context: BrowserContext) -> None:
    page = await opened(context, site.url)
    await write(page, "un", "deux")
    session = await session_of(site, 2)
    await router.take(2)
    await router.say(session, "trois")
    await expect_texts(page, "un", "deux", "trois")
    await page.reload()
    await expect_texts(page, "un", "deux", "trois")
    await router.say(session, "quatre")
    await write(page, "cinq")
    await router.take()
    await expect_texts(page, "un", "deux", "trois", "quatre", "cinq")


async def test_lost_line_loses_and_doubles_nothing(site: Running, router: ChatRouter, wire: Line, context: BrowserContext) -> None:
    page = await opened(context, wire.url)
    await write(page, "un")
    session = await session_of(site)
    await router.take()
    await expect_texts(page, "un")
    wire.cut()
    await expect(page.get_by_text(WORDS["fr"]["lost"])).to_be_visible()
    await write(page, "deux", "trois", "quatre")
    await router.say(session, "cinq")
    wire.mend()
    await page.evaluate("window.dispatchEvent(new Event('online'))")
    received = await site.inputs(ContactReceived, 4)
    assert [event.contact.content.text for event in received] == ["un", "deux", "trois", "quatre"]
    await router.take(3)
    await expect(page.locator(".line .bubble")).to_have_count(6)
    assert sorted(await page.locator(".line:not(:first-child) .bubble").all_text_contents()) == ["cinq", "deux", "quatre", "trois", "un"]
    await expect(page.locator(".ours .bubble")).to_have_text(["un", "deux", "trois", "quatre"])
    await expect(page.get_by_text(WORDS["fr"]["lost"])).to_have_count(0)


async def test_words_written_without_a_line_survive_a_reload(
    site: Running, router: ChatRouter, wire: Line, context: BrowserContext
) -> None:
    page = await opened(context, wire.url)
    await write(page, "un")
    await session_of(site)
    await router.take()
    await expect_texts(page, "un")
    wire.cut()
    await write(page, "deux")
    await page.close()
    wire.mend()
    page = await context.new_page()
    await page.goto(f"{wire.url}/v1/chat/demo?page=site&language=fr")
    assert [event.contact.content.text for event in await site.inputs(ContactReceived, 2)] == ["un", "deux"]
    await router.take()
    await expect_texts(page, "un", "deux")


async def test_two_tabs_are_one_conversation_and_what_is_read_in_one_is_read(
    site: Running, router: ChatRouter, context: BrowserContext
) -> None:
    first = await opened(context, site.url)
    await write(first, "un")
    session = await session_of(site)
    second = await context.new_page()
    await second.goto(f"{site.url}/v1/chat/demo?page=site&language=fr")
    await expect(second.locator(".panel")).to_be_visible()
    await router.take()
    for tab in (first, second):
        await expect_texts(tab, "un")
        await tab.locator(".launcher").click()
    await router.say(session, "deux")
    for tab in (first, second):
        await expect(tab.locator(".unread")).to_have_text("1")
    await second.locator(".launcher").click()
    await expect_texts(second, "un", "deux")
    for tab in (first, second):
        await expect(tab.locator(".unread")).to_have_count(0)


async def test_widget_lives_on_another_sites_page_under_its_policy(site: Running, router: ChatRouter, context: BrowserContext) -> None:
    policy = f"default-src 'none'; script-src {site.url}; connect-src {site.url} {site.url.replace('http', 'ws')}; img-src data:"
    html = (
        '<!doctype html><html lang="en"><link rel="icon" href="data:,"><body><h1>Shop</h1>'
        f'<script src="{site.url}/chat/widget.js" data-page="site" async></script></body></html>'
    )

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Security-Policy: {policy}\r\nConnection: close\r\n\r\n"
        writer.write((head + html).encode())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "localhost", 0) as server:
        shop = f"http://localhost:{server.sockets[0].getsockname()[1]}"
        await site.configure(TENANT, replace(PAGE, settings={"origins": shop, "side": "left"}))
        page = await context.new_page()
        await page.goto(f"{shop}/")
        await page.get_by_role("button", name=WORDS["en"]["open"]).click()
        await write(page, "Hello", language="en")
        session = await session_of(site)
        await router.take()
        await router.say(session, "Hello from us")
        await expect_texts(page, "Hello", "Hello from us")
        box = await page.locator(".launcher").bounding_box()
        assert box is not None
        assert box["x"] < 100
        assert await page.locator(".launcher").evaluate("it => getComputedStyle(it).borderRadius") == "50%"


@pytest.mark.parametrize("size", [(1280, 800), (390, 780), (360, 640)], ids=["desktop", "mobile", "small"])
async def test_widget_is_used_without_a_mouse_and_passes_axe(
    site: Running, router: ChatRouter, browser: Browser, size: tuple[int, int], tmp_path: Path
) -> None:
    context = await browser.new_context(viewport={"width": size[0], "height": size[1]}, bypass_csp=True, reduced_motion="reduce")
    page = await context.new_page()
    await page.goto(f"{site.url}/v1/chat/demo?page=site&language=fr")
    await page.locator(".launcher").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("textbox")).to_be_focused()
    await page.keyboard.type("un")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("deux")
    await page.keyboard.press("Enter")
    contact = (await site.inputs(ContactReceived))[0].contact
    assert contact.content.text == "un\ndeux"
    await router.take()
    await router.send(AnnounceAgent(conversation=await session_of(site), interaction=INTERACTION, author=ALICE))
    await router.say(await session_of(site), "trois")
    await expect_texts(page, "un\ndeux", "trois")
    await router.send(TellReading(conversation=await session_of(site), message=MessageId(contact.id)))
    await expect(page.locator(".line.ours .meta")).to_contain_text("Lu")
    for part in (page.locator(".panel"), page.locator(".composer"), page.locator(".head")):
        box = await part.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["y"] >= 0
        assert box["x"] + box["width"] <= size[0]
        assert box["y"] + box["height"] <= size[1]
    assert await complaints_of(page) == []
    await page.screenshot(path=tmp_path / f"axe-{size[0]}.png")
    await page.keyboard.press("Escape")
    await expect(page.locator(".panel")).to_have_count(0)
    await expect(page.locator(".launcher")).to_be_focused()
    await context.close()
