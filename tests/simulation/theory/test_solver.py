"""The solver is right where a formula knows the answer, so that it may judge where none does."""

from __future__ import annotations

import pytest
from simulation.theory.exact import erlang_a, erlang_b, erlang_c, finite_room, mean_wait_c, two_priorities
from simulation.theory.solver import Kind, blended, ordered, pooled


def test_formulas_give_the_values_of_the_tables() -> None:
    """Erlang B of 10 lines and 5 erlang, Erlang C of 10 agents and 8 erlang, as every table prints them."""
    assert erlang_b(10, 5.0) == pytest.approx(0.018385, abs=1e-6)
    assert erlang_c(10, 8.0) == pytest.approx(0.409180, abs=1e-6)
    assert erlang_c(1, 0.7) == pytest.approx(0.7)
    assert finite_room(5, 0, 4.0) == pytest.approx(erlang_b(5, 4.0))


@pytest.mark.parametrize(("count", "load", "patience_s"), [(1, 0.8, 30), (4, 5.0, 20)])
def test_a_pool_is_erlang_a(count: int, load: float, patience_s: float) -> None:
    exact = erlang_a(count, load / 20, 1 / 20, 1 / patience_s)
    kind = Kind(load / 20, 1 / 20, 1 / patience_s, (0,))
    for answer in (pooled((kind,), (count,), room=60), ordered((kind,), ((0,),) * count, room=60)):
        assert answer.waits[0] == pytest.approx(exact.wait, rel=1e-6)
        assert answer.abandonments[0] == pytest.approx(exact.abandonment, rel=1e-6)
        assert answer.delayed[0] == pytest.approx(exact.delayed, rel=1e-6)


def test_strict_classes_are_two_priorities() -> None:
    first, second = two_priorities(2, 0.03, 0.03, 1 / 20)
    kinds = (Kind(0.03, 1 / 20, 0, (0,)), Kind(0.03, 1 / 20, 0, (0,)))
    answer = pooled(kinds, (2,), room=60)
    assert answer.waits == pytest.approx((first, second), rel=1e-4)


def test_order_does_not_change_how_many_wait() -> None:
    """Alike customers of two classes and agents who take both: first come first served and strict classes keep the same number waiting."""
    kinds = (Kind(0.03, 1 / 20, 1 / 20, (0,)), Kind(0.03, 1 / 20, 1 / 20, (0,)))
    in_order, by_class = ordered(kinds, ((0, 1), (0, 1)), room=10), pooled(kinds, (2,), room=10)
    assert sum(in_order.waits) == pytest.approx(sum(by_class.waits), rel=1e-3)


def test_blending_without_chats_is_one_pool() -> None:
    calls, no_chats = Kind(0.12, 1 / 20, 1 / 30, (0,)), Kind(1e-9, 1.0, 1 / 30, (0,))
    exact = erlang_a(3, 0.12, 1 / 20, 1 / 30)
    assert blended(calls, no_chats, 3, 3, room=40).waits[0] == pytest.approx(exact.wait, rel=1e-4)


def test_blending_without_calls_has_room_for_three_each() -> None:
    no_calls, chats = Kind(1e-9, 1.0, 1 / 30, (0,)), Kind(0.20, 1 / 40, 1 / 30, (0,))
    exact = erlang_a(6, 0.20, 1 / 40, 1 / 30)
    assert blended(no_calls, chats, 2, 3, room=40).waits[1] == pytest.approx(exact.wait, rel=1e-4)


def test_mean_wait_is_littles() -> None:
    assert mean_wait_c(1, 0.5, 1.0) == pytest.approx(1.0)
