"""
The match: who gets what.

Theory. A free agent's head is the interaction, among those it may take, that is first in (profile class, strict class, key, id). While there are heads, the
least of them in (strict class, key, id) goes to the best ranked among the agents whose head it is; then heads are taken anew. Best ranked
is least in (interrupted?, ring, the queue's ranking, idle clock, id).

A seeker is the ordinary agents of a bucket, who all have the same head, or one who stands apart from them (see pairs.py). Law L5 held before the step, so agents
of a bucket that is not dirty can have become able to take only what is fresh; only dirty buckets look at every line.

Who passed on an interaction yields for a while to whoever untried could take it. By law L5 that lasts no longer than a match: one untried takes it, or something
before it. So only pairs met in a round can come free when somebody takes something; they are noted, and looked at again.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection

from standardiste.common.events.base import Instant
from standardiste.common.events.model import AgentId, InteractionId, Why
from standardiste.router.engine import offers
from standardiste.router.engine.floor import Bucket, BucketKey, Entry, is_shown
from standardiste.router.engine.live import Live
from standardiste.router.engine.pairs import ORDINARY, Head, Taker, Yielding, able, apart, best_in, head_of, is_for, may_take, why_of
from standardiste.router.engine.state import Interaction
from standardiste.router.engine.step import Step

SeekerKey = tuple[BucketKey, AgentId]
"""A bucket's ordinary agents ("" for the agent), or one in it who stands apart."""


def match(step: Step) -> int:
    """Hand out whatever became possible since the last match. Gives the number of offers made."""
    live = step.live
    live.seat_all()
    made = _hand_over_waiting_transfers(step) if live.handed_to else 0
    while live.floor.fresh or live.floor.dirty:
        arrived = _sole_arrival(live)
        if arrived is not None:
            made += _place_arrival(step, arrived)
            continue
        freed = _sole_bucket(live)
        made += _Round(step).run() if freed is None else _fill(step, freed)
    return made


def _sole_arrival(live: Live) -> InteractionId | None:
    """The one interaction that is fresh, when nothing else changed and nobody passed on it: then every bucket's head is this one."""
    floor = live.floor
    if len(floor.fresh) != 1 or floor.dirty:
        return None
    id = next(iter(floor.fresh))
    place = floor.place_of(id)
    if place is None:
        return None
    line, _ = place
    if line.need.hold_for is not None or line.pair_filters or line.queue.broadcast_to > 1:
        return None
    return None if live.interactions[id].tried else id


def _place_arrival(step: Step, id: InteractionId) -> int:
    """It goes to the best ranked agent of all who may take it; what `_Round` would do, without its books."""
    live = step.live
    live.floor.drain()
    i = live.interactions[id]
    place = live.floor.place_of(id)
    assert place is not None, "it waits"
    line, _ = place
    if not live.is_open_line(line, step.at):
        return 0
    best: Taker | None = None
    for bucket in live.floor.buckets.values():
        fit = live.floor.fit(bucket.group, line)
        if fit is None or bucket.takes(line) is None or not is_shown(fit, i.enqueued_at, step.at):
            continue
        taker = best_in(live, bucket, ORDINARY, i, line, fit)
        if taker is not None and (best is None or taker < best):
            best = taker
    if best is None:
        return 0
    offers.make(step, i, best.clock[2], why_of(live, i, best, line), is_interrupting=bool(best.is_interrupting))
    live.seat_all()
    return 1


def _sole_bucket(live: Live) -> Bucket | None:
    """The one bucket whose agents may take more than before, when nothing is fresh and nothing is held for anybody."""
    floor = live.floor
    if floor.fresh or len(floor.dirty) != 1 or live.held_for:
        return None
    return floor.buckets.get(next(iter(floor.dirty)))


