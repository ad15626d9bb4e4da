"""
What the engine is handed from outside: filters, rankings, orders, compiled rules, calendars. Small protocols; the policies are in ../policies.

Theory. An answer's cost follows from what it depends on. A filter here depends on the need and the agents' group only, so it is asked once per pair of
the two and remembered; what depends on what an agent holds now (capacity, seats.py) is asked once per bucket of agents who hold the same; what depends
on the very pair (exclusion, hold, delay, a pair filter: pairs.py) from the head of a line on until one passes.

Filters do not rank and rankings do not refuse. Every order is total: after the policy's own key come the idle clock and the agent's id.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from standardiste.common.events.base import Instant, quick
from standardiste.common.events.directory import AgentProfile, Calendar, Person, Queue, QueuePreference, Rule, RuleSet
from standardiste.common.events.model import AgentId, Channel, QueueId, Requirement, Scope, SkillId, SkillNeed
from standardiste.router.engine.state import Agent, Interaction


@dataclass(frozen=True, slots=True)
class Ring:
    """One widening of a need: these skills; agents of these queues and these agents count as well."""

    skills: tuple[SkillNeed, ...]
    queues: tuple[QueueId, ...] = ()
    agents: tuple[AgentId, ...] = ()


@dataclass(frozen=True, slots=True)
class Need:
    """
    What a waiting interaction asks of an agent, apart from itself: interactions of one need wait in one line. `rings` from the inner outward.

    Its hash is reckoned once: a need is looked up at every change of what waits.
    """

    queue: QueueId
    channel: Channel
    cost: int | None
    rings: tuple[Ring, ...]
    labels: tuple[str, ...] = ()
    hold_for: AgentId | None = None
    number: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        number = hash((self.queue, self.channel, self.cost, self.rings, self.labels, self.hold_for))
        object.__setattr__(self, "number", number)

    def __hash__(self) -> int:
        return self.number


@quick
@dataclass(frozen=True, slots=True)
class Seat:
    """
    What an agent holds: units left, pieces of work by channel and by label, units that an interruption by a channel would free.

    `key` is the same for two agents of one group exactly when every filter here would answer the same for both.
    """

    total: int
    used: int
    by_channel: Mapping[Channel, int]
    by_label: Mapping[str, int]
    freeable: Mapping[Channel, int]
    has_interrupted: bool
    key: tuple[object, ...]

    @property
    def free(self) -> int:
        return self.total - self.used


@dataclass(frozen=True, slots=True)
class Room:
    """A profile's capacity with nothing left out: costs and caps for every channel, what may interrupt what, the least that anything costs."""

    units: int
    costs: Mapping[Channel, int]
    caps: Mapping[Channel, int]
    label_caps: Mapping[str, int]
    interrupts: Mapping[Channel, tuple[Channel, ...]]
    interruptible: frozenset[Channel]
    least_cost: int
    seats: dict[tuple[object, ...], Seat] = field(default_factory=dict[tuple[object, ...], "Seat"], repr=False, compare=False)
    """Reckoned so far, by the weights of what is held: agents who hold the same share one."""

    def cost_of(self, channel: Channel, own: int | None) -> int:
        """Units one piece of work takes: the channel address's own cost, or the channel's."""
        return self.costs[channel] if own is None else own


@dataclass(frozen=True, slots=True)
class Group:
    """
    Agents who differ in nothing that does not change while they work: same skills, profile and queues.

    `named` is the one agent a relaxation step names. `empty` is the seat of one who holds
    nothing.
    """

    number: int
    skills: Mapping[SkillId, int]
    profile: AgentProfile
    queues: frozenset[QueueId] | None
    preferences: Mapping[QueueId, QueuePreference]
    room: Room
    empty: Seat
    named: AgentId | None = None
    is_bot: bool = False


@dataclass(frozen=True, slots=True)
class Fit:
    """How a group suits a need: the ring it is in, its preference for the queue, the sum of its levels over the skills asked."""

    ring: int
    strict_class: int
    delay_ms: int
    proficiency: int


class GroupFilter(Protocol):
    """Refuses whole groups."""

    @property
    def name(self) -> str: ...

    def refuses(self, need: Need, ring: Ring, group: Group) -> bool: ...


class PairFilter(Protocol):
    """
    Refuses single agents single interactions. Asked of every available agent about the head of a line, and of who is refused it about what follows, until one passes;
    so only where a queue names it, and each asking is counted (`standardiste_router_pairs_total`). What it answers follows from its
    arguments alone, and of the interaction from what never changes (`facts`), its requirement, its customer and conversation, and its history (`stretches`, `last_owner`).
    """

    @property
    def name(self) -> str: ...

    def refuses(self, i: Interaction, agent: AgentId, group: Group) -> bool: ...


Rank: TypeAlias = tuple[int | float, ...]


class Ranking(Protocol):
    """Who goes first, least first: by what the group is and its agents hold (`of_bucket`), then by the agent's own key, if it has one."""

    @property
    def name(self) -> str: ...

    @property
    def has_agent_key(self) -> bool: ...

    def of_bucket(self, need: Need, group: Group, seat: Seat, fit: Fit) -> Rank: ...

    def of_agent(self, agent: Agent) -> Rank: ...


class Order(Protocol):
    """Which interaction goes first within a strict class, least first."""

    @property
    def name(self) -> str: ...

    def key(self, requirement: Requirement, enqueued_at: Instant, queue: Queue) -> int: ...


class RuleMatch(Protocol):
    """The first rule that holds, and those before it that erred (name, what was wrong)."""

    @property
    def rule(self) -> Rule | None: ...

    @property
    def failed(self) -> tuple[tuple[str, str], ...]: ...


class Rules(Protocol):
    """A compiled rule set. `asked`: the names it asks for of contact, customer, address and calendars, None for all. `asks_customer`: identification can change the answer."""

    @property
    def asked(self) -> Mapping[str, Set[str] | None]: ...

    @property
    def asks_customer(self) -> bool: ...

    def first_match(self, facts: Mapping[str, object], now: Instant, zone: str) -> RuleMatch: ...


class Refusal(Protocol):
    """Why a rule set cannot be put in force."""

    @property
    def reason(self) -> str: ...

    @property
    def detail(self) -> str: ...


class RuleCompiler(Protocol):
    """Compiles, type-checks and runs the examples."""

    def __call__(self, rule_set: RuleSet, zone: str, default_queue: QueueId) -> Rules | Refusal: ...


class Hours(Protocol):
    """Opening hours of one calendar."""

    def is_open(self, at: Instant) -> bool: ...

    def next_change(self, at: Instant) -> Instant | None:
        """The first instant after `at` when it opens or closes; None when it never does."""
        ...

    def after(self, at: Instant, open_ms: int) -> Instant:
        """The instant at which `open_ms` of opening time have passed since `at`."""
        ...


HoursOf: TypeAlias = Callable[[Calendar], "Hours | None"]
"""Makes a calendar's hours; None when its zone is unknown, which refuses the change set."""


class MayOpen(Protocol):
    """Whether a person's rights cover beginning towards customers of this scope."""

    def __call__(self, tenant: str, person: Person, scope: Scope) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """All that is handed in. `filters` and `pair_filters` are asked where a queue names them; no name is in both."""

    compile_rules: RuleCompiler
    hours_of: HoursOf
    may_open: MayOpen
    group_filters: tuple[GroupFilter, ...]
    filters: Mapping[str, GroupFilter]
    pair_filters: Mapping[str, PairFilter]
    rankings: Mapping[str, Ranking]
    orders: Mapping[str, Order]
