"""
The router's plugins: filters, rankings, orders. One file, one decision, one line here. A name that is not here is refused when a queue is saved: `make
reference` writes the names into the catalogue, which the directory reads.

docs/guides/write-a-policy.md shows a new one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from standardiste.router.engine.policy import GroupFilter, Order, PairFilter, Ranking
from standardiste.router.policies.filters.fresh_eyes import FreshEyes
from standardiste.router.policies.filters.no_bots import NoBots
from standardiste.router.policies.filters.queues import Queues
from standardiste.router.policies.filters.skills import Skills
from standardiste.router.policies.orders.lifo import Lifo
from standardiste.router.policies.orders.urgency import Urgency
from standardiste.router.policies.rankings.fewest_skills import FewestSkills
from standardiste.router.policies.rankings.least_loaded import LeastLoaded
from standardiste.router.policies.rankings.longest_idle import LongestIdle
from standardiste.router.policies.rankings.most_proficient import MostProficient
from standardiste.router.policies.rankings.round_robin import RoundRobin

ALWAYS: Final[tuple[GroupFilter, ...]] = (Queues(), Skills())
"""Asked of every group and need, in this order; the first that refuses is named."""

FILTERS: Final[Mapping[str, GroupFilter]] = {policy.name: policy for policy in (NoBots(),)}
"""Asked where a queue names them."""

PAIR_FILTERS: Final[Mapping[str, PairFilter]] = {policy.name: policy for policy in (FreshEyes(),)}
"""Asked where a queue names them, of agent after agent."""

RANKINGS: Final[Mapping[str, Ranking]] = {
    policy.name: policy for policy in (LongestIdle(), MostProficient(), LeastLoaded(), FewestSkills(), RoundRobin())
}
"""A queue names one: who goes first."""

ORDERS: Final[Mapping[str, Order]] = {policy.name: policy for policy in (Urgency(), Lifo())}
"""A queue names one: which interaction goes first."""
