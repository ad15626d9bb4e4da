"""
The gateway of one process: one tail of decisions for all its desks, their commands to the bus, the beats that say it lives.

Theory. A record is looked at once. The window makes an entry of it; the index of readers names the lines that want it; each line's session frames it.
Nothing is searched per session. A command goes to the bus at once; when the bus cannot take it, it is answered `bus_away` and forgotten. What the gateway
itself has to report (a session closed, or reopened) is kept, in order, and said by the pulse until it is taken: else the router would believe a desk
there that is not. Of each session only the last word is kept, and a desk that comes while the bus is known to be away is not seated: what waits to be
said never outgrows the desks that there were. Beats are tried again every second. Every desk is told when the bus goes away and when it is
back; no desk is cut off for it.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, cast

from pydantic_core import from_json

from standardiste.agent_gateway.desks import Desks
from standardiste.agent_gateway.frames import dump_frame
from standardiste.agent_gateway.line import Line
from standardiste.agent_gateway.questions import ANSWERS, Questions
from standardiste.agent_gateway.requests import SOURCE
from standardiste.agent_gateway.session import Action, Place, Publish, Send, Session, Shut
from standardiste.agent_gateway.window import Entry
from standardiste.common.bus.port import Bus, Record
from standardiste.common.bus.topics import Topic
from standardiste.common.clock import Clock
from standardiste.common.errors import Away as SomethingAway
from standardiste.common.events.base import Event, Instant
from standardiste.common.events.codec import encode
from standardiste.common.events.inputs import GatewayBeat, SessionOpened
from standardiste.common.events.wire import Away
from standardiste.common.log import logger
from standardiste.common.metrics import counter, gauge
from standardiste.common.tracing import has_exporter, note

BEAT_EVERY_MS: Final = 5_000
BEAT_AGAIN_MS: Final = 1_000
TICK_S: Final = 1.0
TAIL_AGAIN_S: Final = 1.0

_OFFERED: Final = "standardiste.offer.made.v1"
_STARTED: Final = "standardiste.session.started.v1"
_ENDED: Final = "standardiste.session.ended.v1"
_LOST: Final = "standardiste.session.lost.v1"
_GATEWAY_LOST: Final = "standardiste.gateway.lost.v1"
SUPERSEDED: Final = "superseded"
"""How session.ended says that a newer session of the agent took over."""

_OF_SESSIONS: Final = frozenset({_STARTED, _ENDED, _LOST, _GATEWAY_LOST})
_TOPICS: Final = (Topic.DECISIONS,)

log = logger("agent-gateway")
_commands = counter("standardiste_gateway_commands_total")
_closed = counter("standardiste_gateway_sockets_closed_total")
_window_bytes = gauge("standardiste_gateway_window_bytes")


class Hub:
    """Everything of one gateway but the sockets themselves. `follow` and `pulse` are its long-running work."""

    def __init__(self, *, bus: Bus, clock: Clock, place: Place, look_back: int, beat_every_ms: int = BEAT_EVERY_MS) -> None:
        self._bus, self._clock, self._place, self._look_back, self._beat_every_ms = bus, clock, place, look_back, beat_every_ms
        self.questions = Questions()
        self._desks = Desks()
        self._unsaid: dict[str, Event] = {}
        self._pulse_now = asyncio.Event()
        self.is_away = False

    def __len__(self) -> int:
        return len(self._desks)

    # ---- desks

    def join(self) -> Line:
        """A socket has connected."""
        line = Line(Session(self._place, self._clock.now()))
        self._desks.add(line)
        return line

    async def receive(self, line: Line, text: str) -> None:
        """A desk has said something. Returns when the bus has taken (or refused) what follows from it."""
        for publish in self._do(line, line.session.receive(text, self._clock.now())):
            await self._say(line, publish)

    def leave(self, line: Line) -> None:
        """A desk's socket is gone."""
        actions = line.session.gone(self._clock.now())
        self._desks.forget(line)
        self._later(line, actions)

    def offer_of(self, tenant: str, interaction: str, agents: Iterable[str]) -> Mapping[str, Any] | None:
        """The last offer of an interaction to one of these agents, with its why-record; None where the window does not reach back to it."""
        for entry in reversed(self._place.window.of_readers(tenant, [f"agent:{agent}" for agent in agents])):
            if entry.type == _OFFERED and entry.data()["offer"]["interaction"] == interaction:
                return entry.data()
        return None

    async def publish(self, event: Event) -> None:
        """Write a command of the HTTP edge. Raises BusAway."""
        try:
            await self._publish(event)
        except SomethingAway:
            self._pulse_now.set()
            raise

    # ---- what passes

    async def follow(self, ready: Callable[[], None]) -> None:
        """Tail decisions for ever, beginning a little before the end so that the window is not empty. A bus that is away is waited for."""
        positions: dict[tuple[Topic, int], int] = {}
        while True:
            try:
                if not positions:
                    positions = await self._begin()
                ready()
                async for batch in self._bus.tail(_TOPICS, positions):
                    for record in batch:
                        self._take(record)
                        positions[(Topic.DECISIONS, record.partition)] = record.offset + 1
                    _window_bytes.set(self._place.window.bytes)
            except SomethingAway:
                self._pulse_now.set()
                await asyncio.sleep(TAIL_AGAIN_S)

    async def _begin(self) -> dict[tuple[Topic, int], int]:
        ends = await self._bus.ends(Topic.DECISIONS)
        starts = {partition: max(0, end - self._look_back) for partition, end in ends.items()}
        for partition, start in starts.items():
            self._place.window.start(partition, start)
        return {(Topic.DECISIONS, partition): start for partition, start in starts.items()}

    def _take(self, record: Record) -> None:
        entry = self._place.window.add(record)
        if entry is not None:
            began_ns = time.time_ns()
            if self._show(entry) and has_exporter():
                note((record.headers.get("traceparent"),), "decisions show", began_ns, "consumer")
        type_ = record.headers.get("ce_type", "")
        if type_ in ANSWERS:
            self._answered(type_, record, entry)
        elif type_ in _OF_SESSIONS:
            self._session_event(type_, record)

    def _show(self, entry: Entry) -> int:
        """Give the entry to every line that reads it; cut off those that are too slow to take it. How many lines there were."""
        lines = self._desks.readers_of(entry)
        for line in lines:
            if not line.put(line.session.see(entry)):
                line.clear()
                self._later(line, line.session.too_slow(self._clock.now()))
        return len(lines)

    def _answered(self, type_: str, record: Record, entry: Entry | None) -> None:
        data = _data(record)
        command = str(data.get("command", ""))
        self.questions.answer(record.headers.get("ce_tenant", ""), command, type_, data)
        if entry is not None:
            for line in self._desks.readers_of(entry):
                line.session.answered(command)

    def _session_event(self, type_: str, record: Record) -> None:
        """What the router says of sessions that are connected here."""
        data, tenant, now = _data(record), record.headers.get("ce_tenant", ""), self._clock.now()
        if type_ == _GATEWAY_LOST:
            if data.get("gateway") == self._place.gateway:
                for line in self._desks.seated(tenant):
                    self._later(line, line.session.lost(now))
            return
        line = self._desks.of_session(tenant, str(data.get("superseded" if type_ == _STARTED else "session")))
        if line is None:
            return
        if type_ == _STARTED or data.get("because") == SUPERSEDED:
            self._later(line, line.session.superseded())
        else:
            self._later(line, line.session.lost(now) if type_ == _LOST else line.session.ended(now))

    # ---- the pulse

    async def pulse(self, ready: Callable[[], None]) -> None:
        """Tick sessions, beat for every tenant with sessions, say what the bus could not take; on the way out, say that all are gone."""
        ready()
        beat_at = self._clock.now()
        try:
            while True:
                now = self._clock.now()
                for line in self._desks:
                    self._later(line, line.session.tick(now))
                if now >= beat_at or self._pulse_now.is_set():
                    beat_at = Instant(now + (self._beat_every_ms if await self._beat(now) else min(BEAT_AGAIN_MS, self._beat_every_ms)))
                await _wait(self._pulse_now, min(TICK_S, self._beat_every_ms / 1000))
        finally:
            await self._stop()

    async def _beat(self, now: Instant) -> bool:
        """Beat, and say what waits; whether the bus took it."""
        self._pulse_now.clear()
        counts = Counter(self._desks.tenants())
        beats = [
            Event(
                id=self._place.ids.mint("beat"),
                source=SOURCE,
                subject=self._place.gateway,
                tenant=tenant,
                time=now,
                data=GatewayBeat(gateway=self._place.gateway, sessions=sessions),
            )
            for tenant, sessions in sorted(counts.items())
        ]
        unsaid = list(self._unsaid.values())
        try:
            if beats or unsaid:
                await self._publish(*unsaid, *beats)
            elif self.is_away:
                await self._bus.ends(Topic.INPUTS)
        except SomethingAway:
            self._tell(is_away=True)
            return False
        for event in unsaid:
            if self._unsaid.get(event.subject) is event:
                del self._unsaid[event.subject]
        self._tell(is_away=False)
        return True

    def _tell(self, *, is_away: bool) -> None:
        if is_away == self.is_away:
            return
        self.is_away = is_away
        log.warning("bus_away" if is_away else "bus_back", desks=len(self._desks))
        frame = dump_frame(Away(is_away=is_away))
        for line in self._desks.seated():
            line.put((frame,))

    async def _stop(self) -> None:
        """Say bye to every desk, and to the router in one go that they are gone."""
        now = self._clock.now()
        closing: list[Event] = list(self._unsaid.values())
        for line in self._desks:
            for action in line.session.stop(now):
                match action:
                    case Send(text):
                        line.put((text,))
                    case Shut(code, reason):
                        line.shut(code, reason)
                    case Publish(event):
                        closing.append(event)
            self._desks.forget(line)
        if closing:
            try:
                await self._publish(*closing)
            except SomethingAway:
                log.warning("closings_unsaid", count=len(closing))

    async def watch_configuration(self, ready: Callable[[], None]) -> None:
        """Reckon anew what supervisors may watch whenever the configuration changes."""
        ready()
        doorman = self._place.doorman
        while True:
            await doorman.directory.wait_change()
            for line in self._desks.seated():
                session = line.session
                if session.feed is not None and session.admitted is not None:
                    session.feed.watch(doorman.watched_by(session.admitted.principal))
                    self._desks.index(line)

    # ---- doing

    def _do(self, line: Line, actions: list[Action]) -> list[Publish]:
        """Carry out what a session wants, but for what must be published: that is given back. The line is found by its readers from here on."""
        publishes: list[Publish] = []
        for action in actions:
            match action:
                case Send(text):
                    line.put((text,))
                case Shut(code, reason):
                    _closed.labels(str(int(code))).inc()
                    line.shut(code, reason)
                    self._desks.forget(line)
                case Publish():
                    publishes.append(action)
        if (former := self._desks.index(line)) is not None:
            self._do(former, former.session.superseded())
        return publishes

    def _later(self, line: Line, actions: list[Action]) -> None:
        """Carry out what a session wants without waiting for the bus: the pulse publishes it at once, all in one go, and again until it is taken."""
        for publish in self._do(line, actions):
            self._unsaid.pop(publish.event.subject, None)
            self._unsaid[publish.event.subject] = publish.event
            self._pulse_now.set()

    async def _say(self, line: Line, publish: Publish) -> None:
        if self.is_away and isinstance(publish.event.data, SessionOpened) and not publish.event.data.is_resuming:
            self._later(line, line.session.turned_away())
            return
        try:
            await self._publish(publish.event)
        except SomethingAway:
            self._pulse_now.set()
            _commands.labels("bus_away").inc()
            self._later(line, line.session.not_published(publish, self._clock.now()))
        else:
            _commands.labels("published").inc()

    async def _publish(self, *events: Event) -> None:
        await self._bus.publish(*(encode(event, Topic.INPUTS) for event in events))


def _data(record: Record) -> dict[str, Any]:
    return cast("dict[str, Any]", from_json(record.value or b"{}"))


async def _wait(event: asyncio.Event, seconds: float) -> None:
    """Until the event is set, or so long."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass
