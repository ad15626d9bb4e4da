"""Each policy by table: what it refuses, prefers, or reckons."""

from __future__ import annotations

import pytest

from standardiste.common.events.base import Instant
from standardiste.common.events.directory import AgentProfile
from standardiste.common.events.model import (
    AgentId,
    Channel,
    ChannelAddressId,
    ContactId,
    Direction,
    InteractionId,
    InteractionState,
    ProfileId,
    QueueId,
    RankingName,
    ReceiptId,
    Requirement,
    Scope,
    SkillId,
)
from standardiste.common.testing.builders import AT, needs, queue
from standardiste.router.engine.changes.people import new_agent
from standardiste.router.engine.policy import Fit, Group, Need, Ring, Seat
from standardiste.router.engine.seats import empty_seat, room_of
from standardiste.router.engine.state import Facts, Interaction, Stretch, evolve
from standardiste.router.policies import FILTERS, ORDERS, PAIR_FILTERS, RANKINGS
from standardiste.router.policies.filters.fresh_eyes import FreshEyes
from standardiste.router.policies.filters.no_bots import NoBots
from standardiste.router.policies.filters.queues import Queues
from standardiste.router.policies.filters.skills import Skills
from standardiste.router.policies.orders.lifo import Lifo
from standardiste.router.policies.orders.urgency import Urgency

PROFILE = AgentProfile(id=ProfileId("p"), change_set=1)
NEED = Need(QueueId("main"), Channel.CHAT, None, (Ring(()),))
FIT = Fit(ring=0, strict_class=5, delay_ms=0, proficiency=7)


def group(*, queues: tuple[str, ...] | None = None, named: str | None = None, is_bot: bool = False, **skills: int) -> Group:
    room = room_of(PROFILE)
    return Group(
        number=0,
        skills={SkillId(name): level for name, level in skills.items()},
        profile=PROFILE,
        queues=None if queues is None else frozenset(map(QueueId, queues)),
        preferences={},
        room=room,
        empty=empty_seat(room),
        named=AgentId(named) if named else None,
        is_bot=is_bot,
    )


def waiting(stretches: tuple[Stretch, ...]) -> Interaction:
    asked = Requirement(queue=QueueId("main"), due_at=AT)
    facts = Facts(
        channel=Channel.CHAT,
        channel_name="",
        direction=Direction.INBOUND,
        scope=Scope(sponsor="s", campaign="c", site="x"),
        channel_address=ChannelAddressId("chat"),
        receipt=ReceiptId("rc_1"),
        contact=ContactId("ct_1"),
    )
    return Interaction(
        id=InteractionId("in_1"),
        facts=facts,
        state=InteractionState.QUEUED,
        version=1,
        since=AT,
        enqueued_at=AT,
        requirement=asked,
        original=asked,
        change_set=1,
        stretches=stretches,
    )


def seat(used: int, total: int) -> Seat:
    return Seat(total, used, {}, {}, {}, False, (used,))


@pytest.mark.parametrize(
    ("expected", "asked", "has"),
    [
        (False, {}, {}),
        (False, {"billing": 3}, {"billing": 3}),
        (False, {"billing": 3}, {"billing": 5, "french": 1}),
        (True, {"billing": 3}, {"billing": 2}),
        (True, {"billing": 1}, {"french": 5}),
        (True, {"billing": 1, "french": 1}, {"french": 5}),
    ],
)
def test_skills(expected: bool, asked: dict[str, int], has: dict[str, int]) -> None:
    assert Skills().refuses(NEED, Ring(needs(**asked)), group(**has)) is expected


@pytest.mark.parametrize(
    ("expected", "ring", "agents"),
    [
        (False, Ring(()), group()),
        (False, Ring(()), group(queues=("main", "sales"))),
        (True, Ring(()), group(queues=("sales",))),
        (True, Ring(()), group(queues=())),
        (False, Ring((), queues=(QueueId("sales"),)), group(queues=("sales",))),
        (False, Ring((), agents=(AgentId("eve"),)), group(queues=("sales",), named="eve")),
        (True, Ring((), agents=(AgentId("eve"),)), group(queues=("sales",), named="ben")),
    ],
)
def test_queues(expected: bool, ring: Ring, agents: Group) -> None:
    assert Queues().refuses(NEED, ring, agents) is expected


@pytest.mark.parametrize(("expected", "is_bot"), [(True, True), (False, False)])
def test_no_bots(expected: bool, is_bot: bool) -> None:
    assert NoBots().refuses(NEED, Ring(()), group(is_bot=is_bot)) is expected


@pytest.mark.parametrize(
    ("expected", "had", "agent"),
    [(False, (), "anna"), (True, ("anna",), "anna"), (True, ("anna", None, "ben"), "anna"), (False, (None, "ben"), "anna")],
)
def test_fresh_eyes(expected: bool, had: tuple[str | None, ...], agent: str) -> None:
    stretches = tuple(
        Stretch(
            state=InteractionState.ACTIVE if by else InteractionState.QUEUED, began_at=AT, ended_at=AT, agent=AgentId(by) if by else None
        )
        for by in had
    )
    assert FreshEyes().refuses(waiting(stretches), AgentId(agent), group()) is expected


@pytest.mark.parametrize(
    ("expected", "name", "agents", "holds"),
    [
        ((), RankingName.LONGEST_IDLE, group(), seat(0, 100)),
        ((-7,), RankingName.MOST_PROFICIENT, group(), seat(0, 100)),
        ((0.6,), RankingName.LEAST_LOADED, group(), seat(60, 100)),
        ((0.75,), RankingName.LEAST_LOADED, group(), seat(3, 4)),
        ((1.0,), RankingName.LEAST_LOADED, group(), seat(0, 0)),
        ((2,), RankingName.FEWEST_SKILLS, group(billing=1, french=5), seat(0, 100)),
        ((), RankingName.ROUND_ROBIN, group(), seat(0, 100)),
    ],
)
def test_rankings_of_buckets(expected: tuple[float, ...], name: RankingName, agents: Group, holds: Seat) -> None:
    assert RANKINGS[name].of_bucket(NEED, agents, holds, FIT) == expected


def test_only_round_robin_ranks_by_the_agent_itself() -> None:
    agent = evolve(new_agent(AgentId("anna"), AT), offered=42)
    assert {name: ranking.of_agent(agent) for name, ranking in RANKINGS.items() if ranking.has_agent_key} == {"round_robin": (42,)}


@pytest.mark.parametrize(
    ("expected", "due_at", "priority", "seconds"),
    [(1_000, 1_000, 0, 60), (-59_000, 1_000, 1, 60), (121_000, 1_000, -2, 60), (1_000 - 50_000, 1_000, 5, 10)],
)
def test_urgency(expected: int, due_at: int, priority: int, seconds: int) -> None:
    requirement = Requirement(queue=QueueId("main"), due_at=Instant(due_at), priority=priority)
    assert Urgency().key(requirement, Instant(0), queue(seconds_per_priority=seconds)) == expected


def test_lifo() -> None:
    requirement = Requirement(queue=QueueId("main"), due_at=Instant(9), priority=9)
    assert Lifo().key(requirement, Instant(5), queue()) == -5


def test_every_policy_is_registered_under_its_own_name() -> None:
    assert {name: policy.name for name, policy in {**FILTERS, **PAIR_FILTERS, **RANKINGS, **ORDERS}.items()} == {
        name: name for name in (*FILTERS, *PAIR_FILTERS, *RANKINGS, *ORDERS)
    }
