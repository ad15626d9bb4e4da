"""
An agent's message as a mail: pure, and the same bytes for the same message, so that a second try is no second mail.

The Message-ID is our message's id at our address's domain: a customer's answer names it, and a repeat is recognised by it. No value can bring a header of its own:
line ends and controls are taken out of every one, and addresses are checked before they are used.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from standardiste.common.events.base import Instant
from standardiste.ingest_email import markup
from standardiste.ingest_email.addresses import normalised
from standardiste.ingest_email.templates import signed

SUBJECT_CHARACTERS_MAX = 900
REFERENCES_MAX = 20
_POLICY = policy.SMTP.clone(cte_type="7bit", max_line_length=78)
_POLICY_UTF8 = policy.SMTPUTF8.clone(max_line_length=78)
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\u0085]+")
_REPLY = re.compile(r"\s*(?:re|aw|sv|réf|ref|rép|rep|antw)\s*(?:\[\d+\])?\s*:", re.IGNORECASE)
_MESSAGE_ID = re.compile(r"[^\s<>@]{1,240}@[^\s<>@]{1,240}")
_LINK = re.compile(r"https?://[^\s<>\"']{3,1000}[^\s<>\"'.,;:!?)\]]")


class BadAddress(ValueError):
    """An address that no mail can be sent from or to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file to be attached."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is to be sent. `answers` is the Message-ID being answered, `references` the thread before it, oldest first; both without brackets."""

    message: str
    our_address: str
    our_name: str
    to: str
    text: str
    date: Instant
    to_name: str = ""
    cc: Sequence[str] = ()
    bcc: Sequence[str] = ()
    subject: str = ""
    html: str | None = None
    answers: str | None = None
    references: Sequence[str] = ()
    files: Sequence[File] = ()
    language: str | None = None
    is_machine_made: bool = False
    reply_to: str = ""
    signature: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """A mail ready to go: the envelope and the bytes."""

    message_id: str
    sender: str
    recipients: tuple[str, ...]
    content: bytes
    needs_utf8: bool


