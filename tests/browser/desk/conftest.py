"""A small installation of real services on a free port, and Chromium in front of it, for the desk's browser tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from standardiste.agent_gateway.app import DESK
from standardiste.agent_gateway.app import build as build_gateway
from standardiste.agent_gateway.settings import GatewaySettings
from standardiste.common.bus.topics import Topic
from standardiste.common.events.base import Event, spec_of
from standardiste.common.events.codec import decode, encode
from standardiste.common.opening import open_parts
from standardiste.common.parts import Parts
from standardiste.common.security.keys import make_secrets
from standardiste.common.service import run_services
from standardiste.common.testing.browser import CHROMIUM, FLAGS
from standardiste.customers.app import build as build_customers
from standardiste.customers.settings import CustomersSettings
from standardiste.directory.app import build as build_directory
from standardiste.directory.bootstrap import bootstrap
from standardiste.directory.settings import DirectorySettings
from standardiste.ingest_chat.app import build as build_chat
from standardiste.ingest_chat.settings import ChatSettings
from standardiste.ingest_email.app import build as build_email
from standardiste.ingest_email.settings import EmailSettings
from standardiste.ingest_open.app import build as build_open
from standardiste.ingest_open.settings import OpenSettings
from standardiste.router.app import build as build_router
from standardiste.router.settings import RouterSettings

PASSWORD: Final = "a-desk-of-ones-own"
DOCUMENT: Final = """
format: 1
tenant: {name: Maison Lumen, language: fr, zone: Europe/Paris}
skill:
  english: {name: {fr: Anglais, en: English}}
disposition:
  solved: {name: {fr: Résolu, en: Solved}, is_success: true}
  later: {name: {fr: À rappeler, en: To call back}}
queue:
  main: {name: {fr: Accueil, en: Reception}, dispositions: [solved, later], wrap_up: optional}
  letters: {name: {fr: Courrier, en: Letters}, dispositions: [solved], wrap_up: mandatory}
template:
  late:
    name: {fr: Retard de livraison, en: Late delivery}
    text: {fr: "Bonjour {name}, votre colis arrive demain. {agent}", en: "Hello {name}, your parcel comes tomorrow. {agent}"}
  thanks:
    name: {fr: Merci, en: Thanks}
    text: {en: "Thank you [{reference}]"}
status:
  lunch: {name: {fr: Déjeuner, en: Lunch}}
person:
  anna:
    name: Anna Roche
    language: fr
    profile: main
    skills: {english: 4}
    rights: [{role: agent, scope: self}]
  ben:
    name: Ben Hart
    language: en
    profile: main
    rights: [{role: agent, scope: self}]
  admin:
    name: Camille Roy
    rights: [{role: administrator}]
channel-address:
  mail: {channel: email, address: bonjour@lumen.example}
  phone: {channel: voice, address: "+33199000010"}
  web: {channel: chat, address: lumen-web}
  text: {channel: sms, address: "+33699000010"}
  app: {channel: sms, channel_name: whatsapp, address: "whatsapp:+33699000011", settings: {session_hours: 2}}
  post: {channel: other, channel_name: letter, address: lumen-post, queue: letters}
crm:
  erp: {name: {fr: Fiche ERP, en: ERP record}, lookup_url: "https://erp.example/clients/{customer}"}
logins:
  anna: {password: a-desk-of-ones-own, person: anna}
  ben: {password: a-desk-of-ones-own, person: ben}
  admin: {password: a-desk-of-ones-own, person: admin}
