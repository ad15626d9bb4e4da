"""
What is remembered of what is over: closed interactions for 24 h, abandoned ones for a minute, commands' answers for 15 min.

So repeats are known, late deliveries find whom to tell, a caller who comes back keeps his age, and a command carried out once is not carried out twice.
"""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import Final

from standardiste.common.events.base import Instant
from standardiste.common.events.model import CloseReason, ConversationId, InteractionId, ReceiptId
from standardiste.router.engine.abandoned import RETURN_MS, Abandoned, before
from standardiste.router.engine.packs import ClosedPack, Packs, pack
from standardiste.router.engine.state import Answer, Closed

PACKED: Final = 256
"""So many of the oldest closed interactions go into one record of router-state, once there are more than twice as many single ones."""
PACKED_RECEIPTS_MAX: Final = 4_096
"""Or fewer, so that a pack stays far below what the bus takes as one record. One interaction has 1,000 receipts at most."""
PACKS_AT_ONCE: Final = 2
"""As much as a batch closes at most, as a rule; and a day's single records, as an older version left them, are not packed in one go."""
CLOSED_KEPT_MS: Final = 24 * 3600 * 1000
ANSWERS_KEPT_MS: Final = 15 * 60 * 1000
ANSWERS_MAX: Final = 200
ANSWERS_SPARE: Final = 1_000
_ABANDONED: Final = (CloseReason.ABANDONED, CloseReason.SHORT_ABANDONED)


