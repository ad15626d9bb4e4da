"""
Twilio's webhook signatures: proof that a request comes from the holder of the account's auth token.

Base64 of HMAC-SHA-1 over the full URL followed by each form field's name and value in the order of names. Where a field occurs several times its distinct
values follow in their own order. Twilio signs some URLs with the standard port written and some without, so both readings are tried.
Source: Twilio documentation, "Webhooks Security"; twilio-python, RequestValidator.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from typing import TypeAlias, cast
from urllib.parse import urlsplit, urlunsplit

Fields: TypeAlias = "Mapping[str, str] | Iterable[tuple[str, str]]"
_STANDARD_PORT = {"https": 443, "http": 80}


def sign(url: str, params: Fields, auth_token: str) -> str:
    """The signature of a request to this URL with these form fields."""
    text = url + "".join(name + value for name, value in sorted(set(_pairs(params))))
    return base64.b64encode(hmac.new(auth_token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def check(url: str, params: Fields, auth_token: str, signature: str) -> bool:
    """Whether the signature is right for the URL as given, with or without its standard port. Takes the same time for any wrong one."""
    pairs = _pairs(params)
    given = signature.encode("utf-8", "surrogateescape")
    matches = [hmac.compare_digest(sign(each, pairs, auth_token).encode(), given) for each in _readings(url)]
    return any(matches)


def _pairs(params: Fields) -> list[tuple[str, str]]:
    return list(cast("Iterable[tuple[str, str]]", params.items() if isinstance(params, Mapping) else params))


def _readings(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    standard = _STANDARD_PORT.get(parts.scheme, 0)
    userinfo, at, host = parts.netloc.rpartition("@")
    bare, colon, port = host.rpartition(":")
    has_port = bool(colon) and port.isdigit()
    if has_port and int(port) != standard:
        return url, url
    other = bare if has_port else f"{host}:{standard}"
    return url, urlunsplit(parts._replace(netloc=f"{userinfo}{at}{other}"))
