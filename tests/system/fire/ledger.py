"""
The ledger: what became of every contact, reckoned from the records of `decisions` and, at the end, of `router-state`, by nothing but the promises.

It imports none of the engine. It knows the channels' costs and caps from the configuration, holds offers and owned work against them after every step of the
router (the `step` and `at` of the headers), and notes each promise that is broken as a fault.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from system.fire.site import PROFILE

from standardiste.common.bus.port import Record
from standardiste.common.events.model import Channel

FAULTS_KEPT: Final = 50
OFFER_ENDS: Final = ("offer.accepted", "offer.declined", "offer.expired", "offer.withdrawn")


class Fault(StrEnum):
    """What kind of promise was broken."""

    LOST = "lost"
    DOUBLED = "doubled"
    ABOVE = "above_capacity"
    ODD = "odd"


@dataclass(slots=True)
class Work:
    """One interaction as the log tells it. `offers`: by id, the agent and whether it would interrupt."""

    id: str
    tenant: str
    channel: Channel
    receipts: list[str]
    state: str = "identifying"
    version: int = 0
    owner: str | None = None
    taken_with: str | None = None
    is_interrupted: bool = False
    offers: dict[str, tuple[str, bool]] = field(default_factory=dict[str, tuple[str, bool]])
    reason: str | None = None

    def holders(self) -> set[str]:
        return {agent for agent, _ in self.offers.values()} | ({self.owner} if self.owner else set())

    def burdens(self, agent: str) -> bool:
        """Whether it takes an agent's room now: what is interrupted does not, nor what would interrupt before it is accepted."""
        if self.owner == agent:
            return not self.is_interrupted and self.state != "parked"
        return any(who == agent and not interrupts for who, interrupts in self.offers.values())


