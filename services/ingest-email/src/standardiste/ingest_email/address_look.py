"""What shows of an e-mail address without reading or sending: when the grant of its mailbox ends. How its ways fare is said by those who use them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from standardiste.common.channel_health.watch import Finding
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.secrets.port import Secrets
from standardiste.ingest_email.oauth import grant_ends_at

IN: Final = "in"
SENT_FOLDER: Final = "sent"


class AddressLook:
    """A `Look`."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets

    async def __call__(self, tenant: str, address: ChannelAddress) -> Finding:
        name = str(address.settings.get("imap_oauth_secret", ""))
        secret = await self._secrets.get(tenant, name) if name else None
        return Finding(expires_at=None if secret is None else grant_ends_at(secret), is_proof=False)


def read_ways(address: ChannelAddress) -> Collection[str]:
    """The folders that are read for this address."""
    if not address.settings.get("imap_host"):
        return ()
    return (IN, SENT_FOLDER) if address.settings.get("imap_sent_folder") else (IN,)
