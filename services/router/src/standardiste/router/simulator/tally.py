"""
What one replication measures: waits and ends of contacts, and what agents did with their time.

Only what arrived in the measured window counts among contacts; agents' time counts as far as it lies in the window.
"""

from __future__ import annotations

import math
from collections.abc import Set
from dataclasses import dataclass, field
from typing import Final

from standardiste.common.events.model import AgentId, AgentState, CloseReason
from standardiste.router.simulator.report import Measure, percentile
from standardiste.router.simulator.scenario import Scenario

HANDLING: Final = frozenset({AgentState.BUSY, AgentState.WRAPPING})
OCCUPIABLE: Final = HANDLING | {AgentState.READY}
STAFFED: Final = OCCUPIABLE | {AgentState.OFFERED}
"""An offer that waits for its answer is neither handled nor idle time; the agent is there all the same."""
MS_AN_HOUR: Final = 3_600_000


@dataclass(slots=True)
class Line:
    """Counts and waits of one stream (or of all)."""

    offered: int = 0
    in_time: int = 0
    delayed: int = 0
    abandoned: int = 0
    short_abandoned: int = 0
    turned_away: int = 0
    called_back: int = 0
    waits_ms: list[int] = field(default_factory=list[int])
    lost_waits_ms: list[int] = field(default_factory=list[int])
    """Of the abandoned."""

    def figures(self) -> dict[str, float | None]:
        """By measure; times in seconds. None where nothing was there to divide by."""
        ordered = sorted(self.waits_ms)
        counted = self.offered - self.short_abandoned
        every = [*ordered, *self.lost_waits_ms]
        return {
            "offered": self.offered,
            "answered": len(ordered),
            "service_level": self.in_time / counted if counted else None,
            "asa_s": math.fsum(ordered) / len(ordered) / 1000 if ordered else None,
            "abandonment": self.abandoned / self.offered if self.offered else None,
            "turned_away": self.turned_away / self.offered if self.offered else None,
            "called_back": self.called_back / self.offered if self.offered else None,
            "delayed": self.delayed / self.offered if self.offered else None,
            "wait_s": math.fsum(every) / len(every) / 1000 if every else None,
            **{f"wait_p{round(100 * share)}_s": _in_s(percentile(ordered, share)) for share in (0.5, 0.9, 0.99)},
            "unanswered": self.offered - len(ordered) - self.abandoned - self.turned_away,
        }


@dataclass(slots=True)
class Crew:
    """Time and counts of one class of agents."""

    time_ms: dict[AgentState, int] = field(default_factory=dict[AgentState, int])
    handled: int = 0
    declined: int = 0
    missed: int = 0

    def figures(self) -> dict[str, float | None]:
        staffed_ms, occupiable_ms, handling_ms = map(self._spent_in, (STAFFED, OCCUPIABLE, HANDLING))
        return {
            "staffed_h": staffed_ms / MS_AN_HOUR,
            "occupancy": handling_ms / occupiable_ms if occupiable_ms else None,
            "handled": self.handled,
            "handled_per_h": self.handled * MS_AN_HOUR / staffed_ms if staffed_ms else None,
            "declined": self.declined,
            "missed": self.missed,
        }

    def _spent_in(self, states: Set[AgentState]) -> int:
        return sum(self.time_ms.get(state, 0) for state in states)


class Tally:
    """The measurements of one replication."""

    def __init__(self, scenario: Scenario) -> None:
        self._from, self._until = scenario.from_ms, scenario.until_ms
        self.lines = {stream.name: Line() for stream in scenario.streams}
        self.all = Line()
        self.crews = {each.name: Crew() for each in scenario.classes}
        self.by_agent: dict[AgentId, int] = {agent: 0 for each in scenario.classes for agent in each.agents}

    def is_measured(self, at: int) -> bool:
        return self._from <= at < self._until

    # ---- contacts

    def arrived(self, stream: str) -> None:
        for line in (self.lines[stream], self.all):
            line.offered += 1

    def answered(self, stream: str, wait_ms: int, target_ms: int) -> None:
        for line in (self.lines[stream], self.all):
            line.waits_ms.append(wait_ms)
            line.delayed += wait_ms > 0
            line.in_time += wait_ms <= target_ms

    def lost(self, stream: str, wait_ms: int, reason: CloseReason) -> None:
        """It ended without an answer."""
        if reason not in (CloseReason.ABANDONED, CloseReason.SHORT_ABANDONED):
            self.turned_away(stream)
            return
        for line in (self.lines[stream], self.all):
            line.abandoned += 1
            line.short_abandoned += reason is CloseReason.SHORT_ABANDONED
            line.lost_waits_ms.append(wait_ms)
            line.delayed += 1

    def turned_away(self, stream: str) -> None:
        for line in (self.lines[stream], self.all):
            line.turned_away += 1

    def called_back(self, stream: str) -> None:
        """He hung up and waits on, to be called."""
        for line in (self.lines[stream], self.all):
            line.called_back += 1

    # ---- agents

    def spent(self, crew: str, state: AgentState, since: int, until: int) -> None:
        """An agent of this class was in this state."""
        length_ms = min(until, self._until) - max(since, self._from)
        if length_ms > 0:
            times = self.crews[crew].time_ms
            times[state] = times.get(state, 0) + length_ms

    def handled(self, crew: str, agent: AgentId, at: int) -> None:
        if self.is_measured(at):
            self.crews[crew].handled += 1
            self.by_agent[agent] += 1

    # ---- all

    def figures(self) -> dict[Measure, float | None]:
        found: dict[Measure, float | None] = {}
        for name, line in self.lines.items():
            found.update({Measure("stream", name, what): value for what, value in line.figures().items()})
        found.update({Measure("all", "", what): value for what, value in self.all.figures().items()})
        for name, crew in self.crews.items():
            found.update({Measure("class", name, what): value for what, value in crew.figures().items()})
        return found


def _in_s(ms: float | None) -> float | None:
    return None if ms is None else ms / 1000
