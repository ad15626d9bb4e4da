"""
The protocol of one desk's socket, without I/O: fed frames, decisions, ticks and losses, it answers with what to send, publish and close.

    WAITING --hello(token)--> OPEN --close, loss, expiry--> CLOSED
       |                        |
       +-- 5 s, bad frame ------+---> CLOSED

Theory. What may not happen: a frame before a valid hello; a session that the router believes open while no socket is there (every way out of OPEN says
session.closed, except when the router itself ended it); a snapshot and a tail both; a command in another's name. A session that comes back with its id
and a place that the window still holds is told what it missed; any other hello opens a new session, and the router sends its snapshot. When the
router has ended a session whose socket is well (its gateway was silent for too long), a new one is opened on the same socket.

A dead peer is found by the server's own websocket pings (every 15 s, 30 s to answer), so that throttled browser tabs live; the edge then calls `gone`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from standardiste.agent_gateway.admission import Admitted, Doorman, TurnedAway
from standardiste.agent_gateway.feed import Feed
from standardiste.agent_gateway.files import AgentFiles
from standardiste.agent_gateway.frames import dump_frame, parse_frame, traceparent_of
from standardiste.agent_gateway.limits import InFlight, Rate
from standardiste.agent_gateway.requests import SOURCE, Asker, command_event
from standardiste.agent_gateway.window import Entry, Seq, Window, parse_seq
from standardiste.common.bus.topics import partition_of
from standardiste.common.errors import BadInput, CommandRejected
from standardiste.common.events.base import Event, Instant
from standardiste.common.events.inputs import SessionClosed, SessionOpened
from standardiste.common.events.model import AgentId, CommandId, SessionId
from standardiste.common.events.refusals import SENTENCES, Refusal
from standardiste.common.events.wire import (
    HELLO_WITHIN_MS,
    Away,
    Bye,
    Close,
    Command,
    Hello,
    Ping,
    Pong,
    Problem,
    Resumed,
    ServerFrame,
    SignOut,
    Welcome,
)
from standardiste.common.ids import Ids

_AWAY_RETRY_MS: Final = 1_000
UNHEEDED_MAX: Final = 200
"""A client that is told so often in a row to slow down, and does not, is cut off."""
MISSED_MAX: Final = 1_000
"""Who missed more than this is better served by a snapshot."""


@dataclass(frozen=True, slots=True)
class Send:
    text: str


@dataclass(frozen=True, slots=True)
class Publish:
    """Write to `inputs`. `command` is the client's own id of it, to be named when the bus is away."""

    event: Event
    command: str | None = None


@dataclass(frozen=True, slots=True)
class Shut:
    """Close the socket; nothing follows."""

    code: Close
    reason: str


Action: TypeAlias = Send | Publish | Shut


class Phase(Enum):
    WAITING = "waiting"
    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What all sessions of a gateway share. `gateway` is this process's own id, new at every start; `file_bytes_max` the largest file it takes."""

    gateway: str
    doorman: Doorman
    files: AgentFiles
    file_bytes_max: int
    window: Window
    ids: Ids
    partitions: int


