"""Consults and conferences: what their turns change. The owner stays who he is; a hand-over is a turn of the interaction's own life."""

from __future__ import annotations

from typing import Final

from standardiste.common.events import decisions as d
from standardiste.common.events.base import Event
from standardiste.common.events.model import ToAgent, ToQueue
from standardiste.router.engine.changes.turns import Changes
from standardiste.router.engine.live import Live
from standardiste.router.engine.state import Consult, evolve


def _consulting(live: Live, event: Event, data: d.InteractionConsulting) -> None:
    agent = data.target.agent if isinstance(data.target, ToAgent) else None
    queue = data.target.queue if isinstance(data.target, ToQueue) else None
    consult = Consult(agent=agent, queue=queue, offer=data.offer)
    live.put_interaction(evolve(live.interactions[data.interaction], version=data.version, consult=consult))


def _joined(live: Live, event: Event, data: d.ConsultJoined) -> None:
    consult = Consult(agent=data.agent, offer=data.offer, is_joined=True)
    live.put_interaction(evolve(live.interactions[data.interaction], version=data.version, consult=consult))


def _conference(live: Live, event: Event, data: d.ConferenceStarted) -> None:
    i = live.interactions[data.interaction]
    assert i.consult is not None, "a conference was a consult"
    live.put_interaction(evolve(i, version=data.version, consult=evolve(i.consult, is_conference=True)))


def _left(live: Live, event: Event, data: d.ConferenceLeft) -> None:
    live.put_interaction(evolve(live.interactions[data.interaction], version=data.version))


def _ended(live: Live, event: Event, data: d.ConsultEnded) -> None:
    live.put_interaction(evolve(live.interactions[data.interaction], version=data.version, consult=None))


CHANGES: Final[Changes] = {
    d.InteractionConsulting: _consulting,
    d.ConsultJoined: _joined,
    d.ConferenceStarted: _conference,
    d.ConferenceLeft: _left,
    d.ConsultEnded: _ended,
}
