"""
Who may be asked to send now: a share of each channel address, so that one whose server hangs leaves room for the others.

A place is held by one conversation for as long as something of it is being carried out.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from standardiste.common.outbox.record import SendRecord

DUE_SIDE_BY_SIDE = 64
"""Conversations tried at once because their due times have come."""
PER_ADDRESS = 48
"""Conversations of one channel address under way at once; its further sends are stored and wait their turn."""
TICK_S = 0.5
ROOM_S = 0.02
"""How soon to look again when something due found no room and room has come."""


@dataclass(slots=True)
class Due:
    """What is due of one conversation."""

    tenant: str
    conversation: str
    address: str
    messages: list[str] = field(default_factory=list[str])


class Room:
    """The places of one outbox."""

    def __init__(self) -> None:
        self._in_use: Counter[tuple[str, str]] = Counter()
        self._trying: set[tuple[str, str]] = set()
        self._has_come, self._is_crowded = asyncio.Event(), False

    def has_place(self, tenant: str, address: str) -> bool:
        return self._in_use[(tenant, address)] < PER_ADDRESS

    @contextmanager
    def place(self, tenant: str, address: str) -> Generator[None]:
        """Hold a place of the address."""
        self._take(tenant, address)
        try:
            yield
        finally:
            self._give_back(tenant, address)

    def begin(self, due: Sequence[SendRecord]) -> list[Due]:
        """What of this may be tried now, its places taken: not what is under way, nor what finds its address's share in use. Each must be ended."""
        begun: dict[tuple[str, str], Due] = {}
        self._is_crowded = False
        for record in due:
            key = (record.tenant, record.conversation)
            if key in begun:
                begun[key].messages.append(record.message)
            elif key in self._trying:
                continue
            elif len(self._trying) < DUE_SIDE_BY_SIDE and self.has_place(record.tenant, record.channel_address):
                begun[key] = Due(record.tenant, record.conversation, record.channel_address, [record.message])
                self._trying.add(key)
                self._take(record.tenant, record.channel_address)
            else:
                self._is_crowded = True
        return list(begun.values())

    def end(self, due: Due) -> None:
        """It was tried."""
        self._trying.discard((due.tenant, due.conversation))
        self._give_back(due.tenant, due.address)

    async def until_next_look(self) -> None:
        """A tick; less when something that is due waits for room, and room has come."""
        if not self._is_crowded:
            await asyncio.sleep(TICK_S)
            return
        self._has_come.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._has_come.wait(), TICK_S)
        await asyncio.sleep(ROOM_S)

    def _take(self, tenant: str, address: str) -> None:
        self._in_use[(tenant, address)] += 1

    def _give_back(self, tenant: str, address: str) -> None:
        self._in_use[(tenant, address)] -= 1
        self._has_come.set()
        if not self._in_use[(tenant, address)]:
            del self._in_use[(tenant, address)]
