"""
The outbox's provider for mail: finds the server and hands the mail (drafting.py) to it by SMTP.

SMTP has no question "did you take it": a send whose answer was lost goes again under the same Message-ID, by which receivers know a repeat. A 4xx is tried
again; a 5xx is final. A recipient deferred while others are taken holds the mail back for a few tries, because sending it now would double it for the others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import aiosmtplib

from standardiste.common.channel_health.watch import OUT, Outcomes
from standardiste.common.directory_view import DirectoryView
from standardiste.common.errors import ProviderError
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.outbox import Refused, Send, Sent, Unknown
from standardiste.common.secrets.port import Secrets
from standardiste.ingest_email.addresses import normalised
from standardiste.ingest_email.compose import Composed, one_line
from standardiste.ingest_email.drafting import NAME, Drafting, no
from standardiste.ingest_email.sent_folder import Copies
from standardiste.ingest_email.settings import EmailSettings
from standardiste.ingest_email.smtp_pool import MailServer, SmtpPool

HOLD_BACK_TRIES = 5
TROUBLE_OF_THE_ADDRESS = frozenset({"unreachable", "sign_in_refused", "secret_missing", "not_configured"})
"""Refusals that no message is to blame for: the address is told to be ill."""
_ENHANCED = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")


@dataclass(frozen=True, slots=True)
class _Answer:
    """A server's no to one recipient."""

    recipient: str
    error: aiosmtplib.SMTPRecipientRefused


class SmtpProvider:
    """Sends mail for every channel address, each by its own server or the installation's."""

    name = NAME

    def __init__(
        self,
        settings: EmailSettings,
        *,
        drafting: Drafting,
        directory: DirectoryView,
        secrets: Secrets,
        pool: SmtpPool,
        health: Outcomes,
        copies: Copies,
    ) -> None:
        self._settings, self._drafting, self._directory = settings, drafting, directory
        self._secrets, self._pool, self._health, self._copies = secrets, pool, health, copies

    async def send(self, send: Send) -> Sent:
        """Raises ProviderError; Away when store or blobs do not answer."""
        address = self._directory.address_by_id(send.tenant, send.command.channel_address)
        if address is None:
            raise no("unknown_channel_address", "the address it should leave from is not there", is_retryable=True)
        composed = await self._drafting.compose(send, address)
        own = self._directory.tenant(send.tenant)
        if own is not None and own.is_test:
            return _pretended(composed)
        try:
            sent = await self._hand_over(await self._server(send.tenant, address), composed, tries=send.tries)
        except ProviderError as error:
            if error.code in TROUBLE_OF_THE_ADDRESS:
                await self._health.ill(send.tenant, address.id, OUT, error.code)
            raise
        await self._copies.keep(send.tenant, address, send.command.message, composed)
        await self._health.well(send.tenant, address.id, OUT)
        return sent

    async def look_up(self, send: Send) -> Sent | Unknown | None:
        return Unknown()

    # ---- by which server

    async def _server(self, tenant: str, address: ChannelAddress) -> MailServer:
        own = address.settings
        host = str(own.get("smtp_host", ""))
        if not host:
            return self._installation_server()
        secret = str(own.get("smtp_password_secret", ""))
        password = await self._secrets.get(tenant, secret) if secret else ""
        if password is None:
            raise no("secret_missing", f"the secret {secret} is not there", is_retryable=True)
        tls = str(own.get("smtp_tls", "starttls"))
        if tls not in ("none", "starttls", "tls"):
            raise no("not_configured", "smtp_tls must be none, starttls or tls", is_retryable=True)
        default_port = {"none": 25, "starttls": 587, "tls": 465}[tls]
        return MailServer(
            host=host,
            port=int(own.get("smtp_port", default_port)),
            tls=tls,
            username=str(own.get("smtp_username", "")),
            password=password,
        )

    def _installation_server(self) -> MailServer:
        settings = self._settings
        if not settings.email_out_host:
            raise no("not_configured", "no outgoing mail server is named", is_retryable=True)
        return MailServer(
            host=settings.email_out_host,
            port=settings.email_out_port,
            tls=settings.email_out_tls,
            username=settings.email_out_username,
            password=settings.email_out_password.get_secret_value(),
        )

    async def _hand_over(self, server: MailServer, mail: Composed, *, tries: int) -> Sent:
        """The server's yes; its connection is held until the yes is stored, so that a crash loses at most one yes per connection."""
        try:
            connection = await self._pool.take(server)
        except aiosmtplib.SMTPAuthenticationError as error:
            raise no("sign_in_refused", one_line(error.message)[:500], is_retryable=True) from None
        except aiosmtplib.SMTPResponseException as error:
            raise _said(error, is_retryable=True) from None
        except (aiosmtplib.SMTPException, OSError) as error:
            raise no("unreachable", type(error).__name__, is_retryable=True) from None
        try:
            sent = await _one_mail(connection.client, mail, tries=tries)
        except aiosmtplib.SMTPResponseException as error:
            connection.drop()
            raise _said(error, is_retryable=error.code < 500) from None
        except (aiosmtplib.SMTPException, OSError) as error:
            connection.drop()
            raise no("unreachable", type(error).__name__, is_retryable=True) from None
        except BaseException:
            connection.drop()
            raise
        return replace(sent, release=connection.give_back)


