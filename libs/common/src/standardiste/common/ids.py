"""Where ids come from: minted at the edges from an injected source, derived everywhere else."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Protocol

_ALPHABET = "0123456789abcdefghijkmnpqrstuvwxyz"  # no l, no o: ids are read aloud


class Ids(Protocol):
    """Mints an id that nobody else has: `prefix` and 128 bits."""

    def mint(self, prefix: str) -> str: ...


class RandomIds:
    """Ids from the machine's randomness."""

    def mint(self, prefix: str) -> str:
        return f"{prefix}_{_base34(secrets.randbits(128), 25)}"


class CountingIds:
    """p_1, p_2, …: for tests and simulation, where every run must mint the same."""

    def __init__(self) -> None:
        self._last = 0

    def mint(self, prefix: str) -> str:
        self._last += 1
        return f"{prefix}_{self._last}"


def keyed_id(key: bytes, prefix: str, *parts: str) -> str:
    """
    An id that says nothing of what it was made from: HMAC-SHA-256 over the parts, 128 bits of it.

    The same key and parts always give the same id, so a repeat is answered from no memory (receipts, keyed hashes of addresses).
    """
    digest = hmac.new(key, "\x1f".join(parts).encode(), hashlib.sha256).digest()
    return f"{prefix}_{_base34(int.from_bytes(digest[:16], 'big'), 25)}"


def _base34(number: int, width: int) -> str:
    digits: list[str] = []
    for _ in range(width):
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))