def _fill(step: Step, bucket: Bucket) -> int:
    """
    The bucket's head goes to its best ranked agent, and both that agent and those who stay are looked at again; what `_Round` would do, without its books. Where
    somebody passed on that head, they are needed.
    """
    live, floor = step.live, step.live.floor
    head = head_of(live, bucket, ORDINARY, step.at, {})
    if head is None:
        floor.drain()
        return 0
    i = live.interactions[head.order[1][2]]
    if i.tried or i.offers or head.line.pair_filters:
        return _Round(step).run()
    floor.drain()
    best = best_in(live, bucket, ORDINARY, i, head.line, head.fit)
    assert best is not None, "a bucket has agents"
    agent = best.clock[2]
    offers.make(step, i, agent, why_of(live, i, best, head.line), is_interrupting=bool(best.is_interrupting))
    live.seat_all()
    floor.note_match()
    if bucket.key in floor.buckets:
        floor.dirty[bucket.key] = None
    floor.mark_dirty(agent)
    return 1


class _Round:
    """One match over what is fresh and dirty now."""

    def __init__(self, step: Step) -> None:
        self.step = step
        self.live = step.live
        floor = self.live.floor
        fresh, dirty = floor.drain()
        self.fresh = {id: None for id in fresh if floor.place_of(id) is not None}
        self.wide = {key: None for key in dirty if key in floor.buckets}
        self.heads: dict[SeekerKey, Head] = {}
        self.apart: dict[BucketKey, dict[AgentId, None]] = {}
        self.yielding: Yielding = {}
        self.by_entry: dict[Entry, dict[SeekerKey, None]] = {}
        self.heap: list[Entry] = []

    def run(self) -> int:
        buckets = self.live.floor.buckets
        for key in list(buckets) if self.fresh else self.wide:
            self._seek(key)
        made = 0
        while self.heap:
            entry = heapq.heappop(self.heap)
            seekers = self.by_entry.pop(entry, None)
            if seekers:
                made += self._hand_out(entry, seekers)
        return made

    # ---- heads

    def _seek(self, key: BucketKey) -> None:
        """Take the heads of a bucket anew: of its ordinary agents together, of each who stands apart alone."""
        bucket = self.live.floor.buckets.get(key)
        if bucket is None:
            return
        ordinary = self._head(bucket, ORDINARY)
        alone = self.apart[key] = apart(self.live, bucket, ordinary, self._held_for(key))
        if len(alone) < len(bucket.agents):
            self._note((key, ORDINARY), ordinary)
        for agent in alone:
            self._note((key, agent), self._head(bucket, agent))

    def _held_for(self, key: BucketKey) -> Collection[AgentId]:
        """For whom something is held among what this bucket looks at."""
        live = self.live
        if not live.held_for or key in self.wide:
            return live.held_for
        places = [place for id in self.fresh if (place := live.floor.place_of(id)) is not None]
        return {line.need.hold_for: None for line, _ in places if line.need.hold_for is not None}

    def _note(self, seeker: SeekerKey, head: Head | None) -> None:
        old = self.heads.pop(seeker, None)
        if old is not None:
            self.by_entry.get(old.order[1], {}).pop(seeker, None)
        if head is None:
            return
        entry = head.order[1]
        self.heads[seeker] = head
        if entry not in self.by_entry:
            self.by_entry[entry] = {}
            heapq.heappush(self.heap, entry)
        self.by_entry[entry][seeker] = None

    def _head(self, bucket: Bucket, agent: AgentId) -> Head | None:
        if bucket.key in self.wide:
            return head_of(self.live, bucket, agent, self.step.at, self.yielding)
        return self._head_among_fresh(bucket, agent)

    def _head_among_fresh(self, bucket: Bucket, agent: AgentId) -> Head | None:
        live, floor = self.live, self.live.floor
        best: Head | None = None
        for id in self.fresh:
            place = floor.place_of(id)
            if place is None:
                continue
            line, entry = place
            fit = floor.fit(bucket.group, line)
            if fit is None or (best is not None and (fit.strict_class, entry) >= best.order):
                continue
            if bucket.takes(line) is None or not is_for(line, agent) or not live.is_open_line(line, self.step.at):
                continue
            if may_take(live, live.interactions[id], line, fit, bucket, agent, self.step.at, self.yielding):
                best = Head((fit.strict_class, entry), line, fit)
        return best

    # ---- handing out

    def _hand_out(self, entry: Entry, seekers: dict[SeekerKey, None]) -> int:
        live = self.live
        i = live.interactions[entry[2]]
        takers = [taker for seeker in seekers if (taker := self._best_of(seeker, i)) is not None]
        if not takers:
            return 0
        line = next(iter(self.heads[seeker].line for seeker in seekers))
        best = min(takers)
        agent = best.clock[2]
        held = live.floor.seats[agent][0].key
        was_wide = held in self.wide
        why = why_of(live, i, best, line)
        for seeker in seekers:
            self.heads.pop(seeker, None)
        offers.make(self.step, i, agent, why, is_interrupting=bool(best.is_interrupting))
        self._look_again({held: None, **{key: None for key, _ in seekers}}, agent, was_wide)
        return 1

    def _best_of(self, seeker: SeekerKey, i: Interaction) -> Taker | None:
        key, agent = seeker
        bucket = self.live.floor.buckets.get(key)
        head = self.heads.get(seeker)
        if bucket is None or head is None:
            return None
        return best_in(self.live, bucket, agent, i, head.line, head.fit, self.apart[key])

    def _look_again(self, keys: dict[BucketKey, None], agent: AgentId, was_wide: bool) -> None:
        """Heads anew: of the agent, wherever it sits now, of those whose head was taken, and of what the offer itself made possible."""
        self.live.seat_all()
        floor = self.live.floor
        seat = floor.seats.get(agent)
        if seat is not None:
            keys[seat[0].key] = None
            if was_wide:
                self.wide[seat[0].key] = None
        fresh, dirty = floor.drain()
        for key in dirty:
            self.wide[key] = None
            keys[key] = None
        if dirty:
            keys.update(self._with_passed_heads())
        yielding, self.yielding = self.yielding, {}
        for id, passed in yielding:
            if passed in floor.seats and floor.place_of(id) is not None:
                self.fresh[id] = None
                keys[floor.seats[passed][0].key] = None
        newly_fresh = [id for id in fresh if id not in self.fresh]
        self.fresh.update(dict.fromkeys(newly_fresh))
        for key in list(floor.buckets) if newly_fresh else keys:
            self._forget(key)
            self._seek(key)

    def _with_passed_heads(self) -> dict[BucketKey, None]:
        """Where somebody's head is what he passed on, for nobody untried could take it: whoever has become free by the offer (it was accepted at once) may be one."""
        interactions = self.live.interactions
        return {
            key: None
            for (key, agent), head in self.heads.items()
            if agent != ORDINARY and any(tried.agent == agent for tried in interactions[head.order[1][2]].tried)
        }

    def _forget(self, key: BucketKey) -> None:
        for seeker in [seeker for seeker in self.heads if seeker[0] == key]:
            self._note(seeker, None)


