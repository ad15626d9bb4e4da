"""
The way out for texts, whoever carries them: what holds for every provider is looked at here, then the address's own carrier is asked.

A carrier is one adapter file. Which one an address has is its setting `provider` (`twilio` unless said). Addresses with a scheme (`whatsapp:+33…`, `rcs:brand`)
are conversations of an app: there a free text may be sent within `session_hours` (24) of the customer's last word, and only a template of the provider's
after it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Protocol

from standardiste.common.clock import Clock
from standardiste.common.conversations import ConversationBook, Correspondent
from standardiste.common.directory_view import DirectoryView
from standardiste.common.errors import ProviderError
from standardiste.common.events.base import Instant
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.events.model import Attachment
from standardiste.common.events.refusals import Refusal
from standardiste.common.outbox.provider import Send, Sent, Unknown
from standardiste.common.twilio.numbers import e164
from standardiste.common.twilio.segments import segments
from standardiste.ingest_sms import words
from standardiste.ingest_sms.media_out import OutMedia
from standardiste.ingest_sms.opt_outs import OptOuts
from standardiste.ingest_sms.pretence import pretend, pretended
from standardiste.ingest_sms.schemes import scheme_of
from standardiste.ingest_sms.words import reason

CHARACTERS_MAX: Final = 1_600
"""Twilio's own limit (21617), and less than Vonage's."""
TEXT_FILES_BYTES_MAX: Final = 5 * 1024 * 1024
APP_FILES_BYTES_MAX: Final = 16 * 1024 * 1024
"""What providers take with one message: an MMS, a message of an app."""
PROVIDER: Final = "provider"
DEFAULT_PROVIDER: Final = "twilio"
SESSION_HOURS: Final = "session_hours"
SESSION_HOURS_DEFAULT: Final = 24
_HOUR_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class OutText:
    """One text as a carrier is given it. `to` is the customer's number, also where an app has its own form for it."""

    tenant: str
    address: ChannelAddress
    to: str
    message: str
    text: str
    taken_at: Instant
    template: str | None = None
    template_values: Mapping[str, str] | None = None
    language: str | None = None
    media: tuple[OutMedia, ...] = ()


class Carrier(Protocol):
    """
    A provider of texts: the adapter that tests/contract/provider holds to its suite.

    `send` and `look_up` as the outbox's provider; codes of a ProviderError are the provider's own.
    """

    @property
    def name(self) -> str: ...

    def files_max(self, address: ChannelAddress) -> int:
        """How many files one text from this address carries."""
        ...

    async def send(self, text: OutText) -> Sent: ...

    async def look_up(self, text: OutText) -> Sent | Unknown | None: ...


