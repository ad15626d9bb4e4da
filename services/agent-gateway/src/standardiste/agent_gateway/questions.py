"""Questions and commands over HTTP: each waits, bounded, for its answer among the decisions that pass."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from standardiste.common.errors import BusAway

WAITING_MAX: Final = 1_000

DONE: Final = "standardiste.command.done.v1"
REFUSED: Final = "standardiste.command.refused.v1"
EXPLAINED: Final = frozenset(f"standardiste.{name}.v1" for name in ("interaction.explained", "agent.explained", "doctor.reported"))
ANSWERS: Final = EXPLAINED | {DONE, REFUSED}


@dataclass(frozen=True, slots=True)
class Answer:
    """The type and the data of the decision that answers."""

    type: str
    data: Mapping[str, Any]


class Questions:
    """Who waits for which answer, by tenant and command."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, str], list[tuple[bool, asyncio.Future[Answer]]]] = {}
        self._count = 0

    def wait_for(self, tenant: str, command: str, *, wants_explanation: bool) -> asyncio.Future[Answer]:
        """The answer to come. Raises BusAway when too many wait already. Give it back with `drop`."""
        if self._count >= WAITING_MAX:
            raise BusAway("too many questions wait for the router")
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault((tenant, command), []).append((wants_explanation, future))
        self._count += 1
        return future

    def drop(self, tenant: str, command: str, future: asyncio.Future[Answer]) -> None:
        """No longer waited for."""
        waiting = self._waiting.get((tenant, command), [])
        left = [each for each in waiting if each[1] is not future]
        self._count -= len(waiting) - len(left)
        if left:
            self._waiting[(tenant, command)] = left
        else:
            self._waiting.pop((tenant, command), None)

    def answer(self, tenant: str, command: str, type: str, data: Mapping[str, Any]) -> None:
        """An answer passes. A question waits on past its command.done for what explains."""
        for wants_explanation, future in self._waiting.get((tenant, command), ()):
            if not future.done() and not (wants_explanation and type == DONE):
                future.set_result(Answer(type, data))