def compose(draft: Draft) -> Composed:
    """The mail. Raises BadAddress."""
    sender, to = _address(draft.our_address, draft.our_name), _address(draft.to, draft.to_name)
    cc = [_address(each, "") for each in draft.cc]
    recipients = tuple(dict.fromkeys(each.addr_spec for each in (to, *cc, *(_address(each, "") for each in draft.bcc))))
    needs_utf8 = not all(each.isascii() for each in (sender.addr_spec, *recipients))
    mail = EmailMessage(policy=_POLICY_UTF8 if needs_utf8 else _POLICY)
    message_id = message_id_of(draft.message, sender.addr_spec)
    mail["Message-ID"] = f"<{message_id}>"
    mail["Date"] = format_datetime(datetime.fromtimestamp(draft.date // 1000, UTC))
    mail["From"], mail["To"] = sender, to
    if cc:
        mail["Cc"] = cc
    if draft.reply_to:
        mail["Reply-To"] = _address(draft.reply_to, draft.our_name)
    mail["Subject"] = one_line(draft.subject)[:SUBJECT_CHARACTERS_MAX]
    _thread(mail, draft)
    if draft.language:
        mail["Content-Language"] = one_line(draft.language)[:35]
    if draft.is_machine_made:
        mail["Auto-Submitted"] = "auto-replied" if draft.answers else "auto-generated"
        mail["X-Auto-Response-Suppress"] = "All"
    text = signed(draft.text, draft.signature)
    mail.set_content(_safe(text), charset="utf-8", cte=_encoding(text))
    html = html_of(text) if draft.html is None else draft.html + _signature_html(draft.signature)
    mail.add_alternative(_safe(html), subtype="html", charset="utf-8", cte=_encoding(html))
    for file in draft.files:
        _attach(mail, file)
    _name_boundaries(mail, draft.message)
    return Composed(message_id=message_id, sender=sender.addr_spec, recipients=recipients, content=mail.as_bytes(), needs_utf8=needs_utf8)


def _name_boundaries(mail: EmailMessage, message: str) -> None:
    """Boundaries from the message's id, where the library would draw lots: a second try is the same mail, byte for byte."""
    token = hashlib.sha256(message.encode("utf-8", "replace")).hexdigest()[:24]
    for number, part in enumerate(part for part in mail.walk() if part.is_multipart()):
        part.set_boundary(f"=_{token}_{number}")  # "=_" stands in no quoted-printable or base64 text


def message_id_of(message: str, our_address: str) -> str:
    """The Message-ID of a message of ours, without brackets. `customers` finds the message by it when an answer comes."""
    return f"{message}@{our_address.rpartition('@')[2]}"


def our_message(message_id: str, domains: Sequence[str]) -> str | None:
    """The id of our message that a Message-ID names; None when it is none of ours."""
    local, _, domain = message_id.rpartition("@")
    return local if local and domain.lower() in domains else None


def reply_subject(subject: str | None) -> str:
    """The subject of an answer: "Re: " before it, once."""
    text = one_line(subject or "")
    return text if _REPLY.match(text) else f"Re: {text}".rstrip()


def one_line(text: str) -> str:
    """The text without line ends and controls: what a header may hold."""
    return _CONTROLS.sub(" ", text).encode("utf-8", "replace").decode().strip()


def html_of(text: str) -> str:
    """Plain text as simple HTML: the same lines, links made to be followed."""
    shown: list[str] = []
    at = 0
    for link in _LINK.finditer(text):
        shown.append(markup.escaped_line(text[at : link.start()]))
        target = markup.escaped_line(link[0])
        shown.append(f'<a href="{target}">{target}</a>')
        at = link.end()
    shown.append(markup.escaped_line(text[at:]))
    return (
        f'<!DOCTYPE html>\n<html><body><div style="white-space: pre-wrap; font-family: sans-serif">{"".join(shown)}</div></body></html>\n'
    )


def _signature_html(signature: str) -> str:
    return f'\n<div style="white-space: pre-wrap">-- \n{markup.escaped_line(signature.strip())}</div>\n' if signature.strip() else ""


def _thread(mail: EmailMessage, draft: Draft) -> None:
    """In-Reply-To and References, of ids that are ids; a mail that came without one is answered without."""
    answers = draft.answers if draft.answers and _MESSAGE_ID.fullmatch(draft.answers) else None
    ids = [each for each in draft.references if _MESSAGE_ID.fullmatch(each) and each != answers]
    ids = ids[-REFERENCES_MAX:] + ([answers] if answers else [])
    if answers:
        mail["In-Reply-To"] = f"<{answers}>"
    if ids:
        mail["References"] = " ".join(f"<{each}>" for each in ids)


def _address(address: str, name: str) -> Address:
    checked = normalised(address)
    if checked is None:
        raise BadAddress("no address that mail can be sent to")
    local, _, domain = checked.rpartition("@")
    return Address(display_name=one_line(name)[:200], username=local.strip('"'), domain=domain)


def _attach(mail: EmailMessage, file: File) -> None:
    """A nested mail travels as bytes too: as message/rfc822 its content could not be encoded for a 7-bit server."""
    maintype, _, subtype = file.media_type.partition("/")
    is_plain_type = maintype.isalnum() and re.fullmatch(r"[A-Za-z0-9.+_-]{1,100}", subtype) and maintype not in ("message", "multipart")
    maintype, subtype = (maintype, subtype) if is_plain_type else ("application", "octet-stream")
    mail.add_attachment(file.content, maintype=maintype, subtype=subtype, filename=one_line(file.name)[:200] or "file", cte="base64")


def _encoding(text: str) -> str:
    is_short = all(len(line) <= 900 for line in text.split("\n"))
    return (
        "7bit"
        if text.isascii() and is_short and "\r" not in text and "\0" not in text
        else "quoted-printable"
        if _is_mostly_ascii(text)
        else "base64"
    )


def _is_mostly_ascii(text: str) -> bool:
    return sum(1 for character in text if ord(character) > 126) * 4 < len(text)


def _safe(text: str) -> str:
    """No lone surrogate, no zero character, line ends as \\n."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").encode("utf-8", "replace").decode()