@dataclass(slots=True)
class Ledger:
    """Takes the decisions of every tenant in order. `faults` stays empty while the promises hold."""

    works: dict[str, Work] = field(default_factory=dict[str, Work])
    by_receipt: dict[str, str] = field(default_factory=dict[str, str])
    held_by: dict[str, dict[str, Work]] = field(default_factory=dict[str, dict[str, Work]])
    faults: list[str] = field(default_factory=list[str])
    broken: Counter[Fault] = field(default_factory=Counter[Fault])
    counted: Counter[str] = field(default_factory=Counter[str])
    closed: int = 0
    fullest: int = 0
    _numbers: Counter[str] = field(default_factory=Counter[str])
    _steps: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    _touched: dict[str, set[str]] = field(default_factory=dict[str, set[str]])

    def take(self, record: Record) -> tuple[str, Mapping[str, Any]]:
        """One decision: its short name and its data."""
        headers = record.headers
        tenant, name = headers["ce_tenant"], headers["ce_type"].removeprefix("standardiste.").removesuffix(".v1")
        step = (headers["step"], headers["at"])
        if self._steps.get(tenant) != step:
            self._weigh(tenant)
            self._steps[tenant] = step
        self._numbers[tenant] += 1
        if (number := headers["ce_id"].rpartition(".")[2]) != str(self._numbers[tenant]):
            self._fault(
                f"decision {headers['ce_id']} of {tenant} where number {self._numbers[tenant]} belongs: lost, doubled or out of order"
            )
            self._numbers[tenant] = int(number)
        self.counted[name] += 1
        data = json.loads(record.value or b"{}")
        self._enter(tenant, name, data)
        return name, data

    def settle(self) -> None:
        """The end of the log: what the last steps left is weighed too."""
        for tenant in list(self._touched):
            self._weigh(tenant)

    def numbers(self) -> Mapping[str, int]:
        """By tenant, how many decisions there are."""
        return self._numbers

    # ---- what each decision says

    def _enter(self, tenant: str, name: str, data: Mapping[str, Any]) -> None:
        if name == "interaction.created":
            self._created(tenant, data)
            return
        about = data["offer"]["interaction"] if name == "offer.made" else data.get("interaction")
        work = self.works.get(about) if isinstance(about, str) else None
        if work is None:
            if name in ("offer.made", "interaction.closed", "interaction.activated"):
                self._fault(f"{name} about {about}, which nobody created")
            return
        before = work.holders()
        self._happened(work, name, data)
        for agent in before - (now := work.holders()):
            self.held_by[agent].pop(work.id, None)
        for agent in now:
            self.held_by.setdefault(agent, {})[work.id] = work
        if before or now:
            self._touched.setdefault(tenant, set()).update(now)

    def _created(self, tenant: str, data: Mapping[str, Any]) -> None:
        contact, id = data["contact"], data["interaction"]
        if id in self.works:
            self._fault(f"{id} was created twice", Fault.DOUBLED)
        if contact["receipt"] in self.by_receipt:
            self._fault(f"contact {contact['id']} was doubled: {self.by_receipt[contact['receipt']]} and {id}", Fault.DOUBLED)
        self.by_receipt[contact["receipt"]] = id
        self.works[id] = Work(id, tenant, Channel(contact["channel"]), [contact["receipt"]])

    def _happened(self, work: Work, name: str, data: Mapping[str, Any]) -> None:
        work.version = data.get("version", work.version)
        if work.reason is not None and name.startswith(("offer.", "interaction.")):
            self._fault(f"{name} of {work.id}, which is closed")
        if name == "offer.made":
            work.offers[data["offer"]["id"]] = (data["offer"]["agent"], data["offer"].get("is_interrupting", False))
            work.state = "offered"
            if work.owner is not None:
                self._fault(f"{work.id} was offered while {work.owner} owns it", Fault.DOUBLED)
            if len(work.offers) > 1:
                self._fault(f"{work.id} was offered to two at once: {work.offers}", Fault.DOUBLED)
        elif name in OFFER_ENDS:
            if work.offers.pop(data["offer"], None) is None:
                self._fault(f"{name} of {data['offer']}, which is not open")
            work.taken_with = data["offer"] if name == "offer.accepted" else work.taken_with
        elif name in ("interaction.connecting", "interaction.activated"):
            if work.owner not in (None, data["owner"]):
                self._fault(f"{work.id} has two owners: {work.owner} and {data['owner']}", Fault.DOUBLED)
            work.owner, work.state = data["owner"], name.removeprefix("interaction.")
        elif name in ("interaction.held", "interaction.resumed", "interaction.wrapping", "interaction.reopened"):
            if work.owner != data["owner"]:
                self._fault(f"{name} of {work.id} by {data['owner']}; its owner is {work.owner}")
            work.state = {"interaction.held": "held", "interaction.wrapping": "wrapping"}.get(name, "activated")
            work.is_interrupted = name == "interaction.held" and data.get("is_interrupted", False)
        elif name in ("interaction.disowned", "interaction.queued"):
            work.owner, work.is_interrupted = None, False
            work.state = "queued"
        elif name == "interaction.closed":
            self._closed(work, data)

    def _closed(self, work: Work, data: Mapping[str, Any]) -> None:
        if work.reason is not None:
            self._fault(f"{work.id} was closed twice: {work.reason} and {data['reason']}", Fault.DOUBLED)
        if work.offers:
            self._fault(f"{work.id} was closed with open offers: {work.offers}")
        if list(data["receipts"]) != work.receipts:
            self._fault(f"{work.id} was closed with the receipts {data['receipts']}, not {work.receipts}")
        work.reason, work.state, work.owner, work.is_interrupted = data["reason"], "closed", None, False
        self.closed += 1
        self.counted[f"closed {work.reason}"] += 1

    # ---- the laws that are reckoned

    def _weigh(self, tenant: str) -> None:
        """After a step: whoever's work it changed has room for all he has, by the profile's units and caps."""
        for agent in self._touched.pop(tenant, ()):
            has = [work.channel for work in self.held_by.get(agent, {}).values() if work.burdens(agent)]
            used = sum(PROFILE.cost[channel] for channel in has)
            self.fullest = max(self.fullest, used)
            if used > PROFILE.units:
                self._fault(f"{agent} has {used} of {PROFILE.units} units after step {self._steps[tenant]}: {Counter(has)}", Fault.ABOVE)
            for channel, count in Counter(has).items():
                if count > PROFILE.cap[channel]:
                    self._fault(
                        f"{agent} has {count} of {PROFILE.cap[channel]} {channel.value} after step {self._steps[tenant]}", Fault.ABOVE
                    )

    def _fault(self, said: str, kind: Fault = Fault.ODD) -> None:
        self.broken[kind] += 1
        if len(self.faults) < FAULTS_KEPT:
            self.faults.append(said)

    # ---- the end

    def check_receipts(self, accepted: Iterable[str]) -> None:
        """Every contact that was accepted ended, once."""
        ended = Counter(receipt for work in self.works.values() if work.reason is not None for receipt in work.receipts)
        known = set(accepted)
        for receipt in sorted(known):
            if ended[receipt] != 1:
                id = self.by_receipt.get(receipt)
                kind = Fault.DOUBLED if ended[receipt] else Fault.LOST
                self._fault(f"contact with receipt {receipt} ended {ended[receipt]} times; {self.works[id] if id else 'it is lost'}", kind)
        for receipt in sorted(set(ended) - known):
            self._fault(f"{receipt} ended and was never sent")

    def check_state(self, records: Iterable[Record]) -> None:
        """What `router-state` says at the end: nothing live, and as many came and went as the decisions tell."""
        state: dict[str, bytes] = {}
        for record in records:
            if record.value is None:
                state.pop(record.key, None)
            else:
                state[record.key] = record.value
        for key in sorted(state):
            tenant, kind, id = key.split("/", 2)
            if kind == "interaction":
                self._fault(f"router-state holds {id} as live")
            if kind == "meta":
                meta, own = json.loads(state[key]), sum(work.tenant == tenant for work in self.works.values())
                found = (meta["ingested"], meta["closed"])
                if found != (own, own):
                    self._fault(f"router-state of {tenant} counts {found} come and closed; the decisions {(own, own)}")
                if meta["decisions"] < self._numbers[tenant]:  # it may know of later ones: leases go on ending once nobody follows any more
                    self._fault(f"router-state of {tenant} knows of {meta['decisions']} decisions, {self._numbers[tenant]} were read")
