"""
Whether this very agent may take this very interaction, and who is best: what the match asks of lines, buckets and, where a pair has its own answer, of agents one by
one.

Special is an agent who passed on something, for whom something is held, or who has an open offer of a broadcast: for everybody else a bucket answers as one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from standardiste.common.events.base import Instant
from standardiste.common.events.model import AgentId, FilterCount, Why
from standardiste.router.engine.floor import Bucket, Clock, Entry, Line, is_shown
from standardiste.router.engine.live import Live
from standardiste.router.engine.policy import Fit, Rank
from standardiste.router.engine.state import Interaction

ORDINARY = AgentId("")


@dataclass(slots=True)
class Head:
    """What a seeker would take first."""

    order: tuple[int, Entry]
    line: Line
    fit: Fit


class Taker(NamedTuple):
    """An agent who would take a head, in the order in which agents are preferred."""

    is_interrupting: int
    ring: int
    rank: Rank
    own: Rank
    clock: Clock


def specials(live: Live, bucket: Bucket) -> list[AgentId]:
    """The agents of a bucket for whom some pair has its own answer, in its order. Costs what the fewer are: all special ones, or the bucket's."""
    if not live.has_specials:
        return []
    if len(live.tried_by) + len(live.held_for) + len(live.broadcasting) >= len(bucket.agents):
        return [clock[2] for clock in bucket.agents if is_special(live, clock[2])]
    seats = live.floor.seats
    anywhere = {*live.tried_by, *live.held_for, *(agent for id in live.broadcasting for agent in _holders(live.interactions[id]))}
    here = sorted(seat[1] for agent in anywhere if (seat := seats.get(agent)) is not None and seat[0] is bucket)
    return [clock[2] for clock in here if is_special(live, clock[2])]


def _holders(i: Interaction) -> Iterator[AgentId]:
    """Whoever's work it is among: those it is offered to, its owner, its guest."""
    yield from (offer.agent for offer in i.offers)
    yield from (agent for agent in (i.owner, i.guest) if agent is not None)


def is_special(live: Live, agent: AgentId) -> bool:
    return agent in live.tried_by or agent in live.held_for or any(id in live.broadcasting for id in live.works.get(agent, ()))


def is_for(line: Line, agent: AgentId) -> bool:
    """Whether a line is open to this agent: one that is held for somebody, to him alone."""
    return line.need.hold_for is None or line.need.hold_for == agent


def may_take(live: Live, i: Interaction, fit: Fit, bucket: Bucket, agent: AgentId, at: Instant) -> bool:
    """The pair's own filters: the profile's delay, an offer that is open already, the exclusion after a decline."""
    if not is_shown(fit, i.enqueued_at, at):
        return False
    if agent == ORDINARY:
        return True
    return not any(offer.agent == agent for offer in i.offers) and not is_excluded(live, i, agent, at)


def is_excluded(live: Live, i: Interaction, agent: AgentId, at: Instant) -> bool:
    """An agent who passed: out for 10 s; then, up to 60 s, while somebody untried could take it."""
    tried = next((tried for tried in i.tried if tried.agent == agent), None)
    if tried is None or at >= tried.ends_at:
        return False
    return at < tried.lapses_at or has_untried(live, i, at)


def has_untried(live: Live, i: Interaction, at: Instant) -> bool:
    """Whether an available agent who has not passed on it could take it now."""
    live.seat_all()
    need = live.needs(i, live.queue_of(i))
    line = live.floor.probe(need)
    passed = {tried.agent for tried in i.tried if at < tried.ends_at} | {offer.agent for offer in i.offers}
    for bucket in live.floor.buckets.values():
        fit = live.floor.fit(bucket.group, line)
        if fit is None or bucket.takes(line) is None or not is_shown(fit, i.enqueued_at, at):
            continue
        if any(clock[2] not in passed and is_for(line, clock[2]) for clock in bucket.agents):
            return True
    return False


