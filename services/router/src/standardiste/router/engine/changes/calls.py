"""Callbacks, recording, supervision: what their turns change."""

from __future__ import annotations

from typing import Final

from standardiste.common.events import decisions as d
from standardiste.common.events.base import Event
from standardiste.common.events.model import Channel
from standardiste.router.engine.changes.turns import Changes, aged
from standardiste.router.engine.live import Live
from standardiste.router.engine.state import NEVER, Callback, evolve


def _scheduled(live: Live, event: Event, data: d.CallbackScheduled) -> None:
    """Before its date nobody is tried for it, and what it was told of its wait counts no more."""
    i = live.interactions[data.interaction]
    facts = evolve(i.facts, channel=Channel.CALLBACK, is_live=False)
    not_before = data.not_before if data.not_before > event.time else NEVER
    if not_before:
        i = evolve(i, hold_for=None, hold_until=NEVER, position=0, told=None, promise=None)
    live.put_interaction(
        evolve(i, version=data.version, facts=facts, callback=Callback(), not_before=not_before, has_left=False, away_since=None)
    )


def _attempted(live: Live, event: Event, data: d.CallbackAttempted) -> None:
    """A try is the end of its date: what was pulled or assigned before it is as old as this, and a call that goes on is hidden no more."""
    i = live.interactions[data.interaction]
    if i.enqueued_at > event.time:
        i = aged(live, i, event.time)
    if data.is_reached:
        facts = evolve(i.facts, is_live=True)
        live.put_interaction(evolve(i, version=data.version, facts=facts, callback=None, not_before=NEVER))
    else:
        callback = Callback(attempts=data.attempt)
        live.put_interaction(evolve(i, version=data.version, callback=callback, not_before=data.next_at or NEVER))


def _supervised(live: Live, event: Event, data: d.InteractionSupervised) -> None:
    i = live.interactions[data.interaction]
    others = tuple(agent for agent in i.supervisors if agent != data.supervisor)
    live.put_interaction(evolve(i, supervisors=others if data.mode == "end" else (*others, data.supervisor)))


CHANGES: Final[Changes] = {
    d.CallbackScheduled: _scheduled,
    d.CallbackAttempted: _attempted,
    d.InteractionSupervised: _supervised,
}
