"""
Who could take what: waiting interactions in lines, available agents in buckets. An index over the live records; it decides nothing.

Theory. Interactions with the same need wait in one line, in order; agents of one group who hold the same sit in one bucket, in the order of their idle
clocks. Whether a bucket may take from a line has one answer for all of both, save for pairs: an agent who passed on an interaction, one for
whom an interaction is held, one who already has an offer of it. Such agents stand apart and are looked at one by one (pairs.py). So a match compares the
heads of lines with buckets, whatever waits behind.

What changed since the last match is marked: `fresh` interactions that began to wait or became visible to more agents, `dirty` buckets whose agents may
take more than before. Law L5 says that nothing else can have become possible.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from standardiste.common.events.base import Instant, maker
from standardiste.common.events.directory import Queue
from standardiste.common.events.model import AgentId, InteractionId
from standardiste.router.engine.configuration import Configuration
from standardiste.router.engine.ordered import Ordered
from standardiste.router.engine.policy import Fit, Group, GroupFilter, Kit, Need, PairFilter, Seat
from standardiste.router.engine.seats import takes
from standardiste.router.engine.state import Agent

Entry = tuple[int, int, InteractionId]
"""An interaction's place: strict class, key, id."""
Clock = tuple[int, int, AgentId]
"""An agent's place in a bucket: how much it holds, 0 while its idle clock runs; since when it is idle or took the last; id."""
BucketKey = tuple[int, tuple[object, ...]]

LINES_SPARE = 1_000
ROOMS_SPARE = 1_000


def _no_entries() -> Ordered[Entry]:  # calling `Ordered[Entry]` itself goes through typing, which takes longer than the rest of a bucket
    return Ordered()


@dataclass(slots=True)
class Line:
    """The interactions of one need, in order, and the queue they wait in."""

    number: int
    need: Need
    queue: Queue
    waiting: Ordered[Entry] = field(default_factory=_no_entries)
    fits: dict[int, Fit | str] = field(default_factory=dict[int, "Fit | str"])
    """By group, as far as anybody asked: how it suits, or the filter that leaves it out."""
    is_staffed: bool | None = None
    pair_filters: tuple[PairFilter, ...] = ()


@dataclass(slots=True)
class Bucket:
    """The available agents of one group who hold the same, longest idle first."""

    key: BucketKey
    group: Group
    seat: Seat
    agents: Ordered[Clock]
    room: dict[int, int | None]
    """By line: 0 takes it freely, 1 by interrupting, None not. Outlives the bucket, for the next agent who holds the same."""

    def takes(self, line: Line) -> int | None:
        """How one more from this line fits."""
        if line.number not in self.room:
            self.room[line.number] = takes(self.seat, self.group.room, line.need)
        return self.room[line.number]


_bucket = maker(Bucket)


