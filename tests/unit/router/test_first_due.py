"""Which tenant is due first."""

from __future__ import annotations

from standardiste.common.events.base import Instant
from standardiste.router.first_due import FirstDue


def test_the_earliest_is_first_and_of_equal_ones_the_first_by_name() -> None:
    dues = FirstDue()
    for tenant, at in (("c", 5), ("b", 3), ("a", 3)):
        dues.note(tenant, Instant(at))
    assert dues.first() == (3, "a")


def test_what_was_noted_last_counts() -> None:
    dues = FirstDue()
    went: list[tuple[Instant, str] | None] = []
    for tenant, at in (("a", 5), ("b", 7), ("a", 9), ("a", 6), ("a", None), ("b", None), ("b", None), ("a", 9)):
        dues.note(tenant, None if at is None else Instant(at))
        went.append(dues.first())
    assert went == [(5, "a"), (5, "a"), (7, "b"), (6, "a"), (7, "b"), None, None, (9, "a")]


def test_leftovers_do_not_pile_up() -> None:
    dues = FirstDue()
    dues.note("a", Instant(1))
    for at in range(10_000, 0, -1):
        dues.note("b", Instant(at + 1))
    assert len(dues) < 100
    assert dues.first() == (1, "a")
