"""
Who proves that somebody is who he says. Built in: name and password. Any OpenID Connect provider takes the same place: it gives a login, and all behind it stays as it is.
"""

from __future__ import annotations

from typing import Protocol

from standardiste.directory.logins import Login, Logins
from standardiste.directory.passwords import Passwords


class IdentityProvider(Protocol):
    """Proves a claim to a name; None when it does not hold. Takes as long for a name that nobody has."""

    async def prove(self, name: str, proof: str) -> Login | None: ...


class PasswordProvider:
    """The built-in accounts."""

    def __init__(self, logins: Logins, passwords: Passwords) -> None:
        self._logins, self._passwords = logins, passwords

    async def prove(self, name: str, proof: str) -> Login | None:
        login = await self._logins.named(name)
        kept = None if login is None or login.is_disabled else login.password_hash
        if not await self._passwords.check(kept, proof) or login is None or kept is None:
            return None
        if self._passwords.is_outdated(kept):
            await self._logins.rehash(login, proof)
        return login
