"""
The tokens that people carry after signing in: signed JWTs (Ed25519) of 15 minutes that every service checks with the public key alone.

A verified token is remembered until it expires, so that a desk's many requests cost one signature check; the memory is bounded.
"""

from __future__ import annotations

from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from standardiste.common.errors import StandardisteError
from standardiste.common.events.base import Instant
from standardiste.common.events.codec import load_object
from standardiste.common.events.directory import RightGrant
from standardiste.common.security.principal import Principal

TTL_S: Final = 900
ISSUER: Final = "standardiste"
_ALGORITHM: Final = "Ed25519"
_REMEMBERED_MAX: Final = 10_000
_SKEW_S: Final = 5


class BadCredential(StandardisteError):
    """A token or key that proves nothing. `reason` is `bad_token`, `token_expired` or `bad_credential`."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason, self.detail = reason, detail


class TokenSigner:
    """Issues tokens. Only `directory` holds the private key."""

    def __init__(self, private_pem: bytes) -> None:
        self._key = OKPKey.import_key(private_pem)
        self._kid = self._key.thumbprint()

    def issue(self, principal: Principal, now: Instant, ttl_s: int = TTL_S) -> str:
        """A token that says who this is until `ttl_s` from now."""
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "sub": principal.id,
            "tid": principal.tenant,
            "name": principal.name,
            "lang": principal.language,
            "rights": [[right.role, right.scope, right.scope_id] for right in principal.rights],
            "iat": now // 1000,
            "exp": now // 1000 + ttl_s,
        }
        if principal.zone is not None:
            claims["zone"] = principal.zone
        if principal.login is not None:
            claims["login"] = principal.login
        return jwt.encode({"alg": _ALGORITHM, "kid": self._kid}, claims, self._key, algorithms=[_ALGORITHM])


class TokenVerifier:
    """Checks tokens with one or more public keys."""

    def __init__(self, public_pem: bytes) -> None:
        self._keys = {key.thumbprint(): key for key in map(OKPKey.import_key, _each_pem(public_pem))}
        assert self._keys, "at least one public key"
        self._remembered: dict[str, Principal] = {}

    def verify(self, token: str, now: Instant) -> Principal:
        """Who carries it. Raises BadCredential `bad_token` or `token_expired`."""
        principal = self._remembered.get(token)
        if principal is None:
            principal = self._check(token, now)
            if len(self._remembered) >= _REMEMBERED_MAX:
                self._remembered.clear()
            self._remembered[token] = principal
        if principal.expires_at is None or principal.expires_at <= now:
            self._remembered.pop(token, None)
            raise BadCredential("token_expired", "Sign in again, or renew the token before it ends.")
        return principal

    def _check(self, token: str, now: Instant) -> Principal:
        try:
            decoded = jwt.decode(token, self._key_of, algorithms=[_ALGORITHM])
        except (JoseError, ValueError) as error:
            raise BadCredential("bad_token", type(error).__name__) from None
        claims = decoded.claims
        try:
            if claims["iss"] != ISSUER or int(claims["iat"]) > now // 1000 + _SKEW_S:
                raise BadCredential("bad_token", "not ours, or from the future")
            return Principal(
                tenant=str(claims["tid"]),
                id=str(claims["sub"]),
                kind="person",
                name=str(claims["name"]),
                language=str(claims["lang"]),
                rights=tuple(_right(each) for each in claims["rights"]),
                expires_at=Instant(int(claims["exp"]) * 1000),
                zone=claims.get("zone"),
                login=claims.get("login"),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise BadCredential("bad_token", f"a claim is missing or wrong: {error}") from None

    def _key_of(self, token: Any) -> OKPKey:
        kid = token.headers().get("kid")
        if kid not in self._keys:
            raise ValueError("unknown key")
        return self._keys[kid]


def _right(claim: object) -> RightGrant:
    match claim:
        case [str(role), str(scope), None | str() as scope_id]:
            return load_object(RightGrant, {"role": role, "scope": scope, "scope_id": scope_id})
        case _:
            raise ValueError("not a right")


def _each_pem(text: bytes) -> list[bytes]:
    end = b"-----END PUBLIC KEY-----"
    return [part.strip() + b"\n" + end + b"\n" for part in text.split(end) if part.strip()]
