"""What a reader is shown of the documents. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from standardiste.common.addresses import family_and_address
from standardiste.common.events.model import Attachment, Content
from standardiste.common.store.port import Document
from standardiste.customers.records import Customer, StoredMessage, load

_INNER_OF_CUSTOMER: Final = ("format", "keys", "addresses", "first_contact", "externals", "attributes_at", "blocked_keys", "origins")
_INNER_OF_CONVERSATION: Final = ("format", "subject_from", "contact_at", "waiting", "set_aside")
_INNER_OF_RECEIPT: Final = ("format", "open_since", "sponsor")

SHOWN_INLINE: Final = frozenset(
    {"image/png", "image/jpeg", "image/gif", "image/webp", "audio/mpeg", "audio/wav", "audio/x-wav", "audio/ogg", "audio/webm"}
)
"""What a browser may show by itself: nothing in these runs. All else is a download of bytes."""
TEXT: Final = "text/plain; charset=utf-8"
MAIL: Final = "message/rfc822"
BYTES: Final = "application/octet-stream"
BLOB_POLICY: Final = "sandbox; default-src 'none'; frame-ancestors 'none'"
NAME_CHARACTERS_MAX: Final = 200


def customer(document: Document) -> dict[str, Any]:
    """A customer's record, its addresses by family, each with whether it is blocked."""
    known = load(Customer, document.body)
    addresses = [(key, *family_and_address(key)) for key in known.keys]
    return {
        "id": document.id,
        **_without(document.body, _INNER_OF_CUSTOMER),
        "addresses": [
            {"family": family, "address": address, "is_blocked": key in known.blocked_keys} for key, family, address in addresses
        ],
    }


def conversation(document: Document) -> dict[str, Any]:
    return {"id": document.id, **_without(document.body, _INNER_OF_CONVERSATION)}


def message(document: Document) -> dict[str, Any]:
    """A message as events carry it, with its conversation and interaction beside."""
    body: Mapping[str, Any] = document.body
    return {**body["message"], **{name: body[name] for name in ("conversation", "interaction", "contact") if name in body}}


def receipt(document: Document) -> dict[str, Any]:
    return _without(document.body, _INNER_OF_RECEIPT)


def blob_headers(name: str, stored: StoredMessage) -> dict[str, str]:
    """
    How a blob of this message is given: its type, its name for saving, and a policy under which nothing in it can act.

    A mail's HTML is given as text: a desk puts it into a sandboxed frame itself.
    """
    content = stored.message.content
    attachment = attachment_of(content, name)
    if attachment is not None:
        media_type = attachment.media_type.lower().partition(";")[0].strip()
        given, saved_as = (media_type if media_type in SHOWN_INLINE else BYTES), attachment.name
    elif name == content.raw_blob:
        given, saved_as = MAIL, "message.eml"
    elif name == content.html_blob:
        given, saved_as = TEXT, "message.html.txt"
    elif name == content.body_blob:
        given, saved_as = TEXT, "message.txt"
    else:
        given, saved_as = BYTES, "recording"
    return {
        "Content-Type": given,
        "Content-Disposition": disposition("inline" if given in SHOWN_INLINE else "attachment", saved_as),
        "Content-Security-Policy": BLOB_POLICY,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }


def attachment_of(content: Content, name: str) -> Attachment | None:
    """The attachment whose bytes this blob holds."""
    return next((attachment for attachment in content.attachments if attachment.blob == name), None)


def disposition(kind: str, name: str) -> str:
    """A Content-Disposition with a name that any system can save: RFC 6266, both forms, without paths or control characters."""
    clean = "".join("_" if each in '/\\"' or not each.isprintable() else each for each in name).strip(" .")[:NAME_CHARACTERS_MAX] or "file"
    plain = clean.encode("ascii", "replace").decode().replace("?", "_").replace("%", "_")
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(clean, safe='', errors='replace')}"


def _without(body: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in names}
