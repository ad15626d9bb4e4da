"""
Whether this very agent may take this very interaction, and who is best: what the match asks of lines, buckets and, where a pair has its own answer, of agents one by
one.

A bucket answers as one: its head is what its agents would take first if none of them had passed on anything. Apart are only those who passed on that very head
or have an offer of it, and those for whom something is held. So what was passed on elsewhere costs nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from standardiste.common.events.base import Instant, maker, tuple_maker
from standardiste.common.events.model import AgentId, FilterCount, InteractionId, Why
from standardiste.router.engine import quickly
from standardiste.router.engine.floor import Bucket, Clock, Entry, Line, is_shown
from standardiste.router.engine.live import Live
from standardiste.router.engine.ordered import Ordered
from standardiste.router.engine.policy import Fit, Rank
from standardiste.router.engine.state import Interaction

ORDINARY = AgentId("")
IDS_MAX: Final = 20
"""So many ids of those whom a filter left out, in a why-record."""

Yielding = dict[tuple[InteractionId, AgentId], None]
"""Agents who passed on an interaction and are left out of it only while somebody untried could take it."""


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


_head, _taker = maker(Head), tuple_maker(Taker)


def apart(live: Live, bucket: Bucket, head: Head | None, held_for: Collection[AgentId]) -> dict[AgentId, None]:
    """
    The agents of a bucket who may have another head than this, which is its ordinary agents': they passed on it, are offered it, are refused it by a pair filter, or
    something is held for them.
    """
    found: dict[AgentId, None] = {}
    if head is not None:
        i = live.interactions[head.order[1][2]]
        if i.tried or i.offers:
            _add_seated(found, live, bucket, [each.agent for each in (*i.tried, *i.offers)])
        if head.line.pair_filters:
            found.update((clock[2], None) for clock in bucket.agents if refusing(live, head.line, i, clock[2]) is not None)
    if held_for:
        is_shorter = len(held_for) < len(bucket.agents)
        _add_seated(found, live, bucket, held_for if is_shorter else [clock[2] for clock in bucket.agents if clock[2] in held_for])
    return found


def _add_seated(found: dict[AgentId, None], live: Live, bucket: Bucket, agents: Iterable[AgentId]) -> None:
    for agent in agents:
        seat = live.floor.seats.get(agent)
        if seat is not None and seat[0] is bucket:
            found[agent] = None


def is_for(line: Line, agent: AgentId) -> bool:
    """Whether a line is open to this agent: one that is held for somebody, to him alone."""
    return line.need.hold_for is None or line.need.hold_for == agent


def refusing(live: Live, line: Line, i: Interaction, agent: AgentId) -> str | None:
    """The pair filter of its queue that keeps this very agent from it; None when none does. Counts what it asks."""
    for policy in line.pair_filters:
        group = live.configuration.group(agent)
        live.pairs_asked += 1
        if group is not None and policy.refuses(i, agent, group):
            return policy.name
    return None


def may_take(live: Live, i: Interaction, line: Line, fit: Fit, bucket: Bucket, agent: AgentId, at: Instant, yielding: Yielding) -> bool:
    """The pair's own filters: the profile's delay, an offer that is open already, a pair filter, the exclusion after a decline. Notes in `yielding` who yields."""
    if not is_shown(fit, i.enqueued_at, at):
        return False
    if agent == ORDINARY:
        return True
    if any(offer.agent == agent for offer in i.offers) or refusing(live, line, i, agent) is not None:
        return False
    return not _is_excluded(live, i, agent, at, yielding)


def _is_excluded(live: Live, i: Interaction, agent: AgentId, at: Instant, yielding: Yielding) -> bool:
    """An agent who passed: out for 10 s; then, up to 60 s, while somebody untried could take it."""
    tried = next((tried for tried in i.tried if tried.agent == agent), None)
    if tried is None or at >= tried.ends_at:
        return False
    if at < tried.lapses_at:
        return True
    if not has_untried(live, i, at):
        return False
    yielding[i.id, agent] = None
    return True


def has_untried(live: Live, i: Interaction, at: Instant) -> bool:
    """Whether an available agent who has not passed on it could take it now."""
    live.seat_all()
    line = live.floor.probe(live.needs(i, live.queue_of(i)))
    passed = {tried.agent for tried in i.tried if at < tried.ends_at} | {offer.agent for offer in i.offers}
    return any(True for _ in able(live, i, line, at, passed))


def able(live: Live, i: Interaction, line: Line, at: Instant, without: Collection[AgentId] = ()) -> Iterator[AgentId]:
    """The available agents, save those, whom no filter keeps from it but an exclusion or an offer of it."""
    for bucket in live.floor.buckets.values():
        fit = live.floor.fit(bucket.group, line)
        if fit is None or bucket.takes(line) is None or not is_shown(fit, i.enqueued_at, at):
            continue
        for clock in bucket.agents:
            agent = clock[2]
            if agent not in without and is_for(line, agent) and refusing(live, line, i, agent) is None:
                yield agent


def head_of(live: Live, bucket: Bucket, agent: AgentId, at: Instant, yielding: Yielding) -> Head | None:
    """The first interaction this bucket's agents (or this one, who stands apart) may take, over every line."""
    best: tuple[tuple[int, Entry], Line, Fit] | None = None
    has_hours = bool(live.configuration.hours)
    for line, fit in live.floor.suited(bucket.group):
        first = line.waiting.first()
        if first is None or (best is not None and (fit.strict_class, first) >= best[0]):
            continue
        if (line.need.hold_for is not None and not is_for(line, agent)) or bucket.takes(line) is None:
            continue
        if has_hours and not live.is_open_line(line, at):
            continue
        is_plain = agent == ORDINARY and fit.delay_ms <= 0  # then no pair here has an answer of its own
        if is_plain or may_take(live, live.interactions[first[2]], line, fit, bucket, agent, at, yielding):
            best = ((fit.strict_class, first), line, fit)
            continue
        for entry in line.waiting:
            if best is not None and (fit.strict_class, entry) >= best[0]:
                break
            if may_take(live, live.interactions[entry[2]], line, fit, bucket, agent, at, yielding):
                best = ((fit.strict_class, entry), line, fit)
                break
    return _head(*best) if best is not None else None


