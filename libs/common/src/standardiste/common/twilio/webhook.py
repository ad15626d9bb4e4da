"""
A signed webhook: the form it carries, and the proof that the provider sent it.

The signature is reckoned over the address that the provider was given, so over our public URL and not over what a proxy made of it, with the path and query as
they came.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl

from fastapi import Request

from standardiste.common.events.directory import ChannelAddress
from standardiste.common.http import body_of, limit_client, problem
from standardiste.common.security.twilio_signature import check
from standardiste.common.twilio.credentials import CredentialBook

BODY_BYTES_MAX: Final = 64 * 1024
FIELDS_MAX: Final = 300
SIGNATURE: Final = "x-twilio-signature"


class Form:
    """The fields of a webhook, in the order they came. A field that is missing reads empty."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self.pairs = pairs
        self._values = dict(pairs)

    def __getitem__(self, name: str) -> str:
        return self._values.get(name, "")

    def integer(self, name: str) -> int:
        """A count; 0 when missing or none."""
        text = self[name]
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


async def form_of(request: Request) -> Form:
    """The form in the body. Raises too_large, invalid_field."""
    return form_in(await body_of(request, BODY_BYTES_MAX))


def form_in(body: bytes) -> Form:
    """The form that these bytes are. Raises invalid_field."""
    try:
        return Form(parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=FIELDS_MAX))
    except ValueError:
        raise problem("invalid_field", "the body is no form in UTF-8") from None


async def require_signature(
    request: Request, form: Form, public_url: str, credentials: CredentialBook, tenant: str, address: ChannelAddress
) -> None:
    """Raise bad_signature unless the holder of the address's auth token signed this. Who guesses is slowed down by his network address."""
    signature = request.headers.get(SIGNATURE, "")
    url = public_url + request.scope["path"] + (f"?{query}" if (query := request.scope["query_string"].decode("latin-1")) else "")
    for is_fresh in (False, True):
        token = await credentials.auth_token(tenant, address, is_fresh=is_fresh)
        if token is not None and signature and check(url, form.pairs, token, signature):
            return
        limit_client(request)
        if not signature:
            break
    raise problem("bad_signature")
