"""
A router's engine under a random world, and everything that must hold of it after every step.

The engine that decides is watched by a twin that only applies: before the twin applies an offer, a plain scan says which one it must be (L5, L6), and after
every step both have the same state (L7). Desks project what they are sent and must know what a fresh snapshot would say (L8). Choices come from outside, so
that Hypothesis can shrink them and a seeded generator can make a million.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Any, TypeVar

from simulation import judge, nobody, plain
from simulation.centre import CHANNELS, centre
from simulation.history import History

from standardiste.common.events import codec
from standardiste.common.events import decisions as d
from standardiste.common.events.base import Data, Event, Instant, Kind, class_of, spec_of
from standardiste.common.events.commands import OpenInteraction
from standardiste.common.events.directory import ChangeSetCommitted, Entity
from standardiste.common.events.model import AgentId, Channel, CommandId, InteractionId, OfferId, SessionId
from standardiste.common.testing.builders import AT, TENANT, event
from standardiste.router.engine import Engine, persist, snapshot
from standardiste.router.engine.memory import Memory
from standardiste.router.kit import STANDARD

T = TypeVar("T")
SWEEPS_TOLERATED = 0
PLAINLY_EVERY = 4
"""Messages between two looks at every pair with every filter read aloud: it is slow."""
PACKED = 2
"""So few in one record, and small worlds have packs."""

Entry = tuple[Instant, Event | int | None]
"""What the log says of a run: a record, a gap that ended (ms), or only that time passed."""


class World:
    """One tenant, its engine, its twin, its desks, and the clock."""

    def __init__(self) -> None:
        self.now = AT
        self.number = 0
        self.change_set = 0
        self.engine = _engine()
        self.twin = _engine()
        self.written: dict[tuple[str, str], object] = {}
        self.desks: dict[AgentId, snapshot.Desk] = {}
        self.sessions: dict[AgentId, SessionId] = {}
        self.ended_offers: set[OfferId] = set()
        self.connected_by: set[OfferId] = set()
        self.closed: dict[InteractionId, None] = {}
        self.history = History()
        self.known_contacts: list[Any] = []
        self.events: list[Event] = []
        self.log: list[Entry] = []
        self.asked: list[tuple[CommandId, OpenInteraction]] = []
        self.channels: Sequence[Channel] = CHANNELS
        self.directory: dict[tuple[type, str], Entity] = {}
        self.configure(*centre())

    # ---- doing

    def send(self, data: Data, id: str = "") -> tuple[Event, ...]:
        """One record of the log, at the present instant; then what is due up to it."""
        self.number += 1
        message = event(data, id=id or f"x{self.number}")
        self.log.append((Instant(self.now), message))
        before = self.engine.fire(Instant(self.now - 1))
        self._watch(before)
        events = self.engine.step(message, Instant(self.now))
        if spec_of(class_of(data)).kind is Kind.ENTITY or isinstance(data, ChangeSetCommitted):
            self.twin.apply(replace(message, time=max(Instant(self.now), self.twin.live.at)))
        self._watch(events)
        self._watch(self.engine.fire(Instant(self.now)))
        self.check()
        return events

    def wait(self, ms: int) -> None:
        """Time passes; every deadline fires at its own instant."""
        self.now += ms
        self.log.append((Instant(self.now), None))
        while (fired := self.engine.fire_next(Instant(self.now))) is not None:
            self._watch(fired.events)
        self.check()
        self.commit()

    def configure(self, *entities: Entity, effective_at: Instant | None = None) -> None:
        """A change set with these members, in force now or then."""
        self.change_set += 1
        for entity in entities:
            self.number += 1
            self.directory[type(entity), entity.id] = entity
            message = event(replace(entity, change_set=self.change_set), id=f"x{self.number}")
            self.log.append((Instant(self.now), message))
            self.engine.step(message, Instant(self.now))
            self.twin.apply(replace(message, time=max(Instant(self.now), self.twin.live.at)))
        commit = ChangeSetCommitted(number=self.change_set, members=len(entities), by="p", committed_at=AT, effective_at=effective_at)
        self.send(commit)

    def commit(self) -> None:
        """The end of a batch: what was touched is written, what is past its time is dropped, what closed long ago is packed."""
        at = Instant(self.now)
        written = self.engine.changes(at)
        assert sorted(each[:2] for each in written) == sorted(each[:2] for each in self.twin.changes(at))
        self.written |= {(kind, id): record for kind, id, record in written}
        kept = {key: record for key, record in self.written.items() if record is not None}
        assert kept == persist.everything(self.engine.live), "router-state is the engine's"

    def restart(self, gap_ms: int | None) -> None:
        """The process dies and another takes over from router-state: it must be the same, and decide the same from then on."""
        self.commit()
        again = restored(self.engine)
        self.now += gap_ms or 0
        self.log.append((Instant(self.now), gap_ms or 0))
        old = self.engine.resumed(Instant(self.now), gap_ms)
        new = again.resumed(Instant(self.now), gap_ms)
        assert old == new, _first_difference(old, new)
        old_due = self.engine.fire(Instant(self.now))
        new_due = again.fire(Instant(self.now))
        assert old_due == new_due, _first_difference(old_due, new_due)
        assert persist.everything(self.engine.live) == persist.everything(again.live)
        self.engine = again
        self._watch(old)
        self._watch(old_due)
        self.check()

    # ---- watching

    def _watch(self, events: Iterable[Event]) -> None:
        for each in events:
            self.events.append(each)
            if spec_of(class_of(each.data)).kind is Kind.COMMAND:
                continue
            self._before(each)
            self.twin.apply(each)
            self.history.note(self.twin.live, each)
            self._after(each)

    def _before(self, each: Event) -> None:
        data = each.data
        if isinstance(data, d.OfferMade) and data.why.rule not in ("transfer", "assigned", "consult"):
            live = self.twin.live
            kept = plain.refusing(live, live.interactions[data.interaction.id], live.agents[data.offer.agent], each.time)
            assert kept is None, f"offered in spite of: {kept}"
            expected = judge.next_offer(live, each.time)
            assert expected == (data.interaction.id, data.offer.agent, data.offer.is_interrupting), expected

    def _after(self, each: Event) -> None:
        data = each.data
        assert not isinstance(data, d.SweepFound), data
        if isinstance(data, d.OfferAccepted | d.OfferDeclined | d.OfferExpired | d.OfferWithdrawn):
            assert data.offer not in self.ended_offers, "L3: an offer ends once"
            self.ended_offers.add(data.offer)
        if isinstance(data, d.InteractionConnecting):
            assert data.offer not in self.connected_by, "media is told of by its offer: each try has its own"
            self.connected_by.add(data.offer)
        if isinstance(data, d.InteractionClosed):
            assert data.interaction not in self.closed, "closed once"
            self.closed[data.interaction] = None
        if isinstance(data, d.SessionStarted):
            self.sessions[data.agent] = data.session
        if isinstance(data, d.SnapshotBegan):
            self.desks[data.agent] = snapshot.Desk(data.agent)
        if isinstance(data, d.SnapshotAgent):
            self.desks[data.view.id].view = data.view
        if isinstance(data, d.SnapshotInteraction):
            desk = self._desk_of(data.session)
            desk.owned[data.view.id] = (data.view.version, data.view.state)
            if data.view.owner != desk.agent:
                desk.asked_into[data.view.id] = None
        if isinstance(data, d.SnapshotOffer):
            self._desk_of(data.session).offers[data.offer.id] = data.offer.interaction
        for desk in self.desks.values():
            snapshot.project(desk, each)

    def _desk_of(self, session: SessionId) -> snapshot.Desk:
        return next(self.desks[agent] for agent, own in self.sessions.items() if own == session)

    def check(self) -> None:
        """Every law, now."""
        found = judge.faults(self.engine.live, Instant(self.now))
        assert not found, found
        for_nobody = nobody.found(self.engine.live, Instant(self.now), self.history.routed)
        assert not for_nobody, for_nobody
        self.history.check(self.engine.live)
        if self.number % PLAINLY_EVERY == 0:
            different = plain.differences(self.engine.live, Instant(self.now))
            assert not different, f"L5: {different}"
        for agent, desk in self.desks.items():
            assert desk == snapshot.fresh(self.engine.live, agent), "L8"

    def compare(self) -> None:
        """The twin that only applied has the same state."""
        assert persist.everything(self.twin.live) == persist.everything(self.engine.live), "L7"


def _first_difference(old: Sequence[Event], new: Sequence[Event]) -> str:
    return next((f"{a}\n{b}" for a, b in zip_longest(old, new) if a != b), "")


def _engine() -> Engine:
    """An engine that packs a few, so that a small world has packs."""
    made = Engine(TENANT, STANDARD)
    made.live.memory = Memory(made.live.touched, PACKED)
    return made


def restored(engine: Engine) -> Engine:
    """Another engine, from the first one's router-state."""
    again = _engine()
    again.load({key: _through_json(*key, record) for key, record in persist.everything(engine.live).items()})
    assert persist.everything(engine.live) == persist.everything(again.live)
    assert engine.live.memory.closed_by_receipt == again.live.memory.closed_by_receipt
    assert engine.live.memory.closed_by_conversation == again.live.memory.closed_by_conversation
    return again


def _through_json(kind: str, id: str, record: object) -> object:
    data = codec.adapter(class_of(record)).dump_json(record, exclude_defaults=True)
    return codec.load_data(persist.type_of(kind, id), data)


Pick = Callable[[Sequence[T]], T]
