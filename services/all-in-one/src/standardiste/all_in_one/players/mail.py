"""A customer who writes and reads e-mail: sends by SMTP, and receives on a mail server of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from email import policy
from email.message import EmailMessage

import aiosmtplib

from standardiste.common.testing.mail_server import MailServer
from standardiste.common.testing.mail_server import mail_server as receiving


class Inbox:
    """Every mail that reached the customers' server."""

    def __init__(self, server: MailServer) -> None:
        self._server = server

    @property
    def port(self) -> int:
        return self._server.port

    def answers_to(self, address: str, message_id: str) -> list[EmailMessage]:
        """The mails to this address that answer that Message-ID."""
        return [message for message in self._to(address) if str(message["In-Reply-To"]).strip() == message_id]

    async def answer(self, address: str, message_id: str, within_s: float = 20) -> EmailMessage:
        """Wait for the answer. Raises TimeoutError."""
        return (await self._found(lambda: self.answers_to(address, message_id), within_s))[0]

    async def to(self, address: str, within_s: float = 30) -> list[EmailMessage]:
        """The mails to this address; waits for the first. Raises TimeoutError."""
        return await self._found(lambda: self._to(address), within_s)

    def _to(self, address: str) -> list[EmailMessage]:
        return [mail.message for mail in self._server.mails if address in mail.recipients]

    async def _found(self, sought: Callable[[], list[EmailMessage]], within_s: float) -> list[EmailMessage]:
        async with asyncio.timeout(within_s):
            while not (found := sought()):
                await self._server.arrived(len(self._server.mails) + 1, within_s)
        return found


@asynccontextmanager
async def mail_server(port: int = 0) -> AsyncGenerator[Inbox]:
    """The customers' mail server, on loopback."""
    async with receiving(port) as server:
        yield Inbox(server)


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