def head_of(live: Live, bucket: Bucket, agent: AgentId, at: Instant) -> Head | None:
    """The first interaction this bucket's agents (or this special agent of it) may take, over every line."""
    best: Head | None = None
    for line, fit in live.floor.suited(bucket.group):
        first = line.waiting.first()
        if first is None or (best is not None and (fit.strict_class, first) >= best.order):
            continue
        if not is_for(line, agent) or bucket.takes(line) is None or not live.is_open_line(line, at):
            continue
        if may_take(live, live.interactions[first[2]], fit, bucket, agent, at):
            best = Head((fit.strict_class, first), line, fit)
            continue
        for entry in line.waiting:
            if best is not None and (fit.strict_class, entry) >= best.order:
                break
            if may_take(live, live.interactions[entry[2]], fit, bucket, agent, at):
                best = Head((fit.strict_class, entry), line, fit)
                break
    return best


def best_in(live: Live, bucket: Bucket, agent: AgentId, i: Interaction, line: Line, fit: Fit) -> Taker | None:
    """The best ranked agent of a seeker."""
    ranking = live.kit.rankings[live.queue_of(i).ranking]
    rank = ranking.of_bucket(line.need, bucket.group, bucket.seat, fit)
    is_interrupting = bucket.takes(line)
    assert is_interrupting is not None, "a head fits"
    if not ranking.has_agent_key:
        clock = _first_clock(live, bucket, agent)
        return None if clock is None else Taker(is_interrupting, fit.ring, rank, (), clock)
    clocks = _clocks(live, bucket, agent)
    takers = (Taker(is_interrupting, fit.ring, rank, ranking.of_agent(live.agents[clock[2]]), clock) for clock in clocks)
    return min(takers, default=None)


def _first_clock(live: Live, bucket: Bucket, agent: AgentId) -> Clock | None:
    """The first of `_clocks`; without special agents anywhere it is the bucket's first."""
    if agent != ORDINARY or live.has_specials:
        return next(_clocks(live, bucket, agent), None)
    return bucket.agents.first()


def _clocks(live: Live, bucket: Bucket, agent: AgentId) -> Iterator[Clock]:
    if agent != ORDINARY:
        seat = live.floor.seats.get(agent)
        if seat is not None and seat[0] is bucket:
            yield seat[1]
        return
    has_specials = live.has_specials
    for clock in bucket.agents:
        if not has_specials or not is_special(live, clock[2]):
            yield clock


def lapsing(live: Live, at: Instant) -> Iterator[tuple[Interaction, AgentId]]:
    """Waiting interactions with an agent who passed and is left out only while somebody untried could take it."""
    for agent in sorted(live.tried_by):
        for id in live.tried_by[agent]:
            i = live.interactions[id]
            if any(tried.agent == agent and tried.lapses_at <= at < tried.ends_at for tried in i.tried):
                yield i, agent


def why_of(live: Live, i: Interaction, best: Taker, line: Line) -> Why:
    """The why-record of an offer: cheap, from what the match knew. The full count is made when somebody asks (why.py)."""
    floor = live.floor
    available = len(floor.seats)
    left_out: dict[str, int] = {}
    considered = 0
    for bucket in floor.buckets.values():
        refusing = floor.refusing(bucket.group, line)
        if refusing is None and bucket.takes(line) is None:
            refusing = "capacity"
        if refusing is None:
            considered += len(bucket.agents)
        else:
            left_out[refusing] = left_out.get(refusing, 0) + len(bucket.agents)
    away = len(live.agents) - available
    if away:
        left_out["status"] = away
    key = tuple([str(part) for part in (best.is_interrupting, best.ring, *best.rank, *best.own, *best.clock[:2])])
    return Why(
        considered=considered,
        left_out=tuple(FilterCount(filter=name, count=left_out[name]) for name in sorted(left_out)),
        ranking=live.queue_of(i).ranking.value,
        key=key,
        tie_break="idle" if considered > 1 else "",
        change_set=live.change_set,
    )
