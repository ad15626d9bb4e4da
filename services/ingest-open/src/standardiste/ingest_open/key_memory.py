"""
Which body came with an Idempotency-Key, so that the same key with another body is refused and not quietly answered with the first one's receipt.

The receipt itself needs no memory (it is a keyed hash of the key), and the router changes nothing at a repeat: this guards integrators against their
own mistakes only. So one digest is written a request and no answer is kept; and with the store away contacts are still accepted, unguarded.
"""

from __future__ import annotations

import hashlib
from typing import Final, cast

from standardiste.common.clock import Clock
from standardiste.common.errors import StoreAway, VersionConflict
from standardiste.common.idempotency import IDEMPOTENCY, KEPT_MS
from standardiste.common.log import logger
from standardiste.common.store.port import ABSENT, Body, Store

_FORMAT: Final = 1
_log = logger("ingest-open")


class KeyMemory:
    """The digests of the last day, among the process's idempotency records, which are swept with them."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def is_reused(self, tenant: str, key: str, path: str, body: bytes) -> bool:
        """Whether the key came with another path or body within the last day; a new key is remembered with these."""
        documents, now = self._store.tenant(tenant), self._clock.now()
        id, fingerprint = f"open/{key}", _digest(path, body)
        kept: Body = {"format": _FORMAT, "fingerprint": fingerprint, "expires_at": now + KEPT_MS}
        try:
            await documents.put(IDEMPOTENCY, id, kept, expected=ABSENT)
        except VersionConflict:
            known = await documents.get(IDEMPOTENCY, id)
            if known is not None and cast("int", known.body["expires_at"]) > now:
                return known.body["fingerprint"] != fingerprint
            await documents.put(IDEMPOTENCY, id, kept)
        except StoreAway as away:
            _log.warning("idempotency_unguarded", detail=away.detail)
        return False


def _digest(path: str, body: bytes) -> str:
    digest = hashlib.sha256(path.encode())
    digest.update(b"\x1f")
    digest.update(body)
    return digest.hexdigest()
