"""
The way out by Twilio: one text per send, with a callback address that names our message.

A text carries no id of ours, so a send of unknown outcome is looked up by what it was: the same words to the same number, made since it was taken, and not known as
another of our messages.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

from twilio.base.values import unset
from twilio.rest.api.v2010.account.message import MessageInstance

from standardiste.common.clock import Clock
from standardiste.common.conversations import ConversationBook
from standardiste.common.directory_view import DirectoryView
from standardiste.common.errors import ProviderError
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.events.refusals import Refusal
from standardiste.common.outbox.provider import Send, Sent, Unknown
from standardiste.common.twilio.callback_token import CallbackTokens
from standardiste.common.twilio.client import TwilioApi
from standardiste.common.twilio.credentials import CredentialBook
from standardiste.common.twilio.numbers import e164
from standardiste.ingest_sms import words
from standardiste.ingest_sms.opt_outs import OptOuts
from standardiste.ingest_sms.pretence import pretend, pretended
from standardiste.ingest_sms.words import reason

CHARACTERS_MAX: Final = 1_600
"""Twilio's own limit (21617)."""
LISTED_MAX: Final = 100
CLOCKS_APART_MS: Final = 60_000
SETTLED_MS: Final = 10_000
"""A text that is not in the provider's list this long after it was asked for was not taken."""
MESSAGING_SERVICE: Final = "messaging_service_sid"


class TwilioTexts:
    """The outbox's provider."""

    def __init__(
        self,
        *,
        api: TwilioApi,
        credentials: CredentialBook,
        directory: DirectoryView,
        book: ConversationBook,
        opt_outs: OptOuts,
        tokens: CallbackTokens,
        status_url: str,
        clock: Clock,
        is_known: Callable[[str, str], Awaitable[bool]],
    ) -> None:
        """`is_known(tenant, sid)`: whether the provider's id is recorded as some message of ours."""
        self._api, self._credentials, self._directory, self._book = api, credentials, directory, book
        self._opt_outs, self._tokens, self._status_url, self._clock, self._is_known = opt_outs, tokens, status_url, clock, is_known

    @property
    def name(self) -> str:
        return "twilio"

    async def send(self, send: Send) -> Sent:
        command = send.command
        address = self._address(send)
        to = await self._number(send, address)
        self._check(send)
        sponsor = self._directory.scope_of(send.tenant, address).sponsor
        refused = await self._opt_outs.refused(send.tenant, sponsor, address.id, to, self._clock.now())
        if refused is not None:
            raise self._never(send, words.BLOCKED if refused is Refusal.BLOCKED else words.OPTED_OUT)
        service = address.settings.get(MESSAGING_SERVICE)
        token = self._tokens.make(send.tenant, address.id, command.message)
        try:
            if self._is_test(send):
                return pretend(send, to)
            credentials = await self._credentials.of(send.tenant, address)
            sent = await self._api.ask(
                self._api.client(credentials).messages.create_async(
                    to=to,
                    from_=unset if service else address.address,
                    messaging_service_sid=str(service) if service else unset,
                    body=command.content.text,
                    status_callback=f"{self._status_url}/{token}",
                )
            )
        except ProviderError as error:
            raise self._explained(send, error) from error
        return Sent(provider_id=sent.sid)

    async def look_up(self, send: Send) -> Sent | Unknown | None:
        if self._is_test(send):
            return pretended(send)
        address = self._address(send)
        to = await self._number(send, address)
        try:
            credentials = await self._credentials.of(send.tenant, address)
            listed = await self._api.ask(self._api.client(credentials).messages.list_async(to=to, limit=LISTED_MAX))
        except ProviderError:
            return Unknown()
        for text in reversed(listed):
            if self._is_it(send, text) and text.sid is not None and not await self._is_known(send.tenant, text.sid):
                return Sent(provider_id=text.sid)
        return Unknown() if self._clock.now() - send.taken_at < SETTLED_MS else None

    def _is_it(self, send: Send, text: MessageInstance) -> bool:
        made = text.date_created
        if str(text.direction) == "inbound" or text.body != send.command.content.text or not isinstance(made, datetime):
            return False
        return made.timestamp() * 1000 >= send.taken_at - CLOCKS_APART_MS

    def _address(self, send: Send) -> ChannelAddress:
        address = self._directory.address_by_id(send.tenant, send.command.channel_address)
        if address is None:
            raise self._never(send, words.UNKNOWN_ADDRESS)
        return address

    async def _number(self, send: Send, address: ChannelAddress) -> str:
        """Where to: the conversation's customer, or the number that an agent began with."""
        correspondent = await self._book.learn_address(send.tenant, send.command, address.address)
        if correspondent is None:
            raise ProviderError(self.name, words.UNKNOWN_CONVERSATION, self._words(send, words.UNKNOWN_CONVERSATION), is_retryable=True)
        number = e164(correspondent.address)
        if number is None and not correspondent.address.isdigit():
            raise self._never(send, words.NO_NUMBER)
        return number or correspondent.address

    def _check(self, send: Send) -> None:
        content = send.command.content
        if content.attachments:
            raise self._never(send, words.NO_FILES)
        if not content.text.strip():
            raise self._never(send, words.EMPTY)
        if len(content.text) > CHARACTERS_MAX or content.is_truncated:
            raise self._never(send, words.TOO_LONG)

    def _never(self, send: Send, code: str) -> ProviderError:
        return ProviderError(self.name, code, self._words(send, code), is_retryable=False)

    def _explained(self, send: Send, error: ProviderError) -> ProviderError:
        """The same, in words for the agent. The provider's own list of those who said STOP reads as ours does."""
        code = words.OPTED_OUT if error.code == "21610" else error.code
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
