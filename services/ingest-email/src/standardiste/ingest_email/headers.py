"""
Reads single header values: unfolding, RFC 2047 encoded words, message ids, dates, parameters. Pure; no malformed value raises.

Encoded words are decoded as senders write them, not only as the RFC permits: inside quotes, without the blank between, and with a multi-byte
character cut in two by neighbours of the same charset (their bytes are joined before they are read).
"""

from __future__ import annotations

import binascii
import re
from datetime import UTC
from email.utils import parsedate_to_datetime

from standardiste.common.events.base import Instant
from standardiste.ingest_email import charsets

VALUE_CHARACTERS_MAX = 65_536
"""A header value longer than this is cut: a thousand recipients fit, and nothing that reads it can take long."""

_WORD = re.compile(r"=\?([^?\s]{1,40})\?([bBqQ])\?([^?]*)\?=")
_ID = re.compile(r"<([^<>\s]{1,998})>")
_BARE_ID = re.compile(r"[^<>\s,;\"]{1,250}@[^<>\s,;\"]{1,250}")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
_YEAR_MAX_MS = 253402300799000


def unfolded(raw: str) -> str:
    """One line; the raw bytes above 127 read as UTF-8 or windows-1252."""
    line = raw[:VALUE_CHARACTERS_MAX]
    if "\n" in line or "\r" in line:
        line = " ".join(part.strip(" \t") for part in line.replace("\r", "\n").split("\n") if part)
    if not line.isascii():
        line = charsets.text_of(charsets.header_bytes(line), None)
    return line.strip()


def decoded(raw: str) -> str:
    """The value as people read it: unfolded, encoded words decoded, no control characters."""
    line = unfolded(raw)
    if "=?" in line:
        line = _decode_words(line)
    return _CONTROLS.sub(" ", line).strip()


def message_ids(raw: str) -> tuple[str, ...]:
    """The ids in a Message-ID, In-Reply-To or References value, without brackets, each once, in order; phrases beside them are passed over."""
    line = unfolded(raw)
    found = _ID.findall(line) or _BARE_ID.findall(line)
    return tuple(dict.fromkeys(found))


def instant(raw: str) -> Instant | None:
    """The instant that a Date value names; without an offset it is taken as UTC. None when it names none between 1970 and 9999."""
    try:
        moment = parsedate_to_datetime(unfolded(raw)[:200])
        aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        ms = int(aware.timestamp() * 1000)
    except (ValueError, TypeError, IndexError, OverflowError, AttributeError):
        return None
    return Instant(ms) if 0 <= ms <= _YEAR_MAX_MS else None


def filename(raw: str) -> str:
    """A file name that is only a name: no path, no control character, no direction override, at most 200 characters."""
    name = decoded(raw).replace("\\", "/").rsplit("/", 1)[-1].strip(" .\"'")
    if len(name) <= 200:
        return name
    stem, dot, suffix = name.rpartition(".")
    return f"{stem[: 200 - len(suffix) - 1]}.{suffix}" if dot and len(suffix) <= 20 else name[:200]


def language(raw: str) -> str | None:
    """The first language of a Content-Language or Accept-Language value, as "fr" or "fr-CA"."""
    first = re.match(r"\s*([A-Za-z]{2,3})(?:[-_]([A-Za-z]{2}))?\b", unfolded(raw))
    if first is None:
        return None
    return first[1].lower() + (f"-{first[2].upper()}" if first[2] else "")


def _decode_words(line: str) -> str:
    """Neighbouring encoded words lose the blank between; those of one charset are read as one run of bytes."""
    out: list[str] = []
    held: tuple[str, bytes] | None = None
    at = 0
    for word in _WORD.finditer(line):
        between = line[at : word.start()]
        charset = word[1].partition("*")[0].lower()
        content = _word_bytes(word[2], word[3])
        if held is not None and (between.strip() or charset != held[0]):
            out.append(charsets.text_of(held[1], held[0]))
            held = None
        if held is None and (between.strip() or not out):
            out.append(between)
        held = (charset, content) if held is None else (charset, held[1] + content)
        at = word.end()
    if held is not None:
        out.append(charsets.text_of(held[1], held[0]))
    out.append(line[at:])
    return "".join(out)


def _word_bytes(kind: str, text: str) -> bytes:
    if kind in "qQ":
        return binascii.a2b_qp(text.encode("utf-8", "replace"), header=True)
    return lenient_base64(text.encode("ascii", "ignore"))


def lenient_base64(text: bytes) -> bytes:
    """Base64 as senders break it: foreign characters skipped, a missing end filled or dropped."""
    letters = re.sub(rb"[^A-Za-z0-9+/]", b"", text)
    letters = letters[: len(letters) - 1] if len(letters) % 4 == 1 else letters
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))
