"""
The engine of one tenant: a pure, deterministic state machine. Messages and instants come in, decisions go out, and nothing else is read.

    step(message, at)   one record of inputs or directory
    fire(at)            every deadline up to and including `at`, in (instant, id) order
    resumed(at, gap)    the partition was taken, or stood still
    apply(event)        the only mutator: replaying directory records and decisions rebuilds the state

Each of the first three is a step: what it returns is in order, and L1–L8 hold after it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from standardiste.common.events import decisions as d
from standardiste.common.events import inputs
from standardiste.common.events.base import Event, Instant, Kind, class_of, spec_of
from standardiste.common.events.commands import Actor
from standardiste.common.events.directory import ChangeSetCommitted
from standardiste.common.events.model import CommandId
from standardiste.common.events.refusals import Refusal
from standardiste.router.engine import callbacks, commands, contacts, media, noting, reconfigure, sessions, timers
from standardiste.router.engine.apply import apply
from standardiste.router.engine.commands import opening
from standardiste.router.engine.deadlines import Deadline
from standardiste.router.engine.live import Live
from standardiste.router.engine.persist import Records, changes, load
from standardiste.router.engine.policy import Kit
from standardiste.router.engine.settle import settle
from standardiste.router.engine.state import evolve
from standardiste.router.engine.step import Step


class Fired(NamedTuple):
    """A deadline that fired, when, and what came of it."""

    due: Deadline
    at: Instant
    events: tuple[Event, ...]


class Engine:
    """One tenant's router."""

    def __init__(self, tenant: str, kit: Kit) -> None:
        self.live = Live(tenant, kit)

    def step(self, message: Event, at: Instant) -> tuple[Event, ...]:
        """Take one message, appended at `at` (raised to the last instant, if that is later)."""
        step = self._begin(at, message)
        data = message.data
        cls = class_of(data)
        handler = _FACTS.get(cls)
        if handler is not None:
            handler(step, data)
        elif spec_of(cls).kind is Kind.COMMAND:
            commands.handle(step, message)
        elif isinstance(data, ChangeSetCommitted):
            apply(self.live, evolve(message, time=step.at))
            reconfigure.committed(step, data)
        else:
            if spec_of(cls).kind is Kind.ENTITY:
                apply(self.live, evolve(message, time=step.at))
            return ()
        settle(step)
        return tuple(step.events)

    def buried(self, message: Event, at: Instant, reason: str) -> tuple[Event, ...]:
        """It could not be handled and was set aside: the receipt of a contact says so, who gave a command is refused. Of other facts nothing is said."""
        if isinstance(message.data, inputs.ContactReceived):
            step = self._begin(at, message)
            contacts.set_aside(step, message.data, reason)
            settle(step)
            return tuple(step.events)
        spec = spec_of(class_of(message.data))
        if spec.kind is not Kind.COMMAND:
            return ()
        actor: Actor = message.data.actor
        return self.refused(actor, CommandId(message.id), spec.name, Refusal.NOT_HANDLED, at, message.traceparent)

    def refused(self, actor: Actor, id: CommandId, type: str, reason: Refusal, at: Instant, traceparent: str | None) -> tuple[Event, ...]:
        """A command that is not to be handled, or cannot be read, is refused by this name."""
        step = self._begin(at)
        commands.refuse(step, actor, id, type, reason, traceparent)
        settle(step)
        return tuple(step.events)

    def next_deadline(self) -> Instant | None:
        """The earliest instant at which something may be due."""
        first = self.live.deadlines.next()
        return first.at if first is not None else None

    def fire_next(self, until: Instant) -> Fired | None:
        """Fire the first deadline up to and including `until`, at its own instant; None when there is none."""
        first = self.live.deadlines.next()
        if first is None or first.at > until:
            return None
        step = self._begin(first.at)
        if self.live.deadlines.pop_act(first):
            timers.fire(step, first)
        settle(step)
        return Fired(first, step.at, tuple(step.events))

    def fire(self, until: Instant) -> tuple[Event, ...]:
        """Fire every deadline up to and including `until`."""
        events: list[Event] = []
        while (fired := self.fire_next(until)) is not None:
            events += fired.events
        return tuple(events)

    def resumed(self, at: Instant, gap_ms: int | None) -> tuple[Event, ...]:
        """Leases get one full grace; no offer that ended in the gap counts as missed."""
        step = self._begin(at)
        step.emit(d.RouterResumed(gap_ms=gap_ms), self.live.tenant)
        settle(step)
        return tuple(step.events)

    def apply(self, event: Event) -> None:
        """Change the state as this event says."""
        apply(self.live, event)

    def changes(self, at: Instant) -> list[tuple[str, str, object | None]]:
        """The records of router-state to write: each entity touched since the last call, once; None is a tombstone."""
        self.live.forget(max(at, self.live.at))
        return changes(self.live)

    def pairs_asked(self) -> int:
        """How often a pair filter was asked since the last call."""
        asked, self.live.pairs_asked = self.live.pairs_asked, 0
        return asked

    def load(self, records: Records) -> None:
        """Take in the state of a tenant, whole, before anything else."""
        load(self.live, records)

    def _begin(self, at: Instant, message: Event | None = None) -> Step:
        """A step at this instant, with the filters that time has opened by then."""
        live = self.live
        step = Step(live, at if at > live.at else live.at, message)
        if live.deadlines.marks:
            for due in live.deadlines.pop_marks(step.at):
                timers.mark(live, due)
        return step


Handler = Callable[[Step, Any], None]

_FACTS: Final[dict[type, Handler]] = {
    inputs.ContactReceived: contacts.received,
    inputs.ContactIdentified: contacts.identified,
    inputs.OpeningExamined: opening.examined,
    inputs.ContactLeft: contacts.left,
    inputs.ContactReturned: contacts.returned,
    inputs.ContactTyping: contacts.typing,
    inputs.MediaConnected: media.connected,
    inputs.MediaFailed: media.failed,
    inputs.MediaEnded: media.ended,
    inputs.DeliveryReported: media.delivered,
    inputs.CallbackRequested: callbacks.requested,
    inputs.VoicemailLeft: media.voicemail_left,
    inputs.CallRefused: media.refused,
    inputs.MessageNoted: noting.noted,
    inputs.ChannelAddressReported: media.address_reported,
    inputs.SessionOpened: sessions.opened,
    inputs.SessionClosed: sessions.closed,
    inputs.GatewayBeat: sessions.beat,
}
"""Facts and who handles them. A fact that is not here is skipped."""
