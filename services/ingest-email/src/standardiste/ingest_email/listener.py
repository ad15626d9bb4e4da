"""
The SMTP and LMTP way in: mail from a relay in front of us, acknowledged only when it is durable.

| what | answer |
|---|---|
| recipient that is none of our addresses | 550 5.1.1 |
| too large, by the SIZE announced or by the data | 552 |
| too many recipients | 452 4.5.3 |
| no mail at all (no header that a mail has) | 550 5.6.0 |
| bus or blob store away, our own fault | 451 4.3.0: the relay keeps the mail and tries again |
| taken | 250 2.0.0, after the record is durable |
| too many connections, no memory left for mail in flight | 421, or the connection is cut |

LMTP gives one answer per recipient, SMTP one for all: when one of several recipients must wait, the whole mail comes again, and the receipts of those
who had it are the same.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from typing import Any, cast

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from standardiste.common.errors import Away, BadInput
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.events.model import TenantId
from standardiste.common.log import logger
from standardiste.ingest_email.parse import ParsedMail
from standardiste.ingest_email.reception import Reception
from standardiste.ingest_email.settings import EmailSettings

LINE_BYTES_MAX = 1024 * 1024
"""Far over the 1,000 of RFC 5321: real mail has such lines, and a relay has taken them already."""
IN_FLIGHT_MAILS_MAX = 8
"""How many largest mails all connections may hold in memory together."""
DRAIN_S = 5.0
_MAY_WAIT = "451 4.3.0 Not now; try again later"
_TAKEN = "250 2.0.0 Taken"

log = logger("ingest-email")
logging.getLogger("mail.log").setLevel(logging.CRITICAL)  # aiosmtpd logs every command: addresses do not belong into logs


class Listener:
    """One listening port. `port` is known once it listens."""

    def __init__(self, settings: EmailSettings, reception: Reception, *, port: int, is_lmtp: bool = False) -> None:
        self._settings, self._reception, self._port, self._is_lmtp = settings, reception, port, is_lmtp
        self._tls = _tls(settings)
        self.connections: set[asyncio.Protocol] = set()
        self.bytes_in_flight = 0
        self.busy = 0
        self.port = 0

    @property
    def settings(self) -> EmailSettings:
        return self._settings

    @property
    def is_full(self) -> bool:
        return len(self.connections) >= self._settings.email_smtp_connections_max

    async def run(self, ready: Callable[[], None]) -> None:
        """Listen until cancelled; then take no more connections and let mails that are being handed in end."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(self._protocol, self._settings.email_smtp_host, self._port)
        self.port = server.sockets[0].getsockname()[1]
        ready()
        try:
            await asyncio.Event().wait()
        finally:
            server.close()
            await self._drain()

    def _protocol(self) -> asyncio.Protocol:
        made = _Lmtp if self._is_lmtp else _Smtp
        return made(self, _Handler(self._settings, self._reception, self, is_lmtp=self._is_lmtp), self._tls)

    async def _drain(self) -> None:
        for _ in range(int(DRAIN_S * 20)):
            if not self.busy:
                break
            await asyncio.sleep(0.05)
        for connection in list(self.connections):
            cast("_Bounded", connection).cut()


