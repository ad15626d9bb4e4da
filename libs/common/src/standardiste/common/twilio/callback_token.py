"""
A signed name in a callback's address: what the callback is about, readable by us, made by nobody else.

`<base64url of a JSON list>.<base64url of 128 bits of HMAC-SHA-256>` under the tenant's own key for the purpose. It carries ids only.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from typing import cast

from standardiste.common.errors import BadInput
from standardiste.common.intake import TenantKeys

_MAC_BYTES = 16
_CHARACTERS_MAX = 1_024


class CallbackTokens:
    """Makes and reads the tokens of one purpose."""

    def __init__(self, keys: TenantKeys, purpose: str) -> None:
        self._keys, self._purpose = keys, f"callback/{purpose}"

    def make(self, tenant: str, *parts: str) -> str:
        """A token for these parts, safe in a path or a query."""
        text = json.dumps([tenant, *parts], separators=(",", ":")).encode()
        return f"{_encode(text)}.{_encode(self._mac(tenant, text))}"

    def read(self, token: str, count: int) -> tuple[str, tuple[str, ...]]:
        """The tenant and its `count` parts. Raises BadInput `bad_token`."""
        try:
            first, _, second = token[:_CHARACTERS_MAX].partition(".")
            text, mac = _decode(first), _decode(second)
            parts = cast("object", json.loads(text))
        except (ValueError, binascii.Error):
            raise BadInput("bad_token", "this callback address is none of ours") from None
        if not isinstance(parts, list):
            raise BadInput("bad_token", "this callback address is none of ours")
        words = [each for each in cast("list[object]", parts) if isinstance(each, str)]
        if len(words) != count + 1 or not hmac.compare_digest(mac, self._mac(words[0], text)):
            raise BadInput("bad_token", "this callback address is none of ours")
        return words[0], tuple(words[1:])

    def _mac(self, tenant: str, text: bytes) -> bytes:
        return hmac.new(self._keys.tenant(tenant, self._purpose), text, hashlib.sha256).digest()[:_MAC_BYTES]


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
