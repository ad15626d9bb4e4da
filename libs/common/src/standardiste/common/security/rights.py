"""
What somebody may do: one function, `may(principal, act, object)`, for every endpoint, snapshot and stream.

Theory. A right is a role over a scope. The role says which acts; the scope says on what: the whole tenant, one sponsor, site, team or campaign, or
oneself. A person may hold several; any one that grants is enough. An API key holds acts by name over its tenant, or over one sponsor of it. A wall between tenants
stands before everything: nothing of another tenant is ever granted, except to a platform administrator acts on the installation itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from standardiste.common.errors import Refused
from standardiste.common.events.directory import RightGrant
from standardiste.common.security.principal import Principal


class Act(StrEnum):
    """What can be done. The names are public: they are an API key's scopes."""

    CONTACT_CREATE = "contact.create"
    MESSAGE_SEND = "message.send"
    REPLY_READ = "reply.read"
    DELIVERY_REPORT = "delivery.report"
    RECEIPT_READ = "receipt.read"
    WEBHOOK_WRITE = "webhook.write"
    EVENT_READ = "event.read"
    CUSTOMER_READ = "customer.read"
    CUSTOMER_WRITE = "customer.write"
    CUSTOMER_IMPORT = "customer.import"
    CUSTOMER_EXPORT = "customer.export"
    CUSTOMER_ERASE = "customer.erase"
    HISTORY_READ = "history.read"
    AGENT_WORK = "agent.work"
    AGENT_SUPERVISE = "agent.supervise"
    CONFIGURATION_READ = "configuration.read"
    CONFIGURATION_WRITE = "configuration.write"
    PEOPLE_WRITE = "people.write"
    SECRET_WRITE = "secret.write"
    AUDIT_READ = "audit.read"
    TENANT_CREATE = "tenant.create"
    INSTALLATION_READ = "installation.read"
    BACKUP_MAKE = "backup.make"
    SENDING_RELEASE = "sending.release"


@dataclass(frozen=True, slots=True, kw_only=True)
class Object:
    """What is acted upon: whose it is. None means that it is nobody's in particular, or not known."""

    tenant: str
    sponsor: str | None = None
    site: str | None = None
    team: str | None = None
    campaign: str | None = None
    person: str | None = None


_AGENT = frozenset({Act.AGENT_WORK, Act.CUSTOMER_READ, Act.CUSTOMER_WRITE, Act.RECEIPT_READ})
_SUPERVISOR = _AGENT | {Act.AGENT_SUPERVISE, Act.HISTORY_READ, Act.CONFIGURATION_READ}
_ADMINISTRATOR = frozenset(
    {
        Act.CONFIGURATION_READ,
        Act.CONFIGURATION_WRITE,
        Act.PEOPLE_WRITE,
        Act.SECRET_WRITE,
        Act.AUDIT_READ,
        Act.AGENT_SUPERVISE,
        Act.CUSTOMER_READ,
        Act.CUSTOMER_WRITE,
        Act.CUSTOMER_IMPORT,
        Act.CUSTOMER_EXPORT,
        Act.CUSTOMER_ERASE,
        Act.RECEIPT_READ,
        Act.HISTORY_READ,
        Act.CONTACT_CREATE,
        Act.MESSAGE_SEND,
        Act.REPLY_READ,
        Act.DELIVERY_REPORT,
        Act.WEBHOOK_WRITE,
        Act.EVENT_READ,
    }
)
_PLATFORM = frozenset({Act.TENANT_CREATE, Act.INSTALLATION_READ, Act.BACKUP_MAKE, Act.SENDING_RELEASE})

ROLES: Mapping[str, frozenset[Act]] = {
    "agent": _AGENT,
    "trainer": frozenset({Act.CUSTOMER_READ, Act.RECEIPT_READ, Act.HISTORY_READ}),
    "supervisor": frozenset(_SUPERVISOR),
    "floor_manager": frozenset(_SUPERVISOR),
    "analyst": frozenset({Act.HISTORY_READ, Act.RECEIPT_READ, Act.CONFIGURATION_READ}),
    "administrator": _ADMINISTRATOR,
    "sponsor_reader": frozenset({Act.HISTORY_READ, Act.RECEIPT_READ}),
    "platform_administrator": _PLATFORM,
}
"""Which acts a role holds."""


def may(principal: Principal, act: Act | str, obj: Object | None = None) -> Refused | None:
    """
    None when the principal may; else why not.

    Without an object: whether any right grants the act at all (the endpoint's first check; the object is asked about once it is known).
    """
    if obj is not None and obj.tenant != principal.tenant:
        return Refused(reason="not_allowed", detail="It belongs to another tenant.")
    if principal.kind == "api_key":
        granted = act in principal.scopes and (obj is None or principal.sponsor is None or obj.sponsor == principal.sponsor)
    else:
        granted = any(act in ROLES[right.role] and _covers(right, principal, obj) for right in principal.rights)
    return None if granted else Refused(reason="not_allowed", detail=f"Nothing in the rights of {principal.who} covers {act} here.")


def _covers(right: RightGrant, principal: Principal, obj: Object | None) -> bool:
    if obj is None:
        return True
    match right.scope:
        case "installation" | "tenant":
            return True
        case "self":
            return obj.person == principal.id
        case "sponsor":
            return obj.sponsor is not None and obj.sponsor == right.scope_id
        case "site":
            return obj.site is not None and obj.site == right.scope_id
        case "team":
            return obj.team is not None and obj.team == right.scope_id
        case "campaign":
            return obj.campaign is not None and obj.campaign == right.scope_id
    assert_never(right.scope)
