"""Commands' answers in memory: the last 200 of an asker, for 15 minutes, whatever order they end in."""

from __future__ import annotations

from standardiste.common.events.base import Instant
from standardiste.common.events.model import CommandId
from standardiste.router.engine.memory import ANSWERS_KEPT_MS, ANSWERS_MAX, Memory
from standardiste.router.engine.state import Answer


def answer(asker: str, command: str, at: int) -> Answer:
    return Answer(asker=asker, command=CommandId(command), command_type="t", number=at, at=Instant(at))


def test_of_one_asker_the_last_200_are_kept_and_of_another_all_his() -> None:
    memory = Memory({})
    memory.answered(answer("b", "c", 0))
    for number in range(ANSWERS_MAX + 1):
        memory.answered(answer("a", f"c{number}", number))
    assert memory.answer_to("a", "c0", Instant(ANSWERS_MAX)) is None
    assert memory.answer_to("a", "c1", Instant(ANSWERS_MAX)) is not None
    assert memory.answer_to("b", "c", Instant(ANSWERS_MAX)) is not None


def test_an_answer_is_forgotten_after_its_time_and_its_record_with_it() -> None:
    touched: dict[tuple[str, str], None] = {}
    memory = Memory(touched)
    memory.answered(answer("a", "first", 0))
    memory.answered(answer("a", "second", 1))
    touched.clear()
    memory.forget(Instant(ANSWERS_KEPT_MS))
    assert list(memory.answers) == ["a/second"]
    assert list(touched) == [("answer", "a/first")]


def test_one_asked_again_after_its_time_is_kept_from_then_on() -> None:
    memory = Memory({})
    memory.answered(answer("a", "again", 0))
    memory.answered(answer("a", "other", 5))
    memory.answered(answer("a", "again", 10))
    memory.forget(Instant(ANSWERS_KEPT_MS + 5))
    assert list(memory.answers) == ["a/again"]
    memory.forget(Instant(ANSWERS_KEPT_MS + 10))
    assert not memory.answers
