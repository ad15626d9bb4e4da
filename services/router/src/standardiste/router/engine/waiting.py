"""
What waiting customers are told: the position, under the order really used, and how long it may take; when they begin to wait and every 15 s when either changed (callers: 60 s).

The estimate. While others wait, a queue hands out at some pace: the mean gap between two hand-outs (`Pace`, over about the last 16). Taking the gaps as
exponential, the one at position p waits as long as a sum of p gaps, a gamma distribution, whose median and ninth decile Wilson and Hilferty's cube gives within 2 %. Told in
steps of 5 s, upwards, so that noise is not told. Unknown while fewer than 5 gaps were seen, while the queue is closed, or when nothing was handed out for four times as long as usual: then the
past says nothing of what comes. What a customer was told first is scored once an agent takes him, or he gives up. Told where the channel can show it at once (live chat), and
once a minute in calls whose address says `announces_wait`.
"""

from __future__ import annotations

import math
from typing import Final

from standardiste.common.events import decisions as d
from standardiste.common.events.base import Instant
from standardiste.common.events.model import InteractionState
from standardiste.common.events.outbound import TellPosition
from standardiste.router.engine import quickly
from standardiste.router.engine.changes.turns import GAPS_MIN, STEP_MS
from standardiste.router.engine.due import told_every_ms
from standardiste.router.engine.live import Live
from standardiste.router.engine.state import Interaction, Pace, Promise
from standardiste.router.engine.step import Step, conversation_of

ORDER: Final = "order"
PACE: Final = "pace"
SILENT_GAPS: Final = 4
_Z90: Final = 1.2815515655446004
"""The ninth decile of the standard normal distribution."""


def position_of(live: Live, i: Interaction) -> int | None:
    """How many of its queue would be handed out before it, and itself; None where nothing is handed out."""
    place = live.floor.place_of(i.id)
    if place is None:
        return None
    _, entry = place
    lines = (line for line in live.floor.lines.values() if line.need.queue == i.requirement.queue)
    return 1 + sum(line.waiting.before(entry) for line in lines)


def estimate(pace: Pace | None, position: int, at: Instant) -> tuple[int, int] | None:
    """P50 and P90 of the wait from now on, in ms; None: unknown."""
    if pace is None or pace.count < GAPS_MIN or (pace.last_at and at - pace.last_at > SILENT_GAPS * max(pace.mean_ms, STEP_MS)):
        return None
    return _upwards(pace.mean_ms * gamma_quantile(position, 0.0)), _upwards(pace.mean_ms * gamma_quantile(position, _Z90))


def gamma_quantile(shape: int, z: float) -> float:
    """A quantile of the sum of so many exponentials of mean 1, by its normal deviate `z` (Wilson and Hilferty, 1931)."""
    root = 1 - 1 / (9 * shape) + z / (3 * math.sqrt(shape))
    return shape * root * root * root


def _upwards(ms: float) -> int:
    return STEP_MS * math.ceil(ms / STEP_MS)


def is_told(live: Live, i: Interaction) -> bool:
    """Whether its customer is told where he stands, on a screen or in his ear."""
    return i.state is InteractionState.QUEUED and told_every_ms(live, i) is not None


def tell(step: Step, i: Interaction) -> None:
    """Say where it stands, if that changed."""
    position = position_of(step.live, i)
    if position is None:
        return
    is_open = step.live.is_open(step.live.queue_of(i), step.at)
    wait = estimate(step.live.paces.get(i.requirement.queue), position, step.at) if is_open else None
    known = (i.told.wait_p50_ms, i.told.wait_p90_ms) if i.told is not None else None
    if position == i.position and wait == known:
        return
    p50_ms, p90_ms = wait if wait is not None else (None, None)
    method = ORDER if wait is None else PACE
    step.tell(quickly.PositionChanged(interaction=i.id, position=position, wait_p50_ms=p50_ms, wait_p90_ms=p90_ms, method=method), i)
    step.send(TellPosition(conversation=conversation_of(i), position=position, wait_p50_ms=p50_ms, wait_p90_ms=p90_ms), i)


def score(step: Step, i: Interaction, promise: Promise, *, is_abandoned: bool = False) -> None:
    """An agent takes it, or its customer gives up: how good was what it was told?"""
    scored = d.EstimateScored(
        interaction=i.id,
        queue=i.requirement.queue,
        wait_p50_ms=promise.wait_p50_ms,
        wait_p90_ms=promise.wait_p90_ms,
        waited_ms=step.at - promise.at,
        is_abandoned=is_abandoned,
    )
    step.tell(scored, i)
