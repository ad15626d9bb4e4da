"""A customer who writes and reads e-mail: sends by SMTP, and receives on a mail server of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

import aiosmtplib
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass(slots=True)
class Inbox:
    """Every mail that reached the customers' server, by recipient. `changed` tells that one came."""

    port: int = 0
    mails: list[tuple[str, EmailMessage]] = field(default_factory=list[tuple[str, EmailMessage]])
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        mail = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        async with self.changed:
            self.mails.extend((recipient, mail) for recipient in envelope.rcpt_tos)
            self.changed.notify_all()
        return "250 taken"

    def answers_to(self, address: str, message_id: str) -> list[EmailMessage]:
        """The mails to this address that answer that Message-ID."""
        return [mail for recipient, mail in self.mails if recipient == address and str(mail["In-Reply-To"]).strip() == message_id]

    async def answer(self, address: str, message_id: str, within_s: float = 20) -> EmailMessage:
        """Wait for the answer. Raises TimeoutError."""
        async with asyncio.timeout(within_s), self.changed:
            await self.changed.wait_for(lambda: bool(self.answers_to(address, message_id)))
        return self.answers_to(address, message_id)[0]


@asynccontextmanager
async def mail_server(port: int = 0) -> AsyncGenerator[Inbox]:
    """The customers' mail server, on loopback."""
    inbox = Inbox()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(inbox, enable_SMTPUTF8=True, data_size_limit=2**26, loop=loop), "127.0.0.1", port)
    inbox.port = server.sockets[0].getsockname()[1]
    try:
        yield inbox
    finally:
        server.close()


def letter(sender: str, to: str, subject: str, text: str, message_id: str, in_reply_to: str | None = None) -> EmailMessage:
    """A plain mail."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"], mail["Message-ID"] = sender, to, subject, message_id
    if in_reply_to is not None:
        mail["In-Reply-To"] = in_reply_to
        mail["References"] = in_reply_to
    mail.set_content(text)
    return mail


async def send(mail: EmailMessage | bytes, sender: str, to: str, port: int) -> str:
    """Hand a mail to the installation by SMTP; gives its answer. Raises aiosmtplib's error when it says no."""
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, use_tls=False, start_tls=False, timeout=30) as client:
        raw = mail if isinstance(mail, bytes) else mail.as_bytes(policy=policy.SMTP)
        _, said = await client.sendmail(sender, [to], raw)
    return said
