"""
Bytes to text, whatever the mail says of its charset: never raises, never loses a byte without a mark.

The declared charset first, as browsers read it (iso-8859-1 means windows-1252, gb2312 means gb18030); where it is unknown or does not fit, UTF-8 when the
bytes are UTF-8; else the declared one with marks for the few bytes that do not fit; else windows-1252, which reads every byte.
"""

from __future__ import annotations

import codecs
import re
from functools import cache

_MEANT = {
    "ascii": "cp1252",
    "us-ascii": "cp1252",
    "ansi_x3.4-1968": "cp1252",
    "646": "cp1252",
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
    "x-sjis": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "unicode-1-1-utf-7": "utf-7",
    "utf8mb4": "utf-8",
    "x-mac-roman": "mac-roman",
    "macintosh": "mac-roman",
}
"""What senders mean by a name, by the WHATWG encoding standard where Python reads it otherwise."""

_NOT_FOR_TEXT = frozenset({"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "mbcs", "oem"})
"""Codecs of Python's own that no mail may choose: they interpret escapes, or take time quadratic in length."""

_CP1252_HOLES = {byte: chr(byte) for byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D)}
_MARKS_PERMITTED = 0.02
_UNWANTED = re.compile("[\ud800-\udfff\x00]")


def text_of(content: bytes, declared: str | None) -> str:
    """The text of these bytes, without lone surrogates and zero characters."""
    return without_unwanted(_decoded(content, declared))


def is_known(declared: str | None) -> bool:
    """Whether we can read this charset; an absent one is readable."""
    return declared is None or _codec(declared) is not None


def without_unwanted(text: str) -> str:
    """The text with what no text may hold (lone surrogates, zero characters) marked."""
    return _UNWANTED.sub("\ufffd", text) if _UNWANTED.search(text) else text


def header_bytes(text: str) -> bytes:
    """A header's raw bytes: the parser of the standard library hides those above 127 as lone surrogates."""
    try:
        return text.encode("ascii", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def _decoded(content: bytes, declared: str | None) -> str:
    if content.isascii() and b"\x1b" not in content and (declared is None or _is_ascii_like(declared)):
        return content.decode("ascii")
    codec = _codec(declared) if declared else None
    if codec is not None and codec != "cp1252":
        try:
            return content.decode(codec)
        except (UnicodeError, ValueError):
            pass
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        pass
    if codec is not None and codec != "cp1252":
        marked = content.decode(codec, "replace")
        marks = marked.count("\ufffd")
        is_really_it = sum(1 for each in marked if each > "\x7f") > marks
        if is_really_it and marks <= max(1, len(marked) * _MARKS_PERMITTED):
            return marked
    return _windows(content)


def _windows(content: bytes) -> str:
    try:
        return content.decode("cp1252")
    except UnicodeDecodeError:
        return content.decode("latin-1").translate(_LATIN_TO_WINDOWS)


_LATIN_TO_WINDOWS = {
    byte: _CP1252_HOLES.get(byte) or bytes([byte]).decode("cp1252") for byte in range(0x80, 0xA0)
}  # the five holes of windows-1252 stay control characters


def _is_ascii_like(declared: str) -> bool:
    """UTF-7, UTF-16, HZ and the like write other text in bytes below 128."""
    codec = _codec(declared)
    return codec is None or codec in {"utf-8", "cp1252"} or codec.startswith(("iso8859", "cp125", "koi8"))


@cache
def _known_codec(name: str) -> str | None:
    try:
        found = codecs.lookup(_MEANT.get(name, name))
    except (LookupError, ValueError):
        return None
    is_text = getattr(found, "_is_text_encoding", True)  # how bytes.decode itself tells hex and zip from text
    return found.name if is_text and found.name not in _NOT_FOR_TEXT else None


def _codec(declared: str) -> str | None:
    name = declared.strip().strip("\"'").lower()[:40]
    if not name.isascii() or not name.isprintable():
        return None
    return _known_codec(name)
