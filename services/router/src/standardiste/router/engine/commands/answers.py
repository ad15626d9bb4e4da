"""Who asks, and what a command comes to; with the checks that most commands share."""

from __future__ import annotations

from dataclasses import dataclass

from standardiste.common.events import decisions as d
from standardiste.common.events.base import maker, quick
from standardiste.common.events.commands import Actor
from standardiste.common.events.model import AgentId, CommandId, InteractionId, InteractionState, MessageId, SessionId
from standardiste.common.events.refusals import SENTENCES, Refusal
from standardiste.router.engine import pairs, quickly
from standardiste.router.engine.policy import Need
from standardiste.router.engine.state import Interaction
from standardiste.router.engine.step import Step


@quick
@dataclass(frozen=True, slots=True)
class Asker:
    """An agent through a session, or an API key. `name` is what its answers are remembered under."""

    name: str
    agent: AgentId | None
    session: SessionId | None
    is_api: bool
    may_supervise: bool
    to: tuple[str, ...]

    @staticmethod
    def of_actor(actor: Actor) -> Asker:
        if actor.agent is not None:
            to = (f"agent:{actor.agent}", f"session:{actor.session}") if actor.session else (f"agent:{actor.agent}",)
            return _asker(actor.agent, actor.agent, actor.session, False, actor.may_supervise, to)
        return Asker(f"api:{actor.api_key or ''}", None, None, actor.api_key is not None, actor.may_supervise, ())

    @property
    def supervises(self) -> bool:
        """An API key's scope was checked at the edge; it may what a supervisor may."""
        return self.may_supervise or self.is_api


_asker = maker(Asker)


@quick
@dataclass(frozen=True, slots=True)
class Done:
    """Carried out; the answer names what it was about and what it made."""

    interaction: InteractionId | None = None
    message: MessageId | None = None
    version: int | None = None


done = maker(Done)


@dataclass(frozen=True, slots=True)
class Refused:
    """A no with its public name."""

    reason: Refusal
    detail: str = ""
    interaction: InteractionId | None = None


@dataclass(frozen=True, slots=True)
class Later:
    """Neither yet: it waits for somebody else's word, and is answered then."""


def proven(step: Step, asker: Asker, *, is_for_api: bool) -> Refused | None:
    """None when the asker is who may ask: an agent by the newest session, or an API key where it may."""
    if asker.agent is None:
        return None if asker.is_api and is_for_api else Refused(Refusal.NOT_ALLOWED)
    agent = step.live.agents.get(asker.agent)
    if agent is None or agent.session is None:
        return Refused(Refusal.NO_SESSION)
    return None if agent.session == asker.session else Refused(Refusal.SESSION_SUPERSEDED)


def answer(step: Step, asker: Asker, id: CommandId, type: str, outcome: Done | Refused, traceparent: str | None) -> None:
    """Tell the asker what came of a command."""
    i = step.live.interactions.get(outcome.interaction) if outcome.interaction else None
    if isinstance(outcome, Done):
        said = quickly.CommandDone(
            command=id,
            command_type=type,
            interaction=outcome.interaction,
            version=i.version if i else outcome.version,
            message=outcome.message,
        )
        step.emit(said, asker.name, asker.to, traceparent)
        return
    refused = d.CommandRefused(
        command=id,
        command_type=type,
        reason=outcome.reason.value,
        detail=outcome.detail or SENTENCES[outcome.reason],
        interaction=outcome.interaction,
        version=i.version if i else None,
    )
    step.emit(refused, asker.name, asker.to, traceparent)


def find(step: Step, id: InteractionId) -> Interaction | Refused:
    """The live interaction of this id."""
    i = step.live.interactions.get(id)
    if i is not None:
        return i
    is_closed = step.live.memory.closed_of(id, step.at) is not None
    return Refused(Refusal.INTERACTION_CLOSED if is_closed else Refusal.UNKNOWN_INTERACTION, interaction=id)


def find_at(step: Step, id: InteractionId, version: int) -> Interaction | Refused:
    """As `find`, and it is as the client saw it."""
    i = find(step, id)
    if isinstance(i, Refused) or i.version == version:
        return i
    return Refused(Refusal.STALE_VERSION, interaction=id)


def find_own(step: Step, asker: Asker, id: InteractionId, version: int, *states: InteractionState) -> Interaction | Refused:
    """As `find_at`, the asker owns it, and it is in one of these states."""
    i = find(step, id)
    if isinstance(i, Refused):
        return i
    if i.owner is None or i.owner != asker.agent:
        return Refused(Refusal.NOT_OWNER, interaction=id)
    if i.version != version:
        return Refused(Refusal.STALE_VERSION, interaction=id)
    if i.state not in states:
        return Refused(Refusal.WRONG_STATE, f"it is {i.state}", interaction=id)
    return i


def unsuited_for(step: Step, i: Interaction, agent: AgentId, need: Need) -> Refused | None:
    """Why this agent is none of those who may have it: he lacks a skill or a queue, or a filter of the queue keeps him from this very one."""
    live = step.live
    group, line = live.configuration.group(agent), live.floor.probe(need)
    if group is None or live.floor.fit(group, line) is None:
        return Refused(Refusal.LACKS_SKILL, interaction=i.id)
    refusing = pairs.refusing(live, line, i, agent)
    return None if refusing is None else Refused(Refusal.NOT_ALLOWED, f"its queue's filter {refusing}", i.id)
