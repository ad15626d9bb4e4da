"""
The repair of a partition of router-state that the router refuses to read: `python -m standardiste.router.repair PARTITION [--write]`.

Theory. The router stops at a record it cannot read, and says which; nothing starts afresh in silence. The other records are good, so the repair takes out what
cannot be read and nothing else. An interaction that is taken out has not ended, nor has one whose record is missing (`decisions`, kept 7 days, tells which): its contacts are looked
for in `inputs` (7 days, too) and given to the router anew, which opens it under the same receipt. What is remembered of what is over (answers, closed interactions, packs of them), leases and paces are only taken out; the repeats
of a pack are still known to `customers`. Without its configuration, its agents or its counters a tenant cannot go on: such a record is named, and a backup is the way; so
is a tenant whose records, each good by itself, do not fit together. Run it while that partition stands still. It may be broken off and run
again: what it finds follows from the topics alone.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final

from standardiste.common.bus.connect import connect
from standardiste.common.bus.port import Bus, From, Outgoing, Record
from standardiste.common.bus.topics import Topic
from standardiste.common.clock import SystemClock
from standardiste.common.errors import CorruptState, StandardisteError
from standardiste.common.events.base import Event, spec_of
from standardiste.common.events.codec import decode, dump_state
from standardiste.common.events.decisions import ContactJoined, InteractionClosed, InteractionCreated, InteractionMerged
from standardiste.common.events.inputs import ContactReceived
from standardiste.common.events.model import ReceiptId
from standardiste.common.log import configure, logger
from standardiste.router.app import STATE_HEADERS, entity_of, parts_of
from standardiste.router.engine import Engine
from standardiste.router.engine.naming import interaction_id
from standardiste.router.engine.persist import DoesNotFit
from standardiste.router.engine.state import Meta, evolve
from standardiste.router.kit import STANDARD

NEEDED: Final = frozenset({"meta", "entity", "pending", "agent"})
"""Kinds without which a tenant cannot go on."""

log = logger("router-repair")


@dataclass(slots=True)
class Findings:
    """What is wrong with a partition, and what would mend it. `hopeless` names what needs a backup."""

    unreadable: dict[str, str] = field(default_factory=dict[str, str])
    hopeless: dict[str, str] = field(default_factory=dict[str, str])
    again: dict[str, list[Outgoing]] = field(default_factory=dict[str, list[Outgoing]])
    """By the key of an interaction that is taken out or missing, its contacts as they lie in `inputs`; empty where they no longer do."""
    metas: dict[str, Meta] = field(default_factory=dict[str, Meta])
    """By tenant, the counters as they must be then."""

    @property
    def is_well(self) -> bool:
        return not (self.unreadable or self.hopeless or self.metas)


async def look(bus: Bus, partition: int) -> Findings:
    """Read the partition of router-state, and of `inputs` where something must be given anew. Raises ValueError when there is no such partition."""
    count = len(await bus.ends(Topic.ROUTER_STATE))
    if not 0 <= partition < count:
        raise ValueError(f"there is no partition {partition}: they are 0 to {count - 1}")
    found, state = Findings(), dict[str, Record]()
    async for record in _to_the_end(bus, Topic.ROUTER_STATE, partition):
        state[record.key] = record
    tenants = dict[str, dict[tuple[str, str], Any]]()
    for key, record in state.items():
        tenant, kind, id = parts_of(key)
        try:
            entity = entity_of(record)
        except CorruptState as error:
            (found.hopeless if kind in NEEDED else found.unreadable)[key] = str(error)
            continue
        if entity is not None:
            tenants.setdefault(tenant, {})[kind, id] = entity
    if not found.hopeless:
        for tenant, records in tenants.items():
            _look_together(tenant, records, found)
    await _look_for_contacts(
        bus, partition, found, {f"{tenant}/{kind}/{id}" for tenant, records in tenants.items() for kind, id in records}
    )
    return found


def _look_together(tenant: str, records: dict[tuple[str, str], Any], found: Findings) -> None:
    """Whether a tenant could go on with what can be read of it, its counters corrected."""
    meta = records.get(("meta", ""))
    if isinstance(meta, Meta):
        live = sum(1 for kind, _ in records if kind == "interaction")
        if meta.ingested != meta.closed + live:
            found.metas[tenant] = records["meta", ""] = evolve(meta, ingested=meta.closed + live)
    try:
        Engine(tenant, STANDARD).load(records)
    except DoesNotFit as error:
        found.hopeless[f"{tenant}/"] = str(error)


async def mend(bus: Bus, found: Findings) -> None:
    """Write what mends it: first the contacts, which do no harm to a partition that stands still, so that none is lost if this is broken off."""
    for contacts in found.again.values():
        await bus.publish(*contacts)
    gone = [_state(key, None) for key in found.unreadable]
    counted = [_state(f"{tenant}/meta/", dump_state(meta)) for tenant, meta in found.metas.items()]
    if gone or counted:
        await bus.publish(*gone, *counted)


async def _look_for_contacts(bus: Bus, partition: int, found: Findings, held: Collection[str]) -> None:
    """Whose contacts are to be given anew, and those contacts: all that opened or joined what is taken out, or what `decisions` left live and no record holds."""
    if not (found.metas or any(parts_of(key)[1] == "interaction" for key in found.unreadable)):
        return
    receipts = {key: those for key, those in (await _live_by_decisions(bus, partition)).items() if key not in held}
    receipts = {key: those for key, those in receipts.items() if key in found.unreadable or parts_of(key)[0] in found.metas}
    wanted = {receipt: key for key, those in receipts.items() for receipt in those}
    lost = {*receipts, *(key for key in found.unreadable if parts_of(key)[1] == "interaction")}
    found.again = {key: [] for key in sorted(lost)}
    async for record in _to_the_end(bus, Topic.INPUTS, partition):
        if (event := _of_type(record, ContactReceived)) is not None:
            receipt = event.data.contact.receipt
            key = wanted.get((event.tenant, receipt), _key(event.tenant, interaction_id(receipt)))
            if key in lost:
                found.again[key].append(_again(record, event.tenant))


async def _live_by_decisions(bus: Bus, partition: int) -> dict[str, set[tuple[str, ReceiptId]]]:
    """By key, the receipts of the contacts of each interaction that was decided on in the last 7 days and has not closed."""
    live = dict[str, set[tuple[str, ReceiptId]]]()
    async for record in _to_the_end(bus, Topic.DECISIONS, partition):
        if (event := _of_type(record, InteractionCreated, ContactJoined, InteractionMerged, InteractionClosed)) is None:
            continue
        data, key = event.data, _key(event.tenant, event.data.interaction)
        match data:
            case InteractionCreated() | ContactJoined():
                live.setdefault(key, set()).add((event.tenant, data.contact.receipt))
            case InteractionMerged():
                live.setdefault(_key(event.tenant, data.into), set()).update(live.pop(key, ()))
            case _:
                live.pop(key, None)
    return live


async def _to_the_end(bus: Bus, topic: Topic, partition: int) -> AsyncGenerator[Record, None]:
    """What lies in one partition now."""
    end = (await bus.ends(topic)).get(partition, 0)
    if not end:
        return
    begin: Mapping[tuple[Topic, int], int] = {(topic, partition): 0}
    async with aclosing(bus.tail((topic,), begin, default=From.END)) as batches:
        async for batch in batches:
            for record in batch:
                if record.partition == partition:
                    yield record
                    if record.offset + 1 >= end:
                        return


def _of_type(record: Record, *types: type[Any]) -> Event | None:
    """The record's event, when it is of one of these types; others are not read."""
    if record.value is None or record.headers.get("ce_type") not in {spec_of(each).name for each in types}:
        return None
    return decode(record)


