"""
One desk's line: its session, and the bounded queue between the gateway and a socket that may read slowly.

Whoever has frames puts them here and goes on; one task per socket writes them out. What does not fit is not kept: the desk is cut off and comes back
with its place, which costs nothing but a resume.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable
from typing import Final

from standardiste.agent_gateway.session import Session
from standardiste.common.events.wire import Close

FRAMES_MAX: Final = 4_000
CHARACTERS_MAX: Final = 4 * 1024 * 1024


class Line:
    """Frames for one socket, in order. `frames` ends when the line is shut, after what was put before."""

    def __init__(self, session: Session, *, frames_max: int = FRAMES_MAX, characters_max: int = CHARACTERS_MAX) -> None:
        self.session = session
        self.readers: frozenset[str] = frozenset()
        self.shut_with: tuple[Close, str] | None = None
        self._frames_max, self._characters_max = frames_max, characters_max
        self._waiting: deque[str] = deque()
        self._characters = 0
        self._woken = asyncio.Event()

    def put(self, frames: Iterable[str]) -> bool:
        """Queue frames; False when they do not fit, and then the line is to be shut."""
        if self.shut_with is not None:
            return True
        for frame in frames:
            self._waiting.append(frame)
            self._characters += len(frame)
        self._woken.set()
        return len(self._waiting) <= self._frames_max and self._characters <= self._characters_max

    def clear(self) -> None:
        """Throw away what waits: nobody reads it."""
        self._waiting.clear()
        self._characters = 0

    def shut(self, code: Close, reason: str) -> None:
        """Nothing more is taken; what waits is still written, then the socket closes with this."""
        if self.shut_with is None:
            self.shut_with = (code, reason)
        self._woken.set()

    async def frames(self) -> AsyncIterator[str]:
        """What is to be written, until the line is shut and empty."""
        while True:
            while self._waiting:
                frame = self._waiting.popleft()
                self._characters -= len(frame)
                yield frame
            if self.shut_with is not None:
                return
            self._woken.clear()
            await self._woken.wait()