"""


@dataclass(frozen=True, slots=True)
class Site:
    """The installation as its customers see it."""

    url: str
    parts: Parts
    http: httpx.AsyncClient

    async def chat(self, text: str, name: str = "Paul Girard") -> dict[str, Any]:
        """A visitor begins a chat; gives the session with its token."""
        body = {"page": "lumen-web", "name": name, "language": "fr", "message": {"id": "m1", "text": text}}
        return (await self.http.post("/v1/chat/sessions", json=body)).raise_for_status().json()

    async def say(self, session: dict[str, Any], text: str, id: str = "m2") -> None:
        path = f"/v1/chat/sessions/{session['session']}/messages"
        headers = {"Authorization": f"Bearer {session['token']}"}
        (await self.http.post(path, json={"id": id, "text": text}, headers=headers)).raise_for_status()

    async def heard(self, session: dict[str, Any], text: str) -> dict[str, Any]:
        """The message of ours in which the visitor reads this; waits for it."""
        path = f"/v1/chat/sessions/{session['session']}/messages"
        headers = {"Authorization": f"Bearer {session['token']}"}
        async with asyncio.timeout(10):
            while True:
                page = (await self.http.get(path, headers=headers)).raise_for_status().json()
                found = [each for each in page["items"] if text in str(each)]
                if found:
                    return found[0]
                await asyncio.sleep(0.05)

    async def mail(self, subject: str, text: str, html: str | None = None, attachment: bytes | None = None) -> None:
        """A customer writes a mail, handed in over HTTP as a mail server would."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = "Jeanne Martin <jeanne@client.example>", "bonjour@lumen.example", subject
        mail["Message-ID"] = f"<{abs(hash((subject, text)))}@client.example>"
        mail.set_content(text)
        if html is not None:
            mail.add_alternative(html, subtype="html")
        if attachment is not None:
            mail.add_attachment(attachment, maintype="application", subtype="pdf", filename="facture mars.pdf")
        token = await self.token("admin")
        headers = {"Content-Type": "message/rfc822", "Authorization": f"Bearer {token}"}
        (await self.http.post("/v1/email/messages", content=bytes(mail), headers=headers)).raise_for_status()

    async def letter(self, text: str, name: str = "Émile Blanc", key: str = "k1") -> None:
        """An integrator posts a letter."""
        body = {"channel": "lumen-post", "from": {"address": "client-77", "name": name}, "subject": "Résiliation", "text": text}
        headers = {"Idempotency-Key": key, "Authorization": f"Bearer {await self.token('admin')}"}
        (await self.http.post("/v1/interactions", json=body, headers=headers)).raise_for_status()

    async def decided(self, kind: type[Any]) -> Any:
        """The first decision of this kind; waits for it."""
        async with asyncio.timeout(10):
            async for batch in self.parts.bus.tail((Topic.DECISIONS,), {(Topic.DECISIONS, 0): 0}):
                for record in batch:
                    if record.headers["ce_type"] == spec_of(kind).name:
                        return decode(record).data
        raise AssertionError("a tail does not end")

    async def report(self, data: Any, id: str) -> None:
        """What a channel reports of a call, as ingest-voice writes it."""
        event = Event(
            id=id,
            source="ingest-voice",
            subject="call-1",
            tenant=next(self.parts.directory.tenants()).id,
            time=self.parts.clock.now(),
            data=data,
        )
        await self.parts.bus.publish(encode(event, Topic.INPUTS))

    async def token(self, login: str) -> str:
        answer = await self.http.post("/v1/directory/sign-in", json={"name": login, "password": PASSWORD})
        return str(answer.raise_for_status().json()["token"])


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    if not DESK.is_dir():
        pytest.fail("the desk is not built: `make web` builds it")
    make_secrets(tmp_path / "secrets")
    given: dict[str, Any] = {
        "bus": f"embedded:///{tmp_path}/bus.sqlite",
        "store": f"sqlite:///{tmp_path}/store.sqlite",
        "blobs": str(tmp_path / "blobs"),
        "secrets_folder": tmp_path / "secrets",
        "directory_password_memory_kib": 64,
        "directory_password_passes": 1,
        "email_smtp_listen": "",
    }
    parts = await open_parts(GatewaySettings(**given))
    await bootstrap(parts, DOCUMENT, settings=DirectorySettings(**given))
    services = [
        build_directory(DirectorySettings(**given), parts),
        build_router(RouterSettings(**given), parts),
        build_customers(CustomersSettings(**given), parts),
        build_gateway(GatewaySettings(**given), parts),
        build_chat(ChatSettings(**given), parts),
        build_open(OpenSettings(**given), parts),
        build_email(EmailSettings(**given), parts),
    ]
    stop, up = asyncio.Event(), asyncio.get_running_loop().create_future()
    running = asyncio.create_task(run_services(services, parts, on_ready=up.set_result, stop=stop))
    try:
        await asyncio.wait({running, up}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            await running
        url = f"http://127.0.0.1:{up.result()}"
        async with httpx.AsyncClient(base_url=url, timeout=10) as http:
            yield Site(url, parts, http)
    finally:
        stop.set()
        await running


@pytest_asyncio.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        found = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield found
        await found.close()


@pytest_asyncio.fixture
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    found = await browser.new_context(viewport={"width": 1360, "height": 820}, locale="fr-FR", reduced_motion="reduce")
    found.set_default_timeout(15_000)
    yield found
    await found.close()


@pytest_asyncio.fixture
async def page(context: BrowserContext) -> Page:
    return await context.new_page()
