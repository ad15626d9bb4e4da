"""Every deadline that stands, from the records: what `deadlines.py` holds a heap of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from standardiste.common.events.base import Instant
from standardiste.common.events.model import Channel, InteractionState
from standardiste.router.engine import quickly
from standardiste.router.engine.deadlines import MARKS, Deadline, Due
from standardiste.router.engine.state import WAITING_STATES, Agent, Interaction

if TYPE_CHECKING:
    from standardiste.router.engine.live import Live

AWAY_MS: Final = 600_000
SWEEP_MS: Final = 60_000
POSITION_MS: Final = 15_000
SPOKEN_MS: Final = 60_000
"""A voice interrupts the music, so it speaks more seldom than a screen changes."""
ANNOUNCES: Final = "announces_wait"
"""The setting of a voice address."""
LOST_SHORT_MS: Final = 60_000
LOST_LONG_MS: Final = 8 * 3600 * 1000


def due_of(live: Live, interaction: Interaction) -> list[Deadline]:
    """Every deadline an interaction stands before."""
    id, state = interaction.id, interaction.state
    due: list[Deadline] = []
    for offer in interaction.offers:
        due.append(quickly.Deadline(offer.expires_at, offer.id, Due.OFFER))
    if state in WAITING_STATES:
        _add_waiting(due, live, interaction)
    elif state is InteractionState.IDENTIFYING:
        due.append(quickly.Deadline(interaction.identify_by, id, Due.IDENTIFY))
    elif state is InteractionState.CONNECTING:
        due.append(quickly.Deadline(interaction.connect_by, id, Due.CONNECT))
    elif state is InteractionState.WRAPPING and interaction.wrap_up_ends_at is not None:
        due.append(quickly.Deadline(interaction.wrap_up_ends_at, id, Due.WRAP_UP))
    elif state is InteractionState.PARKED and interaction.parked_until is not None:
        due.append(quickly.Deadline(interaction.parked_until, id, Due.PARKED))
    if interaction.away_since is not None:
        due.append(quickly.Deadline(Instant(interaction.away_since + AWAY_MS), id, Due.AWAY))
    return due


def _add_waiting(due: list[Deadline], live: Live, interaction: Interaction) -> None:
    id = interaction.id
    queue = live.queue_of(interaction)
    if interaction.not_before:
        due.append(quickly.Deadline(interaction.not_before, id, Due.NOT_BEFORE))
    if interaction.hold_for is not None:
        due.append(quickly.Deadline(interaction.hold_until, id, Due.HOLD))
    if interaction.step < len(queue.relaxation):
        due.append(quickly.Deadline(live.at_age(interaction, queue, queue.relaxation[interaction.step].at_age_ms), id, Due.STEP))
    for tried in interaction.tried:
        due.append(quickly.Deadline(tried.lapses_at, id, Due.LAPSE))
        due.append(quickly.Deadline(tried.ends_at, id, Due.LAPSE))
    for delay_ms in live.configuration.delays_ms.get(queue.id, ()):
        due.append(quickly.Deadline(Instant(interaction.enqueued_at + delay_ms), id, Due.DELAY))
    every_ms = told_every_ms(live, interaction)
    if every_ms is not None:
        waited_ms = live.at - interaction.since
        due.append(quickly.Deadline(Instant(interaction.since + (waited_ms // every_ms + 1) * every_ms), id, Due.POSITION))
    if queue.limits.age_max_ms is not None and queue.limits.action != "none" and not interaction.overflowed:
        due.append(quickly.Deadline(live.at_limit(interaction, queue, queue.limits.age_max_ms), id, Due.AGE))


def told_every_ms(live: Live, interaction: Interaction) -> int | None:
    """How often its waiting customer is told where he stands: on a screen that shows it, or in a call whose address announces it; None: never."""
    facts = interaction.facts
    if not facts.is_live:
        return None
    if facts.channel is Channel.CHAT:
        return POSITION_MS
    if facts.channel is not Channel.VOICE:
        return None
    address = live.configuration.address(facts.channel_address)
    return SPOKEN_MS if address is not None and address.settings.get(ANNOUNCES) is True else None


def standing(live: Live) -> Iterator[Deadline]:
    """Every deadline that stands, from the records: what a restored heap holds, or one that is built anew."""
    return (due for due in _all_of(live) if is_ahead(live, due))


def is_ahead(live: Live, due: Deadline) -> bool:
    """Whether it is still to fire. A mark in the past has been made, for whatever is put anew is looked at anyway; made once more, it would be told anew."""
    return due.at > live.at or due.kind not in MARKS


def _all_of(live: Live) -> Iterator[Deadline]:
    for interaction in live.interactions.values():
        yield from due_of(live, interaction)
    for agent in live.agents.values():
        yield from due_of_agent(agent)
    for gateway in live.gateways.values():
        yield Deadline(gateway.until, gateway.name, Due.GATEWAY)
    for opening in live.openings.values():
        yield Deadline(opening.until, opening.command, Due.OPENING)
    for number, at in live.dated.items():
        yield Deadline(at, str(number), Due.CHANGE_SET)
    if any(live.queue_lengths.values()):
        yield next_sweep(live)
    yield from due_hours(live)


def next_sweep(live: Live) -> Deadline:
    """The safety net looks once a minute, on the minute, while anything waits."""
    return Deadline(Instant((live.at // SWEEP_MS + 1) * SWEEP_MS), live.tenant, Due.SWEEP)


def due_hours(live: Live) -> Iterator[Deadline]:
    """Every calendar's next change; and an act of its own where a queue does something with those who wait at its close."""
    acting = live.configuration.closing_calendars
    for id, hours in live.configuration.hours.items():
        change = hours.next_change(live.at)
        if change is not None:
            yield Deadline(change, id, Due.HOURS)
            if id in acting:
                yield Deadline(change, id, Due.CLOSING)


def due_of_agent(agent: Agent) -> list[Deadline]:
    """Every deadline an agent stands before."""
    due: list[Deadline] = []
    if agent.grace_until is not None:
        due.append(Deadline(agent.grace_until, agent.id, Due.GRACE))
    if agent.lost_at is not None:
        due.append(Deadline(Instant(agent.lost_at + LOST_SHORT_MS), agent.id, Due.LOST))
        due.append(Deadline(Instant(agent.lost_at + LOST_LONG_MS), agent.id, Due.LOST))
    if agent.rest_until is not None:
        due.append(Deadline(agent.rest_until, agent.id, Due.REST))
    return due
