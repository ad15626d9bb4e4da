"""
The router on the bus while everything crashes: nothing accepted is lost, nothing is doubled, nobody is above capacity. `make fire-memory`, or from tests/:

    python -m simulation.fire --seeds 10000 [--first 7]      prints its first seed; the same seed does the same

Customers publish until they are told it arrived; agents follow decisions and answer; the router is killed between any two awaits. The ledger is read from
the decisions alone, as any other service would. A seed decides everything: the same seed writes the same log.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import aclosing

from standardiste.common.bus.memory import Faults, MemoryBus
from standardiste.common.bus.port import From, Record
from standardiste.common.bus.processing import BATCH_RECORDS
from standardiste.common.bus.topics import Topic
from standardiste.common.errors import BusAway
from standardiste.common.events import codec, inputs
from standardiste.common.events import commands as c
from standardiste.common.events import decisions as d
from standardiste.common.events.base import Data
from standardiste.common.events.directory import ChangeSetCommitted
from standardiste.common.events.model import (
    AgentId,
    Channel,
    ContactId,
    ConversationId,
    InteractionState,
    InteractionView,
    OfferId,
    ReceiptId,
    SessionId,
    StatusId,
)
from standardiste.common.log import configure
from standardiste.common.testing.builders import AT, configuration, contact, customer, event
from standardiste.common.testing.simulation import Outcome, World, simulate
from standardiste.router.app import INPUT_TOPICS, NAME, Router

CONTACTS = 40
AGENTS = ("anna", "ben")
FAULTS = Faults(lost=0.02, unsure=0.02, twice=0.05, delay_ms_max=40)
CHATS_MAX = 3
BATCHES = (BATCH_RECORDS, 1, 4, 16)
"""With the small ones the router runs ahead of its commits, as it does under a large backlog."""
CLOSED = "standardiste.interaction.closed.v1"


class Floor:
    """Customers, agents and a ledger around a router that crashes."""

    def __init__(self) -> None:
        self.accepted: set[ReceiptId] = set()
        self.closed = 0
        self.number = 0

    # ---- the nodes

    async def router(self, bus: MemoryBus) -> None:
        await bus.process(NAME, INPUT_TOPICS, Topic.ROUTER_STATE, Router)

    async def customers(self, bus: MemoryBus) -> None:
        for number in range(CONTACTS):
            made = contact(
                f"m{number}",
                receipt=ReceiptId(f"rc_{number}"),
                channel=Channel.CHAT,
                conversation=ConversationId(f"cv_{number}"),
                is_live=True,
            )
            await self._publish(bus, inputs.ContactReceived(contact=made), id=made.id)
            self.accepted.add(made.receipt)
            known = inputs.ContactIdentified(
                contact=ContactId(made.id),
                receipt=made.receipt,
                conversation=ConversationId(f"cv_{number}"),
                customer=customer(f"cu{number}"),
            )
            await self._publish(bus, known)
            await asyncio.sleep(0.4)
        await asyncio.Event().wait()

    async def gateway(self, bus: MemoryBus) -> None:
        """Beats, and the agents' hands: they take every offer, talk for a while, and wrap up."""
        await self._open(bus)
        beating = asyncio.ensure_future(self._beat(bus))
        try:
            async with aclosing(bus.tail((Topic.DECISIONS,), {}, default=From.START)) as batches:
                async for batch in batches:
                    for record in batch:
                        self.closed += record.headers["ce_type"] == CLOSED
                        await self._react(bus, record)
        finally:
            beating.cancel()

    async def _configure(self, bus: MemoryBus) -> None:
        entities = configuration()
        for entity in entities:
            await self._publish(bus, entity, Topic.DIRECTORY)
        commit = ChangeSetCommitted(number=1, members=len(entities), by="p", committed_at=AT)
        await self._publish(bus, commit, Topic.DIRECTORY)

    async def _open(self, bus: MemoryBus) -> None:
        for agent in AGENTS:
            await self._publish(bus, inputs.SessionOpened(session=SessionId(f"s-{agent}"), agent=AgentId(agent), gateway="g1"))
            await self._publish(bus, c.SetStatus(actor=self._actor(agent), status=StatusId("ready")))

    async def _beat(self, bus: MemoryBus) -> None:
        while True:
            await self._publish(bus, inputs.GatewayBeat(gateway="g1", sessions=len(AGENTS)))
            await asyncio.sleep(5)

    async def _react(self, bus: MemoryBus, record: Record) -> None:
        data = codec.decode(record).data
        if isinstance(data, d.OfferMade | d.SnapshotOffer):
            await self._publish(bus, c.AcceptOffer(actor=self._actor(data.offer.agent), offer=OfferId(data.offer.id)))
        elif isinstance(data, d.SnapshotInteraction):
            await self._go_on(bus, data.view)
        elif isinstance(data, d.InteractionActivated):
            done = c.CompleteInteraction(actor=self._actor(data.owner), interaction=data.interaction, version=data.version)
            await self._publish(bus, done)
        elif isinstance(data, d.InteractionWrapping):
            ended = c.EndWrapUp(actor=self._actor(data.owner), interaction=data.interaction, version=data.version)
            await self._publish(bus, ended)
        elif isinstance(data, d.SessionEnded) and data.because == "lost":
            self.number += 1
            session = SessionId(f"s-{data.agent}")
            await self._publish(bus, inputs.SessionOpened(session=session, agent=data.agent, gateway="g1"))
            await self._publish(bus, c.SetStatus(actor=self._actor(data.agent), status=StatusId("ready")))
        elif isinstance(data, d.AgentStatusChanged) and data.because == "missed":
            await self._publish(bus, c.SetStatus(actor=self._actor(data.agent), status=StatusId("ready")))

    async def _go_on(self, bus: MemoryBus, view: InteractionView) -> None:
        """What a desk that came back finds."""
        assert view.owner is not None
        cls = c.EndWrapUp if view.state is InteractionState.WRAPPING else c.CompleteInteraction
        await self._publish(bus, cls(actor=self._actor(view.owner), interaction=view.id, version=view.version))

    def _actor(self, agent: str) -> c.Actor:
        return c.Actor(agent=AgentId(agent), session=SessionId(f"s-{agent}"))

    async def _publish(self, bus: MemoryBus, data: Data, topic: Topic = Topic.INPUTS, id: str = "") -> None:
        """Try until it is known to have arrived; the id makes a repeat harmless."""
        self.number += 1
        outgoing = codec.encode(event(data, id=id or f"x{self.number}"), topic)
        while True:
            try:
                await bus.publish(outgoing)
            except BusAway:
                await asyncio.sleep(0.05)
            else:
                return

    # ---- the scenario and its ledger

    async def scenario(self, world: World) -> None:
        await self._configure(world.bus)
        world.keep("gateway", self.gateway)
        world.keep("router", self.router, crash_rate=0.01)
        world.keep("router", self.router, crash_rate=0.01)
        world.keep("customers", self.customers)
        await world.until(lambda: len(self.accepted) == CONTACTS)
        world.spare()
        await world.until(lambda: self.closed >= CONTACTS, within_ms=900_000)
        self._check(world.bus)

    def _closed(self, bus: MemoryBus) -> list[d.InteractionClosed]:
        return [data for data in self._data(bus) if isinstance(data, d.InteractionClosed)]

    def _data(self, bus: MemoryBus) -> list[Data]:
        return [codec.decode(record).data for record in bus.stored(Topic.DECISIONS)]

    def _check(self, bus: MemoryBus) -> None:
        closed = Counter(receipt for data in self._closed(bus) for receipt in data.receipts)
        assert closed == Counter(self.accepted), "each accepted contact is closed once"
        assert {data.reason.value for data in self._closed(bus)} == {"handled"}
        numbers = [int(codec.decode(record).id.rpartition(".")[2]) for record in bus.stored(Topic.DECISIONS)]
        assert numbers == list(range(1, len(numbers) + 1)), "no decision is lost, doubled or out of order"
        self._check_offers(self._data(bus))
        assert bus.stored(Topic.DEAD_LETTERS) == []

    def _check_offers(self, decisions: list[Data]) -> None:
        open_offers: dict[str, str] = {}
        owners: dict[str, str] = {}
        for data in decisions:
            match data:
                case d.OfferMade():
                    open_offers[data.offer.id] = data.offer.agent
                case d.OfferAccepted() | d.OfferDeclined() | d.OfferExpired() | d.OfferWithdrawn():
                    assert open_offers.pop(data.offer, None) is not None, "an offer ends once"
                case d.InteractionActivated():
                    assert owners.setdefault(data.interaction, data.owner) == data.owner, "one owner"
                case d.InteractionQueued() | d.InteractionClosed():
                    owners.pop(data.interaction, None)
                case _:
                    pass
            held = Counter([*open_offers.values(), *owners.values()])
            assert all(count <= CHATS_MAX for count in held.values()), "nobody is above capacity"


def run(seed: int) -> Outcome:
    return simulate(seed, Floor().scenario, faults=FAULTS, partitions=2, batch_records=BATCHES[seed % len(BATCHES)])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=random.SystemRandom().randrange(10**9))
    given = parser.parse_args(arguments)
    say = sys.stdout.write
    configure("warning")
    say(f"first seed {given.first}\n")
    began = time.monotonic()
    for number in range(given.seeds):
        seed = given.first + number
        try:
            run(seed)
        except BaseException as error:
            error.add_note(f"this seed again: python -m simulation.fire --seeds 1 --first {seed}")
            say(f"FAIL with seed {seed}\n")
            raise
        if (number + 1) % 500 == 0:
            say(f"{number + 1} of {given.seeds}, {time.monotonic() - began:.0f} s\n")
            sys.stdout.flush()
    took_s = time.monotonic() - began
    say(f"PASS {given.seeds} seeds, {given.seeds * CONTACTS} contacts: 0 lost, 0 doubled, 0 above capacity, in {took_s:.0f} s\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
