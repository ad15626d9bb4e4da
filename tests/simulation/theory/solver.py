"""
Any finite Markov chain in continuous time, and skill designs as such chains. Independent of the engine: it knows states, rates, and what balances them.

Two descriptions of a floor. `Pooled`: agents of a pool are alike, customers wait by class, and a free agent takes the first class of its list that waits (strict
classes); a customer takes the first pool of his list that has a free agent. `Ordered`: agents one by one, customers in the order they came, free agents in
the order they became free: first come first served with longest idle, kept whole in the state, so nothing is assumed about it. Where nobody loses patience the room to
wait is cut so far out that it does not show; `lost` says how much was cut.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from scipy.sparse import coo_matrix, csr_matrix

S = TypeVar("S", bound=Hashable)
JUMPS_MAX = 200_000
STILL = 1e-11
Moves = Callable[[S], Iterable[tuple[float, S]]]


@dataclass(frozen=True)
class Solved(Generic[S]):
    """The stationary distribution over every state that can be reached."""

    states: tuple[S, ...]
    shares: np.ndarray

    def mean(self, of: Callable[[S], float]) -> float:
        return float(sum(share * of(state) for state, share in zip(self.states, self.shares, strict=True)))


def solve(first: S, moves: Moves[S]) -> Solved[S]:
    """Find all states from the first on, and balance them."""
    number = {first: 0}
    states = [first]
    rows: list[int] = []
    columns: list[int] = []
    rates: list[float] = []
    for state in states:  # grows while it is walked
        for rate, after in moves(state):
            if rate <= 0:
                continue
            if after not in number:
                number[after] = len(states)
                states.append(after)
            rows += [number[after], number[state]]
            columns += [number[state], number[state]]
            rates += [rate, -rate]
    size = len(states)
    return Solved(tuple(states), _balanced(coo_matrix((rates, (rows, columns)), shape=(size, size)).tocsr()))


def _balanced(flow: csr_matrix) -> np.ndarray:
    """
    The shares that the flow leaves as they are: the chain's jumps at a uniform rate, made until nothing moves.

    Slower to the last digit than elimination, but it needs no more memory than the chain, however its states hang together.
    """
    size = flow.shape[0]
    fastest = float(-flow.diagonal().min()) * 1.05
    shares = np.full(size, 1 / size)
    for number in range(JUMPS_MAX):
        moved = flow @ shares / fastest
        shares += moved
        if number % 50 == 0 and np.abs(moved).sum() < STILL:
            return shares / shares.sum()
    raise AssertionError("the chain does not come to rest")


@dataclass(frozen=True)
class Kind:
    """Customers of one class: rates of arrival, service and patience (0: never leaves), and the pools they may go to, preferred first."""

    arrival: float
    service: float
    patience: float
    pools: tuple[int, ...]


@dataclass(frozen=True)
class Answer:
    """By class: mean wait of all, share abandoned, share who had to wait. By pool: occupancy. And the share of arrivals that found the cut."""

    waits: tuple[float, ...]
    abandonments: tuple[float, ...]
    delayed: tuple[float, ...]
    occupancies: tuple[float, ...]
    lost: float


Busy = tuple[tuple[int, ...], ...]
"""By pool, how many agents serve each class."""
PooledState = tuple[Busy, tuple[int, ...]]


def pooled(kinds: tuple[Kind, ...], pools: tuple[int, ...], *, room: int) -> Answer:
    """Strict classes: lower number first. `pools` gives their sizes, `room` how many of a class may wait."""
    serves = tuple(tuple(k for k, kind in enumerate(kinds) if pool in kind.pools) for pool in range(len(pools)))

    def free_pool(busy: Busy, k: int) -> int | None:
        return next((pool for pool in kinds[k].pools if sum(busy[pool]) < pools[pool]), None)

    def moves(state: PooledState) -> Iterable[tuple[float, PooledState]]:
        busy, waiting = state
        for k, kind in enumerate(kinds):
            pool = free_pool(busy, k)
            if pool is not None:
                yield kind.arrival, (_more(busy, pool, k, 1), waiting)
            elif waiting[k] < room:
                yield kind.arrival, (busy, _add(waiting, k, 1))
            if waiting[k]:
                yield waiting[k] * kind.patience, (busy, _add(waiting, k, -1))
        for pool in range(len(pools)):
            for k, kind in enumerate(kinds):
                if busy[pool][k]:
                    yield busy[pool][k] * kind.service, freed(_more(busy, pool, k, -1), pool, waiting)

    def freed(busy: Busy, pool: int, waiting: tuple[int, ...]) -> PooledState:
        following = next((k for k in serves[pool] if waiting[k]), None)
        if following is None:
            return busy, waiting
        return _more(busy, pool, following, 1), _add(waiting, following, -1)

    nobody: PooledState = (tuple((0,) * len(kinds) for _ in pools), (0,) * len(kinds))
    found = solve(nobody, moves)
    queues = [found.mean(lambda s, k=k: s[1][k]) for k in range(len(kinds))]
    return Answer(
        waits=tuple(queue / kind.arrival for queue, kind in zip(queues, kinds, strict=True)),
        abandonments=tuple(queue * kind.patience / kind.arrival for queue, kind in zip(queues, kinds, strict=True)),
        delayed=tuple(found.mean(lambda s, k=k: free_pool(s[0], k) is None) for k in range(len(kinds))),
        occupancies=tuple(found.mean(lambda s, p=p: sum(s[0][p])) / size for p, size in enumerate(pools)),
        lost=max(found.mean(lambda s, k=k: s[1][k] == room) for k in range(len(kinds))),
    )


def _add(counts: tuple[int, ...], at: int, by: int) -> tuple[int, ...]:
    return (*counts[:at], counts[at] + by, *counts[at + 1 :])


def _more(busy: Busy, pool: int, k: int, by: int) -> Busy:
    return (*busy[:pool], _add(busy[pool], k, by), *busy[pool + 1 :])


OrderedState = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]
"""What each agent serves (-1 nothing), the free agents, longest idle first, and who waits, first come first."""


def ordered(kinds: tuple[Kind, ...], agents: tuple[tuple[int, ...], ...], *, room: int) -> Answer:
    """First come first served with longest idle. `agents` says which classes each agent serves, `room` how many may wait in all. Occupancy is by agent."""

    def moves(state: OrderedState) -> Iterable[tuple[float, OrderedState]]:
        serving, idle, waiting = state
        for k, kind in enumerate(kinds):
            taker = next((agent for agent in idle if k in agents[agent]), None)
            if taker is not None:
                yield kind.arrival, (_put(serving, taker, k), tuple(a for a in idle if a != taker), waiting)
            elif len(waiting) < room:
                yield kind.arrival, (serving, idle, (*waiting, k))
        for place, k in enumerate(waiting):
            yield kinds[k].patience, (serving, idle, waiting[:place] + waiting[place + 1 :])
        for agent, k in enumerate(serving):
            if k >= 0:
                yield kinds[k].service, freed(serving, idle, waiting, agent)

    def freed(serving: tuple[int, ...], idle: tuple[int, ...], waiting: tuple[int, ...], agent: int) -> OrderedState:
        place = next((place for place, k in enumerate(waiting) if k in agents[agent]), None)
        if place is None:
            return _put(serving, agent, -1), (*idle, agent), waiting
        return _put(serving, agent, waiting[place]), idle, waiting[:place] + waiting[place + 1 :]

    everybody = tuple(range(len(agents)))
    found = solve(((-1,) * len(agents), everybody, ()), moves)
    queues = [found.mean(lambda s, k=k: s[2].count(k)) for k in range(len(kinds))]
    return Answer(
        waits=tuple(queue / kind.arrival for queue, kind in zip(queues, kinds, strict=True)),
        abandonments=tuple(queue * kind.patience / kind.arrival for queue, kind in zip(queues, kinds, strict=True)),
        delayed=tuple(found.mean(lambda s, k=k: not any(k in agents[a] for a in s[1])) for k in range(len(kinds))),
        occupancies=tuple(found.mean(lambda s, a=a: s[0][a] >= 0) for a in everybody),
        lost=found.mean(lambda s: len(s[2]) == room),
    )


def _put(serving: tuple[int, ...], agent: int, k: int) -> tuple[int, ...]:
    return (*serving[:agent], k, *serving[agent + 1 :])


# ---- blending


BlendState = tuple[int, tuple[int, ...], int, int]
"""Agents on a call, agents by their number of chats (0 first), calls waiting, chats waiting."""


def blended(calls: Kind, chats: Kind, agents: int, chats_at_once: int, *, room: int, is_call_first: bool = True) -> Answer:
    """
    One pool for calls, which take an agent whole, and chats, of which an agent holds several, each at its own full pace. A new chat goes to the agent who has
    least; an agent with nothing takes calls first (or chats first). Occupancy is of agents who have any work.
    """

    def moves(state: BlendState) -> Iterable[tuple[float, BlendState]]:
        talking, by_chats, calls_wait, chats_wait = state
        if by_chats[0]:
            yield calls.arrival, (talking + 1, _add(by_chats, 0, -1), calls_wait, chats_wait)
        elif calls_wait < room:
            yield calls.arrival, (talking, by_chats, calls_wait + 1, chats_wait)
        yield chats.arrival, settle(talking, by_chats, calls_wait, chats_wait + 1)
        yield calls_wait * calls.patience, (talking, by_chats, calls_wait - 1, chats_wait)
        yield chats_wait * chats.patience, (talking, by_chats, calls_wait, chats_wait - 1)
        yield talking * calls.service, settle(talking - 1, _add(by_chats, 0, 1), calls_wait, chats_wait)
        for n in range(1, chats_at_once + 1):
            after = _add(_add(by_chats, n, -1), n - 1, 1)
            yield by_chats[n] * n * chats.service, settle(talking, after, calls_wait, chats_wait)

    def settle(talking: int, by_chats: tuple[int, ...], calls_wait: int, chats_wait: int) -> BlendState:
        """Hand out what fits."""
        while True:
            can_call = bool(by_chats[0] and calls_wait)
            least = next((n for n in range(chats_at_once) if by_chats[n]), None)
            can_chat = least is not None and chats_wait > 0
            if can_call and (is_call_first or not can_chat):
                talking, by_chats, calls_wait = talking + 1, _add(by_chats, 0, -1), calls_wait - 1
            elif can_chat and least is not None:
                by_chats, chats_wait = _add(_add(by_chats, least, -1), least + 1, 1), chats_wait - 1
            else:
                return talking, by_chats, calls_wait, min(chats_wait, room)

    found = solve((0, (agents,) + (0,) * chats_at_once, 0, 0), moves)
    queues = (found.mean(lambda s: s[2]), found.mean(lambda s: s[3]))
    return Answer(
        waits=(queues[0] / calls.arrival, queues[1] / chats.arrival),
        abandonments=(queues[0] * calls.patience / calls.arrival, queues[1] * chats.patience / chats.arrival),
        delayed=(found.mean(lambda s: s[1][0] == 0), found.mean(lambda s: not any(s[1][:-1]))),
        occupancies=(found.mean(lambda s: agents - s[1][0]) / agents,),
        lost=max(found.mean(lambda s: s[2] == room), found.mean(lambda s: s[3] == room)),
    )
