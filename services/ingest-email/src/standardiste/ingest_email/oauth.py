"""
Access tokens for mailboxes that want OAuth2 (XOAUTH2): fetched with the refresh token of a channel secret, kept until they end.

The secret is JSON: token_url, client_id, client_secret, refresh_token and, where the provider wants it, scope. A provider that turns the refresh token over at each use gets
its new one stored as the secret's next version before the access token is used.

When the grant itself ends is kept in the secret as well (`refresh_token_ends_at`), where the provider says so and does not turn it over: only such an end needs
an administrator.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import httpx

from standardiste.common.clock import Clock
from standardiste.common.errors import ProviderError
from standardiste.common.events.base import Instant
from standardiste.common.secrets.port import Secrets

PROVIDER = "oauth"
EARLY_MS = 60_000
TIMEOUT_S = 15.0
ENDS_AT = "refresh_token_ends_at"
LASTING_MS = 24 * 3_600_000
"""A grant that would end sooner is one that its use prolongs."""
LATEST_MS = 10 * 365 * LASTING_MS
SAME_MS = 3_600_000
"""Two answers that name ends this close mean the same end."""
_NEEDED = ("token_url", "client_id", "refresh_token")


@dataclass(frozen=True, slots=True)
class _Token:
    value: str
    ends_at: int


class AccessTokens:
    """Tokens by tenant and secret."""

    def __init__(self, secrets: Secrets, clock: Clock) -> None:
        self._secrets, self._clock = secrets, clock
        self._tokens: dict[tuple[str, str], _Token] = {}

    async def token(self, tenant: str, secret: str) -> str:
        """A token that is good for at least a minute. Raises ProviderError."""
        held = self._tokens.get((tenant, secret))
        if held is not None and held.ends_at - EARLY_MS > self._clock.now():
            return held.value
        grant = await self._grant(tenant, secret)
        answer = await self._asked(grant)
        renewed = answer.get("refresh_token")
        kept = prolonged(grant, renewed, answer, self._clock.now())
        if kept != grant:
            await self._secrets.put(tenant, secret, json.dumps(kept))
        value, lasts_s = answer.get("access_token"), answer.get("expires_in", 300)
        if not isinstance(value, str) or not isinstance(lasts_s, int):
            raise ProviderError(PROVIDER, "token_refused", "the answer has no access token", is_retryable=True)
        self._tokens[(tenant, secret)] = _Token(value, self._clock.now() + lasts_s * 1000)
        return value

    def forget(self, tenant: str, secret: str) -> None:
        """The token was refused where it was used: fetch another next time."""
        self._tokens.pop((tenant, secret), None)

    async def _grant(self, tenant: str, secret: str) -> dict[str, str]:
        text = await self._secrets.get(tenant, secret)
        if text is None:
            raise ProviderError(PROVIDER, "secret_missing", f"the secret {secret} is not there", is_retryable=True)
        try:
            grant = cast("dict[str, str]", json.loads(text))
            missing = [name for name in _NEEDED if not isinstance(grant.get(name), str)]
        except (ValueError, AttributeError):
            missing = list(_NEEDED)
            grant = {}
        if missing:
            raise ProviderError(PROVIDER, "not_configured", f"the secret {secret} lacks {', '.join(missing)}", is_retryable=True)
        return grant

    async def _asked(self, grant: dict[str, str]) -> dict[str, Any]:
        form = {name: grant[name] for name in ("client_id", "client_secret", "refresh_token", "scope") if name in grant}
        try:
            async with httpx.AsyncClient(timeout=TIMEOUT_S) as http:
                response = await http.post(grant["token_url"], data={"grant_type": "refresh_token", **form})
            answer: object = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise ProviderError(PROVIDER, "unreachable", type(error).__name__, is_retryable=True) from None
        if response.status_code != 200 or not isinstance(answer, dict):
            code = cast("dict[str, Any]", answer).get("error", "") if isinstance(answer, dict) else ""
            raise ProviderError(PROVIDER, "token_refused", f"{response.status_code} {code}"[:200], is_retryable=True)
        return cast("dict[str, Any]", answer)


def grant_ends_at(secret: str) -> Instant | None:
    """When the grant in this secret ends, where that is known."""
    try:
        grant: object = json.loads(secret)
    except ValueError:
        return None
    return _instant(cast("dict[str, Any]", grant).get(ENDS_AT)) if isinstance(grant, dict) else None


def prolonged(grant: dict[str, str], renewed: object, answer: dict[str, Any], now: Instant) -> dict[str, str]:
    """The grant as it is after an answer."""
    if isinstance(renewed, str) and renewed != grant["refresh_token"]:
        return {name: value for name, value in grant.items() if name != ENDS_AT} | {"refresh_token": renewed}
    lasts_s = answer.get("refresh_token_expires_in", answer.get("refresh_expires_in"))
    if not isinstance(lasts_s, int) or isinstance(lasts_s, bool) or not LASTING_MS < lasts_s * 1000 < LATEST_MS:
        return grant
    ends_at, former = now + lasts_s * 1000, _instant(grant.get(ENDS_AT))
    if former is not None and abs(former - ends_at) <= SAME_MS:
        return grant
    return {**grant, ENDS_AT: datetime.fromtimestamp(ends_at // 1000, UTC).isoformat()}


def _instant(value: object) -> Instant | None:
    """What an administrator may have written as well: none where it is no instant."""
    try:
        return Instant(int(datetime.fromisoformat(value).timestamp() * 1000)) if isinstance(value, str) else None
    except ValueError:
        return None
