"""
Who abandoned within the last minute: a customer who comes back on the same channel keeps his age, once.

Found by what he is known by, his conversation or himself: when a carrier cuts off thousands of calls at once, each that comes back must not be held against all who have
not yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import takewhile
from typing import Final

from standardiste.common.events.base import Instant
from standardiste.common.events.model import Channel, ConversationId, CustomerId, InteractionId
from standardiste.router.engine.state import Closed

RETURN_MS: Final = 60_000

_Mark = tuple[Channel, str, str]


class Abandoned:
    """The closed interactions of those who abandoned, in the order in which they did."""

    def __init__(self) -> None:
        self.closed: dict[InteractionId, Closed] = {}
        self._by: dict[_Mark, dict[InteractionId, None]] = {}

    def add(self, closed: Closed) -> None:
        """One more, later than all that are here."""
        self.drop(closed.id)
        self.closed[closed.id] = closed
        for mark in _marks(closed.facts.channel, closed.conversation, closed.customer):
            self._by.setdefault(mark, {})[closed.id] = None

    def drop(self, id: InteractionId) -> None:
        """He came back, or his minute is over."""
        closed = self.closed.pop(id, None)
        if closed is None:
            return
        for mark in _marks(closed.facts.channel, closed.conversation, closed.customer):
            ids = self._by[mark]
            del ids[id]
            if not ids:
                del self._by[mark]

    def forget(self, at: Instant) -> None:
        """Drop whose minute is over."""
        for closed in before(self.closed.values(), at - RETURN_MS):
            self.drop(closed.id)

    def latest(self, channel: Channel, conversation: ConversationId | None, customer: CustomerId | None, at: Instant) -> Closed | None:
        """What this customer, or this conversation, abandoned last on this channel, if that was within the last minute."""
        if not self.closed:
            return None
        found = [self.closed[next(reversed(self._by[mark]))] for mark in _marks(channel, conversation, customer) if mark in self._by]
        closed = max(found, key=lambda each: each.number, default=None)
        return closed if closed is not None and closed.closed_at + RETURN_MS > at else None


def _marks(channel: Channel, conversation: ConversationId | None, customer: CustomerId | None) -> Iterator[_Mark]:
    if conversation is not None:
        yield channel, "conversation", conversation
    if customer is not None:
        yield channel, "customer", customer


def before(closed: Iterable[Closed], at: int) -> list[Closed]:
    """Those that closed up to this instant, the first of all. Taken at once: a table whose first is taken out again and again is searched from its start each time."""
    return list(takewhile(lambda each: each.closed_at <= at, closed))
