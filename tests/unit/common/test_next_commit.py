"""When the next group commit begins: the most urgent of those who wait decides, whoever came first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from random import Random

from standardiste.common.clock import ManualClock
from standardiste.common.next_commit import NextCommit
from standardiste.common.testing.jumping_loop import JumpingLoop


class Commits:
    """Commits that take no time of their own, and when each began (ms since the start). `is_long`: the test ends them."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._start_s = self._loop.time()
        self.next = NextCommit(self._begin)
        self.began_ms: list[int] = []
        self.is_long = False

    def within(self, ms: int) -> None:
        self.next.by(self._loop.time() + ms / 1000)

    def _begin(self) -> None:
        self.began_ms.append(round((self._loop.time() - self._start_s) * 1000))
        self.next.began()
        if not self.is_long:
            self.next.ended()


def played(scenario: Callable[[Commits], Coroutine[None, None, None]], until_ms: int = 1_000) -> list[int]:
    """When commits began, on a loop that jumps time."""

    async def main() -> list[int]:
        commits = Commits()
        await scenario(commits)
        await asyncio.sleep(until_ms / 1000)
        return commits.began_ms

    return JumpingLoop(ManualClock(0), Random(0)).run(main())


def test_what_is_urgent_begins_at_the_end_of_the_turn_once_for_all() -> None:
    async def scenario(commits: Commits) -> None:
        for _ in range(3):
            commits.next.by()
        assert commits.began_ms == []

    assert played(scenario) == [0]


def test_a_shorter_wait_shortens_one_that_runs() -> None:
    async def scenario(commits: Commits) -> None:
        commits.within(200)
        commits.within(20)
        commits.within(100)

    assert played(scenario) == [20]


def test_a_longer_wait_goes_along_with_a_shorter() -> None:
    async def scenario(commits: Commits) -> None:
        commits.within(20)
        commits.within(200)

    assert played(scenario) == [20]


def test_what_becomes_due_while_one_is_under_way_begins_when_it_has_ended() -> None:
    async def scenario(commits: Commits) -> None:
        commits.is_long = True
        commits.next.by()
        await asyncio.sleep(0.01)
        commits.within(5)
        await asyncio.sleep(0.05)
        assert (commits.began_ms, commits.next.is_under_way) == ([0], True)
        commits.next.ended()

    assert played(scenario) == [0, 60]


def test_what_is_not_due_when_one_ends_waits_for_its_own_time() -> None:
    async def scenario(commits: Commits) -> None:
        commits.is_long = True
        commits.next.by()
        await asyncio.sleep(0.01)
        commits.within(90)
        commits.next.ended()

    assert played(scenario) == [0, 100]


def test_nothing_begins_after_it_was_stopped() -> None:
    async def scenario(commits: Commits) -> None:
        commits.within(20)
        commits.next.stop()

    assert played(scenario) == []
