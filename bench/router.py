"""
What the router costs: µs a step at three sizes of floor, steps a second, a step while 2,000 offers expire, memory, the whole way of a record (decode, decide,
encode) at 200 agents, what each closed interaction adds to a restart, and how many interactions a second the simulator takes through a floor of twelve.

    python bench/router.py [--steps 4000] [--sizes 100x1000,1000x10000,10000x100000]

The floor is full: every agent has work, the rest waits. One round is a contact, its identification, a completion (which frees an agent and makes an offer) and
an accept, so a step is a quarter of an interaction's life. Times are CPU times, so that neighbours on the machine do not count, with the collector as a service's
process has it. Prints PASS or FAIL with its figures.
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import sys
import time
import tracemalloc
from collections.abc import Iterable, Iterator, Sequence
from multiprocessing.connection import Connection

from standardiste.common.bus.port import Record
from standardiste.common.bus.topics import Topic
from standardiste.common.collector import THRESHOLDS
from standardiste.common.events import codec, inputs
from standardiste.common.events import commands as c
from standardiste.common.events import decisions as d
from standardiste.common.events.base import Data, Event, Instant
from standardiste.common.events.contact_facts import facts_of_contact
from standardiste.common.events.directory import AgentProfile, ChangeSetCommitted, Entity, Rule, RuleSet
from standardiste.common.events.model import (
    AgentId,
    Channel,
    ConversationId,
    InteractionId,
    OfferId,
    ProfileId,
    QueueId,
    SessionId,
    StatusId,
    WrapUpMode,
)
from standardiste.common.testing.builders import AT, TENANT, configuration, contact, content, customer, event, needs, person, queue
from standardiste.router.app import Router, state_of
from standardiste.router.engine import Engine, persist
from standardiste.router.kit import STANDARD
from standardiste.router.simulator.draws import Exponential, Poisson
from standardiste.router.simulator.run import replicate
from standardiste.router.simulator.scenario import AgentClass, Scenario, Stream

SIZES = "100x1000,1000x10000,10000x100000"
LEVELS_US = 10.0
STEPS_A_SECOND = 20_000
EXPIRING = (1_000, 2_000)
"""Agents, and offers nobody answers."""
EXPIRED_GROWTH = 1.5
"""The last of them may cost so many times what the first did: by then each agent has passed on two."""
RECORD_US = 150.0
SIMULATED_A_SECOND = 3_000
CLOSED = 10_000
CLOSED_BYTES = 160
CLOSED_US = 10.0
"""A busy tenant closes 100,000 a day: at most a second of a restart. The ids here are short; with those of an installation it is some 200 bytes."""
WAITING_BYTES = 2 * 1024
AGENT_BYTES = 4 * 1024
SLICE = 250
"""Rounds of a floor before the next has its turn."""
QUEUES = 10
SKILLS = ("billing", "french", "english", "sales")


def entities(agents: int) -> tuple[Entity, ...]:
    """Ten queues with skills and classes, one profile for one call or three chats, agents in sixteen kinds."""
    queues = [
        queue(
            f"q{n}",
            skills=needs(**{SKILLS[n % 4]: 1 + n % 3}),
            strict_class=3 + n % 3,
            target_ms=20_000 * (n % 4),
            wrap_up=WrapUpMode.NONE,
        )
        for n in range(QUEUES)
    ]
    people = [person(f"a{n}", skills=needs(**{SKILLS[n % 4]: 3, SKILLS[n // 4 % 4]: 5})) for n in range(agents)]
    rules = RuleSet(
        id="main",
        change_set=1,
        rules=tuple(Rule(name=f"r{n}", when=f'contact.attributes.topic == "q{n}"', queue=QueueId(f"q{n}")) for n in range(QUEUES)),
    )
    profile = AgentProfile(id=ProfileId("main"), change_set=1, units=99)
    return (*configuration(profile, rules), *queues, *people)


class Floor:
    """A full floor and the messages that keep it busy. `take` gives the router a message; it returns the decisions."""

    def __init__(self, agents: int) -> None:
        self.now = int(AT)
        self.number = 0
        self.contacts = 0
        self.engine = Engine(TENANT, STANDARD)
        self.agents = agents
        self.active: list[tuple[InteractionId, AgentId, int]] = []
        for entity in entities(agents):
            self.take(entity)
        self.take(ChangeSetCommitted(number=1, members=1, by="bench", committed_at=AT))
        for n in range(agents):
            agent = AgentId(f"a{n}")
            self.take(inputs.SessionOpened(session=SessionId(f"s{n}"), agent=agent, gateway="g1"))
            self.take(c.SetStatus(actor=self.actor(agent), status=StatusId("ready")))

    def actor(self, agent: AgentId) -> c.Actor:
        return c.Actor(agent=agent, session=SessionId(f"s{agent[1:]}"))

    def take(self, data: Data) -> tuple[Event, ...]:
        return self.step(self.message(data))

    def message(self, data: Data) -> Event:
        self.number += 1
        self.now += 1
        if self.number % 4_000 == 0:  # the gateway is alive
            self.engine.step(event(inputs.GatewayBeat(gateway="g1", sessions=1), id=f"b{self.number}"), Instant(self.now))
        return event(data, id=f"x{self.number}")

    def step(self, message: Event) -> tuple[Event, ...]:
        return self.engine.step(message, Instant(self.now))

    def arrival(self) -> tuple[Data, Data]:
        self.contacts += 1
        id = f"m{self.contacts}"
        made = contact(
            id,
            channel=Channel.CHAT,
            conversation=ConversationId(f"c{id}"),
            content=content("Bonjour, je voudrais parler à quelqu'un de ma facture."),
            attributes={"topic": f"q{self.contacts % QUEUES}"},
        )
        identified = inputs.ContactIdentified(
            contact=made.id,
            receipt=made.receipt,
            conversation=ConversationId(f"c{id}"),
            customer=customer(f"cu{id}"),
            facts=facts_of_contact(made),
        )
        return inputs.ContactReceived(contact=made), identified

    def fill(self, waiting: int) -> None:
        """Everybody at work, and so many in the queues."""
        while len(self.engine.live.interactions) - len(self.active) < waiting:
            for data in self.arrival():
                self.accept_offers(self.take(data))

    def accept_offers(self, events: tuple[Event, ...]) -> None:
        for made in [e.data for e in events if isinstance(e.data, d.OfferMade)]:
            self.accepted(self.take(self.accept(made.offer.id, made.offer.agent)))

    def accept(self, offer: OfferId, agent: AgentId) -> c.AcceptOffer:
        return c.AcceptOffer(actor=self.actor(agent), offer=offer)

    def accepted(self, events: tuple[Event, ...]) -> None:
        for data in (e.data for e in events):
            if isinstance(data, d.InteractionActivated):
                self.active.append((data.interaction, data.owner, data.version))

    def round(self, number: int) -> Iterator[Data]:
        """The messages of one interaction's life, one after another."""
        yield from self.arrival()
        where = number * 7919 % len(self.active)
        self.active[where], self.active[-1] = self.active[-1], self.active[where]
        interaction, agent, version = self.active.pop()
        yield c.CompleteInteraction(actor=self.actor(agent), interaction=interaction, version=version)


