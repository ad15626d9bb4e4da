"""A mail server for tests and players, real over a real socket: keeps what it was given, and says what a test tells it to say."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast

from aiosmtpd.smtp import SMTP, Envelope, Session

WITHIN_S = 10.0
_MESSAGE_ID = re.compile(rb"^Message-ID:\s*<([^>]*)>", re.MULTILINE | re.IGNORECASE)
CUT = "cut"
"""An answer to DATA: take the mail, then cut the connection before saying so."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as it was handed over."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes

    @property
    def message_id(self) -> str:
        """Its Message-ID without brackets; cheap, for tests that count thousands."""
        found = _MESSAGE_ID.search(self.content)
        return found[1].decode() if found else ""

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.content, policy=policy.default)


@dataclass(slots=True)
class MailServer:
    """`recipients` and `data` are answers to be given next, in order; when they are used up it takes everything."""

    port: int = 0
    mails: list[Mail] = field(default_factory=list[Mail])
    recipients: list[str] = field(default_factory=list[str])
    data: list[str] = field(default_factory=list[str])
    connections: int = 0
    _came: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle_EHLO(self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        said = self.recipients.pop(0) if self.recipients else "250 ok"
        if said.startswith("2"):
            envelope.rcpt_tos.append(address)
        return said

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        said = self.data.pop(0) if self.data else "250 taken"
        if said.startswith("2") or said == CUT:
            self.mails.append(Mail(envelope.mail_from or "", tuple(envelope.rcpt_tos), envelope.original_content or b""))
            self._came.set()
        if said == CUT:
            transport = server.transport
            assert transport is not None
            cast(asyncio.WriteTransport, transport).abort()
            return "250 never heard"
        return said

    async def arrived(self, count: int = 1, within_s: float = WITHIN_S) -> list[Mail]:
        """The first mails, once there are so many."""
        async with asyncio.timeout(within_s):
            while len(self.mails) < count:
                self._came.clear()
                await self._came.wait()
        return self.mails[:count]


@asynccontextmanager
async def mail_server(port: int = 0) -> AsyncGenerator[MailServer]:
    """A mail server on loopback; port 0 takes a free one."""
    found = MailServer()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(found, enable_SMTPUTF8=True, data_size_limit=2**26, loop=loop), "127.0.0.1", port)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()
        await server.wait_closed()
