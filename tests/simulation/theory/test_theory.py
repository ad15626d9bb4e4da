"""
The simulator against queueing theory: what the engine does over virtual time lies within the confidence interval around what is exactly known.

The interval is Student's at 99.99 % over independent replications: of the 130 values compared, chance alone puts one outside once in a hundred runs. A short run is part of every CI; `make theory` makes each run ten times as long
(STANDARDISTE_THEORY=deep) and asks for intervals three times as narrow. The seeds are fixed, one a case, so a run says the same each time; STANDARDISTE_SEED sets others.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import pytest
from simulation.theory import exact
from simulation.theory.floors import MS, blend, first_come, lasting, one_pool, strict_pools
from simulation.theory.solver import Answer, Kind, blended, ordered, pooled

from standardiste.common.events.directory import Limits
from standardiste.router.simulator import Scenario, simulate
from standardiste.router.simulator.draws import Deterministic, Lognormal
from standardiste.router.simulator.report import Measure
from standardiste.router.simulator.run import replicate

IS_DEEP = os.environ.get("STANDARDISTE_THEORY") == "deep"
SEED = int(os.environ.get("STANDARDISTE_SEED", "1"))
ARRIVALS, WARM_UP, REPLICATIONS = (4_000, 300, 16) if IS_DEEP else (200, 20, 16)
PRECISION = 0.3 if IS_DEEP else 1.0
"""Greatest half-width of an interval, as a share of the exact value: wider, and holding it says little."""
FLOOR = {"wait_s": 0.05, "delayed": 0.01, "abandonment": 0.01, "turned_away": 0.01, "occupancy": 0.01, "service_level": 0.01, "asa_s": 0.05}
"""Values below this are small: the half-width is compared with it instead."""

Exact = Mapping[Measure, float]


@dataclass(frozen=True)
class Case:
    name: str
    make: Callable[[], tuple[Scenario, Exact]]
    length: float = 1.0
    warm_up: float = 30.0
    """Arrivals more before the measured window: from an empty floor to a full one takes some service times."""


def of(stream: str, **values: float) -> dict[Measure, float]:
    return {Measure("stream", stream, what): value for what, value in values.items()}


def occupied(crew: str, value: float) -> dict[Measure, float]:
    return {Measure("class", crew, "occupancy"): value}


def erlang_b(count: int, load: float) -> tuple[Scenario, Exact]:
    """Who finds everybody busy is turned away (after a millisecond)."""
    service = 1 / 20
    scenario = one_pool(Kind(load * service, service, 0, (0,)), count, limits=Limits(age_max_ms=1, action="close"))
    blocked = exact.erlang_b(count, load)
    return scenario, {**of("a", turned_away=blocked), **occupied("pool", load * (1 - blocked) / count)}


def finite_room(count: int, load: float, room: int) -> tuple[Scenario, Exact]:
    service = 1 / 20
    scenario = one_pool(Kind(load * service, service, 0, (0,)), count, limits=Limits(length_max=room, action="close"))
    return scenario, of("a", turned_away=exact.finite_room(count, room, load))


def erlang_c(count: int, load: float) -> tuple[Scenario, Exact]:
    service = 1 / 20
    arrival = load * service
    expected = of(
        "a",
        delayed=exact.erlang_c(count, load),
        wait_s=exact.mean_wait_c(count, arrival, service),
        service_level=exact.served_within_c(count, arrival, service, 10),
    )
    return one_pool(Kind(arrival, service, 0, (0,)), count), {**expected, **occupied("pool", load / count)}


def erlang_a(count: int, load: float, patience_s: float) -> tuple[Scenario, Exact]:
    service = 1 / 20
    found = exact.erlang_a(count, load * service, service, 1 / patience_s)
    expected = of("a", abandonment=found.abandonment, delayed=found.delayed, wait_s=found.wait)
    scenario = one_pool(Kind(load * service, service, 1 / patience_s, (0,)), count)
    return scenario, {**expected, **occupied("pool", load * (1 - found.abandonment) / count)}


def one_server(load: float, deviation_s: float) -> tuple[Scenario, Exact]:
    """Not exponential: deterministic or lognormal handle times."""
    handle = Lognormal(20 * MS, deviation_s * MS) if deviation_s else Deterministic(20 * MS)
    wait = exact.wait_of_m_g_1(load, 20, deviation_s) if deviation_s else exact.wait_of_m_d_1(load, 20)
    return one_pool(Kind(load / 20, 1 / 20, 0, (0,)), 1, handle=handle), of("a", wait_s=wait, delayed=load)


def priorities(count: int, first: float, second: float) -> tuple[Scenario, Exact]:
    """Loads of two strict classes with the same service."""
    service = 1 / 20
    kinds = (Kind(first * service, service, 0, (0,)), Kind(second * service, service, 0, (0,)))
    waits = exact.two_priorities(count, first * service, second * service, service)
    return strict_pools(kinds, (count,)), {**of("a", wait_s=waits[0]), **of("b", wait_s=waits[1])}


def expected_of(answer: Answer, crews: str, *, has_patience: bool) -> Exact:
    assert answer.lost < 2e-4, f"the room is too small: {answer.lost}"
    found: dict[Measure, float] = {}
    for k, wait in enumerate(answer.waits):
        found.update(of("abcdef"[k], wait_s=wait, delayed=answer.delayed[k]))
        if has_patience:
            found.update(of("abcdef"[k], abandonment=answer.abandonments[k]))
    for number, occupancy in enumerate(answer.occupancies):
        found.update(occupied(f"{crews}{number}", occupancy))
    return found


def strict(kinds: tuple[Kind, ...], pools: tuple[int, ...], room: int) -> tuple[Scenario, Exact]:
    answer = pooled(kinds, pools, room=room)
    return strict_pools(kinds, pools), expected_of(answer, "pool", has_patience=any(kind.patience for kind in kinds))


def in_order(kinds: tuple[Kind, ...], skilled: tuple[tuple[int, ...], ...], room: int) -> tuple[Scenario, Exact]:
    answer = ordered(kinds, skilled, room=room)
    return first_come(kinds, skilled), expected_of(answer, "agent", has_patience=any(kind.patience for kind in kinds))


def blending(calls: Kind, chats: Kind, count: int, room: int, *, is_call_first: bool = True) -> tuple[Scenario, Exact]:
    answer = blended(calls, chats, count, 3, room=room, is_call_first=is_call_first)
    found = dict(expected_of(answer, "pool", has_patience=True))
    found[Measure("class", "pool", "occupancy")] = found.pop(Measure("class", "pool0", "occupancy"))
    return blend(calls, chats, count, is_call_first=is_call_first), found


N_FIRST = (Kind(0.06, 1 / 20, 1 / 20, (0, 1)), Kind(0.05, 1 / 20, 1 / 20, (1,)))
W_FIRST = (Kind(0.045, 1 / 20, 1 / 20, (0,)), Kind(0.045, 1 / 20, 1 / 20, (0, 1)), Kind(0.045, 1 / 20, 1 / 20, (1,)))
X_FIRST = (Kind(0.07, 1 / 20, 1 / 20, (0, 1)), Kind(0.08, 1 / 15, 1 / 20, (1, 0)))
N_DESIGN = (Kind(0.10, 1 / 20, 1 / 60, (0, 1)), Kind(0.08, 1 / 15, 1 / 60, (1,)))
N_FULL = (Kind(0.22, 1 / 20, 1 / 30, (0, 1)), Kind(0.16, 1 / 15, 1 / 30, (1,)))
M_DESIGN = (Kind(0.17, 1 / 20, 1 / 60, (0, 1)), Kind(0.15, 1 / 25, 1 / 60, (2, 1)))
M_FULL = (Kind(0.25, 1 / 20, 1 / 30, (0, 1)), Kind(0.25, 1 / 20, 1 / 30, (2, 1)))
W_DESIGN = (Kind(0.06, 1 / 20, 1 / 30, (0,)), Kind(0.07, 1 / 15, 1 / 30, (0, 1)), Kind(0.05, 1 / 25, 1 / 30, (1,)))
X_DESIGN = (Kind(0.09, 1 / 20, 1 / 60, (0, 1)), Kind(0.10, 1 / 15, 1 / 60, (1, 0)))
X_FULL = (Kind(0.20, 1 / 20, 1 / 30, (0, 1)), Kind(0.20, 1 / 15, 1 / 30, (1, 0)))
CALLS, CHATS = Kind(0.06, 1 / 20, 1 / 60, (0,)), Kind(0.12, 1 / 40, 1 / 60, (0,))

CASES = (
    Case("Erlang B, 1 agent", lambda: erlang_b(1, 0.8)),
    Case("Erlang B, 5 agents", lambda: erlang_b(5, 4.0)),
    Case("Erlang B, 10 agents, overload", lambda: erlang_b(10, 15.0), 1.0, 120),
    Case("M/M/3 with 4 places to wait", lambda: finite_room(3, 3.0, 4)),
    Case("Erlang C, 1 agent", lambda: erlang_c(1, 0.6), 1.5),
    Case("Erlang C, 3 agents", lambda: erlang_c(3, 2.1), 1.5),
    Case("Erlang C, 12 agents", lambda: erlang_c(12, 9.0), 3.0, 100),
    Case("M/D/1", lambda: one_server(0.6, 0)),
    Case("M/G/1, lognormal", lambda: one_server(0.5, 20), 1.5),
    Case("Erlang A, 3 agents", lambda: erlang_a(3, 2.7, 60)),
    Case("Erlang A, 10 agents, critical", lambda: erlang_a(10, 10.0, 40), 1.0, 100),
    Case("Erlang A, 6 agents, overload", lambda: erlang_a(6, 12.0, 30), 1.0, 100),
    Case("Erlang A, 20 agents, overload", lambda: erlang_a(20, 24.0, 40), 1.5, 150),
    Case("M/M/1, two priorities", lambda: priorities(1, 0.3, 0.3), 1.5),
    Case("M/M/4, two priorities", lambda: priorities(4, 1.3, 1.3), 2.0),
    Case("N design, strict classes", lambda: strict(N_DESIGN, (2, 2), 40)),
    Case("N design, strict classes, overload", lambda: strict(N_FULL, (2, 2), 45)),
    Case("N design, first come, longest idle", lambda: in_order(N_FIRST, ((0,), (0, 1), (0, 1)), 9)),
    Case("M design, strict classes", lambda: strict(M_DESIGN, (2, 2, 2), 40)),
    Case("M design, strict classes, overload", lambda: strict(M_FULL, (2, 2, 2), 45)),
    Case("W design, strict classes", lambda: strict(W_DESIGN, (2, 2), 8)),
    Case("W design, first come, longest idle", lambda: in_order(W_FIRST, ((0, 1), (0, 1), (1, 2), (1, 2)), 7)),
    Case("X design, strict classes", lambda: strict(X_DESIGN, (2, 2), 40)),
    Case("X design, strict classes, overload", lambda: strict(X_FULL, (2, 2), 45)),
    Case("X design, first come, longest idle", lambda: in_order(X_FIRST, ((0, 1),) * 3, 9)),
    Case("calls and chats blended, calls first", lambda: blending(CALLS, CHATS, 3, 25), 2.0),
    Case("calls and chats blended, chats first", lambda: blending(CALLS, CHATS, 3, 25, is_call_first=False), 2.0),
    Case("calls and chats blended, overload", lambda: blending(Kind(0.15, 1 / 20, 1 / 30, (0,)), Kind(0.25, 1 / 40, 1 / 30, (0,)), 4, 40)),
)


@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_simulated_is_what_theory_says(case: Case, figures: dict[str, object]) -> None:
    scenario, expected = case.make()
    scenario = lasting(
        replace(scenario, seed=SEED * 1_000 + CASES.index(case)), round(ARRIVALS * case.length), WARM_UP + round(case.warm_up), REPLICATIONS
    )
    report = simulate(scenario, processes=None if IS_DEEP else 1)
    wrong: list[str] = []
    for measure, value in expected.items():
        found = report.estimates[measure]
        assert found.half_width is not None
        figures[f"{measure.name} {measure.what}"] = f"{value:.4g} exact, {found.mean:.4g} [{found.low:.4g}, {found.high:.4g}];"
        if not found.holds(value):
            wrong.append(f"{measure}: {value:.5g} is not in [{found.low:.5g}, {found.high:.5g}]")
        if found.half_width > PRECISION * max(value, FLOOR[measure.what]):
            wrong.append(f"{measure}: ±{found.half_width:.3g} around {value:.3g} says too little")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("count", [3, 8])
def test_longest_idle_gives_every_agent_the_same_share(count: int, figures: dict[str, object]) -> None:
    """
    Alike agents, first come first served with longest idle, handle times all the same: agents become free in the order in which they began, so the work goes
    round, whatever chance does to the arrivals, and no agent is ever two contacts ahead of another.
    """
    kind = Kind(0.8 * count / 20, 1 / 20, 0, (0,))
    scenario = lasting(one_pool(kind, count, handle=Deterministic(20 * MS)), 200 * count, 50, 1)
    handled = replicate(replace(scenario, seed=SEED), 0).handled_by
    total = sum(handled.values())
    figures["share"] = f"{1 / count:.4f} exact, {min(handled.values()) / total:.4f} to {max(handled.values()) / total:.4f}"
    assert len(handled) == count
    assert total > 150 * count
    assert max(handled.values()) - min(handled.values()) <= 1
