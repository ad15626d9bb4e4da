"""
One commit under way while the next batch is handled.

Theory. Committing is mostly waiting: for the broker, for the disk. Whoever has a whole batch more to handle need not wait as well. The processor then runs
ahead of the log, by one batch at most: the outputs of that batch go nowhere before the commit under way has succeeded, and when it fails, processor and
batch are thrown away as after any failure, and the partition is restored from what was committed. Commits never overlap.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

from standardiste.common.bus.lanes import reason_of
from standardiste.common.log import logger

END_WITHIN_S: Final = 5.0

log = logger("bus")


class Ahead:
    """The commit of one partition that may be under way. Used by one task."""

    def __init__(self, partition: int) -> None:
        self._partition = partition
        self._commit: asyncio.Task[None] | None = None

    def begin(self, commit: Coroutine[Any, Any, None]) -> None:
        """Start a commit; the one before it must have settled."""
        assert self._commit is None, "two commits of one partition at once"
        self._commit = asyncio.get_running_loop().create_task(commit)

    async def settled(self) -> None:
        """Return when nothing is under way. Raises what the commit raised, once; cancelling the wait leaves it under way."""
        if (commit := self._commit) is not None:
            try:
                await asyncio.shield(commit)
            finally:
                if commit.done():
                    self._commit = None

    async def end(self) -> None:
        """The partition is being left: give what is under way 5 s, then cancel it. Whether it succeeded or not, the next owner finds what was committed."""
        commit, self._commit = self._commit, None
        if commit is None:
            return
        try:
            async with asyncio.timeout(END_WITHIN_S):
                await asyncio.shield(commit)
        except Exception as error:
            log.warning("last_commit_failed", partition=self._partition, reason=reason_of(error))
        finally:
            if not commit.done():
                commit.cancel()
                await asyncio.gather(commit, return_exceptions=True)
