"""Scenarios that are the floors of the solver: the same kinds of customers and pools, said in the simulator's words. Rates are per second."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from simulation.theory.solver import Kind

from standardiste.common.events.directory import AgentProfile, Entity, Limits, Person, Queue, Skill
from standardiste.common.events.model import (
    AgentId,
    Channel,
    ProfileId,
    QueueId,
    RankingName,
    SkillId,
    SkillNeed,
    WrapUpMode,
)
from standardiste.common.testing.builders import AT, queue, tenant
from standardiste.router.simulator.draws import Deterministic, Distribution, Exponential, Poisson
from standardiste.router.simulator.scenario import AgentClass, Scenario, Stream

MS = 1000.0
ONE_AT_A_TIME = AgentProfile(
    id=ProfileId("one"), change_set=1, units=100, cost={Channel.CHAT: 100}, cap={Channel.CHAT: 1}, auto_accept=(Channel.CHAT,)
)
CALLS_AND_CHATS = AgentProfile(
    id=ProfileId("blend"),
    change_set=1,
    units=100,
    cost={Channel.VOICE: 100, Channel.CHAT: 33},
    cap={Channel.VOICE: 1, Channel.CHAT: 3},
    auto_accept=(Channel.VOICE, Channel.CHAT),
)


def class_name(k: int) -> str:
    return "abcdef"[k]


def plain_queue(k: int, ranking: RankingName, **fields: object) -> Queue:
    """Of a class: its own skill, no wrap-up, first come first served."""
    name = class_name(k)
    made = queue(name, skills=(SkillNeed(skill=SkillId(name)),), wrap_up=WrapUpMode.NONE, ranking=ranking)
    return replace(made, **fields)  # type: ignore[arg-type]  # the fields of a queue


def stream(k: int, kind: Kind, handle: Distribution | None = None, channel: Channel = Channel.CHAT) -> Stream:
    return Stream(
        name=class_name(k),
        channel=channel,
        queue=QueueId(class_name(k)),
        arrivals=Poisson(kind.arrival / MS),
        handle=handle or Exponential(MS / kind.service),
        patience=Exponential(MS / kind.patience) if kind.patience else None,
        service_level_ms=10_000,
    )


def agents(name: str, count: int, levels: Mapping[int, int], profile: str = "one") -> list[Person]:
    """Alike, with this level in the skill of each class."""
    skills = tuple(SkillNeed(skill=SkillId(class_name(k)), level=level) for k, level in sorted(levels.items()))
    ids = [AgentId(f"{name}-{n:02d}") for n in range(count)]
    return [Person(id=id, change_set=1, name=id, profile=ProfileId(profile), skills=skills) for id in ids]


def floor(streams: Sequence[Stream], crews: Mapping[str, Sequence[Person]], more: Sequence[Entity]) -> Scenario:
    """Everything together; its length and replications are set by whoever runs it."""
    skills = [Skill(id=SkillId(each.name), change_set=1) for each in streams]
    people = [person for crew in crews.values() for person in crew]
    return Scenario(
        streams=tuple(streams),
        classes=tuple(AgentClass(name=name, agents=tuple(person.id for person in crew)) for name, crew in crews.items()),
        entities=(tenant("simulated"), ONE_AT_A_TIME, CALLS_AND_CHATS, *skills, *people, *more),
        length_ms=1,
        begins=AT,
        confidence=0.9999,
    )


def lasting(scenario: Scenario, arrivals: int, warm_up: int, replications: int) -> Scenario:
    """So long that this many are expected to arrive in the measured window, after so many before it."""
    per_ms = sum(each.arrivals.per_ms for each in scenario.streams if isinstance(each.arrivals, Poisson))
    return replace(scenario, length_ms=round(arrivals / per_ms), warm_up_ms=round(warm_up / per_ms), replications=replications)


def one_pool(kind: Kind, count: int, *, handle: Distribution | None = None, limits: Limits | None = None) -> Scenario:
    """M/M/c and its kin."""
    made = plain_queue(0, RankingName.LONGEST_IDLE, limits=limits or Limits())
    return floor([stream(0, kind, handle)], {"pool": agents("pool", count, {0: 1})}, [made])


def strict_pools(kinds: Sequence[Kind], pools: Sequence[int]) -> Scenario:
    """The solver's `pooled`: classes strict, the preferred pool first by proficiency."""
    crews: dict[str, list[Person]] = {}
    for p, size in enumerate(pools):
        levels = {k: 5 - kind.pools.index(p) for k, kind in enumerate(kinds) if p in kind.pools}
        crews[f"pool{p}"] = agents(f"pool{p}", size, levels)
    queues = [plain_queue(k, RankingName.MOST_PROFICIENT, strict_class=k + 1) for k in range(len(kinds))]
    return floor([stream(k, kind) for k, kind in enumerate(kinds)], crews, queues)


def first_come(kinds: Sequence[Kind], skilled: Sequence[tuple[int, ...]]) -> Scenario:
    """The solver's `ordered`: one class of urgency, longest idle; each agent a crew of his own, so that each one's occupancy is seen."""
    crews = {f"agent{a}": agents(f"agent{a}", 1, dict.fromkeys(skills, 1)) for a, skills in enumerate(skilled)}
    queues = [plain_queue(k, RankingName.LONGEST_IDLE) for k in range(len(kinds))]
    return floor([stream(k, kind) for k, kind in enumerate(kinds)], crews, queues)


def blend(calls: Kind, chats: Kind, count: int, *, is_call_first: bool) -> Scenario:
    """The solver's `blended`: calls are class a, chats class b."""
    classes = (1, 2) if is_call_first else (2, 1)
    queues = [plain_queue(k, RankingName.LEAST_LOADED, strict_class=classes[k]) for k in range(2)]
    streams = [replace(stream(0, calls, channel=Channel.VOICE), connects_after=Deterministic(0.0)), stream(1, chats)]
    return floor(streams, {"pool": agents("pool", count, {0: 1, 1: 1}, "blend")}, queues)
