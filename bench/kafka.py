"""
Our exactly-once loop with the real router beside bare transactional loops, on one broker, in one run.

    python bench/kafka.py [--records 6000] [--rounds 5]

The bare loops (kafka_bare.py) read the same inputs, decode and encode JSON, and write the router's very records. Each is timed from the moment it has its place in the log until
its last commit, and so is the CPU of its process, which says more on a busy machine. Interleaved, the median of paired ratios.
Then latencies from the publish call to the record in a `tail` of decisions, the contact's first and its offer's, at 50 and 200 a second with 1,000 agents and a stand-in
that identifies at once. Prints a PASS or FAIL for each aim, with its figures.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import itertools
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from pathlib import Path

import uvloop
from kafka_bare import BATCH, Took, Watch, Written, bare, bare_confluent

from standardiste.common.bus.kafka import KafkaBus
from standardiste.common.bus.kafka_settings import KafkaSettings
from standardiste.common.bus.kafka_topics import apply
from standardiste.common.bus.port import From, Handled, Outgoing, Record
from standardiste.common.bus.topics import Topic
from standardiste.common.clock import SystemClock
from standardiste.common.collector import short_pauses
from standardiste.common.events import commands as c
from standardiste.common.events import inputs
from standardiste.common.events.base import Data, Event, Instant
from standardiste.common.events.codec import encode
from standardiste.common.events.contact_facts import facts_of_contact
from standardiste.common.events.directory import AgentProfile, ChangeSetCommitted, Entity, Rule, RuleSet
from standardiste.common.events.model import AgentId, Channel, ConversationId, ProfileId, QueueId, SessionId, StatusId
from standardiste.common.testing.builders import TENANT, configuration, contact, content, customer, event, needs, person, queue
from standardiste.common.testing.servers import kafka_server, started
from standardiste.router.app import INPUT_TOPICS, Router

BUILD = Path(__file__).parent.parent / "build"
THROUGHPUTS_MIN = (0.5, 0.6)
"""Of the bare loop: what separate services must keep, and what the router is to reach."""
LATENCIES_MAX_MS = {50: (50, 200), 200: (None, 300)}
"""p50 and p99, by contacts a second."""
BEAT_EVERY_S = 4
AGENTS = 1_000
SEATED = 40
"""Inputs that seat the agents of the throughput's floor."""
clock = SystemClock()


def entities(agents: int) -> tuple[Entity, ...]:
    """One queue, one rule, and agents with room for what comes."""
    rules = RuleSet(id="main", change_set=1, rules=(Rule(name="all", when="true", queue=QueueId("q")),))
    people = [person(f"a{n}", skills=needs(sales=3)) for n in range(agents)]
    return (*configuration(AgentProfile(id=ProfileId("main"), change_set=1, units=99), rules), queue("q"), *people)


def stamped(data: Data, id: str) -> Event:
    return event(data, id=id)


def prepared(agents: int) -> list[Outgoing]:
    """What makes a fresh router know the floor and find every agent ready."""
    made = [encode(stamped(entity, f"e{n}"), Topic.DIRECTORY, f"{TENANT}/entity/{n}") for n, entity in enumerate(entities(agents))]
    commit = ChangeSetCommitted(number=1, members=len(made), by="bench", committed_at=clock.now())
    made.append(encode(stamped(commit, "commit"), Topic.DIRECTORY, f"{TENANT}/change-set/main"))
    return made


def seated(agents: int) -> list[Outgoing]:
    made: list[Outgoing] = []
    for n in range(agents):
        agent, session = AgentId(f"a{n}"), SessionId(f"s{n}")
        opened = inputs.SessionOpened(session=session, agent=agent, gateway="g1")
        ready = c.SetStatus(actor=c.Actor(agent=agent, session=session), status=StatusId("ready"))
        made += [encode(stamped(opened, f"o{n}"), Topic.INPUTS), encode(stamped(ready, f"r{n}"), Topic.INPUTS)]
    return made


def arrival(id: str) -> tuple[Outgoing, Outgoing]:
    """A contact, and what identifies it."""
    conversation = ConversationId(f"c{id}")
    made = contact(id, channel=Channel.CHAT, conversation=conversation, content=content("Bonjour, une question sur ma facture."))
    identified = inputs.ContactIdentified(
        contact=made.id, receipt=made.receipt, conversation=conversation, customer=customer(f"cu{id}"), facts=facts_of_contact(made)
    )
    received = encode(stamped(inputs.ContactReceived(contact=made), f"x{id}"), Topic.INPUTS)
    return received, encode(stamped(identified, f"i{id}"), Topic.INPUTS)


