"""
Secrets in the store, envelope-encrypted: each version has a data key of its own, sealed with the installation's master key.

Both seals (AES-256-GCM) are bound to tenant, name and version: a sealed value that is moved to another place does not open. A master key is replaced by
giving the former one beside it; what is put from then on is sealed with the new one, and `rewrap` moves the rest.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Sequence
from typing import Any, Final, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from standardiste.common.errors import VersionConflict, WrongKey
from standardiste.common.store.port import ABSENT, Body, Collection, Document, Find, Store

SECRETS: Final = Collection(name="secrets")
FORMAT: Final = 1
VERSIONS_KEPT: Final = 2
KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12


class StoredSecrets:
    """The secrets port over a store. `master_key` (32 bytes) comes from the installation's secrets folder; `former_keys` open what is older."""

    def __init__(self, store: Store, master_key: bytes, former_keys: Sequence[bytes] = ()) -> None:
        assert all(len(key) == KEY_BYTES for key in (master_key, *former_keys)), "a master key has 32 bytes"
        self._store = store
        self._key_name = _key_name(master_key)
        self._keys = {_key_name(key): AESGCM(key) for key in (*former_keys, master_key)}

    async def open(self) -> None:
        """Declare the collection; once, before the first use."""
        await self._store.open([SECRETS])

    async def put(self, tenant: str, name: str, value: str) -> int:
        while True:  # each turn another writer has gone ahead
            stored = await self._store.tenant(tenant).get(SECRETS, name)
            versions = _versions(stored)
            number = int(versions[-1]["version"]) + 1 if versions else 1
            kept = [*versions, self._seal(tenant, name, number, value)][-VERSIONS_KEPT:]
            if await self._write(tenant, name, kept, stored):
                return number

    async def get(self, tenant: str, name: str, version: int | None = None) -> str | None:
        versions = _versions(await self._store.tenant(tenant).get(SECRETS, name))
        for sealed in reversed(versions):
            if version is None or sealed["version"] == version:
                return self._open(tenant, name, sealed)
        return None

    async def names(self, tenant: str) -> list[str]:
        names: list[str] = []
        cursor: str | None = None
        while True:
            page = await self._store.tenant(tenant).find(SECRETS, Find(limit=1000, cursor=cursor))
            names += [document.id for document in page.documents]
            cursor = page.cursor
            if cursor is None:
                return names

    async def delete(self, tenant: str, name: str) -> bool:
        return await self._store.tenant(tenant).delete(SECRETS, name)

    async def rewrap(self) -> int:
        """Seal every data key with the present master key; give how many secrets changed. The former key may go afterwards."""
        changed = 0
        async for stored in self._store.every_tenant(SECRETS, Find(limit=100)):
            if all(sealed["key"] == self._key_name for sealed in _versions(stored)):
                continue
            values = [(int(sealed["version"]), self._open(stored.tenant, stored.id, sealed)) for sealed in _versions(stored)]
            again = [self._seal(stored.tenant, stored.id, number, value) for number, value in values]
            changed += await self._write(stored.tenant, stored.id, again, stored)
        return changed

    async def _write(self, tenant: str, name: str, versions: list[dict[str, Any]], former: Document | None) -> bool:
        body: Body = {"format": FORMAT, "versions": versions}
        try:
            await self._store.tenant(tenant).put(SECRETS, name, body, expected=ABSENT if former is None else former.version)
        except VersionConflict:
            return False
        return True

    def _seal(self, tenant: str, name: str, version: int, value: str) -> dict[str, Any]:
        data_key = AESGCM.generate_key(bit_length=KEY_BYTES * 8)
        return {
            "version": version,
            "key": self._key_name,
            "wrapped": _sealed(self._keys[self._key_name], data_key, _bound(tenant, name, version, "key")),
            "value": _sealed(AESGCM(data_key), value.encode(), _bound(tenant, name, version, "value")),
        }

    def _open(self, tenant: str, name: str, sealed: dict[str, Any]) -> str:
        version = int(sealed["version"])
        master = self._keys.get(sealed["key"])
        if master is None:
            raise WrongKey(f"secret {name!r} of tenant {tenant} was sealed with master key {sealed['key']}, which is not among those given")
        try:
            data_key = _opened(master, sealed["wrapped"], _bound(tenant, name, version, "key"))
            return _opened(AESGCM(data_key), sealed["value"], _bound(tenant, name, version, "value")).decode()
        except InvalidTag:
            raise WrongKey(f"secret {name!r} of tenant {tenant} was changed or moved since it was sealed") from None


def _versions(stored: Document | None) -> list[dict[str, Any]]:
    return [] if stored is None else cast(list[dict[str, Any]], list(cast(Sequence[Any], stored.body["versions"])))


def _sealed(key: AESGCM, plain: bytes, bound: bytes) -> str:
    nonce = os.urandom(_NONCE_BYTES)
    return base64.b64encode(nonce + key.encrypt(nonce, plain, bound)).decode()


def _opened(key: AESGCM, sealed: str, bound: bytes) -> bytes:
    raw = base64.b64decode(sealed)
    return key.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], bound)


def _bound(tenant: str, name: str, version: int, what: str) -> bytes:
    return json.dumps([tenant, name, version, what]).encode()


def _key_name(key: bytes) -> str:
    """Tells keys apart and says nothing of them."""
    return hashlib.sha256(b"standardiste master key\0" + key).hexdigest()[:12]
