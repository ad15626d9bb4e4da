"""
The secrets port: tenants' channel secrets (passwords, provider keys, tokens), writable and never readable over the API.

Configuration, topics, logs and archives name a secret (`secret: smtp-main`) and never hold it. Values are envelope-encrypted: a data key per
secret version, wrapped by the installation's master key, which comes from its secrets folder.
"""

from __future__ import annotations

from typing import Protocol


class Secrets(Protocol):
    async def put(self, tenant: str, name: str, value: str) -> int:
        """Store a new version; give its number. Older versions stay readable by version for a rotation in progress (the last 2)."""
        ...

    async def get(self, tenant: str, name: str, version: int | None = None) -> str | None:
        """The value, the newest unless a version is named; None when there is none. For the service that uses it, never for an API answer."""
        ...

    async def names(self, tenant: str) -> list[str]: ...

    async def delete(self, tenant: str, name: str) -> bool: ...
