"""
The sockets of one pod, and the one reading of outbound.chat and decisions that feeds them all.

A pod begins to read where the group has stored up to, so that what it remembers and what is stored overlap. Ephemeral things (typing, the position) go to who is there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final, assert_never

from standardiste.common.bus.port import Bus, From, Record
from standardiste.common.bus.topics import Topic
from standardiste.common.errors import Away, BadInput
from standardiste.common.log import logger
from standardiste.common.metrics import counter, gauge
from standardiste.ingest_chat.frames import AgentRead, Position, Redacted, ServerFrame
from standardiste.ingest_chat.happenings import TOPICS, Connect, Line, Passing, Reading, Redaction, happening_of
from standardiste.ingest_chat.transcript import PAGE, Transcript, parse_place
from standardiste.ingest_chat.visit import Visit
from standardiste.ingest_chat.window import Standing, Window

TAIL_AGAIN_S: Final = 1.0
SOCKETS_PER_CHAT_MAX: Final = 20

log = logger("ingest-chat")
_sockets = gauge("standardiste_chat_sockets")
_unreadable = counter("standardiste_chat_unreadable_records_total")


class Hub:
    """Who is connected here."""

    def __init__(self, *, bus: Bus, group: str, transcript: Transcript) -> None:
        self._bus, self._group, self._transcript = bus, group, transcript
        self._visits: dict[tuple[str, str], list[Visit]] = {}
        self._window = Window()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def holds(self, tenant: str, session: str) -> bool:
        """Whether this pod has a socket of this chat."""
        return (tenant, session) in self._visits

    async def follow(self, ready: Callable[[], None]) -> None:
        """Read both topics until cancelled. A bus that is away is waited for."""
        positions: dict[tuple[Topic, int], int] = {}
        while True:
            try:
                positions = positions or dict(await self._begin())
                ready()
                async for batch in self._bus.tail(TOPICS, positions, default=From.START):
                    for record in batch:
                        self._take(record)
                        positions[(record.topic, record.partition)] = record.offset + 1
            except Away as away:
                log.warning("tail_waits", away=away.what)
                await asyncio.sleep(TAIL_AGAIN_S)

    async def enter(self, visit: Visit, after: str | None, read: AgentRead | None = None) -> bool:
        """
        Connect a socket: queue what follows its place, and everything from then on. Without a place: the last lines. `read` is how far the session
        says that an agent has read.

        False when the chat has too many sockets. Raises StoreAway.
        """
        visits = self._visits.setdefault(visit.key, [])
        if len(visits) >= SOCKETS_PER_CHAT_MAX:
            return False
        visits.append(visit)
        self._count += 1
        _sockets.set(self._count)
        place = parse_place(after) if after is not None else None
        if place is None:
            visit.show(self._window.redacted(await self._transcript.latest(*visit.key)))
        else:
            visit.place = place
            await self._catch_up(visit)
        visit.enter(self._window.of(*visit.key))
        standing = self._window.standing(*visit.key)
        visit.put(*(frame for frame in (standing.position, standing.read or read) if frame is not None))
        return True

    async def latest(self, tenant: str, session: str, limit: int) -> list[Line]:
        """The last lines of a chat, oldest first, at most `limit`: those that are stored, and those that the group has yet to store. Raises StoreAway."""
        stored = self._window.redacted(await self._transcript.latest(tenant, session, limit))
        known = {line.entry.id for line in stored}
        fresh = [line for line in self._window.of(tenant, session) if line.entry.id not in known]
        return sorted([*stored, *fresh], key=lambda line: line.order)[-limit:]

    def standing(self, tenant: str, session: str) -> Standing:
        """How a chat stands beside its words, as far as this pod knows."""
        return self._window.standing(tenant, session)

    def leave(self, visit: Visit) -> None:
        """A socket is gone. Repeatable."""
        visits = self._visits.get(visit.key, [])
        if visit in visits:
            visits.remove(visit)
            self._count -= 1
            _sockets.set(self._count)
            if not visits:
                del self._visits[visit.key]

    def tell(self, tenant: str, session: str, frame: ServerFrame) -> None:
        """Show a frame to every socket of a chat that is here."""
        for visit in self._visits.get((tenant, session), ()):
            visit.put(frame)

    async def _catch_up(self, visit: Visit) -> None:
        while True:
            lines = await self._transcript.after(*visit.key, visit.place)
            visit.show(self._window.redacted(lines))
            if len(lines) < PAGE:
                return

    async def _begin(self) -> Mapping[tuple[Topic, int], int]:
        lag = await self._bus.lag(self._group, TOPICS)
        return {(each.topic, each.partition): each.committed for each in lag}

    def _take(self, record: Record) -> None:
        try:
            happening = happening_of(record)
        except BadInput:
            _unreadable.inc()  # the group dead-letters it, with the reason
            return
        match happening:
            case Line():
                self._window.add(happening)
                for visit in self._visits.get((happening.tenant, happening.conversation), ()):
                    if not visit.is_entering:
                        visit.show((happening,))
            case Redaction():
                self._window.redact(happening)
                self.tell(happening.tenant, happening.conversation, Redacted(message=happening.message))
            case Passing(frame=frame):
                if isinstance(frame, Position):
                    self._window.stand(happening.tenant, happening.conversation, frame)
                else:
                    self._window.type(happening.tenant, happening.conversation, frame, happening.at)
                self.tell(happening.tenant, happening.conversation, frame)
            case Reading(frame=frame):
                self._window.stand(happening.tenant, happening.conversation, frame)
                self.tell(happening.tenant, happening.conversation, frame)
            case Connect() | None:
                pass
            case _:
                assert_never(happening)
