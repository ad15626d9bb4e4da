"""Ranking: least loaded first."""

from __future__ import annotations

from dataclasses import dataclass

from standardiste.router.engine.policy import Fit, Group, Need, Rank, Seat
from standardiste.router.engine.state import Agent


@dataclass(frozen=True, slots=True)
class LeastLoaded:
    """
    Prefers the least used ÷ total units, 0.0–1.0 (above only when forced).

    Changes with what the agent holds. Example (Azure Job Router's): 3/5 free 5 min, 3/4 free 3 min, 3/5 free 7 min, 0/3 free 2 min
    go in the order 4th, 3rd, 1st, 2nd.
    """

    name: str = "least_loaded"
    has_agent_key: bool = False

    def of_bucket(self, need: Need, group: Group, seat: Seat, fit: Fit) -> Rank:
        return (seat.used / seat.total if seat.total > 0 else 1.0,)

    def of_agent(self, agent: Agent) -> Rank:
        return ()