class Texts:
    """The outbox's provider."""

    name = "sms"

    def __init__(
        self,
        *,
        carriers: Mapping[str, Carrier],
        directory: DirectoryView,
        book: ConversationBook,
        opt_outs: OptOuts,
        clock: Clock,
        media_of: Callable[[str, Attachment], OutMedia],
    ) -> None:
        """`media_of` gives a file the address at which its carrier fetches it."""
        self._media_of = media_of
        self._carriers, self._directory, self._book = carriers, directory, book
        self._opt_outs, self._clock = opt_outs, clock

    async def send(self, send: Send) -> Sent:
        address, carrier = self._address(send)
        correspondent = await self._correspondent(send, address)
        to = self._number(send, correspondent)
        self._check(send, address, carrier, correspondent)
        sponsor = self._directory.scope_of(send.tenant, address).sponsor
        refused = await self._opt_outs.refused(send.tenant, sponsor, address.id, to, self._clock.now())
        if refused is not None:
            raise self._never(send, words.BLOCKED if refused is Refusal.BLOCKED else words.OPTED_OUT)
        text = self._text(send, address, to)
        try:
            sent = pretend(send, to) if self._is_test(send) else await carrier.send(text)
        except ProviderError as error:
            raise self._explained(send, error) from error
        return replace(sent, segments=segments(text.text).count) if scheme_of(address.address) is None else sent

    async def look_up(self, send: Send) -> Sent | Unknown | None:
        if self._is_test(send):
            return pretended(send)
        address, carrier = self._address(send)
        to = self._number(send, await self._correspondent(send, address))
        return await carrier.look_up(self._text(send, address, to))

    def _text(self, send: Send, address: ChannelAddress, to: str) -> OutText:
        content = send.command.content
        return OutText(
            tenant=send.tenant,
            address=address,
            to=to,
            message=send.command.message,
            text=content.text,
            taken_at=send.taken_at,
            template=content.template,
            template_values=content.template_values,
            language=content.language,
            media=tuple(self._media_of(send.tenant, file) for file in content.attachments),
        )

    def _address(self, send: Send) -> tuple[ChannelAddress, Carrier]:
        address = self._directory.address_by_id(send.tenant, send.command.channel_address)
        if address is None:
            raise self._never(send, words.UNKNOWN_ADDRESS)
        carrier = self._carriers.get(str(address.settings.get(PROVIDER, DEFAULT_PROVIDER)))
        if carrier is None:
            raise ProviderError(self.name, words.NO_CREDENTIALS, self._words(send, words.NO_CREDENTIALS), is_retryable=True)
        return address, carrier

    async def _correspondent(self, send: Send, address: ChannelAddress) -> Correspondent:
        """Who the conversation is with, or the number that we began with."""
        found = await self._book.learn_address(send.tenant, send.command, address.address)
        if found is None:
            raise ProviderError(self.name, words.UNKNOWN_CONVERSATION, self._words(send, words.UNKNOWN_CONVERSATION), is_retryable=True)
        return found

    def _number(self, send: Send, correspondent: Correspondent) -> str:
        number = e164(correspondent.address)
        if number is None and not correspondent.address.isdigit():
            raise self._never(send, words.NO_NUMBER)
        return number or correspondent.address

    def _check(self, send: Send, address: ChannelAddress, carrier: Carrier, correspondent: Correspondent) -> None:
        content = send.command.content
        self._check_files(send, address, carrier.files_max(address))
        if not content.text.strip() and not content.attachments:
            raise self._never(send, words.EMPTY)
        if len(content.text) > CHARACTERS_MAX or content.is_truncated:
            raise self._never(send, words.TOO_LONG)
        if content.template is not None and scheme_of(address.address) is None:
            raise self._never(send, words.NO_TEMPLATES)
        if content.template is None and self._is_outside_session(address, correspondent):
            raise self._never(send, words.OUTSIDE_SESSION)

    def _check_files(self, send: Send, address: ChannelAddress, files_max: int) -> None:
        files = send.command.content.attachments
        if files and files_max == 0:
            raise self._never(send, words.NO_FILES)
        if len(files) > files_max:
            raise self._never(send, words.TOO_MANY_FILES)
        bytes_max = TEXT_FILES_BYTES_MAX if scheme_of(address.address) is None else APP_FILES_BYTES_MAX
        if sum(file.size_bytes for file in files) > bytes_max:
            raise self._never(send, words.FILES_TOO_LARGE)

    def _is_outside_session(self, address: ChannelAddress, correspondent: Correspondent) -> bool:
        if scheme_of(address.address) is None:
            return False
        hours = address.settings.get(SESSION_HOURS, SESSION_HOURS_DEFAULT)
        return isinstance(hours, int) and hours > 0 and self._clock.now() - correspondent.last_contact_at > hours * _HOUR_MS

    def _never(self, send: Send, code: str) -> ProviderError:
        return ProviderError(self.name, code, self._words(send, code), is_retryable=False)

    def _explained(self, send: Send, error: ProviderError) -> ProviderError:
        """The same, in words for the agent. A provider's own list of those who said STOP, and its own session, read as ours do."""
        code = _SAME.get(error.code, error.code)
        return ProviderError(
            self.name, code, self._words(send, code), is_retryable=error.is_retryable, is_outcome_unknown=error.is_outcome_unknown
        )

    def _is_test(self, send: Send) -> bool:
        """Nothing leaves a test tenant."""
        tenant = self._directory.tenant(send.tenant)
        return tenant is not None and tenant.is_test

    def _words(self, send: Send, code: str) -> str:
        tenant = self._directory.tenant(send.tenant)
        return reason(code, tenant.language if tenant else None)


_SAME: Final = {"21610": words.OPTED_OUT, "63016": words.OUTSIDE_SESSION}
