"""Runs a scenario: each replication is a world of its own, from its seed and number alone; they run over the cores and come back in any order."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from dataclasses import dataclass, replace
from itertools import islice
from multiprocessing import get_context

from standardiste.common.events import decisions as d
from standardiste.common.events.base import Instant
from standardiste.common.events.directory import ChangeSetCommitted
from standardiste.common.events.model import AgentId
from standardiste.router.simulator.clockwork import TENANT, Clockwork
from standardiste.router.simulator.customers import Customers
from standardiste.router.simulator.faults import ScenarioRefused, fault
from standardiste.router.simulator.people import People
from standardiste.router.simulator.report import Figures, Report, estimates_of
from standardiste.router.simulator.scenario import Scenario
from standardiste.router.simulator.tally import Tally


@dataclass(frozen=True, slots=True)
class Replication:
    """What one replication found, and what it cost."""

    number: int
    figures: Figures
    handled_by: dict[AgentId, int]
    interactions: int
    steps: int
    took_s: float


def replicate(scenario: Scenario, number: int) -> Replication:
    """One replication. The same scenario and number give the same, wherever it runs."""
    began = time.process_time()
    clockwork = Clockwork(scenario.begins)
    configure(clockwork, scenario)
    tally = Tally(scenario)
    customers = Customers(scenario, number, clockwork, tally)
    people = People(scenario, number, clockwork, customers, tally)
    ends, latest = scenario.until_ms, scenario.until_ms + scenario.length_ms
    clockwork.run(lambda at: at >= latest or (at >= ends and customers.open_measured == 0))
    people.finish(ends)
    return Replication(number, tally.figures(), tally.by_agent, customers.count, clockwork.steps, time.process_time() - began)


def configure(clockwork: Clockwork, scenario: Scenario) -> None:
    """Put the scenario's configuration in force as change set 1. Raises ScenarioRefused when the router refuses it."""
    for entity in scenario.entities:
        clockwork.send(replace(entity, change_set=1), TENANT)
    committed = ChangeSetCommitted(number=1, members=len(scenario.entities), by="simulator", committed_at=Instant(scenario.begins))
    for event in clockwork.send(committed, TENANT):
        if isinstance(event.data, d.ConfigurationRefused):
            raise ScenarioRefused([fault("configuration_refused", "/configuration", reason=event.data.reason, detail=event.data.detail)])


def simulate(scenario: Scenario, *, processes: int | None = None, done: Callable[[int], None] = lambda _: None) -> Report:
    """
    All replications, over this many processes (None: one a core). `done` is told after each how many are done. The figures are the same for any number of
    processes.
    """
    found: list[Replication] = []
    for replication in _each(scenario, min(processes or os.cpu_count() or 1, scenario.replications)):
        found.append(replication)
        done(len(found))
    found.sort(key=lambda each: each.number)
    estimates = estimates_of([each.figures for each in found], scenario.confidence)
    return Report(
        estimates=estimates,
        unmeasured=tuple(measure for measure in found[0].figures if measure not in estimates),
        replications=len(found),
        confidence=scenario.confidence,
        interactions=sum(each.interactions for each in found),
        steps=sum(each.steps for each in found),
        took_s=sum(each.took_s for each in found),
    )


def _each(scenario: Scenario, processes: int) -> Iterator[Replication]:
    numbers = iter(range(scenario.replications))
    if processes <= 1:
        for number in numbers:
            yield replicate(scenario, number)
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=_leave_interrupts_to_the_caller) as pool:
        # No more than are about to run, so that whoever breaks off waits for these alone.
        running = {pool.submit(replicate, scenario, number) for number in islice(numbers, processes + 1)}
        while running:
            ended, running = wait(running, return_when=FIRST_COMPLETED)
            for each in ended:
                running |= {pool.submit(replicate, scenario, number) for number in islice(numbers, 1)}
                yield each.result()


def _leave_interrupts_to_the_caller() -> None:
    """Ctrl-C reaches every process of a terminal. One that it ends while it holds the pool's queue would leave all the others waiting for ever."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
