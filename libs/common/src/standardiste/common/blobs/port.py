"""The blob port: immutable bytes named tenant/contact/sha-256, written before anything refers to them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from standardiste.common.events.base import Instant

BODY_BYTES_INLINE_MAX = 64 * 1024
"""A body larger than this goes to a blob and is named by reference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobRef:
    """Names a blob. Two customers never share one: the contact is part of the name."""

    tenant: str
    contact: str
    sha256: str

    @property
    def name(self) -> str:
        return f"{self.tenant}/{self.contact}/{self.sha256}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobInfo:
    ref: BlobRef
    size_bytes: int
    renewed_at: Instant


class Blobs(Protocol):
    """The port. Every verb may raise BlobsAway (also when the disk is full)."""

    async def put(self, tenant: str, contact: str, content: bytes) -> BlobRef:
        """Durable on return. Putting the same again writes nothing and renews the age."""
        ...

    async def get(self, ref: BlobRef) -> bytes | None: ...

    async def delete(self, ref: BlobRef, *, renewed_before: Instant | None = None) -> bool:
        """Remove; False when it was not there, or (for a sweep) was last put at `renewed_before` or later. A put meanwhile keeps it."""
        ...

    def list(self, tenant: str | None = None, *, renewed_before: Instant | None = None) -> AsyncIterator[BlobInfo]:
        """All blobs, of a tenant or of the installation, that were last put before an instant: for the sweep, export and backup."""
        ...

    async def close(self) -> None: ...
