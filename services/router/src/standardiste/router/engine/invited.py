"""
Who of a queue is asked in: by the queue's own skills, filters and ranking, among those with free room now. Nobody is interrupted for it.

Whom the profile's delay would keep for later is asked after all others: a consult has no age, and who asks is on the line with a customer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from standardiste.common.events.base import Instant
from standardiste.common.events.directory import Queue
from standardiste.common.events.model import AgentId, Why
from standardiste.common.events.refusals import Refusal
from standardiste.router.engine.floor import Bucket, Line
from standardiste.router.engine.live import Live
from standardiste.router.engine.pairs import Taker
from standardiste.router.engine.policy import Need
from standardiste.router.engine.state import Interaction


def find(live: Live, i: Interaction, queue: Queue, passed: Collection[AgentId]) -> tuple[AgentId, Why] | None:
    """The best ranked of the queue with free room for it, save those who passed; None when there is nobody."""
    live.seat_all()
    line = _line(live, i, queue)
    found = [taker for bucket in live.floor.buckets.values() for taker in _takers(live, bucket, line, queue, passed)]
    if not found:
        return None
    delay_ms, best = min(found)
    key = tuple([str(part) for part in (delay_ms, best.ring, *best.rank, *best.own, *best.clock[:2])])
    return best.clock[2], Why(rule="consult", considered=len(found), ranking=queue.ranking.value, key=key, change_set=live.change_set)


def why_nobody(live: Live, i: Interaction, queue: Queue, at: Instant) -> tuple[Refusal, str]:
    """Nobody with the skill, nobody signed in, or everybody busy: three different answers."""
    line = _line(live, i, queue)
    if not live.floor.is_staffed(line):
        return Refusal.LACKS_SKILL, f"nobody at all has what queue {queue.id} asks"
    if not live.is_open(queue, at):
        return Refusal.AGENT_AWAY, f"queue {queue.id} is closed"
    for id in live.agents:
        group = live.configuration.group(id)
        if id != i.owner and group is not None and live.is_reachable(id) and live.floor.fit(group, line) is not None:
            return Refusal.AGENT_FULL, f"everybody of queue {queue.id} is busy"
    return Refusal.AGENT_AWAY, f"nobody of queue {queue.id} is there"


def _line(live: Live, i: Interaction, queue: Queue) -> Line:
    rings = live.configuration.rings(queue, queue.skills, 0)
    return live.floor.probe(Need(queue.id, i.facts.channel, i.facts.cost, rings, i.requirement.labels))


def _takers(live: Live, bucket: Bucket, line: Line, queue: Queue, passed: Collection[AgentId]) -> Iterator[tuple[int, Taker]]:
    """The best of a bucket; every one of it where the ranking asks each agent."""
    fit = live.floor.fit(bucket.group, line)
    if fit is None or bucket.takes(line) != 0:
        return
    ranking = live.kit.rankings[queue.ranking]
    for clock in bucket.agents:
        if clock[2] in passed:
            continue
        own = ranking.of_agent(live.agents[clock[2]]) if ranking.has_agent_key else ()
        yield fit.delay_ms, Taker(0, fit.ring, ranking.of_bucket(line.need, bucket.group, bucket.seat, fit), own, clock)
        if not ranking.has_agent_key:
            return
