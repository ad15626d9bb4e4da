"""A scenario, as the simulator runs it: who comes, who works, under which configuration, how long and how often. All times in milliseconds from the beginning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from standardiste.common.events.base import Instant
from standardiste.common.events.directory import Entity, Queue
from standardiste.common.events.model import AgentId, Channel, ChannelAddressId, DispositionId, QueueId
from standardiste.router.simulator.draws import Arrivals, Deterministic, Distribution

AT_ONCE: Final = Deterministic(0.0)
SERVICE_LEVEL_MS: Final = 20_000


def target_ms(queue: Queue) -> int:
    """Who is answered within this counts for the service level."""
    return SERVICE_LEVEL_MS if queue.service_level_ms is None else queue.service_level_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """A pause of this length, begun at this time or when the work then in hand is done."""

    at_ms: int
    length_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """Present from..until; who has work at its end finishes it."""

    from_ms: int
    until_ms: int
    breaks: tuple[Break, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentClass:
    """
    Agents who are alike. No shifts: always there. An offer is missed (unanswered) or declined with these shares, else accepted after a drawn time;
    `returns_after_ms` is how long a missed agent stays away. `pace` multiplies handle times (2.0 takes twice as long).
    """

    name: str
    agents: tuple[AgentId, ...]
    shifts: tuple[Shift, ...] = ()
    answers_after: Distribution = AT_ONCE
    declines: float = 0.0
    misses: float = 0.0
    returns_after_ms: int = 60_000
    pace: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """
    Contacts that are alike. No patience: they wait for ever. No wrap-up: as the queue's own mode says. No service level: that of the queue where each begins
    to wait.
    """

    name: str
    channel: Channel
    arrivals: Arrivals
    handle: Distribution
    patience: Distribution | None = None
    wrap_up: Distribution | None = None
    connects_after: Distribution = AT_ONCE
    queue: QueueId | None = None
    channel_address: ChannelAddressId | None = None
    priority: int | None = None
    attributes: Mapping[str, str | int | float | bool] = field(default_factory=dict[str, "str | int | float | bool"])
    language: str | None = None
    service_level_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """
    Everything a run depends on. What arrives in [warm_up, warm_up + length) is measured; then the world goes on, arrivals too, until all of that was
    answered or has left, for as long again at most.
    """

    streams: tuple[Stream, ...]
    classes: tuple[AgentClass, ...]
    entities: tuple[Entity, ...]
    length_ms: int
    begins: Instant
    warm_up_ms: int = 0
    seed: int = 1
    replications: int = 10
    confidence: float = 0.95
    dispositions: Mapping[QueueId, DispositionId] = field(default_factory=dict[QueueId, DispositionId])

    @property
    def from_ms(self) -> int:
        return self.begins + self.warm_up_ms

    @property
    def until_ms(self) -> int:
        return self.from_ms + self.length_ms
