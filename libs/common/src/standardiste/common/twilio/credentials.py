"""
The account behind one of our numbers: its sid from the channel address's settings, its auth token from the secrets.

    settings: {account_sid: "AC…", auth_token_secret: "twilio-main"}

An auth token is kept for half a minute, so that a webhook costs no look-up; a signature that does not fit is tried once more with the token read anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from standardiste.common.clock import Clock
from standardiste.common.errors import ProviderError
from standardiste.common.events.base import Instant
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.secrets.port import Secrets

KEPT_MS: Final = 30_000
KEPT_MAX: Final = 10_000
ACCOUNT_SID: Final = "account_sid"
AUTH_TOKEN_SECRET: Final = "auth_token_secret"


@dataclass(frozen=True, slots=True)
class Credentials:
    account_sid: str
    auth_token: str


class CredentialBook:
    """Credentials by tenant and channel address."""

    def __init__(self, secrets: Secrets, clock: Clock) -> None:
        self._secrets, self._clock = secrets, clock
        self._kept: dict[tuple[str, str], tuple[Instant, str]] = {}

    async def of(self, tenant: str, address: ChannelAddress) -> Credentials:
        """
        The account that this number belongs to.

        Raises ProviderError `no_credentials`, retryable, since an administrator can mend it: the settings or the secret are missing.
        """
        sid = address.settings.get(ACCOUNT_SID)
        token = await self.auth_token(tenant, address)
        if not isinstance(sid, str) or not sid or token is None:
            raise ProviderError(
                "twilio", "no_credentials", f"address {address.id}: {ACCOUNT_SID} or its secret is missing", is_retryable=True
            )
        return Credentials(sid, token)

    async def auth_token(self, tenant: str, address: ChannelAddress, *, is_fresh: bool = False) -> str | None:
        """The auth token alone, which signs webhooks. `is_fresh` reads it anew. Raises StoreAway."""
        name = address.settings.get(AUTH_TOKEN_SECRET)
        if not isinstance(name, str):
            return None
        now, key = self._clock.now(), (tenant, name)
        kept = self._kept.get(key)
        if kept is not None and not is_fresh and now - kept[0] < KEPT_MS:
            return kept[1]
        value = await self._secrets.get(tenant, name)
        if value is None:
            self._kept.pop(key, None)
            return None
        if len(self._kept) >= KEPT_MAX:
            self._kept.clear()
        self._kept[key] = (now, value)
        return value
