"""
DKIM (RFC 6376) over what leaves: relaxed/relaxed, rsa-sha256, with the key of the channel address. Pure but for the instant that a signature bears.

Every header that makes sense of the mail is signed, and those that must not be added later (From, Subject, To, Cc, Reply-To …) are signed once more than they
are there, so that nobody can add another.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final, cast

import dkim

from standardiste.ingest_email.compose import Composed

SIGNED: Final = (
    b"from", b"to", b"cc", b"subject", b"date", b"message-id", b"in-reply-to", b"references", b"reply-to",
    b"mime-version", b"content-type", b"content-transfer-encoding", b"auto-submitted",
)  # fmt: skip
_NAME: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,250}[A-Za-z0-9])?")


class BadKey(ValueError):
    """A key, selector or domain that nothing can be signed with."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs for a domain. `key` is an RSA private key in PEM, of 1,024 bits or more."""

    domain: str
    selector: str
    key: str = field(repr=False)


def signed(mail: Composed, signer: Signer) -> bytes:
    """The mail under its signature. Raises BadKey. Takes some milliseconds of processor: call it off the loop."""
    if not _NAME.fullmatch(signer.domain) or not _NAME.fullmatch(signer.selector):
        raise BadKey("dkim_domain and dkim_selector must be names of the domain name system")
    present = {line.partition(b":")[0].lower() for line in mail.content.partition(b"\r\n\r\n")[0].split(b"\r\n") if line[:1] not in b" \t"}
    include = [name for name in SIGNED if name in present] + [b"from", b"to", b"cc", b"subject", b"reply-to"]
    try:
        signature = cast("Any", dkim).sign(
            mail.content,
            signer.selector.encode(),
            signer.domain.encode(),
            signer.key.encode(),
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=include,
        )
    except (cast("Any", dkim).DKIMException, ValueError, IndexError, TypeError) as error:
        raise BadKey(type(error).__name__) from None
    return bytes(signature) + mail.content
