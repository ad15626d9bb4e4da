"""Checking a webhook before believing it: Standard Webhooks (https://www.standardwebhooks.com), as the installation signs."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from time import time
from typing import Any, Final, cast

from standardiste.client.decode import decoded
from standardiste.client.errors import BadSignature
from standardiste.client.models import Fact

TOLERANCE_S: Final = 300
_PREFIX: Final = "whsec_"


def verify(secret: str, headers: Mapping[str, str], body: bytes, *, now_s: float | None = None) -> Fact:
    """
    The fact that a webhook brings, once its signature holds and it is at most five minutes old. `headers` by any case; `body` as it came, unparsed.

    Its `id` tells repeats: at least one delivery is promised, not exactly one. Raises BadSignature.
    """
    given = {name.lower(): value for name, value in headers.items()}
    id, sent_at, signatures = (given.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not id or not sent_at.isascii() or not sent_at.isdigit() or len(sent_at) > 12:
        raise BadSignature("webhook-id or webhook-timestamp is missing")
    if abs((time() if now_s is None else now_s) - int(sent_at)) > TOLERANCE_S:
        raise BadSignature("too old, or from the future")
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        raise BadSignature("the secret is none") from None
    expected = base64.b64encode(hmac.new(key, f"{id}.{sent_at}.".encode() + body, hashlib.sha256).digest())
    versions = (each.partition(",") for each in signatures.split(" "))
    if not any(version == "v1" and hmac.compare_digest(found.encode(), expected) for version, _, found in versions):
        raise BadSignature("the signature does not match")
    try:
        told: Any = json.loads(body)
        if isinstance(told, dict):
            return decoded(Fact, cast("dict[str, Any]", told))
    except (ValueError, TypeError, KeyError):
        pass
    raise BadSignature("not a fact")
