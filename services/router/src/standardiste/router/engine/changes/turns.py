"""How a turn of life is written down: the next state as the lifecycle names it, the stretch before it kept, the place in the order reckoned anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

from standardiste.common.events.base import REGISTRY, Event, Instant, spec_of
from standardiste.common.events.model import (
    AgentId,
    InteractionState,
    QueueId,
    Requirement,
)
from standardiste.router.engine import quickly
from standardiste.router.engine.lifecycle import NEXT_INTERACTION, NOWHERE
from standardiste.router.engine.live import Live
from standardiste.router.engine.state import (
    NEVER,
    Agent,
    Interaction,
    Stretch,
    changer,
    evolve,
)

BREAK_MS: Final = 60_000
"""An idle minute breaks unbroken work."""
STRETCHES_MAX: Final = 200
GAPS: Final = 16
GAPS_MIN: Final = 5
"""Fewer say nothing yet of how long it will take."""
LONG_GAP: Final = 20
"""So many times the mean: of exponential gaps one in 500 million is longer."""
STEP_MS: Final = 5_000
"""What a wait is told in steps of."""


Change = Callable[[Live, Event, Any], None]
Changes = Mapping[type, Change]
"""What each decision of a kind changes."""

TURNED: Final = ("state", "cause", "since", "stretches", "version")
"""What every turn of life sets."""

_taking = changer(Agent, "taken_at", "unbroken_since")


def turn(live: Live, event: Event, i: Interaction, cause: str, **changes: Any) -> None:
    """The interaction enters the state that the lifecycle names, and the stretch before it is kept."""
    state, since, stretches = turned(event, i, changes.get("owner", i.owner))
    live.put_interaction(evolve(i, state=state, cause=cause, since=since, stretches=stretches, **changes))


def turned(event: Event, i: Interaction, owner: AgentId | None) -> tuple[InteractionState, Instant, tuple[Stretch, ...]]:
    """The state it enters, since when it is in that with this owner, and its history."""
    state = check(i, event)
    if i.state is state and i.owner == owner:
        return state, i.since, i.stretches
    return state, event.time, stretched(i, event.time)


def check(i: Interaction | None, event: Event, expected: InteractionState | None = None) -> InteractionState:
    """The state that this event leads to from the present one. A transition that no table holds is a fault of ours."""
    present = i.state if i is not None else NOWHERE
    state = _LEADS_TO[event.data.__class__].get(present)
    assert state is not None, f"no such transition: {present}, {event.type}"
    assert expected is None or state is expected, f"{event.type} does not lead from {present} to {expected}"
    return state


def stretched(i: Interaction, at: Instant) -> tuple[Stretch, ...]:
    """The history so far with the stretch that ends now."""
    stretch = quickly.Stretch(state=i.state, began_at=i.since, ended_at=at, cause=i.cause, queue=i.requirement.queue, agent=i.owner)
    return (*i.stretches, stretch) if len(i.stretches) < STRETCHES_MAX else (*i.stretches, stretch)[-STRETCHES_MAX:]


def key_in_order(live: Live, requirement: Requirement, enqueued_at: Instant) -> int:
    """The place of what is that old within its strict class, as the queue orders."""
    configuration = live.configuration
    queue = configuration.queues.get(requirement.queue) or configuration.default_queue
    return configuration.orders[queue.id].key(requirement, enqueued_at, queue)


def aged(live: Live, i: Interaction, enqueued_at: Instant) -> Interaction:
    """With this age: its due instant moves by as much in the time its queue reckons in, and so its place. A night between two ages is no age where that is opening time."""
    other = evolve(i, enqueued_at=enqueued_at)
    queue = live.queue_of(i)
    earlier_ms = live.at_age(i, queue, queue.target_ms) - live.at_age(other, queue, queue.target_ms)
    requirement = evolve(i.requirement, due_at=Instant(i.requirement.due_at - earlier_ms))
    return evolve(other, requirement=requirement, key=key_in_order(live, requirement, enqueued_at))


def take(live: Live, agent: AgentId, at: Instant) -> None:
    """An agent has taken work: its place among the busy, and whether its work was unbroken."""
    record = live.agents[agent]
    is_break = record.unbroken_since is None or (at - record.idle_since >= BREAK_MS and len(live.owned_by(agent)) == 1)
    live.put_agent(_taking(record, taken_at=at, unbroken_since=at if is_break else record.unbroken_since))


def handed_out(live: Live, id: QueueId, at: Instant) -> None:
    """
    An agent took one from this queue: its pace, where others still wait. The mean is over about the last 16 gaps.

    While its calendar was closed it handed out nothing, which is no gap; and when nobody was there for long, that gap counts as a long one and no more, or one
    night would be told for a day.
    """
    pace, is_waited_for = live.paces.get(id), live.queue_lengths.get(id, 0) > 0
    if pace is None:
        if is_waited_for:
            live.put_pace(quickly.Pace(queue=id, last_at=at))
        return
    last_at = at if is_waited_for else NEVER
    if pace.last_at and not (live.configuration.hours and _was_closed(live, id, pace.last_at, at)):
        gap_ms = at - pace.last_at
        if gap_ms > LONG_GAP * STEP_MS and pace.count >= GAPS_MIN:
            gap_ms = min(gap_ms, LONG_GAP * max(pace.mean_ms, STEP_MS))
        mean_ms = pace.mean_ms + (gap_ms - pace.mean_ms) // min(pace.count + 1, GAPS)
        live.put_pace(quickly.Pace(queue=id, last_at=last_at, mean_ms=mean_ms, count=pace.count + 1))
    elif pace.last_at != last_at:
        live.put_pace(evolve(pace, last_at=last_at))


def _was_closed(live: Live, id: QueueId, since: Instant, at: Instant) -> bool:
    hours = live.configuration.hours_of(live.configuration.queue_or_default(id))
    change = hours.next_change(since) if hours is not None else None
    return change is not None and change <= at


@cache
def short_name(cls: type) -> str:
    """A decision's name without prefix and version, as lifecycle tables have it."""
    return spec_of(cls).name.removeprefix("standardiste.").removesuffix(".v1")


_LEADS_TO: Final[Mapping[type, Mapping[str, InteractionState]]] = {
    spec.cls: {state: next for (state, name), next in NEXT_INTERACTION.items() if name == short_name(spec.cls)}
    for spec in REGISTRY.values()
}
"""By decision and state, where it leads."""
