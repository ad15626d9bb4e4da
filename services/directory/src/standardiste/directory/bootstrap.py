"""
The first start of an installation: a tenant from a document, its logins, and the first platform administrator. On any later start it changes nothing.

The document is the one that `standardiste apply` takes, with one section more:

    logins:
      anna: {password: …, person: anna}
      admin: {password: …, person: admin, is_platform_administrator: true}

Everything here can be repeated after a crash: the first tenant's id derives from the installation's key, applying twice changes nothing, and the mark that it is done comes last.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from standardiste.common.errors import VersionConflict
from standardiste.common.ids import keyed_id
from standardiste.common.parts import Parts
from standardiste.common.security.audit import AUDIT
from standardiste.common.security.principal import INSTALLATION
from standardiste.directory.book import By
from standardiste.directory.core import COLLECTIONS, Core, make_core
from standardiste.directory.document import Document, parse
from standardiste.directory.faults import ConfigurationRefused, Fault, fault
from standardiste.directory.kinds import Key
from standardiste.directory.logins import Membership
from standardiste.directory.registry import TENANTS, enter_tenant
from standardiste.directory.settings import DirectorySettings

BEGUN: Final = "begun"
BY: Final = By(who="service:directory", note="first start")


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstLogin:
    """A login of the first start. `person` None: the platform administrator without a desk."""

    name: str
    password: str
    person: str | None = None
    is_platform_administrator: bool = False


async def bootstrap(
    parts: Parts, document: str | bytes, logins: Sequence[FirstLogin] = (), *, settings: DirectorySettings | None = None
) -> str | None:
    """
    Set a fresh installation up; give the tenant's id, or None when it was set up before. Before services run, on opened parts.

    `logins` come on top of the document's own. Raises ConfigurationRefused with lines, BadInput for a password that cannot be.
    """
    await parts.store.open([AUDIT, *COLLECTIONS])
    installation = parts.store.tenant(INSTALLATION)
    if await installation.get(TENANTS, BEGUN) is not None:
        return None
    core = make_core(settings or DirectorySettings(), parts)
    tenant = keyed_id(parts.keys.installation("first tenant"), "tn", "first")
    wanted = parse(document, tenant, may_name_logins=True)
    first = [*_logins_of(wanted), *logins]
    _check_people(first, wanted)
    with contextlib.suppress(VersionConflict):  # entered by a first start that did not end
        await enter_tenant(parts.store, tenant, parts.clock.now())
    await core.administration.begin(tenant, wanted.wanted, BY, wanted)
    for login in first:
        await _write(core, tenant, login)
    await installation.put(TENANTS, BEGUN, {"tenant": tenant})
    return tenant


async def _write(core: Core, tenant: str, login: FirstLogin) -> None:
    memberships = [] if login.person is None else [Membership(tenant=tenant, person=login.person)]
    written = await core.logins.write(
        login.name, login.password, memberships, within=None, is_platform_administrator=login.is_platform_administrator
    )
    await core.audit.record(tenant, BY.who, "login.written", f"login/{written.id}", after={"name": written.name}, why=BY.note)


def _logins_of(document: Document) -> list[FirstLogin]:
    faults: list[Fault] = []
    found: list[FirstLogin] = []
    for name, written in document.logins.items():
        fields = cast("dict[str, Any]", written) if isinstance(written, dict) else dict[str, Any]()
        unknown = set(fields) - {"password", "person", "is_platform_administrator"}
        faults += [fault("unknown_field", f"/logins/{name}/{each}", name=each) for each in sorted(unknown)]
        password, person, is_platform = fields.get("password"), fields.get("person"), fields.get("is_platform_administrator", False)
        if not isinstance(password, str) or not isinstance(person, str | None) or not isinstance(is_platform, bool):
            faults.append(fault("not_a_map", f"/logins/{name}"))
        else:
            found.append(FirstLogin(name=name, password=password, person=person, is_platform_administrator=is_platform))
    if faults:
        raise ConfigurationRefused([document.placed(each) for each in faults])
    return found


def _check_people(logins: Sequence[FirstLogin], document: Document) -> None:
    missing = [each for each in logins if each.person is not None and Key("person", each.person) not in document.wanted]
    if missing:
        faults = [fault("unknown_reference", f"/logins/{each.name}/person", entity=f"person/{each.person}") for each in missing]
        raise ConfigurationRefused([document.placed(each) for each in faults])
