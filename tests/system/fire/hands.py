"""
The hands of the floor, on the bus itself: customers who write and call, who they are (the stand-in for `customers`), and agents who follow `decisions`.

An agent accepts most offers, declines some, misses a few; talks; wraps up. What is not heard of again is said again. One publisher writes all, in order: what
was answered BusAway is written again with the same ids, as a service or its caller would.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import random
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from system.fire.ledger import Ledger, Work
from system.fire.site import AGENTS, GATEWAY, TENANTS, agents_of

from standardiste.common.bus.port import Bus, Outgoing, Record
from standardiste.common.bus.topics import Topic
from standardiste.common.clock import SystemClock
from standardiste.common.errors import BusAway
from standardiste.common.events import commands as c
from standardiste.common.events import inputs
from standardiste.common.events.base import Data
from standardiste.common.events.codec import encode
from standardiste.common.events.contact_facts import facts_of_contact
from standardiste.common.events.model import (
    AgentId,
    Channel,
    CloseReason,
    ConversationId,
    InteractionId,
    LeftBecause,
    OfferId,
    ReceiptId,
    SessionId,
    StatusId,
)
from standardiste.common.testing.builders import contact, customer, event

BATCH: Final = 500
BACKLOG_MAX: Final = 20_000
AGAIN_S: Final = 8.0
BEAT_S: Final = 5.0
TICK_S: Final = 0.01
CHANNELS: Final = (Channel.CHAT,) * 9 + (Channel.SMS,) * 6 + (Channel.EMAIL,) * 4 + (Channel.VOICE,)
LIVE: Final = (Channel.CHAT, Channel.VOICE)

Deed = Callable[[], None]


@dataclass(slots=True)
class Hands:
    """Everybody outside the router. `accepted` are the receipts of contacts that the bus has taken."""

    bus: Bus
    ledger: Ledger
    dice: random.Random
    tenants: tuple[str, ...] = TENANTS
    agents: int = AGENTS
    talk_s: float = 1.2
    talk_s_max: float = 6.0
    open_max: int = 3_000
    held_back: int = 0
    """Contacts that did not come because so many were open already: a machine too slow for the rate catches up instead of piling up."""
    accepted: set[str] = field(default_factory=set[str])
    sessions: dict[str, str] = field(default_factory=dict[str, str])
    sent: int = 0
    away: int = 0
    _number: itertools.count[int] = field(default_factory=itertools.count)
    _out: deque[Outgoing] = field(default_factory=deque[Outgoing])
    _something: asyncio.Event = field(default_factory=asyncio.Event)
    _due: list[tuple[float, int, Deed]] = field(default_factory=list[tuple[float, int, Deed]])

    # ---- customers

    async def arrive(self, per_s: float, is_over: asyncio.Event) -> None:
        """Contacts at this rate until it is over; while the bus takes nothing, they wait outside."""
        began, count = time.monotonic(), 0
        while not is_over.is_set():
            await asyncio.sleep(TICK_S)
            while count < (time.monotonic() - began) * per_s:
                count += 1
                if len(self._out) < BACKLOG_MAX and len(self.ledger.works) - self.ledger.closed < self.open_max:
                    self.contact()
                else:
                    self.held_back += 1

    def contact(self, tenant: str | None = None, channel: Channel | None = None, close_as: CloseReason | None = None) -> str:
        """One contact, and at once who it is; gives its receipt. With a reason it is closed as it comes."""
        tenant, channel = tenant or self.dice.choice(self.tenants), channel or self.dice.choice(CHANNELS)
        id = f"m{next(self._number)}"
        conversation = ConversationId(f"cv_{id}")
        made = contact(
            id, receipt=ReceiptId(f"rc_{id}"), channel=channel, conversation=conversation, is_live=channel in LIVE, close_as=close_as
        )
        known = inputs.ContactIdentified(
            contact=made.id, receipt=made.receipt, conversation=conversation, customer=customer(f"cu_{id}"), facts=facts_of_contact(made)
        )
        self._say(tenant, inputs.ContactReceived(contact=made), id=id, receipt=made.receipt)
        if close_as is not None:
            return made.receipt
        self._say(tenant, known)
        if channel in LIVE and self.dice.random() < 0.02:
            left = inputs.ContactLeft(contact=made.id, conversation=conversation, because=LeftBecause.HUNG_UP)
            self._in(self.dice.uniform(0, 3), lambda: self._say(tenant, left))
        return made.receipt

    # ---- agents

    def begin(self) -> None:
        """Everybody comes to work, and the gateway says so."""
        for tenant in self.tenants:
            self._beat(tenant)
            for agent in agents_of(tenant, self.agents):
                self._open(tenant, agent)

    def follow(self, record: Record) -> None:
        """A decision: into the ledger, and whoever it concerns acts on it in a while."""
        name, data = self.ledger.take(record)
        match name:
            case "offer.made":
                self._answer(data["offer"])
            case "interaction.connecting":
                self._tend(data["interaction"], "connecting", 0.1)
            case "interaction.activated" | "interaction.resumed" | "interaction.reopened":
                self._tend(data["interaction"], "activated", min(self.talk_s_max, self.dice.expovariate(1 / self.talk_s)))
            case "interaction.wrapping":
                self._tend(data["interaction"], "wrapping", self.dice.uniform(0.1, 0.5))
            case "session.ended" if data["because"] == "lost":
                self._open(record.headers["ce_tenant"], data["agent"])
            case "agent.status-changed" if data["because"] == "missed":
                tenant, agent = record.headers["ce_tenant"], data["agent"]
                self._in(1.0, lambda: self._ready(tenant, agent))
            case _:
                pass

    def _answer(self, offer: Mapping[str, Any]) -> None:
        work, id, roll = self.ledger.works[offer["interaction"]], OfferId(offer["id"]), self.dice.random()
        actor = self._actor(offer["agent"])
        if roll < 0.03:
            return  # not seen: it expires
        said = c.DeclineOffer(actor=actor, offer=id) if roll < 0.1 else c.AcceptOffer(actor=actor, offer=id)

        def answer() -> None:
            if id in work.offers:
                self._say(work.tenant, said)

        self._in(self.dice.uniform(0.05, 0.4), answer)

    def _tend(self, id: str, state: str, after_s: float) -> None:
        """Do what this state wants of its owner, in a while; and again, should nobody have heard it."""
        work = self.ledger.works[id]

        def deed() -> None:
            if work.state == state and work.owner is not None:
                self._say(work.tenant, self._next(work, work.owner))
                self._in(AGAIN_S, deed)

        self._in(after_s, deed)

    def _next(self, work: Work, owner: str) -> Data:
        id = InteractionId(work.id)
        if work.state == "connecting":
            return inputs.MediaConnected(interaction=id, offer=OfferId(work.taken_with or ""))
        cls = c.EndWrapUp if work.state == "wrapping" else c.CompleteInteraction
        return cls(actor=self._actor(owner), interaction=id, version=work.version)

    def _open(self, tenant: str, agent: str) -> None:
        self.sessions[agent] = f"s{next(self._number)}"
        self._say(tenant, inputs.SessionOpened(session=SessionId(self.sessions[agent]), agent=AgentId(agent), gateway=GATEWAY))
        self._ready(tenant, agent)

    def _ready(self, tenant: str, agent: str) -> None:
        self._say(tenant, c.SetStatus(actor=self._actor(agent), status=StatusId("ready")))

    def _beat(self, tenant: str) -> None:
        self._say(tenant, inputs.GatewayBeat(gateway=GATEWAY, sessions=self.agents))
        self._in(BEAT_S, lambda: self._beat(tenant))

    def _actor(self, agent: str) -> c.Actor:
        return c.Actor(agent=AgentId(agent), session=SessionId(self.sessions[agent]))

    # ---- saying it

    async def act(self) -> None:
        """Until cancelled: whatever is due is done at its time."""
        while True:
            now = time.monotonic()
            while self._due and self._due[0][0] <= now:
                heapq.heappop(self._due)[2]()
            await asyncio.sleep(TICK_S)

    async def publish(self) -> None:
        """Until cancelled: all that was said meanwhile in one go; again, with the same ids, until it has arrived."""
        while True:
            await self._something.wait()
            batch = [self._out[n] for n in range(min(BATCH, len(self._out)))]
            try:
                await self.bus.publish(*batch)
            except BusAway:
                self.away += 1
                await asyncio.sleep(0.1)
                continue
            for _ in batch:
                self._out.popleft()
            self.sent += len(batch)
            self.accepted.update(receipt for out in batch if (receipt := out.headers.get("receipt")))
            if not self._out:
                self._something.clear()

    @property
    def backlog(self) -> int:
        return len(self._out)

    def _in(self, seconds: float, deed: Deed) -> None:
        heapq.heappush(self._due, (time.monotonic() + seconds, next(self._number), deed))

    def _say(self, tenant: str, data: Data, *, id: str = "", receipt: str = "") -> None:
        said = event(data, id=id or f"x{next(self._number)}", source="fire", tenant=tenant, time=SystemClock().now())
        outgoing = encode(said, Topic.INPUTS)
        if receipt:
            outgoing = Outgoing(
                topic=outgoing.topic,
                tenant=tenant,
                key=outgoing.key,
                value=outgoing.value,
                headers={**outgoing.headers, "receipt": receipt},
            )
        self._out.append(outgoing)
        self._something.set()
