"""One tenant's public facts, read from the decisions log without a group: for replays and for `GET /v1/events`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final

from standardiste.common.bus.port import Bus, From, Record, epoch_of
from standardiste.common.bus.topics import Topic, partition_of
from standardiste.common.events.codec import structured_envelope
from standardiste.ingest_open.log_cursor import cursor_of

RECORDS_MAX: Final = 20_000
"""Records looked at for one page; other tenants' share the partition."""


@dataclass(slots=True, kw_only=True)
class Read:
    """What was found, oldest first. `offset` is the next to read; `is_end` when the log had no more at the time of asking."""

    records: list[Record] = field(default_factory=list[Record])
    offset: int
    is_end: bool = False


async def read_log(bus: Bus, tenant: str, types: frozenset[str], offset: int, *, limit: int, wait_s: float = 0.0) -> Read:
    """
    At most `limit` facts of these types from `offset` on. At the log's end, with nothing found, waits up to `wait_s` for the first.

    Bounded by `limit`, by RECORDS_MAX and by time; what was read up to there is given, so that a cursor always moves on.
    """
    partition = partition_of(tenant, bus.partitions)
    end = (await bus.ends(Topic.DECISIONS)).get(partition, 0)
    read = Read(offset=offset, is_end=offset >= end)
    if read.is_end and wait_s <= 0:
        return read
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + max(wait_s, _SCAN_WITHIN_S)
    seen = 0
    try:
        async with (
            asyncio.timeout_at(give_up_at),
            aclosing(bus.tail((Topic.DECISIONS,), {(Topic.DECISIONS, partition): offset}, default=From.END)) as batches,
        ):
            async for batch in batches:
                for record in batch:
                    if record.partition != partition:
                        continue
                    seen += 1
                    read.offset = record.offset + 1
                    if record.headers.get("ce_tenant") == tenant and record.headers.get("ce_type") in types and record.value is not None:
                        read.records.append(record)
                    if len(read.records) >= limit or seen >= RECORDS_MAX:
                        return read
                read.is_end = read.offset >= end
                if read.is_end and (read.records or wait_s <= 0):
                    return read
    except TimeoutError:
        pass
    return read


_SCAN_WITHIN_S: Final = 10.0


def fact_of(bus: Bus, record: Record) -> Mapping[str, Any]:
    """The fact as integrators get it: a structured CloudEvent and its cursor."""
    return {
        **_public(structured_envelope(record.headers)),
        "cursor": cursor_of(epoch_of(bus), record.offset),
        "data": json.loads(record.value or b"null"),
    }


def _public(envelope: Mapping[str, str]) -> Mapping[str, str]:
    """The tenant is the reader's own, known by its credential."""
    return {name: text for name, text in envelope.items() if name != "tenant"}