def _key(tenant: str, interaction: str) -> str:
    return f"{tenant}/interaction/{interaction}"


def _again(record: Record, tenant: str) -> Outgoing:
    return Outgoing(topic=record.topic, tenant=tenant, key=record.key, value=record.value, headers=dict(record.headers))


def _state(key: str, value: bytes | None) -> Outgoing:
    return Outgoing(topic=Topic.ROUTER_STATE, tenant=parts_of(key)[0], key=key, value=value, headers=STATE_HEADERS)


async def repair(url: str, partition: int, *, writes: bool) -> bool:
    """Look, say what was found, and mend it when asked to. Whether the partition is well afterwards."""
    bus: Any = await connect(url, SystemClock())
    try:
        found = await look(bus, partition)
        for key, reason in found.hopeless.items():
            log.error("needs_a_backup", key=key, reason=reason)
        for key, reason in found.unreadable.items():
            log.warning("unreadable", key=key, reason=reason)
        for key, contacts in found.again.items():
            log.warning("contact_given_anew" if contacts else "contact_no_longer_in_inputs", key=key, contacts=len(contacts))
        for tenant, meta in found.metas.items():
            log.warning("counters_corrected", tenant=tenant, ingested=meta.ingested, closed=meta.closed)
        if writes and not found.hopeless:
            await mend(bus, found)
        log.info("looked_through", partition=partition, is_well=found.is_well, is_written=writes and not found.hopeless)
        return found.is_well or (writes and not found.hopeless)
    finally:
        await bus.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when the partition is well (or was mended), 1 when it is not, 2 when it could not be looked at: the bus is away, in use, or has no such partition."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("partition", type=int)
    parser.add_argument(
        "--bus", default=os.environ.get("STANDARDISTE_BUS", ""), help="kafka://host:port, or embedded:///DATA (STANDARDISTE_BUS)"
    )
    parser.add_argument("--write", action="store_true", help="mend it; without this it is only said what would be done")
    given = parser.parse_args(arguments)
    configure("info")
    try:
        return 0 if asyncio.run(repair(given.bus, given.partition, writes=given.write)) else 1
    except (StandardisteError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main())
