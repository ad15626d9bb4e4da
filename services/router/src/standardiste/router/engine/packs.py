"""
Closed interactions, the oldest of them many in one record of router-state: a column for each fact, and what repeats named by its place in a table.

Theory. A restore reads all that closed within a day, and one record each is mostly envelope, field names and facts that are the same for all. So whatever
closed is written once alone and once in a pack, by then with nothing left that could change. A pack is never written again: it goes whole when the last
in it is past its day. Nothing is unpacked until somebody asks for it. What nobody asks of an interaction that has closed is not in it: the contact that opened
it, and its trace.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import TYPE_CHECKING, Final, TypeVar

from standardiste.common.events.model import (
    AgentId,
    CloseReason,
    ContactId,
    ConversationId,
    CustomerId,
    InteractionId,
    ReceiptId,
    Requirement,
)
from standardiste.router.engine.naming import interaction_id
from standardiste.router.engine.state import NEVER, Closed, Facts, evolve

if TYPE_CHECKING:
    from standardiste.common.events.base import Instant
else:
    Instant = int  # as in state.py

T = TypeVar("T")

_OWN_FACTS: Final = {"receipt": ReceiptId(""), "contact": ContactId(""), "traceparent": None, "linked_to": None}
"""What is an interaction's own among its facts, and how that looks where it is left out; the others are the same for many."""
_FACTS_KEY: Final = attrgetter(*(field.name for field in fields(Facts) if field.name not in _OWN_FACTS))
_REQUIREMENT_KEY: Final = attrgetter(*(field.name for field in fields(Requirement) if field.name != "due_at"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedPack:
    """
    Interactions in the order in which they closed. `number` is the decision that closed the first, `closed_at` when the last did; `…_of` are places in
    the table of that name.

    `ids` is empty where each follows from its receipt. `joined` names the rows that hold other receipts than the one that opened them: whether that one comes
    first, and the others.
    """

    number: int
    closed_at: Instant
    receipts: tuple[ReceiptId, ...]
    ids: tuple[InteractionId, ...] = ()
    numbers_after: tuple[int, ...]
    closed_before_ms: tuple[int, ...]
    lasted_ms: tuple[int, ...]
    due_after_ms: tuple[int, ...]
    conversations: tuple[ConversationId | None, ...]
    customers: tuple[CustomerId | None, ...]
    owners: tuple[AgentId | None, ...]
    owner_of: tuple[int, ...]
    reasons: tuple[CloseReason, ...]
    reason_of: tuple[int, ...]
    requirements: tuple[Requirement, ...]
    requirement_of: tuple[int, ...]
    facts: tuple[Facts, ...]
    facts_of: tuple[int, ...]
    joined: tuple[tuple[int, bool, tuple[ReceiptId, ...]], ...] = ()
    linked: tuple[tuple[int, InteractionId], ...] = ()

    def __post_init__(self) -> None:
        """Raises ValueError when the columns do not fit together."""
        count = len(self.receipts)
        columns = (self.numbers_after, self.closed_before_ms, self.lasted_ms, self.due_after_ms, self.conversations, self.customers)
        if not count or any(len(column) != count for column in columns) or len(self.ids) not in (0, count):
            raise ValueError("columns of one length, and not empty")
        rows = tuple(row for row, *_ in (*self.joined, *self.linked))
        places = (
            (self.owner_of, self.owners),
            (self.reason_of, self.reasons),
            (self.requirement_of, self.requirements),
            (self.facts_of, self.facts),
        )
        if any(len(column) != count or min(column) < 0 or max(column) >= len(table) for column, table in places):
            raise ValueError("places in their tables")
        if rows and (min(rows) < 0 or max(rows) >= count):
            raise ValueError("rows of this pack")

    def closed(self, row: int, id: InteractionId) -> Closed:
        """What is remembered of the interaction in this row."""
        closed_at = Instant(self.closed_at - self.closed_before_ms[row])
        enqueued_at = Instant(closed_at - self.lasted_ms[row])
        due_at = Instant(enqueued_at + self.due_after_ms[row])
        return Closed(
            id=id,
            facts=evolve(self.facts[self.facts_of[row]], receipt=self.receipts[row], linked_to=dict(self.linked).get(row)),
            number=self.number + self.numbers_after[row],
            closed_at=closed_at,
            reason=self.reasons[self.reason_of[row]],
            enqueued_at=enqueued_at,
            requirement=evolve(self.requirements[self.requirement_of[row]], due_at=due_at),
            receipts=self._receipts(next((each for each in self.joined if each[0] == row), (row, True, ()))),
            conversation=self.conversations[row],
            customer=self.customers[row],
            owner=self.owners[self.owner_of[row]],
        )

    def ids_in_order(self) -> tuple[InteractionId, ...]:
        return self.ids or tuple(map(interaction_id, self.receipts))

    def references(self) -> Iterator[tuple[tuple[ReceiptId, ...], ConversationId | None]]:
        """Row by row what finds an interaction besides its id: the receipts it holds, and its conversation."""
        joined = {each[0]: self._receipts(each) for each in self.joined}
        for row, receipt in enumerate(self.receipts):
            yield joined.get(row, (receipt,)), self.conversations[row]

    def _receipts(self, joined: tuple[int, bool, tuple[ReceiptId, ...]]) -> tuple[ReceiptId, ...]:
        row, is_first, others = joined
        return (self.receipts[row], *others) if is_first else others


def pack(closed: Sequence[Closed]) -> ClosedPack:
    """These in one record. They are in the order in which they closed."""
    last_at, ids, receipts = closed[-1].closed_at, tuple(c.id for c in closed), tuple(c.facts.receipt for c in closed)
    owners, owner_of = _table(closed, lambda c: c.owner, lambda c: c.owner)
    reasons, reason_of = _table(closed, lambda c: c.reason, lambda c: c.reason)
    requirements, requirement_of = _table(closed, lambda c: _REQUIREMENT_KEY(c.requirement), lambda c: evolve(c.requirement, due_at=NEVER))
    facts, facts_of = _table(closed, lambda c: _FACTS_KEY(c.facts), lambda c: evolve(c.facts, **_OWN_FACTS))
    return ClosedPack(
        number=closed[0].number,
        closed_at=last_at,
        receipts=receipts,
        ids=() if ids == tuple(map(interaction_id, receipts)) else ids,
        numbers_after=tuple(c.number - closed[0].number for c in closed),
        closed_before_ms=tuple(last_at - c.closed_at for c in closed),
        lasted_ms=tuple(c.closed_at - c.enqueued_at for c in closed),
        due_after_ms=tuple(c.requirement.due_at - c.enqueued_at for c in closed),
        conversations=tuple(c.conversation for c in closed),
        customers=tuple(c.customer for c in closed),
        owners=owners,
        owner_of=owner_of,
        reasons=reasons,
        reason_of=reason_of,
        requirements=requirements,
        requirement_of=requirement_of,
        facts=facts,
        facts_of=facts_of,
        joined=tuple((row, *_apart(c)) for row, c in enumerate(closed) if c.receipts != (c.facts.receipt,)),
        linked=tuple((row, c.facts.linked_to) for row, c in enumerate(closed) if c.facts.linked_to is not None),
    )


def _table(
    closed: Iterable[Closed], key: Callable[[Closed], object], value: Callable[[Closed], T]
) -> tuple[tuple[T, ...], tuple[int, ...]]:
    """Each value once, in the order of its first row; and for each row its place there."""
    places: dict[object, int] = {}
    values: list[T] = []
    column: list[int] = []
    for each in closed:
        place = places.setdefault(key(each), len(values))
        if place == len(values):
            values.append(value(each))
        column.append(place)
    return tuple(values), tuple(column)


def _apart(closed: Closed) -> tuple[bool, tuple[ReceiptId, ...]]:
    """Whether the receipt that opened it is the first of those it holds, and the others."""
    is_first = closed.receipts[:1] == (closed.facts.receipt,)
    return is_first, closed.receipts[1:] if is_first else closed.receipts


class Packs:
    """The packs, oldest first, and which of them holds an interaction."""

    def __init__(self) -> None:
        self.records: dict[int, ClosedPack] = {}
        self._held: dict[InteractionId, _Held] = {}

    def add(self, record: ClosedPack) -> tuple[InteractionId, ...]:
        """Take a pack in, younger than all that are here; gives the interactions in it."""
        held = _Held(record, record.ids_in_order())
        self.records[record.number] = record
        self._held.update(dict.fromkeys(held.ids, held))
        return held.ids

    def find(self, id: InteractionId) -> Closed | None:
        held = self._held.get(id)
        return held.record.closed(held.ids.index(id), id) if held is not None else None

    def drop(self, record: ClosedPack) -> tuple[InteractionId, ...]:
        """Let a pack go; gives the interactions that were in it."""
        del self.records[record.number]
        ids = record.ids_in_order()
        for id in ids:
            held = self._held.get(id)
            if held is not None and held.record is record:
                del self._held[id]
        return ids


class _Held:
    """A pack and the ids of its rows."""

    __slots__ = ("ids", "record")

    def __init__(self, record: ClosedPack, ids: tuple[InteractionId, ...]) -> None:
        self.record, self.ids = record, ids
