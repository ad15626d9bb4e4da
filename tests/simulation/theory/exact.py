"""Exact values of the classic queues: Erlang B, C and A, and two priorities. By formula; nothing of the engine is used."""

from __future__ import annotations

import math
from typing import NamedTuple


def erlang_b(servers: int, load: float) -> float:
    """Share of customers blocked in M/M/c/c. `load` is λ/μ. By the stable recursion."""
    blocked = 1.0
    for n in range(1, servers + 1):
        blocked = load * blocked / (n + load * blocked)
    return blocked


def erlang_c(servers: int, load: float) -> float:
    """Share of customers who wait in M/M/c."""
    blocked = erlang_b(servers, load)
    return blocked / (1 - load / servers * (1 - blocked))


def mean_wait_c(servers: int, arrival_rate: float, service_rate: float) -> float:
    return erlang_c(servers, arrival_rate / service_rate) / (servers * service_rate - arrival_rate)


def served_within_c(servers: int, arrival_rate: float, service_rate: float, time: float) -> float:
    """Share answered within `time` in M/M/c."""
    waits = erlang_c(servers, arrival_rate / service_rate)
    return 1 - waits * math.exp(-(servers * service_rate - arrival_rate) * time)


class Abandoning(NamedTuple):
    """Of M/M/c+M: share abandoned, share who wait (answered later or abandoned), mean wait of all."""

    abandonment: float
    delayed: float
    wait: float


def erlang_a(servers: int, arrival_rate: float, service_rate: float, patience_rate: float) -> Abandoning:
    """From the birth-and-death chain, cut where nothing is left."""
    weights = [1.0]
    while len(weights) <= servers or weights[-1] > 1e-15 * sum(weights):
        n = len(weights)
        weights.append(weights[-1] * arrival_rate / (min(n, servers) * service_rate + max(n - servers, 0) * patience_rate))
    total = math.fsum(weights)
    queue = math.fsum((n - servers) * weight for n, weight in enumerate(weights) if n > servers) / total
    delayed = math.fsum(weights[servers:]) / total
    return Abandoning(patience_rate * queue / arrival_rate, delayed, queue / arrival_rate)


def two_priorities(servers: int, first_rate: float, second_rate: float, service_rate: float) -> tuple[float, float]:
    """
    Mean waits of two strict classes, no pre-emption, same service.

    Source: Kella and Yechiali (1985): W_k = C·/(cμ·(1−σ_{k−1})(1−σ_k)), σ_k the load per server of classes up to k.
    """
    capacity = servers * service_rate
    waits = erlang_c(servers, (first_rate + second_rate) / service_rate)
    first, both = first_rate / capacity, (first_rate + second_rate) / capacity
    return waits / capacity / (1 - first), waits / capacity / ((1 - first) * (1 - both))


def finite_room(servers: int, room: int, load: float) -> float:
    """Share turned away in M/M/c with `room` places to wait."""
    weights = [load**n / math.factorial(n) for n in range(servers + 1)]
    weights += [weights[servers] * (load / servers) ** n for n in range(1, room + 1)]
    return weights[-1] / math.fsum(weights)


def wait_of_m_d_1(load: float, service: float) -> float:
    """Mean wait of M/D/1 (Pollaczek–Khinchine)."""
    return load * service / (2 * (1 - load))


def wait_of_m_g_1(load: float, service: float, deviation: float) -> float:
    """Mean wait of M/G/1 (Pollaczek–Khinchine)."""
    return load * service * (1 + (deviation / service) ** 2) / (2 * (1 - load))
