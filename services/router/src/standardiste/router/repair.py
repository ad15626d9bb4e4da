"""
The repair of a partition of router-state that the router refuses to read: `python -m standardiste.router.repair PARTITION [--write]`.

Theory. The router stops at a record it cannot read, and says which; nothing starts afresh in silence. The other records are good, so the repair takes out what
cannot be read and nothing else. An interaction that is taken out has not ended: its contact is looked for in `inputs` (kept 7 days) and given to the router anew, which opens it under
the same receipt. What is remembered of what is over (answers, closed interactions, packs of them), leases and paces are only taken out; the repeats
of a pack are still known to `customers`. Without its configuration, its agents or its counters a tenant cannot go on: such a record is named, and a backup is the way. Run it while that partition stands still. It may be broken off and run
again: what it finds follows from the topics alone.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final

from standardiste.common.bus.connect import connect
from standardiste.common.bus.port import Bus, From, Outgoing, Record
from standardiste.common.bus.topics import Topic
from standardiste.common.clock import SystemClock
from standardiste.common.errors import CorruptState, StandardisteError
from standardiste.common.events.codec import decode, dump_state
from standardiste.common.events.inputs import ContactReceived
from standardiste.common.log import configure, logger
from standardiste.router.app import STATE_HEADERS, entity_of, parts_of
from standardiste.router.engine.naming import interaction_id
from standardiste.router.engine.state import Meta, evolve

NEEDED: Final = frozenset({"meta", "entity", "pending", "agent"})
"""Kinds without which a tenant cannot go on."""

log = logger("router-repair")


@dataclass(slots=True)
class Findings:
    """What is wrong with a partition, and what would mend it. `hopeless` names what needs a backup."""

    unreadable: dict[str, str] = field(default_factory=dict[str, str])
    hopeless: dict[str, str] = field(default_factory=dict[str, str])
    again: dict[str, Outgoing | None] = field(default_factory=dict[str, "Outgoing | None"])
    """By the key of an interaction that is taken out, its contact as it lies in `inputs`; None where it is no longer there."""
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
        if record.value is None:
            state.pop(record.key, None)
        else:
            state[record.key] = record
    live, metas = dict[str, int](), dict[str, Meta]()
    for key, record in state.items():
        tenant, kind, _ = parts_of(key)
        try:
            entity = entity_of(record)
        except CorruptState as error:
            (found.hopeless if kind in NEEDED else found.unreadable)[key] = str(error)
            continue
        live[tenant] = live.get(tenant, 0) + (kind == "interaction")
        if isinstance(entity, Meta):
            metas[tenant] = entity
    for tenant, meta in metas.items():
        if meta.ingested != meta.closed + live.get(tenant, 0):
            found.metas[tenant] = evolve(meta, ingested=meta.closed + live.get(tenant, 0))
    await _look_for_contacts(bus, partition, found)
    return found


async def mend(bus: Bus, found: Findings) -> None:
    """Write what mends it: first the contacts, which do no harm to a partition that stands still, so that none is lost if this is broken off."""
    if contacts := [out for out in found.again.values() if out is not None]:
        await bus.publish(*contacts)
    gone = [_state(key, None) for key in found.unreadable]
    counted = [_state(f"{tenant}/meta/", dump_state(meta)) for tenant, meta in found.metas.items()]
    if gone or counted:
        await bus.publish(*gone, *counted)


async def _look_for_contacts(bus: Bus, partition: int, found: Findings) -> None:
    wanted = {key for key in found.unreadable if parts_of(key)[1] == "interaction"}
    found.again = dict.fromkeys(sorted(wanted))
    if not wanted:
        return
    async for record in _to_the_end(bus, Topic.INPUTS, partition):
        if record.headers.get("ce_type") != "standardiste.contact.received.v1":
            continue
        event = decode(record)
        if isinstance(event.data, ContactReceived):
            key = f"{event.tenant}/interaction/{interaction_id(event.data.contact.receipt)}"
            if key in wanted:
                found.again[key] = Outgoing(
                    topic=record.topic, tenant=event.tenant, key=record.key, value=record.value, headers=dict(record.headers)
                )


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
        for key, contact in found.again.items():
            log.warning("contact_given_anew" if contact else "contact_no_longer_in_inputs", key=key)
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