class Timed(Router):
    """The router, and what it took from the moment it had its partition until all that so many records led to was committed."""

    def __init__(self, partition: int, records: int) -> None:
        super().__init__(partition)
        self._left, self._is_handled, self._is_busy = records, False, False
        self._watch = Watch()
        self.took: asyncio.Future[Took] = asyncio.get_running_loop().create_future()

    def resumed(self, at: Instant, gap_ms: int | None) -> Sequence[Outgoing]:
        self._watch = Watch()
        return super().resumed(at, gap_ms)

    def handle(self, records: Sequence[Record]) -> Handled:
        with self._busy():
            handled = super().handle(records)
        self._left -= sum(record.topic is Topic.INPUTS for record in records[: handled.taken])
        return handled

    def fire(self, at: Instant) -> Sequence[Outgoing]:
        with self._busy():
            return super().fire(at)

    def next_deadline(self) -> Instant | None:
        """After the last record the loop asks this before its commit and, with nothing more to take, when that is done."""
        if self._left <= 0 and not self._is_busy:
            if self._is_handled and not self.took.done():
                self.took.set_result(self._watch.took())
            self._is_handled = True
        return super().next_deadline()

    @contextlib.contextmanager
    def _busy(self) -> Generator[None]:
        """The router asks itself, too."""
        self._is_busy = True
        yield
        self._is_busy = False


