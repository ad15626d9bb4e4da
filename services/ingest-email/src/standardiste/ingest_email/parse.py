"""
Reads a raw mail: bytes in, what a contact centre needs out. Pure; nothing that a sender can write makes it raise or lose text.

The standard library splits the parts (its modern header parser is left aside: it raises on what real mail contains); headers, addresses, charsets,
body, quotes and markers are read here, each in a module of its own.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

from standardiste.common.events.base import Instant
from standardiste.ingest_email import charsets, headers, markup, quotes, structure
from standardiste.ingest_email.addresses import Mailbox, mailboxes, normalised
from standardiste.ingest_email.markers import DeliveryReport, Markers, markers
from standardiste.ingest_email.structure import Found, MailPart

REFERENCES_MAX = 50
SUBJECT_CHARACTERS_MAX = 998
_MESSAGE_ID_CHARACTERS_MAX = 200
_HEADER_LINE = re.compile(rb"[!-9;-~]{1,100}[ \t]*:")
_FALSE_START = re.compile(rb"\A(?:\xef\xbb\xbf|\s|>?From [^\n]*\n)+")
_HEADERS_OF_MAIL = frozenset({"from", "to", "cc", "subject", "date", "message-id", "received", "sender", "return-path", "mime-version"})
_PGP = re.compile(r"-----BEGIN PGP (?:MESSAGE|SIGNED MESSAGE)-----")


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedMail:
    """
    A mail as read. `text` is the whole text, `new_text` what of it is new (None: all); `html` is sanitised. `provider_id` names the mail: the same
    mail handed in twice has the same, two mails that share a Message-ID have not. Ids are without brackets.
    `is_mail` is False when no header that a mail has was found: whatever it is, nobody wrote it as a mail.
    """

    provider_id: str
    message_id: str | None = None
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    sender: Mailbox | None = None
    to: tuple[Mailbox, ...] = ()
    cc: tuple[Mailbox, ...] = ()
    reply_to: Mailbox | None = None
    delivered_to: tuple[str, ...] = ()
    subject: str = ""
    sent_at: Instant | None = None
    text: str = ""
    new_text: str | None = None
    html: str | None = None
    attachments: tuple[MailPart, ...] = ()
    language: str | None = None
    markers: Markers = field(default_factory=Markers)
    report: DeliveryReport | None = None
    is_signed: bool = False
    is_encrypted: bool = False
    has_tnef: bool = False
    authentication: tuple[str, ...] = ()
    defects: tuple[str, ...] = ()
    is_mail: bool = True

    @property
    def is_plain(self) -> bool:
        """Nothing but one text: what the event carries is the whole mail."""
        return self.html is None and not self.attachments and not self.defects and not self.is_signed and not self.is_encrypted


def parse(raw: bytes, *, envelope_from: str | None = None) -> ParsedMail:
    """
    Read a raw mail. Never raises on anything that a sender wrote.

    `envelope_from` is the SMTP sender where known, "" for the null sender; it stands in for a missing From.
    """
    content = _begun(raw)
    message = structure.read(content)
    if message is None:
        return _unstructured(content, envelope_from)
    try:
        values, found = structure.values_of(message), structure.walk(message)
    except structure.UNREADABLE:
        return _unstructured(content, envelope_from)
    return _mail(
        content,
        values,
        found,
        envelope_from,
        media_type=structure.media_type(message),
        report_type=structure.parameter(message, "report-type").lower(),
    )


def _mail(
    content: bytes, values: dict[str, list[str]], found: Found, envelope_from: str | None, *, media_type: str, report_type: str
) -> ParsedMail:
    sender = _sender(values, envelope_from)
    subject = headers.decoded(_first(values, "subject"))[:SUBJECT_CHARACTERS_MAX]
    text, html = _body(found)
    marked = markers(
        values,
        content_type=media_type,
        report_type=report_type,
        has_failures=found.report is not None and bool(found.report.recipients),
        sender=sender.address if sender else None,
        envelope_from=envelope_from,
    )
    ids = headers.message_ids(_first(values, "message-id"))
    references = headers.message_ids(" ".join(values.get("references", ())))
    replied = headers.message_ids(_first(values, "in-reply-to"))
    reply_to = _boxes(values, "reply-to")
    shown = markup.content_ids(html) if html else frozenset[str]()
    return ParsedMail(
        provider_id=provider_id(ids[0] if ids else None, _first(values, "from"), _first(values, "date"), content),
        message_id=ids[0] if ids else None,
        in_reply_to=replied[0] if replied else None,
        references=references[-REFERENCES_MAX:],
        sender=sender,
        to=_boxes(values, "to"),
        cc=_boxes(values, "cc"),
        reply_to=reply_to[0] if reply_to else None,
        delivered_to=_delivered_to(values),
        subject=subject,
        sent_at=headers.instant(_first(values, "date")),
        text=text,
        new_text=None if marked.is_machine_made else quotes.new_text(text, subject),
        html=html,
        attachments=tuple(_shown_or_not(part, shown) for part in found.parts),
        language=headers.language(_first(values, "content-language") or _first(values, "accept-language")),
        markers=marked,
        report=found.report,
        is_signed=found.is_signed,
        is_encrypted=found.is_encrypted or _PGP.search(text) is not None,
        has_tnef=found.has_tnef,
        authentication=tuple(headers.unfolded(value) for value in values.get("authentication-results", ())[:10]),
        defects=tuple(dict.fromkeys(found.defects)),
        is_mail=not _HEADERS_OF_MAIL.isdisjoint(values),
    )


def provider_id(message_id: str | None, sender: str, date: str, content: bytes) -> str:
    """
    The Message-ID and a hash of From, Date and body. Line ends count the same however the mail travelled.

    Headers that relays add on the way (Received …) do not count, so a copy by IMAP and one by SMTP are the same mail.
    """
    _, _, body = content.replace(b"\r\n", b"\n").partition(b"\n\n")
    digest = hashlib.sha256()
    for piece in (message_id or "", headers.unfolded(sender), headers.unfolded(date)):
        digest.update(piece.encode("utf-8", "replace") + b"\x1f")
    digest.update(body.rstrip())
    name = re.sub(r"[^A-Za-z0-9.@_+=$-]", "_", message_id or "none")[:_MESSAGE_ID_CHARACTERS_MAX]
    return f"{name}#{digest.hexdigest()[:32]}"


def _begun(raw: bytes) -> bytes:
    """The mail from its first header on: blank lines, a byte-order mark or an mbox line before it would make all of it body."""
    false_start = _FALSE_START.match(raw[:4096])
    if false_start is None:
        return raw
    rest = raw[false_start.end() :]
    return rest if _HEADER_LINE.match(rest) else raw


def _unstructured(content: bytes, envelope_from: str | None) -> ParsedMail:
    """A mail that cannot be split into parts: headers as far as they go, and everything below as text."""
    head, _, body = content.replace(b"\r\n", b"\n").partition(b"\n\n")
    values: dict[str, list[str]] = {}
    for line in re.sub(rb"\n[ \t]+", b" ", head[:262_144]).split(b"\n"):
        name, colon, value = line.partition(b":")
        if colon and _HEADER_LINE.match(line):
            values.setdefault(name.strip().decode("ascii", "replace").lower(), []).append(value.strip().decode("ascii", "surrogateescape"))
    found = Found(defects=["Unstructured"])
    found.passages.append(structure.Passage(charsets.text_of(body if values else content, None), None))
    return _mail(content, values, found, envelope_from, media_type="text/plain", report_type="")


def _body(found: Found) -> tuple[str, str | None]:
    said = [(passage, passage.text()) for passage in found.passages]
    text = "\n\n".join(text.strip("\n") for _, text in said if text.strip())
    if all(passage.html is None for passage, _ in said):
        return text, None
    html = "\n".join(
        passage.html if passage.html is not None else markup.escaped(text) for passage, text in said if text.strip() or passage.html
    )
    return text, html


def _sender(values: dict[str, list[str]], envelope_from: str | None) -> Mailbox | None:
    """Who wrote it: From; without one, who sent it, wants the answer, or spoke SMTP."""
    for name in ("from", "sender", "reply-to", "return-path"):
        boxes = _boxes(values, name)
        if boxes:
            return boxes[0]
    address = normalised(envelope_from or "")
    return Mailbox(address=address) if address else None


def _delivered_to(values: dict[str, list[str]]) -> tuple[str, ...]:
    """Where relays say that it went: the truth where To names a list, or nobody."""
    names = ("x-original-to", "delivered-to", "x-delivered-to", "envelope-to", "x-envelope-to", "x-forwarded-to", "resent-to")
    return tuple(dict.fromkeys(box.address for name in names for box in _boxes(values, name)))


def _boxes(values: dict[str, list[str]], name: str) -> tuple[Mailbox, ...]:
    found = values.get(name)
    return mailboxes(", ".join(found)) if found else ()


def _shown_or_not(part: MailPart, shown: frozenset[str]) -> MailPart:
    """Only images that the HTML shows keep their id: the others are files."""
    if part.content_id is None or part.content_id in shown:
        return part
    return MailPart(name=part.name, media_type=part.media_type, content=part.content)


def _first(values: dict[str, list[str]], name: str) -> str:
    found = values.get(name)
    return found[0] if found else ""
