"""
Reads address headers (From, To, Cc, Reply-To …) and gives the address that mail really goes to or comes from.

The trap: `a@bank.example <b@evil.example>`. The standard library's parser takes the first thing that looks like an address; the mailbox is what stands in the
angle brackets, always, and everything before it is only a name. Encoded words are decoded after the structure is read, so no name can bring brackets
of its own. Comments, groups, routes and quotes are read as RFC 5322 has them; what is broken gives what can be saved, and never raises.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from standardiste.ingest_email import headers

ADDRESSES_MAX = 1_000
LENGTH_MAX = 320
_SPACES = re.compile(r"\s+")
_VALID = re.compile(r"[^\s@<>,;:\"\\()\[\]]+(?:\"[^\"]*\")?@[^\s@<>,;:\"\\()]+|\"[^\"\r\n]+\"@[^\s@<>,;:\"\\()]+")
_LOOKS_LIKE = re.compile(r"(?<![^\s<>,;:\"()\[\]])[^\s@<>,;:\"()\[\]]{1,64}@[^\s@<>,;:\"()]{1,255}(?!@)")
_AROUND = re.compile(r"\s?([@.])\s?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """An address, normalised (lower case, NFC), and the name beside it."""

    address: str
    name: str = ""


def mailboxes(raw: str) -> tuple[Mailbox, ...]:
    """The mailboxes of an address header's raw value, in order; members of groups included, what is no address left out."""
    found: list[Mailbox] = []
    for piece in _split(headers.unfolded(raw)):
        mailbox = _mailbox(piece)
        if mailbox is not None:
            found.append(mailbox)
        if len(found) >= ADDRESSES_MAX:
            break
    return tuple(found)


def normalised(address: str) -> str | None:
    """The address as it is compared and stored; None when it is none. The local part is folded too: no provider of note tells cases apart."""
    if len(address) > LENGTH_MAX * 2:
        return None
    address = address.removeprefix("mailto:").removeprefix("MAILTO:")
    text = unicodedata.normalize("NFC", address.strip()).lower().rstrip(".")
    if len(text) > LENGTH_MAX or not _VALID.fullmatch(text):
        return None
    return text


def without_tag(address: str) -> str:
    """support+token@example.fr → support@example.fr"""
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


@dataclass(slots=True)
class _Piece:
    """One mailbox as written: what stands outside of brackets, what stands in the last ones, and the comments."""

    outside: str = ""
    inside: str | None = None
    comment: str = ""


def _split(line: str) -> Iterator[_Piece]:
    """Cut at commas and semicolons that are in no quotes, comment or brackets; a group's name and colon fall away."""
    piece, at, end = _Piece(), 0, len(line)
    is_quote_open = is_comment_open = False  # one that never closes is met once: looking for its end each time would be quadratic
    while at < end:
        character = line[at]
        if character == '"' and not is_quote_open:
            close = _quote_end(line, at)
            is_quote_open = close is None
            if close is not None:
                piece.outside += line[at:close]
                at = close
                continue
        if character == "(" and not is_comment_open:
            close = _comment_end(line, at)
            is_comment_open = close is None
            if close is not None:
                piece.comment = piece.comment or line[at + 1 : close - 1]
                at = close
                continue
        if character == "<":
            bracket = line.find(">", at)
            bracket = end if bracket < 0 else bracket
            piece.inside = line[at + 1 : bracket]
            at = bracket + 1
            continue
        if character in ",;":
            yield piece
            piece = _Piece()
        elif character == ":" and piece.inside is None and "@" not in piece.outside and piece.outside.strip().lower() != "mailto":
            piece = _Piece()
        else:
            piece.outside += character
        at += 1
    yield piece


def _quote_end(line: str, start: int) -> int | None:
    """Where the quoted string that begins here ends; None when it does not."""
    at = start + 1
    while at < len(line):
        if line[at] == '"':
            return at + 1
        at += 2 if line[at] == "\\" else 1
    return None


def _comment_end(line: str, start: int) -> int | None:
    """Where the comment that begins here ends, nested ones included; None when it does not."""
    depth, at = 0, start
    while at < len(line):
        if line[at] == "\\":
            at += 1
        elif line[at] == "(":
            depth += 1
        elif line[at] == ")":
            depth -= 1
            if depth == 0:
                return at + 1
        at += 1
    return None


def _mailbox(piece: _Piece) -> Mailbox | None:
    if piece.inside is not None:
        address = normalised(_without_route(piece.inside))
        if address is not None:
            return Mailbox(address=address, name=_name(piece.outside) or _name(piece.comment))
        if piece.inside.strip():
            return _saved(piece.inside, piece)
    bare = normalised(_AROUND.sub(r"\1", piece.outside)) if "@" in piece.outside else None
    if bare is not None:
        return Mailbox(address=bare, name=_name(piece.comment))
    return _saved(piece.outside, piece) if piece.inside is None else None


def _saved(text: str, piece: _Piece) -> Mailbox | None:
    """What looks like an address in a broken one: the last, as it is with brackets."""
    candidates = _LOOKS_LIKE.findall(text) if "@" in text else []
    address = normalised(candidates[-1]) if candidates else None
    if address is None:
        return None
    name = piece.outside if piece.inside is not None else text.replace(candidates[-1], " ")
    return Mailbox(address=address, name=_name(name) or _name(piece.comment))


def _without_route(inside: str) -> str:
    """`<@relay,@other:a@b>` and `<mailto:a@b>` mean a@b."""
    text = inside.strip()
    if text.startswith("@") and ":" in text:
        return text.rpartition(":")[2]
    return text


def _name(raw: str) -> str:
    """A display name as people read it: quotes off, encoded words decoded."""
    text = raw.strip()
    if len(text) >= 2 and text[0] == text[-1] == '"':
        text = re.sub(r"\\(.)", r"\1", text[1:-1])
    else:
        text = re.sub(r'"((?:[^"\\]|\\.)*)"', lambda quoted: re.sub(r"\\(.)", r"\1", quoted[1]), text)
    name = _SPACES.sub(" ", headers.decoded(text)).strip(" '\"")
    return name[:200]
