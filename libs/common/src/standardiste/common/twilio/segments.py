"""
How many SMS segments a text takes, and in which alphabet.

GSM-7 where every character is in its alphabet (those of the extension table cost two), 160 in one segment and 153 in each of several; else UCS-2, 70 and 67
UTF-16 units. A two-unit character never straddles two segments, so it may leave one unit of the former unused.
Source: 3GPP TS 23.038, the default alphabet; Twilio documentation, "SMS character limit".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")


class Alphabet(StrEnum):
    GSM_7 = "GSM-7"
    UCS_2 = "UCS-2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Segments:
    """`units` are septets (GSM-7) or UTF-16 units (UCS-2); `left` is what the last segment still takes."""

    alphabet: Alphabet
    count: int
    units: int
    left: int


def segments(text: str) -> Segments:
    """The segments of a text as it would be sent. An empty text is one segment."""
    if all(char in _BASIC or char in _EXTENSION for char in text):
        return _count(Alphabet.GSM_7, [2 if char in _EXTENSION else 1 for char in text], single=160, several=153)
    return _count(Alphabet.UCS_2, [2 if ord(char) > 0xFFFF else 1 for char in text], single=70, several=67)


def _count(alphabet: Alphabet, sizes: Iterable[int], *, single: int, several: int) -> Segments:
    sizes = list(sizes)
    units = sum(sizes)
    if units <= single:
        return Segments(alphabet=alphabet, count=1, units=units, left=single - units)
    count, used = 1, 0
    for size in sizes:
        if used + size > several:
            count, used = count + 1, 0
        used += size
    return Segments(alphabet=alphabet, count=count, units=units, left=several - used)
