"""
A visitor whom the page's own site has signed in: a JWT, HMAC-SHA256 (HS256), made by the site's server with a secret that it shares with this page.

    {"sub": "user-42", "exp": 1767323045, "name": "Jeanne Roux", "email": "jeanne@client.example"}

`sub` is who he is at the site, for good; `exp` is wanted and at most a day ahead, so that what leaks is soon worth nothing; `aud`, when given, is the page's
address. The visitor's id is a keyed hash of `sub`, so he is the same customer on every device, and nobody becomes him without the site's signature.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, cast

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from standardiste.common.errors import BadInput
from standardiste.common.events.base import Instant

SECRET_SETTING: Final = "identity_secret"
PREFIX: Final = "signed"
"""What the id of a signed visitor begins with: a token of such a visitor alone begins no session as him."""
LIFE_MAX_S: Final = 24 * 3600
TOKEN_CHARACTERS_MAX: Final = 4_000
SUBJECT_CHARACTERS_MAX: Final = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who the site says he is."""

    subject: str
    name: str | None = None
    email: str | None = None


def read_identity(token: str, secret: str, page: str, now: Instant) -> Identity:
    """Raises BadInput: bad_token, token_expired."""
    if len(token) > TOKEN_CHARACTERS_MAX or not token.isascii():
        raise _bad()
    try:
        claims = jwt.decode(token, OctKey.import_key(secret), algorithms=["HS256"]).claims
    except (JoseError, ValueError):
        raise _bad() from None
    subject, expires, audience = claims.get("sub"), claims.get("exp"), claims.get("aud")
    if not isinstance(subject, str) or not 1 <= len(subject) <= SUBJECT_CHARACTERS_MAX:
        raise _bad("The identity names nobody (sub).")
    if not isinstance(expires, int | float) or expires * 1000 > now + LIFE_MAX_S * 1000:
        raise _bad("The identity must end within a day (exp).")
    if expires * 1000 <= now:
        raise BadInput("token_expired", "The identity has expired.")
    if audience is not None and page not in (cast("list[Any]", audience) if isinstance(audience, list) else [audience]):
        raise _bad("The identity is for another page (aud).")
    return Identity(subject=subject, name=_text(claims.get("name"), 120), email=_text(claims.get("email"), 254))


def _text(value: object, characters_max: int) -> str | None:
    return value[:characters_max] if isinstance(value, str) and value.strip() else None


def _bad(detail: str = "This identity is not signed for this page.") -> BadInput:
    return BadInput("bad_token", detail, "/identity")
