"""API keys: 256 random bits that a program sends; only their SHA-256 is kept. No salt and no slow hash: there is nothing to guess."""

from __future__ import annotations

import hashlib
import secrets

PREFIX = "sk_"


def mint() -> tuple[str, str]:
    """A new key, to be shown once, and the hash to keep."""
    key = PREFIX + secrets.token_urlsafe(32)
    return key, hash_of(key)


def hash_of(key: str) -> str:
    """What is kept of a key: SHA-256 in hex."""
    return hashlib.sha256(key.encode()).hexdigest()