class Memory:
    """The tables of what is over, oldest first; the older ones of the closed are in `packs`. `touched` is told what must be written anew."""

    def __init__(self, touched: dict[tuple[str, str], None], packed: int = PACKED) -> None:
        self._touched, self._packed = touched, packed
        self.packs = Packs()
        self.closed: dict[InteractionId, Closed] = {}
        self.closed_by_receipt: dict[ReceiptId, InteractionId] = {}
        self.closed_by_conversation: dict[ConversationId, InteractionId] = {}
        self.abandoned = Abandoned()
        self.answers: dict[str, Answer] = {}
        self._answers_in_order: deque[tuple[str, Answer]] = deque()
        self._answers_of: dict[str, list[str]] = {}

    def closed_of(self, id: InteractionId | None, at: Instant) -> Closed | None:
        """What is remembered of a closed interaction, within its 24 h."""
        closed = self._find(id) if id is not None else None
        return closed if closed is not None and closed.closed_at + CLOSED_KEPT_MS > at else None

    def _find(self, id: InteractionId) -> Closed | None:
        return self.closed.get(id) or self.packs.find(id)

    def remember(self, closed: Closed) -> None:
        """Keep what repeats and late deliveries need, for 24 h."""
        before = self.closed.pop(closed.id, None)
        if before is not None:  # it came again after its day
            self._unindex(before.id, before.receipts, before.conversation)
        self.closed[closed.id] = closed
        self._touched["closed", closed.id] = None
        self._index(closed.id, closed.receipts, closed.conversation)
        if closed.reason in _ABANDONED:
            self.abandoned.add(closed)

    def restore(self, record: ClosedPack, at: Instant) -> None:
        """Take in a pack as it was written, younger than those that are here, as of this instant."""
        ids = self.packs.add(record)
        for id, (receipts, conversation) in zip(ids, record.references(), strict=True):
            self._index(id, receipts, conversation)
        if record.closed_at + RETURN_MS > at:
            closed = map(record.closed, range(len(ids)), ids)
            for each in closed:
                if each.reason in _ABANDONED:
                    self.abandoned.add(each)

    def _index(self, id: InteractionId, receipts: tuple[ReceiptId, ...], conversation: ConversationId | None) -> None:
        for receipt in receipts:
            self.closed_by_receipt[receipt] = id
        if conversation is not None:
            self.closed_by_conversation[conversation] = id

    def answer_to(self, asker: str, command: str, at: Instant) -> Answer | None:
        """What this command of this asker was answered, within its 15 min."""
        known = self.answers.get(f"{asker}/{command}")
        return known if known is not None and known.at + ANSWERS_KEPT_MS > at else None

    def answered(self, answer: Answer) -> None:
        """Keep a command's answer: the last 200 of an asker."""
        key = f"{answer.asker}/{answer.command}"
        given = self._answers_of.get(answer.asker)
        if given is None:
            given = self._answers_of[answer.asker] = []
        if key in self.answers:  # it was asked again after its time
            given.remove(key)
        given.append(key)
        self.answers[key] = answer
        self._answers_in_order.append((key, answer))
        self._touched["answer", key] = None
        if len(given) > ANSWERS_MAX:
            self._drop_answer(given.pop(0))

    def _drop_answer(self, key: str) -> None:
        del self.answers[key]
        self._touched["answer", key] = None

    def _forget_answers(self, at: Instant) -> None:
        """In the order they came; those that were dropped before are thrown away when their time comes, or once they outnumber what is kept."""
        in_order = self._answers_in_order
        while in_order and in_order[0][1].at + ANSWERS_KEPT_MS <= at:
            key, answer = in_order.popleft()
            if self.answers.get(key) is answer:
                given = self._answers_of[answer.asker]
                given.pop(0)  # the oldest of all is its asker's oldest
                if not given:
                    del self._answers_of[answer.asker]
                self._drop_answer(key)
        if len(in_order) > ANSWERS_SPARE + 2 * len(self.answers):
            self._answers_in_order = deque((key, answer) for key, answer in in_order if self.answers.get(key) is answer)

    def forget(self, at: Instant) -> None:
        """Drop what is past its time; and pack the oldest of what is closed."""
        self.abandoned.forget(at)
        self._forget_closed(at)
        for _ in range(PACKS_AT_ONCE):
            if len(self.closed) > 2 * self._packed:
                self._pack()
        self._forget_answers(at)

    def _forget_closed(self, at: Instant) -> None:
        """A pack goes whole, when the last in it is past its time."""
        while self.packs.records:
            record = next(iter(self.packs.records.values()))
            if record.closed_at + CLOSED_KEPT_MS > at:
                break
            ids = self.packs.drop(record)
            self._touched["closed-pack", str(record.number)] = None
            for id, (receipts, conversation) in zip(ids, record.references(), strict=True):
                self._unindex(id, receipts, conversation)
        for oldest in before(self.closed.values(), at - CLOSED_KEPT_MS):
            del self.closed[oldest.id]
            self._touched["closed", oldest.id] = None
            self._unindex(oldest.id, oldest.receipts, oldest.conversation)

    def _unindex(self, id: InteractionId, receipts: tuple[ReceiptId, ...], conversation: ConversationId | None) -> None:
        for receipt in receipts:
            if self.closed_by_receipt.get(receipt) == id:
                del self.closed_by_receipt[receipt]
        if conversation is not None and self.closed_by_conversation.get(conversation) == id:
            del self.closed_by_conversation[conversation]
        again = self._find(id)
        if again is not None:  # it came once more after its day, and is remembered anew
            for receipt in again.receipts:
                self.closed_by_receipt.setdefault(receipt, id)
            if again.conversation is not None:
                self.closed_by_conversation.setdefault(again.conversation, id)

    def _pack(self) -> None:
        """Put the oldest single ones into one record. What is known of them stays the same."""
        oldest, receipts = list[Closed](), 0
        for closed in islice(self.closed.values(), self._packed):
            receipts += len(closed.receipts)
            if oldest and receipts > PACKED_RECEIPTS_MAX:
                break
            oldest.append(closed)
        record = pack(oldest)
        self.packs.add(record)
        self._touched["closed-pack", str(record.number)] = None
        for closed in oldest:
            del self.closed[closed.id]
            self._touched["closed", closed.id] = None
