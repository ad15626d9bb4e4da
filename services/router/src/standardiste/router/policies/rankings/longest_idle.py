"""Ranking: longest idle first (the default)."""

from __future__ import annotations

from dataclasses import dataclass

from standardiste.router.engine.policy import Fit, Group, Need, Rank, Seat
from standardiste.router.engine.state import Agent


@dataclass(frozen=True, slots=True)
class LongestIdle:
    """
    Prefers whose idle clock runs longest; it is what follows every ranking, so nothing is added here.

    Changes with the clock: the end of the last wrap-up, or becoming routable. Example: free for 5 min goes before free for 3.
    """

    name: str = "longest_idle"
    has_agent_key: bool = False

    def of_bucket(self, need: Need, group: Group, seat: Seat, fit: Fit) -> Rank:
        return ()

    def of_agent(self, agent: Agent) -> Rank:
        return ()