class Floor:
    """The lines and buckets of one tenant under one configuration."""

    def __init__(self, configuration: Configuration, kit: Kit, clock_of: Callable[[Agent], Clock]) -> None:
        self._clock_of = clock_of
        self._configuration = configuration
        self._kit = kit
        self._numbers: dict[Need, int] = {}
        self.lines: dict[int, Line] = {}
        self._places: dict[InteractionId, tuple[Line, Entry]] = {}
        self.buckets: dict[BucketKey, Bucket] = {}
        self.seats: dict[AgentId, tuple[Bucket, Clock]] = {}
        self._suited: dict[int, list[tuple[Line, Fit]]] = {}
        self._next_number = 0
        self.has_pair_filters = any(pair_filters_of(queue, kit) for queue in configuration.queues.values())
        self.fresh: dict[InteractionId, None] = {}
        self.dirty: dict[BucketKey, None] = {}
        self._seat_at_match: dict[AgentId, Seat | None] = {}
        self._rooms: dict[BucketKey, dict[int, int | None]] = {}

    # ---- interactions

    def place(self, id: InteractionId, need: Need | None, entry: Entry | None) -> None:
        """Put an interaction into its line, or take it out (None)."""
        held = self._places.get(id)
        if held is not None:
            line, old = held
            if need is not None and (line.need is need or line.need == need):
                if old != entry:
                    assert entry is not None
                    line.waiting.remove(old)
                    line.waiting.add(entry)
                    self._places[id] = (line, entry)
                return
            line.waiting.remove(old)
            del self._places[id]
            self.fresh.pop(id, None)
        if need is not None:
            assert entry is not None
            line = self._line(need)
            line.waiting.add(entry)
            self._places[id] = (line, entry)
            self.fresh[id] = None

    def place_of(self, id: InteractionId) -> tuple[Line, Entry] | None:
        return self._places.get(id)

    def mark_fresh(self, id: InteractionId) -> None:
        """Something that hid it from an agent has ended."""
        if id in self._places:
            self.fresh[id] = None

    def judge_anew(self, id: InteractionId) -> None:
        """Something about it is new, and so may be the answer of a pair filter."""
        if id in self._places and self._places[id][0].pair_filters:
            self.fresh[id] = None

    # ---- agents

    def sit(self, agent: Agent, group: Group | None, seat: Seat | None) -> None:
        """Put an agent into the bucket of those who hold the same, or out of all (None)."""
        held = self.seats.get(agent.id)
        self._seat_at_match.setdefault(agent.id, held[0].seat if held else None)
        if group is None or seat is None:
            if held is not None:
                self._leave(agent.id, *held)
            return
        clock = self._clock_of(agent)
        key: BucketKey = (group.number, seat.key)
        if held is not None:
            bucket, old = held
            if bucket.key == key:
                if old != clock:
                    bucket.agents.remove(old)
                    bucket.agents.add(clock)
                    self.seats[agent.id] = (bucket, clock)
                return
            self._leave(agent.id, bucket, old)
        bucket = self.buckets.get(key)
        if bucket is None:
            bucket = self.buckets[key] = _bucket(key, group, seat, Ordered(), self._rooms.setdefault(key, {}))
        bucket.agents.add(clock)
        self.seats[agent.id] = (bucket, clock)
        matched = self._seat_at_match[agent.id]
        if matched is None or (matched is not seat and not _holds_no_less(seat, matched)):
            self.dirty[key] = None

    def drain(self) -> tuple[dict[InteractionId, None], dict[BucketKey, None]]:
        """What is fresh and dirty since the last call: the match looks at it now."""
        fresh, dirty = self.fresh, self.dirty
        self.fresh, self.dirty = {}, {}
        self.note_match()
        return fresh, dirty

    def note_match(self) -> None:
        """Seats are compared with what they are now: with more than now, an agent may take what is still there."""
        self._seat_at_match.clear()

    def mark_dirty(self, agent: AgentId) -> None:
        """Something that kept work from this agent has ended."""
        held = self.seats.get(agent)
        if held is not None:
            self.dirty[held[0].key] = None

    def _leave(self, id: AgentId, bucket: Bucket, clock: Clock) -> None:
        bucket.agents.remove(clock)
        del self.seats[id]
        if not bucket.agents:
            del self.buckets[bucket.key]
            self.dirty.pop(bucket.key, None)

    # ---- who suits what

    def fit(self, group: Group, line: Line) -> Fit | None:
        """How a group suits a line; None when a filter leaves it out."""
        answer = line.fits.get(group.number) or self._fit(group, line)
        return answer if isinstance(answer, Fit) else None

    def refusing(self, group: Group, line: Line) -> str | None:
        """The filter that leaves this group out of this line."""
        answer = line.fits.get(group.number) or self._fit(group, line)
        return None if isinstance(answer, Fit) else answer

    def suited(self, group: Group) -> list[tuple[Line, Fit]]:
        """Every line that a group may take from; empty lines are among them."""
        known = self._suited.get(group.number)
        if known is None:
            known = self._suited[group.number] = [(line, fit) for line in self.lines.values() if (fit := self.fit(group, line)) is not None]
        return known

    def probe(self, need: Need) -> Line:
        """The line of a need; made when there is none."""
        return self._line(need)

    def is_staffed(self, line: Line) -> bool:
        """Whether anybody at all, signed in or not, may take from this line."""
        if line.is_staffed is None:
            line.is_staffed = any(self.fit(group, line) is not None for group in self._configuration.groups)
        return line.is_staffed

    def compact(self) -> None:
        """Forget needs that nobody waits with, and what is known of who holds nothing of the kind now, once there are many. Changes no answer."""
        if len(self._rooms) > ROOMS_SPARE + 2 * len(self.buckets):
            self._rooms = {key: bucket.room for key, bucket in self.buckets.items()}
        if len(self.lines) < LINES_SPARE or len(self.lines) < 4 * sum(1 for line in self.lines.values() if line.waiting):
            return
        for line in [line for line in self.lines.values() if not line.waiting]:
            del self.lines[line.number]
            del self._numbers[line.need]
        self._suited.clear()
        for room in self._rooms.values():
            room.clear()

    def _line(self, need: Need) -> Line:
        number = self._numbers.get(need)
        if number is not None:
            return self.lines[number]
        number = self._numbers[need] = self._next_number
        self._next_number += 1
        queue = self._configuration.queue_or_default(need.queue)
        line = self.lines[number] = Line(number, need, queue, pair_filters=pair_filters_of(queue, self._kit))
        for group in self._configuration.groups:
            suited = self._suited.get(group.number)
            if suited is not None and (fit := self.fit(group, line)) is not None:
                suited.append((line, fit))
        return line

    def _fit(self, group: Group, line: Line) -> Fit | str:
        answer = line.fits[group.number] = fit_of(group, line.need, self._configuration, self._kit)
        return answer


