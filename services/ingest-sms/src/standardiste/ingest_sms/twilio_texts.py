"""
The carrier Twilio: one text per send, with a callback address that names our message. WhatsApp and RCS go the same way, under addresses with their scheme;
a template there is one of Twilio's content templates, named by its sid.

A text carries no id of ours, so a send of unknown outcome is looked up by what it was: the same words to the same number, made since it was taken, and not known as
another of our messages.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

from twilio.base.values import unset
from twilio.rest.api.v2010.account.message import MessageInstance

from standardiste.common.clock import Clock
from standardiste.common.errors import ProviderError
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.outbox.provider import Sent, Unknown
from standardiste.common.twilio.callback_token import CallbackTokens
from standardiste.common.twilio.client import TwilioApi
from standardiste.common.twilio.credentials import CredentialBook
from standardiste.ingest_sms.schemes import as_of, scheme_of
from standardiste.ingest_sms.texts import OutText

LISTED_MAX: Final = 100
CLOCKS_APART_MS: Final = 60_000
FILES_MAX: Final = 10
SETTLED_MS: Final = 10_000
"""A text that is not in the provider's list this long after it was asked for was not taken."""
MESSAGING_SERVICE: Final = "messaging_service_sid"


class TwilioTexts:
    """A `Carrier`."""

    name = "twilio"

    def __init__(
        self,
        *,
        api: TwilioApi,
        credentials: CredentialBook,
        tokens: CallbackTokens,
        status_url: str,
        clock: Clock,
        is_known: Callable[[str, str], Awaitable[bool]],
    ) -> None:
        """`is_known(tenant, sid)`: whether the provider's id is recorded as some message of ours."""
        self._api, self._credentials, self._tokens = api, credentials, tokens
        self._status_url, self._clock, self._is_known = status_url, clock, is_known

    def files_max(self, address: ChannelAddress) -> int:
        """Ten with an MMS, one with a message of an app."""
        return FILES_MAX if scheme_of(address.address) is None else 1

    async def send(self, text: OutText) -> Sent:
        address = text.address
        service = address.settings.get(MESSAGING_SERVICE)
        token = self._tokens.make(text.tenant, address.id, text.message)
        credentials = await self._credentials.of(text.tenant, address)
        sent = await self._api.ask(
            self._api.client(credentials).messages.create_async(
                to=as_of(address.address, text.to),
                from_=unset if service else address.address,
                messaging_service_sid=str(service) if service else unset,
                body=text.text if text.template is None else unset,
                media_url=[file.url for file in text.media] or unset,
                content_sid=text.template or unset,
                content_variables=json.dumps(dict(text.template_values)) if text.template and text.template_values else unset,
                status_callback=f"{self._status_url}/{token}",
            )
        )
        return Sent(provider_id=sent.sid)

    async def look_up(self, text: OutText) -> Sent | Unknown | None:
        try:
            credentials = await self._credentials.of(text.tenant, text.address)
            to = as_of(text.address.address, text.to)
            listed = await self._api.ask(self._api.client(credentials).messages.list_async(to=to, limit=LISTED_MAX))
        except ProviderError:
            return Unknown()
        for made in reversed(listed):
            if self._is_it(text, made) and made.sid is not None and not await self._is_known(text.tenant, made.sid):
                return Sent(provider_id=made.sid)
        return Unknown() if self._clock.now() - text.taken_at < SETTLED_MS else None

    def _is_it(self, text: OutText, listed: MessageInstance) -> bool:
        """A template's words are the provider's: there the number and the time must do."""
        made = listed.date_created
        is_other = text.template is None and listed.body != text.text
        if str(listed.direction) == "inbound" or is_other or not isinstance(made, datetime):
            return False
        return made.timestamp() * 1000 >= text.taken_at - CLOCKS_APART_MS