async def _one_mail(client: aiosmtplib.SMTP, mail: Composed, *, tries: int) -> Sent:
    """One transaction. Raises ProviderError, aiosmtplib's errors before the content is sent."""
    options = _options(client, mail)
    await client.mail(mail.sender, options=options, encoding="utf-8" if mail.needs_utf8 else "ascii")
    refused: list[_Answer] = []
    for recipient in mail.recipients:
        try:
            await client.rcpt(recipient, encoding="utf-8" if mail.needs_utf8 else "ascii")
        except aiosmtplib.SMTPRecipientRefused as error:
            refused.append(_Answer(recipient, error))
    deferred = next((each.error for each in refused if each.error.code < 500), None)
    if len(refused) == len(mail.recipients) or (deferred is not None and tries < HOLD_BACK_TRIES):
        await client.rset()
        raise _said(deferred or refused[0].error, is_retryable=deferred is not None)
    try:
        await client.data(mail.content)
    except aiosmtplib.SMTPResponseException as error:
        raise _said(error, is_retryable=error.code < 500) from None
    except (aiosmtplib.SMTPException, OSError) as error:
        raise ProviderError(NAME, "answer_lost", type(error).__name__, is_retryable=True, is_outcome_unknown=True) from None
    return Sent(
        provider_id=mail.message_id,
        refused=tuple(
            Refused(recipient=each.recipient, code=_code(each.error), detail=one_line(each.error.message)[:500]) for each in refused
        ),
    )


def _options(client: aiosmtplib.SMTP, mail: Composed) -> list[str]:
    options: list[str] = []
    if client.supports_extension("size"):
        limit = client.esmtp_extensions.get("size", "0").strip()
        if limit.isdigit() and 0 < int(limit) < len(mail.content):
            raise no("552 5.3.4", f"the server takes {limit} bytes, the mail has {len(mail.content)}", is_retryable=False)
        options.append(f"SIZE={len(mail.content)}")
    if mail.needs_utf8:
        if not client.supports_extension("smtputf8"):
            raise no("553 5.6.7", "the server takes no address beyond ASCII", is_retryable=False)
        options.append("SMTPUTF8")
    return options


def _pretended(mail: Composed) -> Sent:
    """What becomes of a test tenant's mail, by the first word of the address; nothing of it leaves the house."""
    first = (normalised(mail.recipients[0]) or "").partition("@")[0].partition("+")[0]
    match first:
        case "bounce":
            refusal = Refused(recipient=mail.recipients[0], code="550 5.1.1", detail="a test address that bounces")
            return Sent(provider_id=mail.message_id, refused=(refusal,))
        case "fail":
            raise no("550 5.7.1", "a test address that fails", is_retryable=False)
        case "timeout":
            raise ProviderError(NAME, "answer_lost", "a test address that does not answer", is_retryable=True, is_outcome_unknown=True)
        case _:
            return Sent(provider_id=mail.message_id)


def _said(error: aiosmtplib.SMTPResponseException, *, is_retryable: bool) -> ProviderError:
    return ProviderError(NAME, _code(error), one_line(error.message)[:500], is_retryable=is_retryable)


def _code(error: aiosmtplib.SMTPResponseException) -> str:
    """The answer's code, with the enhanced one where the server gives it: "550 5.1.1"."""
    enhanced = _ENHANCED.search(error.message)
    return f"{error.code} {enhanced[1]}" if enhanced else str(error.code)
