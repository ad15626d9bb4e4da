"""
Walks the MIME tree of a mail: what is body, what is attachment. Pure; no malformed part raises, and no text is lost.

The standard library's `get_body` is not used: of a body followed by a text footer (lists, virus scanners) it gives the footer. Here every inline text
counts, in order; of alternatives the plain one is read and the HTML one shown; whatever is neither is an attachment.
"""

from __future__ import annotations

import email.errors
import email.parser
import email.policy
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from email.message import Message
from typing import cast

from standardiste.ingest_email import charsets, headers, markup
from standardiste.ingest_email.markers import DeliveryReport, delivery_report

DEPTH_MAX = 100
PARTS_MAX = 1_000
"""Beyond so many parts nothing more is taken apart: the whole mail is kept beside."""
BOUNDARIES_MAX = 5_000
BLANK_LINES_MAX = 20_000
TOO_MANY = "TooManyParts"
UNREADABLE = (RecursionError, ValueError, LookupError, TypeError, AttributeError, AssertionError, email.errors.MessageError)
"""What the standard library's parser is known to raise on mail that breaks its expectations (UnicodeError is a ValueError)."""

_HTML_ONLY = re.compile(r"\b(?:html|navigateur|browser|web version|version en ligne|view (?:this|it) online)\b", re.IGNORECASE)
_NOTE_CHARACTERS_MAX = 400
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=\s]")
_ID_LINE = re.compile(r"^message-id:[ \t]*(?:\r?\n[ \t]+)?(\S+)", re.IGNORECASE | re.MULTILINE)
_BOUNDARY_LINE = re.compile(r"^--([A-Za-z0-9'()+_,./:=?-]{1,70})[ \t]*\r?\nContent-", re.MULTILINE | re.IGNORECASE)
_DECLARED = re.compile(rb"boundary\s*=\s*\"?([^\"\s;]{1,70})", re.IGNORECASE)
_STATUS = re.compile(rb"message/(?:global-)?delivery-status", re.IGNORECASE)
_DASHED = re.compile(rb"\n--([^\r\n]{1,76})")
_ENDINGS = {
    "application/pdf": ".pdf",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "message/rfc822": ".eml",
    "message/delivery-status": ".txt",
    "text/calendar": ".ics",
    "text/html": ".html",
    "text/plain": ".txt",
    "application/pgp-signature": ".asc",
    "application/pgp-encrypted": ".asc",
    "application/ms-tnef": ".dat",
}
_MAGIC = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
    (b"\x78\x9f\x3e\x22", "application/ms-tnef"),
    (b"BEGIN:VCALENDAR", "text/calendar"),
    (b"-----BEGIN PGP ", "application/pgp-encrypted"),
    (b"RIFF", "audio/x-wav"),
    (b"ID3", "audio/mpeg"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailPart:
    """A file of a mail. `content_id` names it for the HTML."""

    name: str
    media_type: str
    content: bytes
    content_id: str | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of body: as plain text, as sanitised HTML, or as both (alternatives)."""

    plain: str | None
    html: str | None

    def text(self) -> str:
        """The words. A plain alternative that only points to the HTML gives way to it."""
        plain = self.plain or ""
        if self.html is None:
            return plain
        if not plain.strip():
            return markup.text_of(self.html)
        if len(plain) < _NOTE_CHARACTERS_MAX and _HTML_ONLY.search(plain):
            read = markup.text_of(self.html)
            return read if len(read) > 2 * len(plain) else plain
        return plain


@dataclass(slots=True)
class Found:
    """What a walk has gathered so far."""

    passages: list[Passage] = field(default_factory=list[Passage])
    parts: list[MailPart] = field(default_factory=list[MailPart])
    defects: list[str] = field(default_factory=list[str])
    report: DeliveryReport | None = None
    is_encrypted: bool = False
    is_signed: bool = False
    has_tnef: bool = False
    is_too_much: bool = False
    walked: int = 0


def read(raw: bytes) -> Message | None:
    """The message as a tree; None when the standard library cannot make one of it, or nobody would want it to."""
    if _is_bomb(raw):
        return None
    try:
        return email.parser.BytesParser(policy=email.policy.compat32).parsebytes(raw)
    except UNREADABLE:
        return None


def _is_bomb(raw: bytes) -> bool:
    """Whether taking it apart would make more objects than any mail of a person has: parts, or blocks of a delivery report."""
    if raw.count(b"\n--") > BOUNDARIES_MAX and _boundaries_in(raw) > BOUNDARIES_MAX:
        return True
    blank = raw.count(b"\n\n") + raw.count(b"\n\r\n")
    return blank > BLANK_LINES_MAX and _STATUS.search(raw) is not None


def _boundaries_in(raw: bytes) -> int:
    """How many lines are boundaries that some header declares: each becomes an object of a kilobyte."""
    declared = set(_DECLARED.findall(raw))
    return sum(1 for line in _DASHED.findall(raw) if line.rstrip(b" \t-") in declared or line.rstrip(b" \t") in declared)


def walk(message: Message) -> Found:
    """Gather body, attachments and marks of the whole message."""
    found = Found()
    _walk(message, found, 0)
    if not any(passage.text().strip() for passage in found.passages):
        _look_harder(message, found)
    if found.is_too_much:
        found.defects.append(TOO_MANY)
    return found


def values_of(message: Message) -> dict[str, list[str]]:
    """Raw header values by lower-case name, in order."""
    values: dict[str, list[str]] = {}
    for name, value in message.raw_items():
        values.setdefault(name.lower(), []).append(str(value))
    return values


def parameter(part: Message, name: str, header: str = "content-type") -> str:
    """A parameter of a header, RFC 2231 pieces joined; empty when absent or unreadable."""
    try:
        value = part.get_param(name, None, header)
    except UNREADABLE:
        return ""
    if isinstance(value, tuple):
        charset, _, text = value
        try:
            return charsets.text_of(text.encode("latin-1"), charset)
        except UnicodeEncodeError:
            return charsets.without_unwanted(text)
    return value or ""


def media_type(part: Message) -> str:
    try:
        return part.get_content_type()
    except UNREADABLE:
        return "text/plain"


def content_of(part: Message) -> bytes:
    """The bytes of a leaf, its transfer encoding undone as far as it goes."""
    payload = cast("object", part.get_payload())
    if not isinstance(payload, str):
        return _as_bytes(part)
    raw = payload.encode("ascii", "surrogateescape") if _is_bytes_like(payload) else payload.encode("utf-8", "replace")
    encoding = headers.unfolded(str(part.get("content-transfer-encoding", ""))).lower()
    if encoding == "base64":
        return _base64(raw, is_text=media_type(part).startswith("text/"))
    try:
        content = cast("object", part.get_payload(decode=True))
    except UNREADABLE:
        return raw
    return content if isinstance(content, bytes) else raw


# ---- the walk


def _walk(part: Message, found: Found, depth: int) -> None:
    found.walked += 1
    if depth >= DEPTH_MAX or found.walked > PARTS_MAX:
        found.is_too_much = True
        return
    found.defects += [type(defect).__name__ for defect in part.defects]
    kind = media_type(part)
    if part.is_multipart() and kind.startswith("multipart/"):
        _walk_multipart(kind, _children(part), part, found, depth)
    elif kind == "message/delivery-status" and part.is_multipart():
        found.report = delivery_report(_children(part), found.report.original_id if found.report else None)
        found.parts.append(_file(part, kind, found))
    elif kind.startswith("multipart/") and (inner := _with_boundary_found(part)) is not None:
        _walk(inner, found, depth + 1)
    elif part.is_multipart() or kind.startswith("message/"):
        found.parts.append(_file(part, kind, found))
        _note_original(part, kind, found)
    else:
        _leaf(part, kind, found)


def _walk_multipart(kind: str, children: Sequence[Message], part: Message, found: Found, depth: int) -> None:
    if kind == "multipart/alternative":
        _alternatives(children, found, depth)
        return
    found.is_signed = found.is_signed or kind == "multipart/signed"
    found.is_encrypted = found.is_encrypted or kind == "multipart/encrypted"
    for child in children:
        _walk(child, found, depth + 1)
    if kind == "multipart/report" and found.report is not None and found.report.original_id is None:
        for child in children:
            _note_original(child, media_type(child), found)


def _with_boundary_found(part: Message) -> Message | None:
    """A multipart whose header names no boundary, or a wrong one, read again with the one that its body uses."""
    payload = cast("object", part.get_payload())
    used = _BOUNDARY_LINE.search(payload[:65_536]) if isinstance(payload, str) else None
    if used is None:
        return None
    head = f'Content-Type: {media_type(part)}; boundary="{used[1]}"\n\n'
    again = read(head.encode("ascii", "replace") + content_of(part))
    return again if again is not None and again.is_multipart() else None


def _alternatives(children: Sequence[Message], found: Found, depth: int) -> None:
    """One passage of all alternatives: the last plain one that says something, and the last HTML one. Files of any of them are kept."""
    plain: str | None = None
    html: str | None = None
    for child in children:
        inner = Found(walked=found.walked, report=found.report)
        _walk(child, inner, depth + 1)
        if media_type(child) != "text/x-amp-html":
            found.parts += inner.parts
        found.defects += inner.defects
        found.walked, found.report = inner.walked, inner.report
        found.is_too_much = found.is_too_much or inner.is_too_much
        found.is_signed = found.is_signed or inner.is_signed
        found.is_encrypted = found.is_encrypted or inner.is_encrypted
        found.has_tnef = found.has_tnef or inner.has_tnef
        has_html = any(passage.html is not None for passage in inner.passages)
        if has_html:
            html = "\n".join(passage.html or markup.escaped(passage.plain or "") for passage in inner.passages)
        said = "\n\n".join(
            passage.plain for passage in inner.passages if passage.plain is not None and (not has_html or passage.html is not None)
        )
        if said.strip():
            plain = said
    if plain is not None or html is not None:
        found.passages.append(Passage(plain, html))


def _leaf(part: Message, kind: str, found: Found) -> None:
    disposition = headers.unfolded(str(part.get("content-disposition", ""))).partition(";")[0].strip().lower()
    is_named = bool(parameter(part, "filename", "content-disposition") or parameter(part, "name"))
    is_body = kind in ("text/plain", "text/html") or (kind.startswith("multipart/")) or kind in ("text/enriched", "text/richtext")
    if is_body and disposition != "attachment" and not (is_named and _has_text(found)):
        text = _text(part, kind)
        if kind == "text/html":
            found.passages.append(Passage(None, markup.sanitised(text)))
        else:
            found.passages.append(Passage(text, None))
        if not is_named:
            return
    found.has_tnef = found.has_tnef or kind in ("application/ms-tnef", "application/vnd.ms-tnef")
    if kind in ("application/pkcs7-mime", "application/x-pkcs7-mime"):
        is_signature_around = parameter(part, "smime-type").lower() == "signed-data"
        found.is_signed, found.is_encrypted = found.is_signed or is_signature_around, found.is_encrypted or not is_signature_around
    found.parts.append(_file(part, kind, found))


def _look_harder(message: Message, found: Found) -> None:
    """No words yet: those that a broken structure put before the first or after the last boundary, or into a text file."""
    for part in _every(message, 0):
        for stray in (cast("object", part.preamble), cast("object", part.epilogue)):
            if isinstance(stray, str) and stray.strip() and "MIME" not in stray[:200]:
                found.passages.append(Passage(charsets.text_of(charsets.header_bytes(stray), None), None))
    if any(passage.text().strip() for passage in found.passages):
        return
    for file in found.parts:
        if file.media_type == "text/plain":
            found.passages.append(Passage(charsets.text_of(file.content, None), None))
            return
        if file.media_type == "text/html":
            found.passages.append(Passage(None, markup.sanitised(charsets.text_of(file.content, None))))
            return


def _every(part: Message, depth: int) -> list[Message]:
    if depth >= DEPTH_MAX or not part.is_multipart() or media_type(part).startswith("message/"):
        return [part]
    return [part, *(each for child in _children(part)[:PARTS_MAX] for each in _every(child, depth + 1))]


# ---- leaves


def _text(part: Message, kind: str) -> str:
    content = content_of(part)
    declared = parameter(part, "charset") or None
    if declared is None and kind == "text/html":
        declared = _charset_in_html(content)
    text = charsets.text_of(content, declared).replace("\r\n", "\n").replace("\r", "\n")
    if kind == "text/plain" and parameter(part, "format").lower() == "flowed":
        return _unflowed(text, is_space_deleted=parameter(part, "delsp").lower() == "yes")
    if kind in ("text/enriched", "text/richtext"):
        return re.sub(r"</?[A-Za-z][A-Za-z-]{0,60}>", "", text)
    return text


def _charset_in_html(content: bytes) -> str | None:
    found = re.search(rb"<meta[^>]{0,200}charset\s{0,5}=\s{0,5}[\"']?([A-Za-z0-9_:.-]{2,40})", content[:4096], re.IGNORECASE)
    return found[1].decode("ascii") if found else None


def _unflowed(text: str, *, is_space_deleted: bool) -> str:
    """RFC 3676: a line that ends in a blank goes on in the next, of the same quote depth; `-- ` never does."""
    out: list[str] = []
    is_open, depth = False, 0
    for line in text.split("\n"):
        quotes = len(line) - len(line.lstrip(">"))
        body = line[quotes:].removeprefix(" ")
        is_flowed = body.endswith(" ") and body != "-- "
        shown = body[:-1] if is_flowed and is_space_deleted else body
        if is_open and quotes == depth and body != "-- ":
            out[-1] += shown
        else:
            out.append(f"{'>' * quotes} {shown}" if quotes else shown)
        is_open, depth = is_flowed, quotes
    return "\n".join(out)


def _file(part: Message, kind: str, found: Found) -> MailPart:
    content = content_of(part)
    name = headers.filename(parameter(part, "filename", "content-disposition") or parameter(part, "name"))
    if kind in ("application/octet-stream", "application/x-unknown", "application/unknown") or kind.startswith("multipart/"):
        kind = _sniffed(content)
    if not name:
        name = _made_up_name(part, kind, len(found.parts) + 1)
    ids = headers.message_ids(str(part.get("content-id", ""))) or (str(part.get("content-id", "")).strip().strip("<>"),)
    return MailPart(name=name, media_type=kind[:127], content=content, content_id=ids[0][:300] or None)


def _sniffed(content: bytes) -> str:
    return next((kind for magic, kind in _MAGIC if content.startswith(magic)), "application/octet-stream")


def _made_up_name(part: Message, kind: str, number: int) -> str:
    if kind == "message/rfc822" and part.is_multipart():
        subject = headers.filename(str(_children(part)[0].get("subject", "")))[:80]
        if subject:
            return f"{subject}.eml"
    return f"{kind.partition('/')[0]}-{number}{_ENDINGS.get(kind, '')}"


def _note_original(part: Message, kind: str, found: Found) -> None:
    """The Message-ID of the mail that a report is about, from the copy of it or of its headers."""
    if found.report is None or found.report.original_id is not None:
        return
    if kind not in ("message/rfc822", "text/rfc822-headers", "message/global", "message/rfc822-headers"):
        return
    named = _ID_LINE.search(content_of(part)[:65_536].decode("latin-1"))
    ids = headers.message_ids(named[1]) if named else ()
    if ids:
        found.report = DeliveryReport(original_id=ids[0], recipients=found.report.recipients)


def _base64(raw: bytes, *, is_text: bool) -> bytes:
    """What is base64, decoded; a footer that a relay hung below in plain text comes after it as it is."""
    if not is_text:
        return headers.lenient_base64(raw)
    lines = raw.split(b"\n")
    end = next((number for number in range(1, len(lines)) if _begins_footer(lines, number)), len(lines))
    below = b"\n".join(lines[end:])
    return headers.lenient_base64(b"\n".join(lines[:end])) + (b"\n\n" + below if below.strip() else b"")


def _begins_footer(lines: list[bytes], number: int) -> bool:
    """Words, where the base64 has ended: after a blank line or a filled last one. Elsewhere a foreign character is only damage."""
    before = lines[number - 1].strip()
    return _NOT_BASE64.search(lines[number]) is not None and (not before or before.endswith(b"="))


def _as_bytes(part: Message) -> bytes:
    """A nested message, or a part that is no leaf, as bytes again."""
    inner = _children(part)
    whole = inner[0] if media_type(part) in ("message/rfc822", "message/global", "message/news") and len(inner) == 1 else part
    try:
        content = whole.as_bytes()
    except UNREADABLE:
        content = "\n".join(_unfolded(whole, 0)).encode("utf-8", "surrogateescape")
    return content


def _unfolded(part: Message, depth: int) -> Iterator[str]:
    """Headers as they came, which the library will not write again, and words, of a part and all within it."""
    yield from (f"{name}: {value}" for name, value in part.raw_items())
    yield ""
    if not part.is_multipart():
        yield str(part.get_payload())
    elif depth < DEPTH_MAX:
        for child in _children(part)[:PARTS_MAX]:
            yield from _unfolded(child, depth + 1)


def _children(part: Message) -> list[Message]:
    payload = cast("object", part.get_payload())
    return cast("list[Message]", payload) if isinstance(payload, list) else []


def _has_text(found: Found) -> bool:
    return any((passage.plain or passage.html or "").strip() for passage in found.passages)


def _is_bytes_like(payload: str) -> bool:
    try:
        payload.encode("ascii", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True
