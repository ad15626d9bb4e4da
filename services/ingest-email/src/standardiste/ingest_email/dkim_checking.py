"""
Checks DKIM signatures ourselves, for mail that no trusted server has checked before us: which domains have signed this mail.

Only what proves something counts: the signature covers From, of which there is one, and the whole body (a signature with `l=` lets anybody add to it). Keys
come from the domain name system, a few per mail, within a time limit, kept for ten minutes; where it gives no answer the mail is merely not proven.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias, cast

import dkim
import dns.asyncresolver
import dns.exception

from standardiste.common.clock import Clock

SIGNATURES_MAX: Final = 5
WITHIN_S: Final = 5.0
KEPT_MS: Final = 10 * 60_000
KEYS_KEPT_MAX: Final = 1_000
_TAGS: Final = re.compile(rb"(?:^|;)\s*([a-z]+)\s*=\s*([^;]*)")
_HEADER: Final = re.compile(rb"^(dkim-signature|from)[ \t]*:(.*(?:\r?\n[ \t].*)*)", re.IGNORECASE | re.MULTILINE)
_LABELS: Final = re.compile(r"[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63}){0,20}")

Texts: TypeAlias = Callable[[str], Awaitable[bytes | None]]
"""The TXT record of a name, its strings joined; None when there is none, or no answer."""


class Signatures:
    """Checks the signatures of mails. `texts` asks the domain name system."""

    def __init__(self, texts: Texts, clock: Clock) -> None:
        self._texts, self._clock = texts, clock
        self._keys: OrderedDict[str, tuple[int, bytes | None]] = OrderedDict()

    async def domains(self, raw: bytes) -> frozenset[str]:
        """The domains whose signature over the mail is good, lower case."""
        head = raw[: raw.find(b"\r\n\r\n") if b"\r\n\r\n" in raw else raw.find(b"\n\n")][:262_144]
        found = _HEADER.findall(head)
        signatures = [_tags(value) for name, value in found if name.lower() == b"dkim-signature"][:SIGNATURES_MAX]
        if not signatures or sum(1 for name, _ in found if name.lower() == b"from") != 1:
            return frozenset()
        try:
            async with asyncio.timeout(WITHIN_S):
                keys = dict(
                    zip(map(_place, signatures), await asyncio.gather(*(self._key(_place(each)) for each in signatures)), strict=True)
                )
        except TimeoutError:
            return frozenset()
        content = raw if b"\r\n" in raw[:4096] else raw.replace(b"\n", b"\r\n")
        return await asyncio.to_thread(_good, content, signatures, keys)

    async def _key(self, place: str) -> bytes | None:
        kept = self._keys.get(place)
        if kept is not None and kept[0] > self._clock.now():
            return kept[1]
        key = await self._texts(place) if place else None
        self._keys[place] = (self._clock.now() + KEPT_MS, key)
        if len(self._keys) > KEYS_KEPT_MAX:
            self._keys.popitem(last=False)
        return key


async def dns_texts(name: str) -> bytes | None:
    """From the resolver of this machine."""
    try:
        answer = await dns.asyncresolver.resolve(name, "TXT", lifetime=WITHIN_S)
    except (dns.exception.DNSException, OSError):
        return None
    first = next(iter(answer), None)
    return None if first is None else b"".join(first.strings)


def _good(content: bytes, signatures: list[dict[bytes, bytes]], keys: dict[str, bytes | None]) -> frozenset[str]:
    """The domains of the good ones. dkimpy numbers signatures as they stand."""

    def key(name: bytes, timeout: int = 0) -> bytes | None:
        return keys.get(name.decode("ascii", "replace").rstrip(".").lower())

    proven: set[str] = set()
    for number, tags in enumerate(signatures):
        if b"l" in tags or not _place(tags):
            continue
        try:
            is_good = cast("Any", dkim).DKIM(content, minkey=1024).verify(idx=number, dnsfunc=key)
        except Exception:  # whatever a signature is made of, dkimpy's errors have no common base; one that cannot be read proves nothing
            continue
        if is_good:
            proven.add(tags[b"d"].decode("ascii", "replace").lower())
    return frozenset(proven)


def _tags(value: bytes) -> dict[bytes, bytes]:
    return {name: b"".join(said.split()) for name, said in _TAGS.findall(re.sub(rb"\r?\n", b"", value))}


def _place(tags: dict[bytes, bytes]) -> str:
    """Where the key lies; "" for names that are none."""
    selector, domain = tags.get(b"s", b"").decode("ascii", "replace"), tags.get(b"d", b"").decode("ascii", "replace")
    is_name = _LABELS.fullmatch(selector) is not None and _LABELS.fullmatch(domain) is not None and "." in domain
    return f"{selector}._domainkey.{domain}".lower() if is_name else ""