class _Handler:
    """What aiosmtpd asks of one connection."""

    def __init__(self, settings: EmailSettings, reception: Reception, listener: Listener, *, is_lmtp: bool) -> None:
        self._settings, self._reception, self._listener, self._is_lmtp = settings, reception, listener, is_lmtp

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]) -> str:
        if len(envelope.rcpt_tos) >= self._settings.email_smtp_recipients_max:
            return "452 4.5.3 Too many recipients"
        if self._reception.address(address) is None:
            return "550 5.1.1 No such mailbox here"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(rcpt_options)
        return "250 2.1.5 Recipient ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        raw = envelope.original_content or b""
        sender = (envelope.mail_from or "").strip("<>")
        self._listener.busy += 1
        try:
            mail = await self._reception.read(raw, envelope_from=sender)
            answers = [await self._hand_in(raw, mail, recipient) for recipient in envelope.rcpt_tos]
        finally:
            self._listener.busy -= 1
        return "\r\n".join(answers) if self._is_lmtp else next((each for each in answers if each is not _TAKEN), _TAKEN)

    async def handle_exception(self, error: Exception) -> str:
        """Our own fault: the relay keeps the mail."""
        log.error("smtp_fault", fault=type(error).__name__, exc_info=error)
        return _MAY_WAIT

    async def _hand_in(self, raw: bytes, mail: ParsedMail, recipient: str) -> str:
        if not mail.is_mail:
            return "550 5.6.0 This is not a mail message"
        found: tuple[TenantId, ChannelAddress] | None = self._reception.address(recipient)
        if found is None:  # archived since RCPT
            return "550 5.1.1 No such mailbox here"
        try:
            await self._reception.accept(raw, mail, *found, way="lmtp" if self._is_lmtp else "smtp", recipient=recipient)
        except Away as away:
            log.warning("mail_must_wait", away=away.what)
            return _MAY_WAIT
        except BadInput as bad:
            log.warning("mail_refused", reason=bad.reason)
            return "554 5.6.0 This mail cannot be taken"
        return _TAKEN


class _Bounded:
    """
    Bounds that aiosmtpd does not have: connections, time, and bytes. It goes on collecting a line without an end, and a mail that is too large, until
    the client stops; so whoever sends four times the largest mail in one go is cut off.
    """

    _listener: Listener
    _received: int
    _end: asyncio.TimerHandle | None
    transport: Any

    def began(self, transport: asyncio.BaseTransport) -> bool:
        """Take the connection; False when there are too many."""
        if self._listener.is_full:
            cast("asyncio.WriteTransport", transport).write(b"421 4.3.2 Too many connections; try again later\r\n")
            transport.close()
            return False
        self._listener.connections.add(cast("asyncio.Protocol", self))
        self._end = asyncio.get_running_loop().call_later(self._listener.settings.email_smtp_session_s, self.cut)
        return True

    def got(self, data: bytes) -> bool:
        """Count what came; False when it is too much."""
        largest = self._listener.settings.email_message_bytes_max
        self._received += len(data)
        self._listener.bytes_in_flight += len(data)
        if self._received > 4 * largest + LINE_BYTES_MAX or self._listener.bytes_in_flight > IN_FLIGHT_MAILS_MAX * largest:
            self.cut()
            return False
        return True

    def forgot(self) -> None:
        """What came is handed in, or dropped."""
        self._listener.bytes_in_flight -= self._received
        self._received = 0

    def ended(self) -> None:
        self.forgot()
        self._listener.connections.discard(cast("asyncio.Protocol", self))
        if self._end is not None:
            self._end.cancel()

    def cut(self) -> None:
        if self.transport is not None:
            self.transport.abort()


class _Smtp(_Bounded, SMTP):
    line_length_limit = LINE_BYTES_MAX

    def __init__(self, listener: Listener, handler: _Handler, tls: ssl.SSLContext | None) -> None:
        settings = listener.settings
        self._listener, self._received, self._end, self._is_taken = listener, 0, None, False
        super().__init__(
            handler,
            data_size_limit=settings.email_message_bytes_max,
            enable_SMTPUTF8=True,
            hostname=settings.email_smtp_name,
            ident="Standardiste",
            tls_context=tls,
            timeout=settings.email_smtp_idle_s,
            auth_exclude_mechanism=("LOGIN", "PLAIN"),
            loop=asyncio.get_running_loop(),
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not self._is_taken and not self.began(transport):
            return
        self._is_taken = True  # STARTTLS comes here a second time
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self._is_taken and self.got(data):
            self._reset_timeout()
            super().data_received(data)

    def eof_received(self) -> bool | None:
        return super().eof_received() if self._is_taken else None

    def connection_lost(self, error: Exception | None) -> None:
        if self._is_taken:
            self.ended()
            super().connection_lost(error)

    def _set_post_data_state(self) -> None:
        self.forgot()
        super()._set_post_data_state()


class _Lmtp(_Smtp, LMTP):
    pass


def _tls(settings: EmailSettings) -> ssl.SSLContext | None:
    if settings.email_smtp_certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(settings.email_smtp_certificate, settings.email_smtp_key)
    return context
