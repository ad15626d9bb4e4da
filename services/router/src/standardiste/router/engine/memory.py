"""
What is remembered of what is over: closed interactions for 24 h, abandoned ones for a minute, commands' answers for 15 min.

So repeats are known, late deliveries find whom to tell, a caller who comes back keeps his age, and a command carried out once is not carried out twice.
"""

from __future__ import annotations

from typing import Final

from standardiste.common.events.base import Instant
from standardiste.common.events.model import CloseReason, ConversationId, InteractionId, ReceiptId
from standardiste.router.engine.state import Answer, Closed

CLOSED_KEPT_MS: Final = 24 * 3600 * 1000
ANSWERS_KEPT_MS: Final = 15 * 60 * 1000
ANSWERS_MAX: Final = 200
RETURN_MS: Final = 60_000
"""A customer who abandoned and comes back within 60 s keeps his age."""
_ABANDONED: Final = (CloseReason.ABANDONED, CloseReason.SHORT_ABANDONED)


class Memory:
    """The tables of what is over, oldest first. `touched` is told what must be written anew."""

    def __init__(self, touched: dict[tuple[str, str], None]) -> None:
        self._touched = touched
        self.closed: dict[InteractionId, Closed] = {}
        self.closed_by_receipt: dict[ReceiptId, InteractionId] = {}
        self.closed_by_conversation: dict[ConversationId, InteractionId] = {}
        self.abandoned: dict[InteractionId, Closed] = {}
        self.answers: dict[str, dict[str, Answer]] = {}
        self._in_order: dict[tuple[str, str], Answer] = {}

    def closed_of(self, id: InteractionId | None, at: Instant) -> Closed | None:
        """What is remembered of a closed interaction, within its 24 h."""
        closed = self.closed.get(id) if id is not None else None
        return closed if closed is not None and closed.closed_at + CLOSED_KEPT_MS > at else None

    def remember(self, closed: Closed) -> None:
        """Keep what repeats and late deliveries need, for 24 h."""
        self.closed[closed.id] = closed
        self._touched["closed", closed.id] = None
        for receipt in closed.receipts:
            self.closed_by_receipt[receipt] = closed.id
        if closed.conversation is not None:
            self.closed_by_conversation[closed.conversation] = closed.id
        if closed.reason in _ABANDONED:
            self.abandoned[closed.id] = closed

    def answered(self, answer: Answer) -> None:
        """Keep a command's answer: the last 200 of an asker."""
        answers = self.answers.get(answer.asker)
        if answers is None:
            answers = self.answers[answer.asker] = {}
        elif answer.command in answers:
            self._drop_answer(answer.asker, answer.command)
        answers[answer.command] = answer
        self._in_order[answer.asker, answer.command] = answer
        self._touched["answer", f"{answer.asker}/{answer.command}"] = None
        if len(answers) > ANSWERS_MAX:
            self._drop_answer(answer.asker, next(iter(answers)))

    def _drop_answer(self, asker: str, command: str) -> None:
        if self._in_order.pop((asker, command), None) is not None:
            del self.answers[asker][command]
            self._touched["answer", f"{asker}/{command}"] = None

    def forget(self, at: Instant) -> None:
        """Drop what is past its time."""
        while self.abandoned:
            lately = next(iter(self.abandoned.values()))
            if lately.closed_at + RETURN_MS > at:
                break
            del self.abandoned[lately.id]
        while self.closed:
            oldest = next(iter(self.closed.values()))
            if oldest.closed_at + CLOSED_KEPT_MS > at:
                break
            del self.closed[oldest.id]
            self._touched["closed", oldest.id] = None
            for receipt in oldest.receipts:
                if self.closed_by_receipt.get(receipt) == oldest.id:
                    del self.closed_by_receipt[receipt]
            if oldest.conversation and self.closed_by_conversation.get(oldest.conversation) == oldest.id:
                del self.closed_by_conversation[oldest.conversation]
        while self._in_order:
            (asker, command), answer = next(iter(self._in_order.items()))
            if answer.at + ANSWERS_KEPT_MS > at:
                break
            self._drop_answer(asker, command)
            if not self.answers[asker]:
                del self.answers[asker]