def measure_steps(sizes: Sequence[tuple[int, int]], steps: int) -> list[tuple[float, int]]:
    """
    Of each floor, in agents and waiting: mean µs of a step, and the interactions waiting at the end. Each is in a process of its own, as a router is; they take
    turns, a slice of the steps each, so that what the machine does meanwhile falls on all alike.
    """
    fresh = multiprocessing.get_context("spawn")
    ends = [fresh.Pipe() for _ in sizes]
    workers = [fresh.Process(target=_take_slices, args=(there, *size)) for (_, there), size in zip(ends, sizes, strict=True)]
    spent, taken, left = [0.0] * len(sizes), [0] * len(sizes), [0] * len(sizes)
    for worker, (here, _) in zip(workers, ends, strict=True):
        worker.start()
        here.recv()  # one floor is filled after the other
    for first in range(0, steps // 4, SLICE):
        for n, (here, _) in enumerate(ends):
            here.send(range(first, min(first + SLICE, steps // 4)))
            took, count, left[n] = here.recv()
            spent[n] += took
            taken[n] += count
    for worker, (here, _) in zip(workers, ends, strict=True):
        here.send(None)
        worker.join()
    return [(spent[n] / taken[n] * 1e6, left[n]) for n in range(len(sizes))]


def _take_slices(end: Connection, agents: int, waiting: int) -> None:
    """Fill a floor, say so, and take the rounds that are asked for until there are no more."""
    gc.set_threshold(*THRESHOLDS)
    floor = Floor(agents)
    floor.fill(waiting)
    gc.collect()
    gc.freeze()
    end.send(None)
    while (numbers := end.recv()) is not None:
        spent, taken = _take_rounds(floor, numbers)
        end.send((spent, taken, len(floor.engine.live.interactions) - len(floor.active)))


def _take_rounds(floor: Floor, numbers: Iterable[int]) -> tuple[float, int]:
    """CPU seconds of the steps of these rounds, and how many they were."""
    spent, taken = 0.0, 0
    for number in numbers:
        for data in floor.round(number):
            message = floor.message(data)
            began = time.process_time()
            events = floor.step(message)
            spent += time.process_time() - began
            taken += 1
            for made in [e.data for e in events if isinstance(e.data, d.OfferMade)]:
                message = floor.message(floor.accept(made.offer.id, made.offer.agent))
                began = time.process_time()
                answers = floor.step(message)
                spent += time.process_time() - began
                taken += 1
                floor.accepted(answers)
        if number % 50 == 0:
            floor.engine.changes(Instant(floor.now))
    return spent, taken


def measure_expiries(agents: int, offers: int) -> tuple[float, float]:
    """Mean µs of a step in which an offer expires and is made to another agent: of the first quarter of so many, and of the last."""
    floor = Floor(agents)
    while floor.contacts < offers:
        for data in floor.arrival():
            floor.take(data)
    gc.collect()
    gc.freeze()
    spent: list[float] = []
    while len(spent) < offers:
        floor.now += 1_000
        floor.take(inputs.GatewayBeat(gateway="g1", sessions=agents))
        while True:
            began = time.process_time()
            fired = floor.engine.fire_next(Instant(floor.now))
            took = time.process_time() - began
            if fired is None:
                break
            if any(isinstance(each.data, d.OfferExpired) for each in fired.events):
                spent.append(took)
        floor.engine.changes(Instant(floor.now))
    gc.unfreeze()
    part = offers // 4
    return sum(spent[:part]) / part * 1e6, sum(spent[offers - part : offers]) / part * 1e6


def measure_memory(agents: int, waiting: int) -> tuple[float, float]:
    """Bytes of an agent and of a waiting interaction."""
    gc.collect()
    tracemalloc.start()
    floor = Floor(agents)
    floor.engine.changes(Instant(floor.now))
    gc.collect()
    empty = tracemalloc.get_traced_memory()[0]
    floor.fill(agents * 3 // 3)
    floor.engine.changes(Instant(floor.now))
    gc.collect()
    begun = tracemalloc.get_traced_memory()[0]
    before = len(floor.engine.live.interactions) - len(floor.active)
    floor.fill(before + waiting)
    floor.engine.changes(Instant(floor.now))
    gc.collect()
    full = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return empty / agents, (full - begun) / waiting


def measure_records(agents: int, steps: int, batch: int) -> tuple[float, float]:
    """Mean µs of a record the whole way, and decisions a record, in batches of this size."""
    floor = Floor(agents)
    router = Router(0)
    router.engines[TENANT] = floor.engine
    floor.engine.changes(Instant(floor.now))
    spent, taken, written, offset = 0.0, 0, 0, 0
    records: list[Record] = []
    waiting: list[tuple[OfferId, AgentId]] = []
    number = 0
    while taken < steps:
        floor.fill(50) if number == 0 else None
        datas: list[Data] = [floor.accept(*offer) for offer in waiting]
        waiting.clear()
        while len(datas) < batch and floor.active:
            datas += list(floor.round(number))
            number += 1
        for data in datas:
            out = codec.encode(floor.message(data), Topic.INPUTS)
            offset += 1
            records.append(
                Record(
                    topic=out.topic,
                    partition=0,
                    offset=offset,
                    appended_at=Instant(floor.now),
                    key=out.key,
                    value=out.value,
                    headers=out.headers,
                )
            )
        began = time.process_time()
        outputs, count = router.handle(records)
        spent += time.process_time() - began
        taken += count
        written += len(outputs)
        del records[:count]
        for output in outputs:
            kind = output.headers.get("ce_type", "")
            if kind == "standardiste.offer.made.v1":
                made = codec.load_data(d.OfferMade, output.value or b"")
                waiting.append((made.offer.id, made.offer.agent))
            elif kind == "standardiste.interaction.activated.v1":
                activated = codec.load_data(d.InteractionActivated, output.value or b"")
                floor.active.append((activated.interaction, activated.owner, activated.version))
    return spent / taken * 1e6, written / taken


def measure_restart(closed: int) -> tuple[float, float]:
    """Bytes of router-state, and µs until a router has taken them in, for each of so many closed interactions."""
    floor = Floor(10)
    floor.fill(10)
    for number in range(closed):
        for data in floor.round(number):
            floor.accept_offers(floor.take(data))
        if number % 50 == 0:
            floor.engine.changes(Instant(floor.now))
    floor.engine.changes(Instant(floor.now))
    state = [state_of(TENANT, kind, id, entity) for (kind, id), entity in persist.everything(floor.engine.live).items()]
    records = [
        Record(topic=out.topic, partition=0, offset=n, appended_at=AT, key=out.key, value=out.value, headers=out.headers)
        for n, out in enumerate(state)
    ]
    took: list[float] = []
    for _ in range(3):
        gc.collect()
        began = time.process_time()
        router = Router(0)
        router.restore(records)
        router.resumed(Instant(floor.now), 0)
        took.append(time.process_time() - began)
    return sum(len(out.key) + len(out.value or b"") for out in state) / closed, min(took) / closed * 1e6


def measure_simulator(arrivals: int) -> tuple[float, float]:
    """Interactions and steps a second of CPU: twelve agents at three quarters of what they can do, chats accepted of themselves."""
    one_at_a_time = AgentProfile(
        id=ProfileId("main"), change_set=1, units=100, cost={Channel.CHAT: 100}, cap={Channel.CHAT: 1}, auto_accept=(Channel.CHAT,)
    )
    people = [person(f"a{n}") for n in range(12)]
    chats = Stream(name="chats", channel=Channel.CHAT, queue=QueueId("main"), arrivals=Poisson(9 / 20_000), handle=Exponential(20_000))
    scenario = Scenario(
        streams=(chats,),
        classes=(AgentClass(name="all", agents=tuple(AgentId(each.id) for each in people)),),
        entities=configuration(queue("main", wrap_up=WrapUpMode.NONE), one_at_a_time, *people),
        length_ms=round(arrivals / (9 / 20_000)),
        begins=AT,
    )
    runs = [replicate(scenario, number) for number in range(3)]
    return max(run.interactions / run.took_s for run in runs), max(run.steps / run.took_s for run in runs)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=4_000)
    parser.add_argument("--sizes", default=SIZES)
    given = parser.parse_args()
    gc.set_threshold(*THRESHOLDS)
    verdicts: list[bool] = []
    say = sys.stdout.write
    means: list[float] = []
    sizes = [(int(agents), int(waiting)) for agents, _, waiting in (size.partition("x") for size in given.sizes.split(","))]
    for (agents, _), (mean, left) in zip(sizes, measure_steps(sizes, given.steps), strict=True):
        means.append(mean)
        say(f"{agents} agents, {left} waiting: {mean:.1f} µs a step, {1e6 / mean:.0f} steps/s\n")
    verdicts.append(means[-1] - means[0] <= LEVELS_US)
    say(f"{_verdict(verdicts[-1])} the last is {means[-1] - means[0]:.1f} µs above the first (at most {LEVELS_US:.0f})\n")
    verdicts.append(1e6 / means[0] >= STEPS_A_SECOND)
    say(f"{_verdict(verdicts[-1])} {1e6 / means[0]:.0f} steps/s on one core (at least {STEPS_A_SECOND})\n")
    first, last = measure_expiries(*EXPIRING)
    verdicts.append(last <= EXPIRED_GROWTH * first)
    say(
        f"{_verdict(verdicts[-1])} {last:.1f} µs for the last of {EXPIRING[1]} offers that expire at {EXPIRING[0]} agents, {first:.1f} for the first "
        f"(at most {EXPIRED_GROWTH} times as much); a plain step takes {means[0]:.1f}\n"
    )
    agent_bytes, waiting_bytes = measure_memory(200, 2_000)
    verdicts.append(agent_bytes <= AGENT_BYTES and waiting_bytes <= WAITING_BYTES)
    say(f"{_verdict(verdicts[-1])} {agent_bytes:.0f} bytes an agent, {waiting_bytes:.0f} bytes a waiting interaction\n")
    for batch in (4, 50):
        mean, outputs = measure_records(200, given.steps, batch)
        verdicts.append(mean <= RECORD_US)
        say(
            f"{_verdict(verdicts[-1])} {mean:.1f} µs a record the whole way at 200 agents, {batch} a batch, {outputs:.1f} records out each\n"
        )
    closed_bytes, closed_us = measure_restart(CLOSED)
    verdicts.append(closed_bytes <= CLOSED_BYTES and closed_us <= CLOSED_US)
    say(f"{_verdict(verdicts[-1])} {closed_bytes:.0f} bytes and {closed_us:.1f} µs of a restart for each of {CLOSED} closed interactions\n")
    interactions, simulated = measure_simulator(given.steps // 4)
    verdicts.append(interactions >= SIMULATED_A_SECOND)
    say(
        f"{_verdict(verdicts[-1])} {interactions:.0f} simulated interactions/s on one core (at least {SIMULATED_A_SECOND}), {simulated:.0f} steps/s\n"
    )
    return 0 if all(verdicts) else 1


def _verdict(is_kept: bool) -> str:
    return "PASS" if is_kept else "FAIL"


if __name__ == "__main__":
    sys.exit(main())
