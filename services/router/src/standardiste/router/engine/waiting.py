"""
What waiting customers are told: the position, under the order really used, when they begin to wait and every 15 s when it changed.

Told where the channel can show it at once (live chat). The wait itself is not estimated here: it is told as unknown.
"""

from __future__ import annotations

from typing import Final

from standardiste.common.events import decisions as d
from standardiste.common.events.model import Channel, InteractionState
from standardiste.common.events.outbound import TellPosition
from standardiste.router.engine.live import Live
from standardiste.router.engine.state import Interaction
from standardiste.router.engine.step import Step, conversation_of

METHOD: Final = "order"


def position_of(live: Live, i: Interaction) -> int | None:
    """How many of its queue would be handed out before it, and itself; None where nothing is handed out."""
    place = live.floor.place_of(i.id)
    if place is None:
        return None
    _, entry = place
    lines = (line for line in live.floor.lines.values() if line.need.queue == i.requirement.queue)
    return 1 + sum(line.waiting.before(entry) for line in lines)


def is_told(i: Interaction) -> bool:
    """Whether its customer looks at a screen that shows it."""
    return i.state is InteractionState.QUEUED and i.facts.is_live and i.facts.channel is Channel.CHAT


def tell(step: Step, i: Interaction) -> None:
    """Say where it stands, if that changed."""
    position = position_of(step.live, i)
    if position is None or position == i.position:
        return
    step.tell(d.PositionChanged(interaction=i.id, position=position, method=METHOD), i)
    step.send(TellPosition(conversation=conversation_of(i), position=position), i)
