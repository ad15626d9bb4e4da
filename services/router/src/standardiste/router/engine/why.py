"""
Why is it still waiting, why this agent, why is an agent idle: counted in full when somebody asks.

Every agent (or waiting interaction) is put under the first filter that keeps the two apart, with up to 20 ids for each filter.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from standardiste.common.events.base import Instant
from standardiste.common.events.model import FilterCount, Why
from standardiste.router.engine.invariants import Look
from standardiste.router.engine.live import Live
from standardiste.router.engine.pairs import IDS_MAX
from standardiste.router.engine.state import WAITING_STATES, Agent, Interaction

SCANNED_MAX: Final = 2_000
"""How many waiting interactions an idle agent is held against, first in line first."""


def of_interaction(live: Live, i: Interaction, at: Instant) -> tuple[Why, tuple[FilterCount, ...]]:
    """Who could take it and who not, by filter; and how many wait before it in its own line."""
    record = _base(live, i)
    if i.state not in WAITING_STATES:
        return record, (FilterCount(filter=f"state:{i.state}", count=1, ids=(i.owner,) if i.owner else ()),)
    look = Look(live, at)
    verdicts = ((look.refusing(i, agent) or "eligible", agent.id) for agent in _agents(live))
    left_out = _counts(verdicts)
    absent = [id for id in live.configuration.agents() if id not in live.agents]
    if absent:
        left_out = (*left_out, FilterCount(filter="not_signed_in", count=len(absent), ids=tuple(sorted(absent)[:IDS_MAX])))
    return _with(record, left_out, len(live.agents) + len(absent)), (*_offered(i), *_before(live, i), *left_out)


def of_agent(live: Live, agent: Agent, at: Instant) -> tuple[Why, tuple[FilterCount, ...]]:
    """What waits, and which filter keeps each from this agent."""
    waiting = sorted((i for i in live.interactions.values() if i.state in WAITING_STATES), key=live.entry_of)
    look = Look(live, at)
    verdicts = ((look.refusing(i, agent) or "eligible", i.id) for i in waiting[:SCANNED_MAX])
    counts = _counts(verdicts)
    record = Why(considered=len(waiting), passed_over=counts, change_set=live.change_set)
    return record, counts or (FilterCount(filter="nothing_waits", count=0),)


def _base(live: Live, i: Interaction) -> Why:
    return Why(
        ranking=live.queue_of(i).ranking.value,
        key=(str(i.requirement.strict_class), str(i.key), i.id),
        change_set=i.change_set,
    )


def _with(record: Why, left_out: tuple[FilterCount, ...], considered: int) -> Why:
    return Why(
        considered=considered, left_out=left_out, ranking=record.ranking, key=record.key, tie_break="id", change_set=record.change_set
    )


def _agents(live: Live) -> Iterable[Agent]:
    return (live.agents[id] for id in sorted(live.agents))


def _before(live: Live, i: Interaction) -> tuple[FilterCount, ...]:
    place = live.floor.place_of(i.id)
    if place is None:
        return ()
    line, entry = place
    return (FilterCount(filter="waits_before_it", count=line.waiting.before(entry)),)


def _offered(i: Interaction) -> tuple[FilterCount, ...]:
    """Who is asked now. Why these, their offers say."""
    agents = tuple(sorted(offer.agent for offer in i.offers))
    return (FilterCount(filter="offered_to", count=len(agents), ids=agents[:IDS_MAX]),) if agents else ()


def _counts(verdicts: Iterable[tuple[str, str]]) -> tuple[FilterCount, ...]:
    found: dict[str, list[str]] = {}
    for name, id in verdicts:
        found.setdefault(name, []).append(id)
    return tuple(FilterCount(filter=name, count=len(found[name]), ids=tuple(found[name][:IDS_MAX])) for name in sorted(found))
