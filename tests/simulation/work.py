"""What agents ask about work: mostly the owner, and what makes sense as it stands; sometimes somebody else, or anything at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from simulation.centre import AGENTS, QUEUES
from simulation.world import World

from standardiste.common.events import commands as c
from standardiste.common.events.base import Instant
from standardiste.common.events.model import (
    AgentId,
    Audience,
    ConversationId,
    DispositionId,
    InteractionId,
    InteractionState,
    MessageId,
    QueueId,
    SessionId,
    ToAgent,
    ToOutside,
    ToQueue,
)
from standardiste.common.testing.builders import content
from standardiste.router.engine.state import Interaction

T = TypeVar("T")


class Pick(Protocol):
    """Chooses one of these."""

    def __call__(self, options: Sequence[T]) -> T: ...


Own = Callable[[World, Pick, c.Actor, Interaction, int], Any]
LATER_MS = (30_000, 600_000, 9 * 3_600_000)


def actor(world: World, agent: str, *, may_supervise: bool = False) -> c.Actor:
    present = world.engine.live.agents.get(AgentId(agent))
    session = present.session if present and present.session else SessionId("none")
    return c.Actor(agent=AgentId(agent), session=session, may_supervise=may_supervise)


def own_work(world: World, pick: Pick) -> None:
    """Three in four times the owner asks what fits; else anybody asks anything of anything."""
    live = list(world.engine.live.interactions.values())
    had = [i for i in live if i.owner or i.state is InteractionState.PARKED]
    if had and pick((True, True, True, False)):
        i = pick(had)
        name = i.owner or i.last_owner or AgentId("anna")
        make = pick(_fitting(i))
        world.send(make(world, pick, actor(world, name), i, i.version))
    elif live:
        i = pick(live)
        name = pick((i.owner or i.last_owner or "anna",) * 2 + (pick(AGENTS),))
        version = pick((i.version,) * 9 + (i.version - 1,))
        make = pick(_ANYTHING)
        world.send(make(world, pick, actor(world, name), i, version))


def _fitting(i: Interaction) -> tuple[Own, ...]:
    """What its owner may well ask now."""
    if i.consult is not None:
        return (*_OF_CONSULT, *_OF_CONSULT, *_TALKING)
    if i.transfer is not None:
        return (_cancel_transfer, *_TALKING)
    return _BY_STATE.get(i.state, _ANYTHING)


def _transfer(world: World, pick: Pick, who: c.Actor, i: Interaction, version: int) -> c.TransferInteraction:
    to_agent = ToAgent(agent=AgentId(pick(AGENTS)), will_wait=pick((False, True)))
    target = pick((to_agent, to_agent, to_agent, ToOutside(address="1"), ToQueue(queue=QueueId(pick((*QUEUES, "nowhere"))))))
    return c.TransferInteraction(actor=who, interaction=i.id, version=version, target=target)


def _consult(world: World, pick: Pick, who: c.Actor, i: Interaction, version: int) -> c.StartConsult:
    to_agent = ToAgent(agent=AgentId(pick(AGENTS)))
    target = pick((to_agent, to_agent, ToQueue(queue=QueueId(pick((*QUEUES, "nowhere")))), ToOutside(address="1")))
    return c.StartConsult(actor=who, interaction=i.id, version=version, target=target)


def _of_consult(world: World, pick: Pick, who: c.Actor, i: Interaction, version: int) -> Any:
    if i.guest is not None and pick((True, False)):
        who = actor(world, i.guest)
    cls = pick((c.CancelConsult, c.CompleteConsult, c.StartConference, c.StartConference, c.LeaveConference))
    return cls(actor=who, interaction=i.id, version=version)


def _send(world: World, pick: Pick, who: c.Actor, i: Interaction, version: int) -> c.SendMessage:
    audience = pick((Audience.CUSTOMER, Audience.CUSTOMER, Audience.INTERNAL))
    return c.SendMessage(actor=who, interaction=i.id, content=content(pick(("oui", "oui", "oui", "", "x" * 70_000))), audience=audience)


def _redact(world: World, pick: Pick, who: c.Actor, i: Interaction, version: int) -> c.RedactMessage:
    conversation = i.conversation or ConversationId("none")
    return c.RedactMessage(actor=who, conversation=conversation, message=MessageId(f"{i.id}-m1"), reason="test")


def _park(world: World, pick: Pick, who: c.Actor, i: Interaction, version: int) -> c.ParkInteraction:
    until = pick((None, *(Instant(world.now + ms) for ms in (0, *LATER_MS))))
    return c.ParkInteraction(actor=who, interaction=i.id, version=version, until=until)


def _requeue(world: World, pick: Pick, who: c.Actor, i: Interaction, version: int) -> c.RequeueInteraction:
    queue = pick((None, *map(QueueId, QUEUES)))
    return c.RequeueInteraction(actor=who, interaction=i.id, version=version, queue=queue)


def _disposition(world: World, pick: Pick, who: c.Actor, i: Interaction, version: int) -> c.SetDisposition:
    return c.SetDisposition(actor=who, interaction=i.id, version=version, disposition=DispositionId(pick(("done", "no"))))


def _complete(world: World, pick: Pick, who: c.Actor, i: Interaction, version: int) -> c.CompleteInteraction:
    return c.CompleteInteraction(actor=who, interaction=i.id, version=version, disposition=_maybe_done(pick))


def _end_wrap_up(world: World, pick: Pick, who: c.Actor, i: Interaction, version: int) -> c.EndWrapUp:
    return c.EndWrapUp(actor=who, interaction=i.id, version=version, disposition=_maybe_done(pick))


def _maybe_done(pick: Pick) -> DispositionId | None:
    return pick((None, None, DispositionId("done"), DispositionId("no")))


def _extend(world: World, pick: Pick, who: c.Actor, i: Interaction, version: int) -> c.ExtendWrapUp:
    return c.ExtendWrapUp(actor=who, interaction=i.id, version=version, by_ms=10_000)


def _later(world: World, pick: Pick, who: c.Actor, i: Interaction, version: int) -> c.ScheduleCallback:
    not_before = Instant(world.now + pick((0, *LATER_MS)))
    return c.ScheduleCallback(actor=who, interaction=i.id, not_before=not_before, is_for_me=pick((True, False)))


def _cancel_callback(world: World, pick: Pick, who: c.Actor, i: Interaction, version: int) -> c.CancelCallback:
    return c.CancelCallback(actor=who, interaction=i.id, version=version)


def _of_call(world: World, pick: Pick, who: c.Actor, i: Interaction, version: int) -> Any:
    cls = pick((c.DialDigits, c.PauseRecording, c.ResumeRecording))
    return cls(actor=who, interaction=i.id, **({"digits": pick(("1", "x"))} if cls is c.DialDigits else {}))


def _typing(world: World, pick: Pick, who: c.Actor, i: Interaction, version: int) -> c.ShowTyping:
    return c.ShowTyping(actor=who, interaction=i.id)


def _reading(world: World, pick: Pick, who: c.Actor, i: Interaction, version: int) -> c.ShowReading:
    return c.ShowReading(actor=who, interaction=i.id, message=MessageId(str(i.last_contact)))


def _closed_one(world: World, pick: Pick, who: c.Actor, i: Interaction, version: int) -> c.HoldInteraction:
    """Something about what is closed, or never was."""
    id = pick((*list(world.closed)[-4:], InteractionId("in_never")))
    return c.HoldInteraction(actor=who, interaction=id, version=version)


def _plain(cls: Any) -> Own:
    def make(world: World, pick: Pick, who: c.Actor, i: Interaction, version: int) -> Any:
        return cls(actor=who, interaction=i.id, version=version)

    return make


_hold, _resume = _plain(c.HoldInteraction), _plain(c.ResumeInteraction)
_cancel_transfer, _unpark, _pull = _plain(c.CancelTransfer), _plain(c.UnparkInteraction), _plain(c.PullInteraction)
_OF_CONSULT: tuple[Own, ...] = (_of_consult, _of_consult, _of_consult)
_TALKING: tuple[Own, ...] = (_hold, _resume, _complete, _send, _park, _requeue, _of_call, _later)
_BY_STATE: dict[InteractionState, tuple[Own, ...]] = {
    InteractionState.ACTIVE: (
        _hold,
        _complete,
        _complete,
        _send,
        _park,
        _of_call,
        _later,
        _consult,
        _consult,
        _transfer,
        _transfer,
        _typing,
    ),
    InteractionState.HELD: (_resume, _resume, _complete, _park, _later, _consult, _transfer, _requeue),
    InteractionState.WRAPPING: (_end_wrap_up, _end_wrap_up, _extend, _disposition, _transfer, _requeue, _later, _send),
    InteractionState.PARKED: (_unpark,),
}
_ANYTHING: tuple[Own, ...] = (
    *(_hold, _resume, _complete, _end_wrap_up, _extend, _disposition, _park, _unpark, _pull, _pull, _requeue, _cancel_transfer),
    *(_send, _redact, _typing, _reading, _consult, _of_consult, _transfer, _later, _cancel_callback, _of_call, _closed_one),
)
