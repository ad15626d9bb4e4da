"""The ordered set against a sorted list, through every split and emptying of its blocks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from standardiste.router.engine.ordered import LOAD, Ordered


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 60))))
def test_it_is_a_sorted_set(changes: list[tuple[bool, int]]) -> None:
    tested, plain = Ordered[tuple[int]](), set[tuple[int]]()
    for is_added, number in changes:
        item = (number,)
        if is_added and item not in plain:
            tested.add(item)
            plain.add(item)
        elif not is_added and item in plain:
            tested.remove(item)
            plain.remove(item)
        assert list(tested) == sorted(plain)
        assert (tested.first(), len(tested)) == (min(plain, default=None), len(plain))
        assert tested.before((30,)) == sum(1 for each in plain if each < (30,))


def test_it_splits_and_joins_many_blocks() -> None:
    tested = Ordered[tuple[int]]()
    numbers = [number * 7919 % 10_007 for number in range(10 * LOAD)]
    for number in numbers:
        tested.add((number,))
    assert [item[0] for item in tested] == sorted(numbers)
    assert tested.before((5_000,)) == sum(1 for number in numbers if number < 5_000)
    for number in numbers:
        tested.remove((number,))
    assert (list(tested), len(tested), tested.first()) == ([], 0, None)
