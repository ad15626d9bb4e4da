"""How a decision is registered: a fact of the router's, on `decisions`."""

from __future__ import annotations

from collections.abc import Callable

from standardiste.common.bus.topics import Topic
from standardiste.common.events.base import C, Kind, event
from standardiste.common.events.outbound import ROUTER


def decision(name: str, *, is_on_websocket: bool = True) -> Callable[[C], C]:
    return event(name, kind=Kind.FACT, topic=Topic.DECISIONS, sources=ROUTER, is_on_websocket=is_on_websocket)