async def ours(address: str, records: int, name: str) -> tuple[Took, list[Written]]:
    """What a backlog of so many inputs takes through the router, and what it wrote."""
    settings = KafkaSettings(bootstrap=(address,), prefix=name)
    await apply(settings, partitions=1, replication=1)
    bus = await KafkaBus.connect_to(settings, clock)
    await bus.publish(*prepared(20))
    await bus.publish(*seated(20))
    for start in range(0, records // 2, BATCH):
        await bus.publish(*(out for n in range(start, min(start + BATCH, records // 2)) for out in arrival(f"m{n}")))
    made: asyncio.Future[Timed] = asyncio.get_running_loop().create_future()

    def factory(partition: int) -> Timed:
        made.set_result(Timed(partition, records + SEATED))
        return made.result()

    gc.collect()
    working = asyncio.create_task(bus.process("router", INPUT_TOPICS, Topic.ROUTER_STATE, factory))
    took = await (await made).took
    left = sum(lag.end - lag.committed for lag in await bus.lag("router", (Topic.INPUTS,)))
    assert left == 0, f"the watch was stopped {left} records before the last commit"
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    wrote = await written(bus)
    await bus.close()
    return took, wrote


async def written(bus: KafkaBus) -> list[Written]:
    """Each record that the router wrote."""
    found: list[Written] = []
    for topic in (Topic.DECISIONS, Topic.ROUTER_STATE):
        left = (await bus.ends(topic))[0]
        async with contextlib.aclosing(bus.tail((topic,), {}, default=From.START)) as batches:
            async for batch in batches:
                for record in batch:
                    headers = [(header, text.encode()) for header, text in record.headers.items()]
                    found.append((None if record.value is None else json.loads(record.value), record.key.encode(), headers))
                if batch[-1].offset + 1 >= left:
                    break
    return found


async def latencies(address: str, per_s: int, seconds: int = 10) -> dict[str, tuple[float, float]]:
    """p50 and p99 in ms from the publish call to the contact's first decision, and to its offer, in a tail."""
    settings = KafkaSettings(bootstrap=(address,), prefix=f"rate{per_s}.")
    await apply(settings, partitions=1, replication=1)
    bus = await KafkaBus.connect_to(settings, clock)
    await bus.publish(*prepared(AGENTS))
    up = asyncio.Event()
    seen: dict[str, float] = {}
    offered: dict[str, float] = {}
    contact_of: dict[str, str] = {}
    identified: asyncio.Queue[str] = asyncio.Queue(10_000)

    async def watch() -> None:
        async for batch in bus.tail((Topic.DECISIONS,), {}, default=From.END):
            now = time.perf_counter()
            for record in batch:
                match record.headers.get("ce_type"):
                    case "standardiste.interaction.created.v1":
                        body = json.loads(record.value or b"{}")
                        contact_of[body["interaction"]] = body["contact"]["id"]
                        seen.setdefault(body["contact"]["id"], now)
                    case "standardiste.offer.made.v1":
                        offered.setdefault(contact_of[json.loads(record.value or b"{}")["interaction"]["id"]], now)
                    case _:
                        pass

    async def post(id: str) -> None:
        await bus.publish(arrival(id)[0])
        identified.put_nowait(id)  # it is in the log: whoever identifies reads it now

    async def identify() -> None:
        while True:
            await bus.publish(arrival(await identified.get())[1])

    async def beat() -> None:
        """The gateway lives, so its agents stay."""
        for n in itertools.count():
            await bus.publish(encode(stamped(inputs.GatewayBeat(gateway="g1", sessions=AGENTS), f"b{n}"), Topic.INPUTS))
            await asyncio.sleep(BEAT_EVERY_S)

    tasks = [
        asyncio.create_task(watch()),
        asyncio.create_task(bus.process("router", INPUT_TOPICS, Topic.ROUTER_STATE, Router, ready=up.set)),
        *(asyncio.create_task(identify()) for _ in range(8)),
    ]
    await up.wait()
    seats = seated(AGENTS)
    for start in range(0, len(seats), BATCH):
        await bus.publish(*seats[start : start + BATCH])
    tasks.append(asyncio.create_task(beat()))
    await asyncio.sleep(5)
    gc.freeze()
    sent: dict[str, float] = {}
    publishing: set[asyncio.Task[None]] = set()
    began = time.perf_counter()
    for n in range(per_s * seconds):
        await asyncio.sleep(max(0.0, began + n / per_s - time.perf_counter()))
        id = f"m{n}"
        sent[id] = time.perf_counter()
        task = asyncio.create_task(post(id))
        publishing.add(task)
        task.add_done_callback(publishing.discard)
    await asyncio.gather(*publishing)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(20):
            while len(offered) < len(sent):
                await asyncio.sleep(0.1)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await bus.close()
    found: dict[str, tuple[float, float]] = {}
    for what, instants in (("decision", seen), ("offer", offered)):
        took = sorted((instants[id] - at) * 1000 for id, at in sent.items() if id in instants)
        assert len(took) == len(sent), f"{len(sent) - len(took)} contacts came to no {what}"
        found[what] = took[len(took) // 2], took[len(took) * 99 // 100]
    return found


async def main(records: int, rounds: int) -> bool:
    """As a service's process has it, the collector makes short pauses."""
    with short_pauses(asyncio.get_running_loop()):
        return await measured(records, rounds)


async def throughput(address: str, records: int, rounds: int) -> bool:
    """Print what each side took, round by round, and the median of the ratios."""
    inputs_k = (records + SEATED) / 1000
    ours_s: list[Took] = []
    bare_s: list[Took] = []
    third_s: list[Took] = []
    for n in range(rounds):
        took, wrote = await ours(address, records, f"round{n}.")
        beside = await bare(address, f"round{n}.", wrote)
        third = await asyncio.to_thread(bare_confluent, address, f"round{n}.", wrote)
        ours_s.append(took)
        bare_s.append(beside)
        sides = [("router", took), ("bare aiokafka", beside)]
        if third is not None:
            third_s.append(third)
            sides.append(("bare confluent-kafka", third))
        said = ", ".join(f"{side} {each.wall_s:.2f} s (CPU {1000 * each.cpu_s / inputs_k:.0f} ms per 1,000 inputs)" for side, each in sides)
        print(f"round {n}: {said}, {len(wrote) / inputs_k / 1000:.1f} records out per input")
    ratio = paired(bare_s, ours_s)
    speed = 1000 * inputs_k / statistics.median(each.wall_s for each in ours_s)
    cpu = statistics.median(beside.cpu_s / took.cpu_s for beside, took in zip(bare_s, ours_s, strict=True))
    print(f"router at {ratio:.2f} of bare aiokafka, {speed:.0f} inputs/s; by CPU alone {cpu:.2f}")
    if third_s:
        print(
            f"router at {paired(third_s, ours_s):.2f} of bare confluent-kafka, which is at {paired(bare_s, third_s):.2f} of bare aiokafka"
        )
    verdicts = [verdict(ratio >= aim, f"at least {aim} of bare aiokafka") for aim in THROUGHPUTS_MIN]
    return all(verdicts)


def verdict(is_kept: bool, what: str) -> bool:
    print(f"{'PASS' if is_kept else 'FAIL'} {what}")
    return is_kept


def paired(yardstick: Sequence[Took], measured: Sequence[Took]) -> float:
    """The throughput of one side as a share of the other's: the median over the rounds."""
    return statistics.median(one.wall_s / other.wall_s for one, other in zip(yardstick, measured, strict=True))


async def measured(records: int, rounds: int) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        async with started(await kafka_server(BUILD, Path(folder))) as server:
            is_good = await throughput(server.address, records, rounds)
            for per_s, (p50_max, p99_max) in LATENCIES_MAX_MS.items():
                for what, (p50, p99) in (await latencies(server.address, per_s)).items():
                    is_kept = (p50_max is None or p50 <= p50_max) and p99 <= p99_max
                    figures = f"p50 {p50:.0f} ms (aim {p50_max}), p99 {p99:.0f} ms (aim {p99_max})"
                    is_good &= verdict(is_kept, f"{per_s}/s, {AGENTS} agents: publish to {what} {figures}")
    return is_good


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=6_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    sys.exit(0 if uvloop.run(main(options.records, options.rounds)) else 1)
