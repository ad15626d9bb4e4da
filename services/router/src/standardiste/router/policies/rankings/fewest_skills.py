"""Ranking: fewest skills first, to keep generalists free."""

from __future__ import annotations

from dataclasses import dataclass

from standardiste.router.engine.policy import Fit, Group, Need, Rank, Seat
from standardiste.router.engine.state import Agent


@dataclass(frozen=True, slots=True)
class FewestSkills:
    """
    Prefers the group with the fewest skills of any level.

    Changes with the group's skills. Example: who has billing alone goes before who has billing and sales.
    """

    name: str = "fewest_skills"
    has_agent_key: bool = False

    def of_bucket(self, need: Need, group: Group, seat: Seat, fit: Fit) -> Rank:
        return (len(group.skills),)

    def of_agent(self, agent: Agent) -> Rank:
        return ()
