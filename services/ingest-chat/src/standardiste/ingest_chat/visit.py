"""
One socket of a visitor: its place in the transcript, and the bounded queue between whoever pushes and a browser that may read slowly.

Theory. A visit begins `entering`: it has a place, reads the stored transcript behind it, and takes no push meanwhile. When the store has given all, what the pod remembers
behind the place reached is added in the same breath, and from then on every push behind its place is queued. So nothing is queued twice and nothing is missed,
whether the group is ahead of the pod's own reading or behind.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from standardiste.common.events.model import InteractionId, Words
from standardiste.common.events.wire import Close
from standardiste.ingest_chat.frames import Notice, ServerFrame, dump
from standardiste.ingest_chat.happenings import Line
from standardiste.ingest_chat.tokens import SessionClaims
from standardiste.ingest_chat.transcript import Place, with_places

FRAMES_MAX: Final = 1_200
UNSEEN_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class Unseen:
    """An agent's message that this socket was given and has not said to have shown."""

    interaction: InteractionId | None
    traceparent: str | None


class Visit:
    """One socket. `say` puts a tenant's words into the visitor's language."""

    def __init__(self, claims: SessionClaims, say: Callable[[Words], str]) -> None:
        self.claims = claims
        self.place = Place()
        self.is_entering = True
        self.shut_with: tuple[Close, str] | None = None
        self._say = say
        self._unseen: OrderedDict[str, Unseen] = OrderedDict()
        self._waiting: asyncio.Queue[str | None] = asyncio.Queue()

    @property
    def key(self) -> tuple[str, str]:
        return self.claims.tenant, self.claims.session

    def put(self, *frames: ServerFrame) -> None:
        """Queue frames. A browser that does not read them is cut off; it comes back with its place."""
        if self.shut_with is not None:
            return
        if self._waiting.qsize() + len(frames) > FRAMES_MAX:
            self.shut(Close.TOO_SLOW, "Too much was waiting to be read.")
            return
        for frame in frames:
            self._waiting.put_nowait(dump(frame))

    def show(self, lines: Sequence[Line]) -> None:
        """Queue the lines that lie behind this visit's place, and move it."""
        missing = [line for line in lines if not self.place.covers(line)]
        for line in missing:
            if line.is_agents_message:
                self._unseen[line.entry.id] = Unseen(line.interaction, line.traceparent)
                if len(self._unseen) > UNSEEN_MAX:
                    self._unseen.popitem(last=False)
        frames, self.place = with_places([self._worded(line) for line in missing], self.place)
        self.put(*frames)

    def enter(self, remembered: Iterable[Line]) -> None:
        """All that is stored was shown: add what the pod remembers, and take pushes from now on."""
        self.show(list(remembered))
        self.is_entering = False

    def unseen(self, message: str, *, is_read: bool) -> Unseen | None:
        """The message that the visitor says to have; None when it was never given here. Once read, it is done."""
        return self._unseen.pop(message, None) if is_read else self._unseen.get(message)

    def shut(self, code: Close, reason: str) -> None:
        """Nothing more is queued; what waits is still written, then the socket closes with this."""
        if self.shut_with is None:
            self.shut_with = (code, reason)
            self._waiting.put_nowait(None)

    async def frames(self) -> AsyncIterator[str]:
        """What is to be written, until the visit is shut."""
        while (frame := await self._waiting.get()) is not None:
            yield frame

    def _worded(self, line: Line) -> Line:
        if line.words is None or not isinstance(line.entry, Notice):
            return line
        return replace(line, entry=replace(line.entry, text=self._say(line.words)))