def best_in(
    live: Live, bucket: Bucket, agent: AgentId, i: Interaction, line: Line, fit: Fit, apart: Collection[AgentId] = ()
) -> Taker | None:
    """The best ranked agent of a seeker: of a bucket's ordinary agents, all but those apart, or of one of these alone."""
    ranking = live.kit.rankings[line.queue.ranking]
    rank = ranking.of_bucket(line.need, bucket.group, bucket.seat, fit)
    is_interrupting = bucket.takes(line)
    assert is_interrupting is not None, "a head fits"
    if not ranking.has_agent_key:
        clock = bucket.agents.first() if agent == ORDINARY and not apart else next(_clocks(live, bucket, agent, apart), None)
        return None if clock is None else _taker(is_interrupting, fit.ring, rank, (), clock)
    clocks = _clocks(live, bucket, agent, apart)
    takers = (_taker(is_interrupting, fit.ring, rank, ranking.of_agent(live.agents[clock[2]]), clock) for clock in clocks)
    return min(takers, default=None)


def _clocks(live: Live, bucket: Bucket, agent: AgentId, apart: Collection[AgentId]) -> Iterator[Clock]:
    if agent == ORDINARY:
        yield from (clock for clock in bucket.agents if clock[2] not in apart)
        return
    seat = live.floor.seats.get(agent)
    if seat is not None and seat[0] is bucket:
        yield seat[1]


def why_of(live: Live, i: Interaction, best: Taker, line: Line) -> Why:
    """
    The why-record of an offer, from what the match knew. Who is full is counted only, for they change at every step; who they are, and which interactions were
    passed over, is reckoned when somebody asks (why.py).
    """
    floor = live.floor
    considered = 0
    out: dict[str, list[Ordered[Any]]] = {}
    for bucket in floor.buckets.values():
        refused = floor.refusing(bucket.group, line)
        if refused is None and bucket.takes(line) is None:
            refused = "capacity"
        if refused is not None:
            out.setdefault(refused, []).append(bucket.agents)
        elif line.pair_filters:
            considered += _one_by_one(live, i, line, bucket, out)
        else:
            considered += len(bucket.agents)
    full = len(live.agents) - len(floor.seats)
    for name, agents in live.out.items():
        if agents:
            out.setdefault(name, []).append(agents)
            full -= len(agents)
    if full:
        out.setdefault("capacity", [])
    return quickly.Why(
        considered=considered,
        left_out=tuple([_left_out(name, out[name], full if name == "capacity" else 0) for name in sorted(out)]),
        ranking=line.queue.ranking.value,
        key=tuple([f"{part}" for part in (best.is_interrupting, best.ring, *best.rank, *best.own, *best.clock[:2])]),
        tie_break="idle" if considered > 1 else "",
        change_set=live.change_set,
    )


def _one_by_one(live: Live, i: Interaction, line: Line, bucket: Bucket, out: dict[str, list[Ordered[Any]]]) -> int:
    """How many of a bucket no pair filter refuses; the others by filter, into `out`."""
    refused: dict[str, Ordered[tuple[AgentId]]] = {}
    for clock in bucket.agents:
        name = refusing(live, line, i, clock[2])
        if name is not None:
            refused.setdefault(name, Ordered()).add((clock[2],))
    for name, agents in refused.items():
        out.setdefault(name, []).append(agents)
    return len(bucket.agents) - sum(map(len, refused.values()))


def _left_out(name: str, parts: list[Ordered[Any]], more: int) -> FilterCount:
    """How many one filter left out, `more` of them unnamed, and some of each part by name: the id stands last in whatever they are ordered by."""
    if not parts:
        return quickly.FilterCount(filter=name, count=more)
    each = IDS_MAX // len(parts) + 1
    ids = sorted([entry[-1] for agents in parts for entry in agents.least(each)])
    return quickly.FilterCount(filter=name, count=more + sum(map(len, parts)), ids=tuple(ids[:IDS_MAX]))
