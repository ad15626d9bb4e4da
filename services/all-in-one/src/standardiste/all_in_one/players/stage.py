"""
Everything outside an installation, on loopback: the customers' mail server, the telephone company's stand-in, an integrator, and who signs in.

The installation is told where they are by its settings (`environment`), as any installation is told of its providers; then `open_up` uses the public API to write
the channel secrets and mint the integrator's key.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

import httpx

from standardiste.all_in_one.players.agent import sign_in
from standardiste.all_in_one.players.letters import Integrator
from standardiste.all_in_one.players.mail import Inbox, mail_server
from standardiste.common.testing.twilio.double import TwilioDouble

SMS_NUMBER = "+33639980010"
VOICE_NUMBER = "+33199000010"
MAIL_ADDRESS = "bonjour@lumen.example"
CHAT_PAGE = "lumen-web"
POST_ADDRESS = "post"
ADMIN, PASSWORD = "admin", "lumen-demo"
KEY_SCOPES = ("contact.create", "reply.read", "receipt.read", "delivery.report", "customer.read", "history.read")


class Place(Protocol):
    """Where an installation answers."""

    @property
    def url(self) -> str: ...

    @property
    def smtp_port(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Outside:
    """What stands outside before the installation is there."""

    inbox: Inbox
    twilio: TwilioDouble

    @property
    def environment(self) -> Mapping[str, str]:
        """The settings by which the installation finds them."""
        return {
            "STANDARDISTE_TWILIO_URL": self.twilio.url,
            "STANDARDISTE_EMAIL_OUT_HOST": "127.0.0.1",
            "STANDARDISTE_EMAIL_OUT_PORT": str(self.inbox.port),
        }


@dataclass(frozen=True, slots=True)
class Stage:
    """A running demo installation and all around it."""

    installation: Place
    outside: Outside
    http: httpx.AsyncClient
    integrator: Integrator

    @property
    def url(self) -> str:
        return self.installation.url

    @property
    def smtp_port(self) -> int:
        return self.installation.smtp_port

    async def token(self, login: str, password: str = PASSWORD) -> str:
        return await sign_in(self.http, login, password)


@asynccontextmanager
async def outside(mail_port: int = 0, twilio_port: int = 0) -> AsyncGenerator[Outside]:
    """The world, without an installation yet."""
    async with mail_server(mail_port) as inbox, TwilioDouble(port=twilio_port) as twilio:
        yield Outside(inbox, twilio)


@asynccontextmanager
async def open_up(world: Outside, installation: Place) -> AsyncGenerator[Stage]:
    """Prepare a running demo installation through its public API: channel secrets, the numbers' webhooks, the integrator's key."""
    twilio, url = world.twilio, installation.url
    twilio.number(SMS_NUMBER, sms_url=f"{url}/v1/sms/twilio/messages")
    twilio.number(VOICE_NUMBER, voice_url=f"{url}/v1/voice/twilio/calls", voice_status_url=f"{url}/v1/voice/twilio/calls/status")
    async with httpx.AsyncClient(base_url=url, timeout=30) as http:
        admin = {"Authorization": f"Bearer {await sign_in(http, ADMIN, PASSWORD)}"}
        written = await http.put("/v1/directory/secrets/twilio", json={"value": twilio.auth_token}, headers=admin)
        written.raise_for_status()
        minted = await http.post("/v1/directory/api-keys", json={"name": "integrator", "scopes": list(KEY_SCOPES)}, headers=admin)
        minted.raise_for_status()
        yield Stage(installation, world, http, Integrator(http, minted.json()["key"]))
