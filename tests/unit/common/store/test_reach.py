"""Who asks while a server is away, and who is told at once."""

from __future__ import annotations

from standardiste.common.store.reach import ASK_EVERY_S, Reach, StillAway


class Seconds:
    """Seconds that grow by hand."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def ask(reach: Reach, fails: type[Exception] | None = None) -> str:
    """What one question comes to: answered, searched (in vain), failed (by its own fault), told."""
    try:
        with reach.asking(lambda error: isinstance(error, TimeoutError)):
            if fails is not None:
                raise fails
    except StillAway:
        return "told"
    except TimeoutError:
        return "searched"
    except ValueError:
        return "failed"
    return "answered"


def test_while_it_is_away_one_asks_every_second_and_the_others_are_told_at_once() -> None:
    seconds = Seconds()
    reach = Reach(seconds)
    assert [ask(reach), ask(reach, TimeoutError), ask(reach), ask(reach)] == ["answered", "searched", "told", "told"]
    seconds.now += ASK_EVERY_S
    assert [ask(reach, TimeoutError), ask(reach)] == ["searched", "told"]
    seconds.now += ASK_EVERY_S
    assert [ask(reach), ask(reach)] == ["answered", "answered"]


def test_a_long_search_keeps_others_from_searching_beside_it() -> None:
    seconds = Seconds()
    reach = Reach(seconds)
    ask(reach, TimeoutError)
    seconds.now += ASK_EVERY_S
    with reach.asking(lambda error: isinstance(error, TimeoutError)):
        assert ask(reach) == "told"
    assert ask(reach) == "answered"


def test_an_error_of_the_question_itself_says_that_it_is_there() -> None:
    seconds = Seconds()
    reach = Reach(seconds)
    ask(reach, TimeoutError)
    seconds.now += ASK_EVERY_S
    assert [ask(reach, ValueError), ask(reach)] == ["failed", "answered"]
