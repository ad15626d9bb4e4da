"""A new tenant: its defaults as its first change set, and perhaps its first administrator."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, cast

from standardiste.common.events.directory import Person, RightGrant, Tenant
from standardiste.common.events.model import AgentId
from standardiste.directory.book import By
from standardiste.directory.core import Core
from standardiste.directory.defaults import defaults
from standardiste.directory.kinds import TENANT, Key, key_of
from standardiste.directory.logins import LoginTaken, Membership
from standardiste.directory.registry import enter_tenant, leave_tenant

ADMINISTRATOR: Final = AgentId("admin")


@dataclass(frozen=True, slots=True, kw_only=True)
class Administrator:
    """The login name and password of a tenant's first administrator."""

    name: str
    password: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTenant:
    name: str
    language: str = "fr"
    zone: str = "Europe/Paris"
    is_test: bool = False
    administrator: Administrator | None = None


async def create_tenant(core: Core, wanted: NewTenant, by: By) -> str:
    """Give its id. Raises ConfigurationRefused, BadInput for a password that cannot be, LoginTaken when another tenant's login has the name."""
    first = wanted.administrator
    if first is not None and await core.logins.named(first.name) is not None:
        raise LoginTaken(first.name)
    tenant = core.parts.ids.mint("tn")
    entities = dict(defaults(tenant))
    own = cast(Tenant, entities[Key(TENANT, tenant)])
    entities[key_of(own)] = replace(own, name=wanted.name, language=wanted.language, zone=wanted.zone, is_test=wanted.is_test)
    if first is not None:
        right = RightGrant(role="administrator")
        person = Person(id=ADMINISTRATOR, change_set=0, name=first.name, language=wanted.language, rights=(right,))
        entities[key_of(person)] = person
    await enter_tenant(core.parts.store, tenant, core.parts.clock.now())
    try:
        await core.administration.begin(tenant, entities, by)
        if first is not None:
            membership = Membership(tenant=tenant, person=ADMINISTRATOR)
            await core.logins.write(first.name, first.password, [membership], within=tenant)
    except BaseException:
        await leave_tenant(core.parts.store, tenant)
        raise
    return tenant
