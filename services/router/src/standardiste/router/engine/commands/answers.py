"""Who asks, and what a command comes to; with the checks that most commands share."""

from __future__ import annotations

from dataclasses import dataclass

from standardiste.common.events.base import Event
from standardiste.common.events.commands import Actor
from standardiste.common.events.model import AgentId, InteractionId, InteractionState, MessageId, SessionId
from standardiste.common.events.refusals import Refusal
from standardiste.router.engine.state import Interaction
from standardiste.router.engine.step import Step


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
    def of(event: Event) -> Asker:
        actor: Actor = event.data.actor
        if actor.agent is not None:
            to = (f"agent:{actor.agent}", *((f"session:{actor.session}",) if actor.session else ()))
            return Asker(actor.agent, actor.agent, actor.session, False, actor.may_supervise, to)
        return Asker(f"api:{actor.api_key or ''}", None, None, actor.api_key is not None, actor.may_supervise, ())

    @property
    def supervises(self) -> bool:
        """An API key's scope was checked at the edge; it may what a supervisor may."""
        return self.may_supervise or self.is_api


@dataclass(frozen=True, slots=True)
class Done:
    """Carried out; the answer names what it was about and what it made."""

    interaction: InteractionId | None = None
    message: MessageId | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A no with its public name."""

    reason: Refusal
    detail: str = ""
    interaction: InteractionId | None = None


def find(step: Step, id: InteractionId) -> Interaction | Refused:
    """The live interaction of this id."""
    i = step.live.interactions.get(id)
    if i is not None:
        return i
    is_closed = id in step.live.memory.closed
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