# ---- transfers that wait for their agent


def _hand_over_waiting_transfers(step: Step) -> int:
    """An agent with room is first offered what colleagues sent to wait for it, oldest transfer first."""
    live = step.live
    made = 0
    for agent in sorted(live.handed_to):
        for id in sorted(live.handed_to.get(agent, ()), key=lambda id: (live.interactions[id].enqueued_at, id)):
            i = live.interactions[id]
            if not fits_now(live, i, agent):
                break
            offers.make(step, i, agent, Why(rule="transfer", considered=1, change_set=live.change_set), is_transfer=True)
            made += 1
    live.seat_all()
    return made


def fits_now(live: Live, i: Interaction, agent: AgentId) -> bool:
    """Whether an available agent has free room for it, skills apart."""
    live.seat_all()
    seat = live.floor.seats.get(agent)
    return seat is not None and seat[0].takes(live.floor.probe(live.needs(i, live.queue_of(i)))) == 0


def is_taken_now(live: Live, i: Interaction, at: Instant) -> bool:
    """Whether the match of this step will find an agent for it; asked of what is new, which nobody passed on yet."""
    live.seat_all()
    place = live.floor.place_of(i.id)
    if place is None or not live.is_open_line(place[0], at):
        return False
    line, _ = place
    if line.need.hold_for is not None:
        return fits_now(live, i, line.need.hold_for)
    return any(True for _ in able(live, i, line, at))
