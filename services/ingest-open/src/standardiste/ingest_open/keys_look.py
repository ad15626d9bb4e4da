"""Whether anything can arrive on an open channel: some API key may post to it; and when the last such key ends."""

from __future__ import annotations

from standardiste.common.channel_health.watch import Finding
from standardiste.common.clock import Clock
from standardiste.common.directory_view import DirectoryView
from standardiste.common.events.directory import ApiKey, ChannelAddress
from standardiste.common.security.rights import Act


class KeysLook:
    """A `Look`."""

    def __init__(self, directory: DirectoryView, clock: Clock) -> None:
        self._directory, self._clock = directory, clock

    async def __call__(self, tenant: str, address: ChannelAddress) -> Finding:
        now, sponsor = self._clock.now(), self._directory.scope_of(tenant, address).sponsor
        fit = [key for key in self._directory.all(ApiKey, tenant) if Act.CONTACT_CREATE in key.scopes and key.sponsor in (None, sponsor)]
        ends = [key.expires_at for key in fit if key.expires_at is not None]
        last = max(ends) if ends and len(ends) == len(fit) else None
        if not fit or (last is not None and last <= now):
            return Finding(code="no_key", expires_at=last)
        return Finding(expires_at=last)
