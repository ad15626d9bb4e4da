"""What fires first, and by which name."""

from __future__ import annotations

import pytest

from standardiste.common.events.base import Instant
from standardiste.router.engine.deadlines import Deadline, Deadlines, Due


@pytest.mark.parametrize("hidden", [Due.NOT_BEFORE, Due.LAPSE])
@pytest.mark.parametrize("leftovers", [(), (Deadline(Instant(5), "a", Due.OFFER),), (Deadline(Instant(5), "a", Due.DELAY),)])
def test_a_leftover_of_the_same_instant_gives_no_step_its_name(hidden: Due, leftovers: tuple[Deadline, ...]) -> None:
    deadlines = Deadlines(lambda: ())
    for due in (Deadline(Instant(5), "b", hidden), *leftovers):
        deadlines.add(due)
    assert deadlines.next() == Deadline(Instant(5), "", Due.MARKS)
