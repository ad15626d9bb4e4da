"""
What people ask, as events for the router: a command frame or an HTTP body becomes a validated command of the catalogue.

Who asks is filled in from the credential; whatever a client writes into `actor` is thrown away. The event's id is "<who>:<client's id>", so that a
repeat is answered the same and two people may count alike. The client sees its own id only: `own_id` takes the rest off again, in bytes, so that an
answer need not be parsed for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from standardiste.agent_gateway.files import AgentFiles
from standardiste.common.directory_view import DirectoryView
from standardiste.common.errors import BadInput, CommandRejected, Refused
from standardiste.common.events.base import REGISTRY, Event, Instant, Kind
from standardiste.common.events.codec import UnknownType, load_object
from standardiste.common.events.commands import Actor
from standardiste.common.events.model import AgentId, SessionId
from standardiste.common.events.refusals import Refusal
from standardiste.common.security.principal import Principal
from standardiste.common.security.rights import Act, Object, may

SOURCE: Final = "agent-gateway"
COMMAND_ID_MAX: Final = 100

_SUPERVISORS_ONLY: Final = frozenset(
    f"standardiste.{name}.v1"
    for name in (
        "interaction.assign",
        "interaction.close",
        "interaction.prioritise",
        "supervision.start",
        "supervision.end",
        "doctor.ask",
        "doctor.repair",
    )
)
"""Commands that nobody gives about his own work."""

_COMMAND: Final = re.compile(rb'\A\{"command":"[^":]*:')
_SUBJECTS: Final = ("interaction", "conversation", "offer", "agent")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who asks: the principal, and the session where there is one."""

    principal: Principal
    session: SessionId | None = None


def full_type(name: str) -> str:
    """The catalogue's name of a command, which may be given short ("offer.accept"). Raises UnknownType."""
    full = name if name.startswith("standardiste.") else f"standardiste.{name}.v1"
    spec = REGISTRY.get(full)
    if spec is None or spec.kind is not Kind.COMMAND:
        raise UnknownType(name)
    return full


def command_id(principal: Principal, id: str) -> str:
    """The id under which the router knows a client's command. Raises BadInput for an empty or overlong one."""
    if not 0 < len(id) <= COMMAND_ID_MAX or not id.isprintable() or " " in id:
        raise BadInput("malformed", f"A command's id has 1 to {COMMAND_ID_MAX} printable characters and no space.", "/id")
    return f"{principal.id.replace(':', '%3A')}:{id}"


def own_id(answer: bytes) -> bytes:
    """The data of an answer as its client sees it: `command`, their first field, is the client's own id."""
    return _COMMAND.sub(rb'{"command":"', answer, count=1)


def command_event(
    asker: Asker,
    directory: DirectoryView,
    files: AgentFiles,
    *,
    id: str,
    type: str,
    data: Mapping[str, Any],
    now: Instant,
    traceparent: str | None,
) -> Event:
    """
    The command as it goes to the router.

    Raises UnknownType, BadInput (fields are not as the catalogue says, with a pointer) or CommandRejected (the rights do not cover it).
    """
    name = full_type(type)
    principal = asker.principal
    bare = load_object(REGISTRY[name].cls, {**data, "actor": {}})
    files.check(principal.tenant, bare)
    may_supervise = _may_supervise(principal, directory, bare)
    if _needs_supervisor(name, principal, bare) and not may_supervise:
        raise CommandRejected(Refused(reason=Refusal.NOT_ALLOWED, detail=f"{name} is for those who supervise."))
    return Event(
        id=command_id(principal, id),
        source=SOURCE,
        subject=next((value for field in _SUBJECTS if (value := getattr(bare, field, None))), ""),
        tenant=principal.tenant,
        time=now,
        data=replace(bare, actor=_actor(asker, may_supervise)),
        traceparent=traceparent,
    )


def _actor(asker: Asker, may_supervise: bool) -> Actor:
    if asker.principal.kind == "api_key":
        return Actor(api_key=asker.principal.id, may_supervise=may_supervise)
    return Actor(agent=AgentId(asker.principal.id), session=asker.session, may_supervise=may_supervise)


def _needs_supervisor(name: str, principal: Principal, data: Any) -> bool:
    """Setting another's status or asking about another agent is supervision too."""
    agent = getattr(data, "agent", None)
    names_another = agent is not None and agent != principal.id and name in _ABOUT_AGENTS
    return name in _SUPERVISORS_ONLY or names_another


_ABOUT_AGENTS: Final = frozenset({"standardiste.status.set.v1", "standardiste.agent.explain.v1"})


def _may_supervise(principal: Principal, directory: DirectoryView, data: Any) -> bool:
    """
    Whether `may()` covers what the command names: the agent's team and site where it names one, else the whole tenant.

    A supervisor of one team may thus act on its agents; a command that names an interaction only wants the right over the tenant.
    """
    agent = getattr(data, "agent", None)
    person = directory.person(principal.tenant, agent) if agent is not None else None
    obj = Object(tenant=principal.tenant, team=person.team if person else None, site=person.site if person else None, person=agent)
    return may(principal, Act.AGENT_SUPERVISE, obj) is None
