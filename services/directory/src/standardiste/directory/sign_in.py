"""
Sessions: who has proven a login gets a token for one tenant, of 15 minutes, with the person's rights as they are now.

A refusal says the same for an unknown name, a wrong password, a disabled login and a membership that is not there, and takes as long.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from standardiste.common.clock import Clock
from standardiste.common.errors import StandardisteError
from standardiste.common.events.base import Instant
from standardiste.common.events.directory import Person, RightGrant, Tenant
from standardiste.common.metrics import counter
from standardiste.common.rate_limit import Taken, TokenBuckets
from standardiste.common.security.audit import Audit
from standardiste.common.security.principal import INSTALLATION, Principal
from standardiste.common.security.tokens import TTL_S, BadCredential, TokenSigner
from standardiste.directory.book import ConfigurationBook
from standardiste.directory.identity import IdentityProvider
from standardiste.directory.kinds import TENANT, Key
from standardiste.directory.logins import Login, Logins, Membership, known_as

PLATFORM: Final = RightGrant(role="platform_administrator", scope="installation")
_sign_ins = counter("standardiste_sign_ins_total")


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A token, whom it stands for, and where else this login may go."""

    token: str
    expires_at: Instant
    principal: Principal
    tenant_name: str
    memberships: tuple[Membership, ...]


class TooOften(StandardisteError):
    """Too many tries for this name or from this address."""

    def __init__(self, taken: Taken) -> None:
        super().__init__(f"again in {taken.retry_after_s} s")
        self.taken = taken


class SignIn:
    """Over the logins and the configuration of their tenants."""

    def __init__(
        self,
        provider: IdentityProvider,
        logins: Logins,
        book: ConfigurationBook,
        signer: TokenSigner,
        audit: Audit,
        clock: Clock,
        *,
        by_name: TokenBuckets,
        by_address: TokenBuckets,
    ) -> None:
        self._provider, self._logins, self._book, self._signer, self._audit, self._clock = provider, logins, book, signer, audit, clock
        self._by_name, self._by_address = by_name, by_address

    async def sign_in(self, name: str, password: str, tenant: str | None, source: str) -> Session:
        """Raises BadCredential, TooOften. Every outcome is in the audit record."""
        self._limit(known_as(name), source)
        login = await self._provider.prove(name, password)
        session = None if login is None else await self._session(login, tenant)
        if session is None:
            _sign_ins.labels("refused").inc()
            known = next((each.tenant for each in login.memberships), INSTALLATION) if login else INSTALLATION
            await self._audit.record(known, f"login:{known_as(name)}", "sign_in.refused", tenant or "", source=source)
            raise BadCredential("bad_credential", "Name or password is wrong, or there is no access to this tenant.")
        _sign_ins.labels("done").inc()
        who = session.principal
        await self._audit.record(who.tenant, who.who, "sign_in.done", f"login/{who.login}", source=source)
        return session

    async def renew(self, who: Principal) -> Session:
        """A fresh token for one that is still good, if login, membership and person still are. Raises BadCredential."""
        login = await self._logins.get(who.login) if who.kind == "person" and who.login is not None else None
        session = None if login is None or login.is_disabled else await self._session(login, who.tenant)
        if session is None:
            raise BadCredential("bad_credential", "This login no longer has access.")
        return session

    def _limit(self, name: str, source: str) -> None:
        now = self._clock.now()
        for taken in (self._by_address.take(source, now), self._by_name.take(name, now)):
            if not taken.is_allowed:
                _sign_ins.labels("limited").inc()
                raise TooOften(taken)

    async def _session(self, login: Login, tenant: str | None) -> Session | None:
        if login.is_platform_administrator and (tenant == INSTALLATION or not login.memberships):
            return self._issue(login, Principal(tenant=INSTALLATION, id=login.id, name=login.name, rights=(PLATFORM,), login=login.id), "")
        membership = login.membership(tenant)
        if membership is None:
            return None
        person = await self._book.entity(membership.tenant, Key("person", membership.person))
        own = await self._book.entity(membership.tenant, Key(TENANT, membership.tenant))
        if not isinstance(person, Person) or person.is_archived or not isinstance(own, Tenant):
            return None
        principal = Principal(
            tenant=membership.tenant,
            id=person.id,
            name=person.name,
            language=person.language or own.language,
            rights=(*person.rights, PLATFORM) if login.is_platform_administrator else person.rights,
            zone=person.zone or own.zone,
            login=login.id,
        )
        return self._issue(login, principal, own.name)

    def _issue(self, login: Login, principal: Principal, tenant_name: str) -> Session:
        now = self._clock.now()
        return Session(
            token=self._signer.issue(principal, now),
            expires_at=Instant((now // 1000 + TTL_S) * 1000),
            principal=principal,
            tenant_name=tenant_name,
            memberships=login.memberships,
        )
