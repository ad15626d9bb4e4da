"""Ranking: most proficient first."""

from __future__ import annotations

from dataclasses import dataclass

from standardiste.router.engine.policy import Fit, Group, Need, Rank, Seat
from standardiste.router.engine.state import Agent


@dataclass(frozen=True, slots=True)
class MostProficient:
    """
    Prefers the greatest sum of levels over the required skills (0–5 each).

    Changes with the group's skills. Example: for billing and French, 5 + 4 goes before 5 + 3; with nothing required all are equal.
    """

    name: str = "most_proficient"
    has_agent_key: bool = False

    def of_bucket(self, need: Need, group: Group, seat: Seat, fit: Fit) -> Rank:
        return (-fit.proficiency,)

    def of_agent(self, agent: Agent) -> Rank:
        return ()
