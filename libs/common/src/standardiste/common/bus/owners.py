"""
Who reads which topic for which group, where all readers live in one process.

The first to come holds a topic of a group; whoever comes later waits as a standby and goes on from the committed offsets when the first leaves, as a
second consumer of one partition does on Kafka. What was taken away (its client crashed or was evicted) can commit nothing more.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeAlias

from standardiste.common.bus.topics import Topic
from standardiste.common.log import logger

Place: TypeAlias = tuple[str, Topic]
"""group, topic"""

log = logger("bus")


@dataclass(slots=True, eq=False)
class Claim:
    """A wish to read, and then the right to. `turn` is set while it waits."""

    client: object
    places: tuple[Place, ...]
    is_valid: bool = True
    turn: asyncio.Future[None] | None = None


class Owners:
    """One holder for each topic of a group, in the order of coming."""

    def __init__(self) -> None:
        self._lines: dict[Place, deque[Claim]] = {}
        """By place: the holder, then who waits."""

    @asynccontextmanager
    async def holding(self, group: str, topics: Sequence[Topic], client: object) -> AsyncGenerator[Claim]:
        """Wait until all these topics are ours, then run the block."""
        claim = Claim(client, tuple(sorted({(group, topic) for topic in topics})))
        try:
            for place in claim.places:  # always in the same order, so that two who want the same never wait for each other
                await self._wait_for(place, claim)
            yield claim
        finally:
            self._withdraw(claim)

    def evict(self, client: object) -> None:
        """Take away whatever this client holds or waits for."""
        claims = dict.fromkeys(claim for line in self._lines.values() for claim in line if claim.client is client)
        for claim in claims:
            self._withdraw(claim)

    async def _wait_for(self, place: Place, claim: Claim) -> None:
        line = self._lines.setdefault(place, deque())
        line.append(claim)
        if line[0] is not claim:
            log.info("standby", group=place[0], topic=place[1].value)
        while line[0] is not claim:
            claim.turn = asyncio.get_running_loop().create_future()
            await claim.turn

    def _withdraw(self, claim: Claim) -> None:
        claim.is_valid = False
        for place in claim.places:
            line = self._lines.get(place)
            if line is None or claim not in line:
                continue
            line.remove(claim)
            if not line:
                del self._lines[place]
            elif (turn := line[0].turn) is not None and not turn.done():
                turn.set_result(None)