def fit_of(group: Group, need: Need, configuration: Configuration, kit: Kit) -> Fit | str:
    """How a group suits a need: in the innermost ring that no filter refuses; else the name of the filter that refuses the outermost."""
    refusing = ""
    filters = [*kit.group_filters, *_own_filters(need, configuration, kit)]
    for number, ring in enumerate(need.rings):
        refusing = next((policy.name for policy in filters if policy.refuses(need, ring, group)), "")
        if not refusing:
            preference = group.preferences.get(need.queue)
            proficiency = sum(group.skills.get(asked.skill, 0) for asked in ring.skills)
            return Fit(
                number,
                preference.strict_class if preference else 5,
                preference.delay_ms if preference else 0,
                proficiency,
            )
    return refusing


def pair_filters_of(queue: Queue, kit: Kit) -> tuple[PairFilter, ...]:
    """Those of a queue's filters that are asked of single pairs."""
    return tuple([kit.pair_filters[name] for name in queue.filters if name in kit.pair_filters])


def _own_filters(need: Need, configuration: Configuration, kit: Kit) -> Iterator[GroupFilter]:
    queue = configuration.queue(need.queue)
    for name in queue.filters if queue else ():
        if name in kit.filters:
            yield kit.filters[name]


def _holds_no_less(seat: Seat, former: Seat) -> bool:
    """Whether nothing became possible by going from `former` to `seat`, so that no match need be sought."""
    return (
        seat.total == former.total
        and seat.used >= former.used
        and (seat.has_interrupted or not former.has_interrupted)
        and all(seat.by_channel.get(channel, 0) >= count for channel, count in former.by_channel.items())
        and all(seat.by_label.get(label, 0) >= count for label, count in former.by_label.items())
        and all(former.freeable.get(channel, 0) + former.free >= units + seat.free for channel, units in seat.freeable.items())
    )


def is_shown(fit: Fit, enqueued_at: Instant, at: Instant) -> bool:
    """Whether a profile's delay for the queue is over."""
    return at - enqueued_at >= fit.delay_ms
