"""
Logins: they belong to the installation, and their memberships say as which person of which tenant somebody signs in.

Rights are the person's, from the tenant's configuration; only the role of platform administrator lies on the login itself, so that no tenant can grant it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, cast

from standardiste.common.clock import Clock
from standardiste.common.errors import BadInput, StandardisteError, UniqueConflict
from standardiste.common.ids import Ids
from standardiste.common.security.principal import INSTALLATION
from standardiste.common.store.port import ABSENT, Collection, Document, Find, Index, Store, Where
from standardiste.directory.passwords import Passwords

LOGINS: Final = Collection(name="logins", indexes=(Index(name="name", path="name", is_unique=True),))
FORMAT: Final = 1
NAME_CHARACTERS_MAX: Final = 254


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """As whom a login enters a tenant."""

    tenant: str
    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """One login. `version` is its document's."""

    id: str
    name: str
    password_hash: str | None
    memberships: tuple[Membership, ...] = ()
    is_platform_administrator: bool = False
    is_disabled: bool = False
    version: int = field(default=ABSENT, compare=False)

    def membership(self, tenant: str | None) -> Membership | None:
        """The one of this tenant; the first when none is named."""
        return next((each for each in self.memberships if tenant in (None, each.tenant)), None)


class LoginTaken(StandardisteError):
    """The name belongs to a login that the caller may not change."""


class Logins:
    """The logins of the installation, over a store."""

    def __init__(self, store: Store, clock: Clock, ids: Ids, passwords: Passwords) -> None:
        self._documents, self._clock, self._ids, self._passwords = store.tenant(INSTALLATION), clock, ids, passwords

    async def named(self, name: str) -> Login | None:
        page = await self._documents.find(LOGINS, Find(where=(Where(index="name", equals=known_as(name)),), limit=1))
        return _login(page.documents[0]) if page.documents else None

    async def get(self, id: str) -> Login | None:
        document = await self._documents.get(LOGINS, id)
        return None if document is None else _login(document)

    async def write(
        self, name: str, password: str, memberships: Sequence[Membership], *, within: str | None, is_platform_administrator: bool = False
    ) -> Login:
        """
        Create a login, or set the password of one and add memberships.

        `within` is the tenant whose administrator asks: a login that enters other tenants too, or the platform, is not his to change (LoginTaken).
        None: the platform administrator asks. Raises BadInput for a name or password that cannot be, VersionConflict.
        """
        known = known_as(name)
        if not known or len(known) > NAME_CHARACTERS_MAX:
            raise BadInput("invalid_field", f"a login name has 1 to {NAME_CHARACTERS_MAX} characters", "/name")
        password_hash = await self._passwords.hash(password)
        there = await self.named(known)
        if there is None:
            there = Login(id=self._ids.mint("lg"), name=known, password_hash=None)
        elif within is not None and (there.is_platform_administrator or any(each.tenant != within for each in there.memberships)):
            raise LoginTaken(known)
        added = [each for each in memberships if each not in there.memberships]
        kept = [each for each in there.memberships if each.tenant not in {one.tenant for one in added}]
        login = replace(
            there,
            password_hash=password_hash,
            memberships=(*kept, *added),
            is_platform_administrator=there.is_platform_administrator or is_platform_administrator,
        )
        try:
            return await self._put(login)
        except UniqueConflict:
            raise LoginTaken(known) from None

    async def rehash(self, login: Login, password: str) -> None:
        """Keep the password with today's parameters."""
        await self._put(replace(login, password_hash=await self._passwords.hash(password)))

    async def _put(self, login: Login) -> Login:
        body: dict[str, Any] = {
            "format": FORMAT,
            "name": login.name,
            "password_hash": login.password_hash,
            "memberships": [asdict(each) for each in login.memberships],
            "is_platform_administrator": login.is_platform_administrator,
            "is_disabled": login.is_disabled,
            "changed_at": self._clock.now(),
        }
        return replace(login, version=await self._documents.put(LOGINS, login.id, body, expected=login.version))


def known_as(name: str) -> str:
    """The one form of a name: what looks the same is the same, cases folded."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def _login(document: Document) -> Login:
    body = document.body
    memberships = cast("Sequence[dict[str, str]]", body["memberships"])
    return Login(
        id=document.id,
        name=str(body["name"]),
        password_hash=cast("str | None", body["password_hash"]),
        memberships=tuple(Membership(tenant=each["tenant"], person=each["person"]) for each in memberships),
        is_platform_administrator=bool(body["is_platform_administrator"]),
        is_disabled=bool(body["is_disabled"]),
        version=document.version,
    )