class Session:
    """One socket's protocol. Every verb gives what must be done, in order. `feed` is there from the first hello on."""

    def __init__(self, place: Place, now: Instant) -> None:
        self._place = place
        self._hello_by = now + HELLO_WITHIN_MS
        self._rate, self._in_flight, self._unheeded = Rate(now), InFlight(), 0
        self.phase = Phase.WAITING
        self.admitted: Admitted | None = None
        self.feed: Feed | None = None

    @property
    def id(self) -> SessionId:
        """The session's id; only after a hello."""
        assert self.feed is not None, "a session has an id from its hello on"
        return SessionId(self.feed.session)

    # ---- the client speaks

    def receive(self, text: str, now: Instant) -> list[Action]:
        """A frame of the client."""
        if self.phase is Phase.CLOSED:
            return []
        try:
            frame = parse_frame(text)
        except BadInput as error:
            return self._shut(Close.BAD_FRAME, error.detail, now)
        match frame:
            case Hello():
                return self._hello(frame, now)
            case Ping() if self.phase is Phase.OPEN:
                return [_send(Pong(now=now))]
            case Command() if self.phase is Phase.OPEN:
                return self._command(frame, now)
            case SignOut() if self.phase is Phase.OPEN:
                return self._shut(Close.SIGNED_OUT, "signed out", now, is_sign_out=True)
            case _:
                return self._shut(Close.BAD_FRAME, "The first frame is a hello.", now)

    def gone(self, now: Instant) -> list[Action]:
        """The socket is lost; the session has its grace."""
        return self._leave(now, is_sign_out=False)

    # ---- the world goes on

    def see(self, entry: Entry) -> list[str]:
        """The frames of a decision that names one of the session's readers."""
        return self.feed.take(entry, self._place.window) if self.feed is not None and self.phase is Phase.OPEN else []

    def answered(self, command: str) -> None:
        """The router has answered this command."""
        self._in_flight.end(command)

    def not_published(self, publish: Publish, now: Instant) -> list[Action]:
        """The bus did not take it: a command is named in a problem; a desk that could not sit down is sent away to come back (the router may have heard of it, so it is told that it left)."""
        if publish.command is not None:
            self._in_flight.end(publish.event.id)
            return [_problem(Refusal.BUS_AWAY, command=publish.command, retry_after_ms=_AWAY_RETRY_MS)]
        if isinstance(publish.event.data, SessionOpened):
            return [_send(Away(is_away=True)), *self._shut(Close.AWAY, SENTENCES[Refusal.BUS_AWAY], now)]
        return []

    def turned_away(self) -> list[Action]:
        """The bus is known to be away: nobody sits down, and the router, which never hears of the session, has nothing to be told."""
        self.phase = Phase.CLOSED
        return [_send(Away(is_away=True)), *_bye(Close.AWAY, SENTENCES[Refusal.BUS_AWAY])]

    def tick(self, now: Instant) -> list[Action]:
        """Time passed: late hellos and ended tokens."""
        if self.phase is Phase.WAITING and now >= self._hello_by:
            return self._shut(Close.HELLO_LATE, "No hello came in time.", now)
        if self.phase is Phase.OPEN and self.admitted is not None and now >= self.admitted.expires_at:
            return self._shut(Close.TOKEN_EXPIRED, "The token has ended; sign in again.", now)
        return []

    def superseded(self) -> list[Action]:
        """A newer session of the same agent has taken over, as the router says."""
        self.phase = Phase.CLOSED
        return _bye(Close.SUPERSEDED, SENTENCES[Refusal.SESSION_SUPERSEDED])

    def lost(self, now: Instant) -> list[Action]:
        """The router believes the socket gone, but it is well: say so."""
        return [self._opened(now, is_resuming=True)] if self.phase is Phase.OPEN else []

    def ended(self, now: Instant) -> list[Action]:
        """The router has ended the session, but the socket is well: begin a new one on it."""
        if self.phase is not Phase.OPEN or self.admitted is None:
            return []
        return self._begin(self.admitted, now)

    def too_slow(self, now: Instant) -> list[Action]:
        """The client does not read what it is sent."""
        return self._shut(Close.TOO_SLOW, "Too much was waiting to be read.", now)

    def stop(self, now: Instant) -> list[Action]:
        """The gateway goes away; the client comes back to another."""
        return self._shut(Close.GOING_AWAY, "The gateway is going away.", now)

    # ---- hello

    def _hello(self, hello: Hello, now: Instant) -> list[Action]:
        admitted = self._place.doorman.admit(hello.token, now)
        if isinstance(admitted, TurnedAway):
            return self._shut(admitted.code, admitted.refused.detail or admitted.refused.reason, now)
        if self.phase is Phase.OPEN:
            return self._renew(admitted, now)
        if hello.session is not None and (after := self._resumable(hello, admitted)) is not None:
            missed = self._open(admitted, hello.session).replay(self._place.window, after)
            if len(missed) <= MISSED_MAX:
                resumed = Resumed(session=self.id, now=now, seq=str(after))
                return [_send(resumed), *(Send(text) for text in missed), self._opened(now, is_resuming=True)]
        return self._begin(admitted, now)

    def _begin(self, admitted: Admitted, now: Instant) -> list[Action]:
        principal = admitted.principal
        self._open(admitted, self._place.doorman.mint(principal))
        welcome = Welcome(
            session=self.id,
            agent=AgentId(principal.id),
            tenant=principal.tenant,
            name=principal.name,
            now=now,
            seq=str(self._place.window.end(self._partition(principal.tenant))),
            token_expires_at=admitted.expires_at,
            file_bytes_max=self._place.file_bytes_max,
        )
        return [_send(welcome), self._opened(now, is_resuming=False)]

    def _renew(self, admitted: Admitted, now: Instant) -> list[Action]:
        """A fresh token on the same socket: it must be the same person's."""
        assert self.admitted is not None
        assert self.feed is not None
        former, fresh = self.admitted.principal, admitted.principal
        if (fresh.tenant, fresh.id) != (former.tenant, former.id):
            return self._shut(Close.BAD_TOKEN, "The token is another person's.", now)
        self.admitted = admitted
        self.feed.watch(admitted.readers)
        return [_send(Resumed(session=self.id, now=now, seq=str(self._place.window.end(self._partition(fresh.tenant)))))]

    def _resumable(self, hello: Hello, admitted: Admitted) -> Seq | None:
        """The place from which this client can be told what it missed; None when it needs a snapshot."""
        after = parse_seq(hello.seq) if hello.seq is not None else None
        if after is None or hello.session is None or not self._place.doorman.owns(admitted.principal, hello.session):
            return None
        tenant, window = admitted.principal.tenant, self._place.window
        is_alive = not window.has_ended(tenant, hello.session)
        return after if is_alive and after.partition == self._partition(tenant) and window.holds(after) else None

    def _open(self, admitted: Admitted, session: str) -> Feed:
        principal = admitted.principal
        self.phase, self.admitted = Phase.OPEN, admitted
        self.feed = Feed(tenant=principal.tenant, agent=principal.id, session=session, watched=admitted.readers)
        return self.feed

    # ---- commands

    def _command(self, frame: Command, now: Instant) -> list[Action]:
        assert self.admitted is not None
        if wait_ms := self._rate.take(now):
            self._unheeded += 1
            if self._unheeded > UNHEEDED_MAX:
                return self._shut(Close.TOO_MANY, SENTENCES[Refusal.TOO_MANY_COMMANDS], now)
            return [_problem(Refusal.TOO_MANY_COMMANDS, command=frame.id, retry_after_ms=wait_ms)]
        self._unheeded = 0
        try:
            event = command_event(
                Asker(principal=self.admitted.principal, session=self.id),
                self._place.doorman.directory,
                self._place.files,
                id=frame.id,
                type=frame.type,
                data=frame.data,
                now=now,
                traceparent=traceparent_of(frame),
            )
        except BadInput as error:
            reason = Refusal.UNKNOWN_TYPE if error.reason == Refusal.UNKNOWN_TYPE else Refusal.MALFORMED
            return [_problem(reason, f"{error.pointer}: {error.detail}".removeprefix(": "), command=frame.id)]
        except CommandRejected as error:
            return [_problem(Refusal(error.refused.reason), error.refused.detail, command=frame.id)]
        if not self._in_flight.begin(event.id, now):
            return [_problem(Refusal.TOO_MANY_COMMANDS, command=frame.id, retry_after_ms=_AWAY_RETRY_MS)]
        return [Publish(event, frame.id)]

    # ---- leaving

    def _shut(self, code: Close, reason: str, now: Instant, *, is_sign_out: bool = False) -> list[Action]:
        return [*_bye(code, reason), *self._leave(now, is_sign_out=is_sign_out)]

    def _leave(self, now: Instant, *, is_sign_out: bool) -> list[Action]:
        was_open, self.phase = self.phase is Phase.OPEN, Phase.CLOSED
        if not was_open:
            return []
        assert self.admitted is not None
        closed = SessionClosed(
            session=self.id, agent=AgentId(self.admitted.principal.id), gateway=self._place.gateway, is_sign_out=is_sign_out
        )
        return [self._fact(closed, now)]

    def _opened(self, now: Instant, *, is_resuming: bool) -> Publish:
        assert self.admitted is not None
        agent = AgentId(self.admitted.principal.id)
        return self._fact(SessionOpened(session=self.id, agent=agent, gateway=self._place.gateway, is_resuming=is_resuming), now)

    def _fact(self, data: SessionOpened | SessionClosed, now: Instant) -> Publish:
        assert self.admitted is not None
        tenant = self.admitted.principal.tenant
        return Publish(Event(id=self._place.ids.mint("fact"), source=SOURCE, subject=data.session, tenant=tenant, time=now, data=data))

    def _partition(self, tenant: str) -> int:
        return partition_of(tenant, self._place.partitions)


def _problem(reason: Refusal, detail: str = "", *, command: str, retry_after_ms: int | None = None) -> Send:
    return _send(Problem(reason=reason, detail=detail or SENTENCES[reason], command=CommandId(command), retry_after_ms=retry_after_ms))


def _bye(code: Close, reason: str) -> list[Action]:
    return [_send(Bye(code=code, reason=reason)), Shut(code, reason)]


def _send(frame: ServerFrame) -> Send:
    return Send(dump_frame(frame))
