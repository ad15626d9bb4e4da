"""Ranking: round robin."""

from __future__ import annotations

from dataclasses import dataclass

from standardiste.router.engine.policy import Fit, Group, Need, Rank, Seat
from standardiste.router.engine.state import Agent


@dataclass(frozen=True, slots=True)
class RoundRobin:
    """
    Prefers who was offered something longest ago, whatever became of it; who never was goes first.

    Changes with every offer (`offered` is the number of the decision). Example: after A then B, C is next, then A.
    """

    name: str = "round_robin"
    has_agent_key: bool = True

    def of_bucket(self, need: Need, group: Group, seat: Seat, fit: Fit) -> Rank:
        return ()

    def of_agent(self, agent: Agent) -> Rank:
        return (agent.offered,)
