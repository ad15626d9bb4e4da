"""Whether a person's rights cover beginning towards customers: the one `may()` of every service, as the engine asks it."""

from __future__ import annotations

from standardiste.common.events.directory import Person
from standardiste.common.events.model import Scope
from standardiste.common.security.principal import Principal
from standardiste.common.security.rights import Act, Object, may


def may_open(tenant: str, person: Person, scope: Scope) -> bool:
    """Sponsor and campaign are those of the address it goes out from, team and site the person's own."""
    whose = Object(tenant=tenant, sponsor=scope.sponsor, campaign=scope.campaign, site=person.site, team=person.team, person=person.id)
    principal = Principal(tenant=tenant, id=person.id, kind="person", name=person.name, rights=person.rights)
    return may(principal, Act.AGENT_WORK, whose) is None
