"""Whether the account behind one of our numbers works: asked of Twilio, which answers with the account's state. Once a round for all its numbers."""

from __future__ import annotations

from typing import Final

from standardiste.common.channel_health.watch import FRESH_MS, WELL, Finding
from standardiste.common.clock import Clock
from standardiste.common.errors import ProviderError
from standardiste.common.events.base import Instant
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.twilio.client import TwilioApi
from standardiste.common.twilio.credentials import CredentialBook, Credentials

_REFUSED: Final = frozenset({"20003", "20404", "401", "403"})
"""What Twilio answers to a wrong token, and to a sid that is none of the token's."""
_ACTIVE: Final = "active"


class TwilioLook:
    """A `Look`."""

    def __init__(self, api: TwilioApi, credentials: CredentialBook, clock: Clock) -> None:
        self._api, self._credentials, self._clock = api, credentials, clock
        self._found: dict[Credentials, tuple[Instant, Finding]] = {}

    async def __call__(self, tenant: str, address: ChannelAddress) -> Finding:
        credentials, now = await self._credentials.of(tenant, address), self._clock.now()
        self._found = {account: found for account, found in self._found.items() if now - found[0] < FRESH_MS}
        if credentials not in self._found:
            self._found[credentials] = (now, await self._ask(credentials))
        return self._found[credentials][1]

    async def _ask(self, credentials: Credentials) -> Finding:
        try:
            account = await self._api.ask(self._api.client(credentials).api.v2010.accounts(credentials.account_sid).fetch_async())
        except ProviderError as error:
            if error.code in _REFUSED:
                return Finding(code="credentials_refused")
            raise
        state = str(account.status)
        return WELL if state == _ACTIVE else Finding(code="account_not_active", detail=state)
