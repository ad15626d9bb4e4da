"""
Dead-letters: how a record that could not be handled is kept, read, and sent on its way again.

The record lies there as it was, its own headers among `dl-*` headers that say from where it came, why, and how often it was tried. Re-driving
publishes it anew to its topic; the dead-letter stays where it is, so that what happened can still be read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from standardiste.common.bus.port import Bus, From, Outgoing, Record
from standardiste.common.bus.topics import Topic
from standardiste.common.errors import BadInput
from standardiste.common.events.base import Instant
from standardiste.common.log import logger

PREFIX: Final = "dl-"
BEFORE: Final = "dl-before"
"""On the marker of a partition that was written anew (kafka_rewriting.py): letters before this offset count no more."""
LETTERED_AT: Final = "dl-lettered-at"
"""On a copy: the instant at which it became a dead letter."""
REASON_MAX: Final = 500
READ_WITHIN_S: Final = 5.0

log = logger("bus")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A record that could not be handled, and what is known of it. `partition` and `offset` are its place among the dead-letters."""

    partition: int
    offset: int
    at: Instant
    group: str
    reason: str
    tries: int
    topic: Topic
    from_partition: int
    from_offset: int
    from_at: Instant
    key: str
    tenant: str
    value: bytes | None
    headers: Mapping[str, str]


def dead_letter_of(record: Record, group: str, reason: str, tries: int) -> Outgoing:
    """The record as it goes to dead-letters. Its tenant is the header's, or the first part of its key."""
    return Outgoing(
        topic=Topic.DEAD_LETTERS,
        tenant=tenant_of(record),
        key=tenant_of(record),
        value=record.value,
        headers={
            **record.headers,
            "dl-group": group,
            "dl-reason": reason[:REASON_MAX].replace("\0", " ").encode(errors="replace").decode(),
            "dl-tries": str(tries),
            "dl-topic": record.topic.value,
            "dl-partition": str(record.partition),
            "dl-offset": str(record.offset),
            "dl-at": str(record.appended_at),
            "dl-key": record.key,
        },
    )


def tenant_of(record: Record) -> str:
    return record.headers.get("ce_tenant") or record.key.partition("/")[0]


def parse(record: Record) -> DeadLetter:
    """What a record of the dead-letters topic says. Raises BadInput when it is none of ours."""
    marks = record.headers
    try:
        return DeadLetter(
            partition=record.partition,
            offset=record.offset,
            at=lettered_at(record),
            group=marks["dl-group"],
            reason=marks["dl-reason"],
            tries=int(marks["dl-tries"]),
            topic=Topic(marks["dl-topic"]),
            from_partition=int(marks["dl-partition"]),
            from_offset=int(marks["dl-offset"]),
            from_at=Instant(int(marks["dl-at"])),
            key=marks["dl-key"],
            tenant=tenant_of(record),
            value=record.value,
            headers={name: text for name, text in marks.items() if not name.startswith(PREFIX)},
        )
    except (KeyError, ValueError) as error:
        raise BadInput("not_a_dead_letter", f"{record.partition}/{record.offset}: {error}") from None


def lettered_at(record: Record) -> Instant:
    """When it became a dead letter: a copy is appended later."""
    text = record.headers.get(LETTERED_AT, "")
    return Instant(int(text)) if text.isascii() and text.isdigit() else record.appended_at


def superseded_before(record: Record) -> int:
    """For a marker, the offset before which the partition's letters count no more; else 0."""
    text = record.headers.get(BEFORE, "")
    return int(text) if text.isascii() and text.isdigit() else 0


async def dead_letters(bus: Bus, *, limit: int = 100, after: Mapping[int, int] | None = None) -> list[DeadLetter]:
    """
    Up to `limit` dead-letters, oldest first by partition.

    `after` names the last offset seen of each partition; those not named begin at the start. What lies there and is no dead-letter is passed over,
    with a line in the log.
    """
    start = {partition: offset + 1 for partition, offset in (after or {}).items()}
    ends = await bus.ends(Topic.DEAD_LETTERS)
    missing = {partition: end for partition, end in ends.items() if start.get(partition, 0) < end}
    found: list[DeadLetter] = []
    if not missing:
        return found
    positions = {(Topic.DEAD_LETTERS, partition): offset for partition, offset in start.items()}
    async with aclosing(bus.tail((Topic.DEAD_LETTERS,), positions, default=From.START)) as batches:
        async for batch in batches:
            for record in batch:
                if before := superseded_before(record):
                    found = [letter for letter in found if letter.partition != record.partition or letter.offset >= before]
                else:
                    _take(record, found)
                if record.offset + 1 >= missing.get(record.partition, 0):
                    missing.pop(record.partition, None)
            if len(found) >= limit or not missing:
                break
    return sorted(found, key=lambda letter: (letter.partition, letter.offset))[:limit]


def _take(record: Record, found: list[DeadLetter]) -> None:
    try:
        found.append(parse(record))
    except BadInput as error:
        log.warning("not_a_dead_letter", detail=error.detail)


async def redrive(bus: Bus, offset: int, partition: int = 0) -> DeadLetter:
    """Publish one dead-letter anew to the topic it came from. Raises BadInput when there is none at this place."""
    async with asyncio.timeout(READ_WITHIN_S):
        letters = await dead_letters(bus, limit=1, after={partition: offset - 1, **await _others_at_end(bus, partition)})
    if not letters or letters[0].offset != offset:
        raise BadInput("no_such_dead_letter", f"nothing lies at {partition}/{offset}")
    letter = letters[0]
    await bus.publish(
        Outgoing(
            topic=letter.topic,
            tenant=letter.tenant,
            key=letter.key,
            value=letter.value,
            headers={**letter.headers, "redriven": f"{partition}/{offset}"},
        )
    )
    return letter


async def _others_at_end(bus: Bus, partition: int) -> dict[int, int]:
    return {other: end - 1 for other, end in (await bus.ends(Topic.DEAD_LETTERS)).items() if other != partition}
