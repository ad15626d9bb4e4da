"""
The erasure of one person, and the list of all erasures, kept as keyed ids so that no restore and no import brings anybody back.

Theory. An erasure is written down first and carried out after, step by step, each of which may be repeated; one that was broken off is gone on with. What
names the person in it are keyed ids of addresses and external ids: they tell whether somebody is the one who was erased, and nothing else. At once go the
record, conversations, messages, files, what other services keep (common/personal.py), and their dead letters, which nobody can read from then on. What was
said against contact stays, as a keyed id without words. The log goes by its retention, backups by theirs, bytes of Kafka's dead letters with their segment;
the closing record names the day by which the last copy is gone.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from standardiste.common.addresses import family_and_address
from standardiste.common.blobs.port import Blobs
from standardiste.common.bus.dead_letters import DeadLetter, dead_letters
from standardiste.common.bus.port import CanBlank
from standardiste.common.bus.topics import DAY_MS, TOPICS, Topic, partition_of
from standardiste.common.errors import Away, BusAway, BusRefuses, VersionConflict
from standardiste.common.events.base import Instant
from standardiste.common.events.model import CustomerId, SponsorId
from standardiste.common.ids import keyed_id
from standardiste.common.log import logger
from standardiste.common.parts import Parts
from standardiste.common.permission.ledger import Ledger
from standardiste.common.personal import forget_conversation
from standardiste.common.store.port import ABSENT, Find, TenantStore, Where
from standardiste.customers.chronicle import blob_ref
from standardiste.customers.documents import change, read
from standardiste.customers.joins import Join
from standardiste.customers.records import (
    CONVERSATIONS,
    CUSTOMERS,
    ERASURES,
    JOINS,
    MESSAGES,
    Conversation,
    Customer,
    StoredMessage,
    dump,
    load,
)

PAGE: Final = 200
LOOK_EVERY_S: Final = 60
LETTERS_PAGE: Final = 500
PASSES: Final = 10
LOG_DAYS: Final = max(spec.retention_ms or 0 for topic, spec in TOPICS.items() if topic is not Topic.DEAD_LETTERS) // DAY_MS + 1
"""The log keeps 7 days; what is swept by whole segments is gone a day later at most."""
LETTER_DAYS: Final = (TOPICS[Topic.DEAD_LETTERS].retention_ms or 0) // DAY_MS + 1

log = logger("customers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """
    One erasure, for good, without personal data. `subjects` are keyed ids of the person's addresses and external ids, `customers` the records that went.
    `gone_by`: the last copy in log, dead letters and backups is gone then. `stage` is there until it is carried out.
    """

    id: str
    sponsor: SponsorId
    customers: tuple[CustomerId, ...]
    subjects: tuple[str, ...]
    at: Instant
    by: str
    why: str = ""
    counts: Mapping[str, int] = field(default_factory=dict[str, int])
    done_at: Instant | None = None
    gone_by: Instant | None = None
    stage: str | None = None
    format: int = 1


class Erasures:
    """Begins, carries out, lists and applies erasures."""

    def __init__(self, parts: Parts, backup_days: int) -> None:
        self._parts, self._backup_days = parts, backup_days
        self._ledger = Ledger(parts.store, parts.keys, parts.directory)

    def subject(self, tenant: str, name: str) -> str:
        """The keyed id of an address's or external id's key."""
        return keyed_id(self._parts.keys.tenant(tenant, "erasure"), "es", name)

    async def is_erased(self, tenant: str, names: Iterable[str]) -> bool:
        """Whether one of these addresses or external ids is of a person who was erased."""
        documents = self._parts.store.tenant(tenant)
        for name in names:
            where = Where(index="subject", equals=self.subject(tenant, name))
            if (await documents.find(ERASURES, Find(where=(where,), limit=1))).documents:
                return True
        return False

    async def begin(self, tenant: str, customer: Customer, by: str, why: str) -> Erasure:
        """Write it down, durably, and carry it out."""
        documents = self._parts.store.tenant(tenant)
        ids = [customer.id, *[each async for each in self._merged_into(documents, customer.id)]]
        erasure = Erasure(
            id=self._parts.ids.mint("er"),
            sponsor=customer.sponsor,
            customers=tuple(ids),
            subjects=tuple(self.subject(tenant, name) for name in (*customer.keys, *customer.externals)),
            at=self._parts.clock.now(),
            by=by,
            why=why,
            stage="begun",
        )
        await documents.put(ERASURES, erasure.id, dump(erasure), expected=ABSENT)
        return await self.carry_out(tenant, erasure)

    async def apply(self, tenant: str, erasure: Erasure) -> bool:
        """
        Of a list that was kept elsewhere (a restore, another installation): write it down unless it is there, and carry it out anew. False when it is known and
        nobody of it is here.
        """
        documents = self._parts.store.tenant(tenant)
        is_here = [id for id in erasure.customers if await documents.get(CUSTOMERS, id) is not None]
        known = await read(documents, ERASURES, Erasure, erasure.id)
        if known is not None and not is_here:
            return False
        begun = replace(erasure, stage="begun")
        try:
            await documents.put(ERASURES, erasure.id, dump(begun), expected=None if known is not None else ABSENT)
        except VersionConflict:
            return False
        await self.carry_out(tenant, begun)
        return True

    async def run(self, ready: Callable[[], None]) -> None:
        """Go on with what was begun, until cancelled."""
        ready()
        while True:
            try:
                async for document in self._parts.store.every_tenant(ERASURES, Find(where=(Where(index="stage"),))):
                    erasure = load(Erasure, document.body)
                    if erasure.at + LOOK_EVERY_S * 1_000 < self._parts.clock.now():
                        await self.carry_out(document.tenant, erasure)
            except Away as away:
                log.warning("erasures_put_off", what=away.what)
            await asyncio.sleep(LOOK_EVERY_S)

    async def carry_out(self, tenant: str, erasure: Erasure) -> Erasure:
        """Idempotent. The record itself goes last: as long as it is there, what is left can be found."""
        documents = self._parts.store.tenant(tenant)
        counts: dict[str, int] = dict.fromkeys(
            ("conversations", "messages", "files", "elsewhere", "consents", "dead_letters", "records"), 0
        )
        marks: set[bytes] = set()
        for id in erasure.customers:
            customer = await read(documents, CUSTOMERS, Customer, id)
            if customer is not None:
                marks |= {_mark(each) for each in (id, *customer.addresses, *(family_and_address(key)[1] for key in customer.keys))}
                for key in customer.keys:
                    counts["consents"] += await self._ledger.forget(tenant, self._ledger.id_of_key(tenant, key))
            async for conversation, found in self._conversations(documents, id):
                marks |= {_mark(each) for each in (conversation, found.address) if each}
                await self.forget_conversation(tenant, conversation, found, counts)
        letter_days = await self._blank(tenant, marks, counts)
        for id in erasure.customers:
            counts["records"] += await documents.delete(CUSTOMERS, id)
            await self._forget_joins(documents, id)
        at = self._parts.clock.now()
        days = max(LOG_DAYS, self._backup_days, letter_days)
        fresh = await change(
            documents,
            ERASURES,
            Erasure,
            erasure.id,
            lambda it: it and replace(it, counts=_added(it.counts, counts), done_at=at, gone_by=Instant(at + days * DAY_MS), stage=None),
        )
        return fresh or erasure

    async def forget_conversation(self, tenant: str, id: str, conversation: Conversation, counts: dict[str, int]) -> None:
        """Its messages with their files, what other services keep of it, then itself. Adds to the counts. Idempotent."""
        documents, blobs = self._parts.store.tenant(tenant), self._parts.blobs
        inside = Where(index="place", at_least=f"{id}/", below=f"{id}0")  # "0" follows "/"
        finds = [Find(where=(inside,), sort="place", limit=PAGE)]
        if conversation.interaction is not None:
            finds.append(Find(where=(Where(index="interaction", equals=conversation.interaction),), limit=PAGE))
        for find in finds:
            while page := (await documents.find(MESSAGES, find)).documents:
                for document in page:
                    counts["files"] += await _forget_files(blobs, load(StoredMessage, document.body))
                    counts["messages"] += await documents.delete(MESSAGES, document.id)
        counts["elsewhere"] += await forget_conversation(self._parts.store, tenant, id)
        counts["conversations"] += await documents.delete(CONVERSATIONS, id)

    async def forget_record(self, tenant: str, customer: Customer) -> None:
        """A record that is kept no longer, and has no conversations. Who it was may come back."""
        documents = self._parts.store.tenant(tenant)
        for key in customer.keys:
            await self._ledger.forget(tenant, self._ledger.id_of_key(tenant, key))
        await self._forget_joins(documents, customer.id)
        await documents.delete(CUSTOMERS, customer.id)

    async def _conversations(self, documents: TenantStore, customer: CustomerId) -> AsyncIterator[tuple[str, Conversation]]:
        while page := (await documents.find(CONVERSATIONS, Find(where=(Where(index="customer", equals=customer),), limit=PAGE))).documents:
            for document in page:  # each goes before the next page is asked for
                yield document.id, load(Conversation, document.body)

    async def _merged_into(self, documents: TenantStore, customer: CustomerId) -> AsyncIterator[CustomerId]:
        """The records that became part of this one, and those that became part of them."""
        wanted, seen = [customer], {customer}
        while wanted:
            into = wanted.pop()
            page = await documents.find(JOINS, Find(where=(Where(index="into", equals=into),), limit=1_000))
            for gone in (load(Join, document.body).gone for document in page.documents):
                record = await read(documents, CUSTOMERS, Customer, gone)
                if gone not in seen and record is not None and record.merged_into == into:
                    seen.add(gone)
                    wanted.append(gone)
                    yield gone

    async def _forget_joins(self, documents: TenantStore, customer: CustomerId) -> None:
        for side in ("into", "gone"):
            page = await documents.find(JOINS, Find(where=(Where(index=side, equals=customer),), limit=1_000))
            for document in page.documents:
                await documents.delete(JOINS, document.id)

    async def _blank(self, tenant: str, marks: set[bytes], counts: dict[str, int]) -> int:
        """Take the values out of the person's dead letters. Gives how many days their bytes may lie on a disk of the bus after that."""
        bus = self._parts.bus
        if not isinstance(bus, CanBlank):
            return LETTER_DAYS
        try:
            bytes_ms = await bus.blank(partition_of(tenant, bus.partitions), ())
            for _ in range(PASSES):  # a look that finds nothing is the proof: another erasure may move letters meanwhile
                theirs = await self._letters(tenant, marks)
                if not theirs:
                    return -(-bytes_ms // DAY_MS) + 1 if bytes_ms else 0
                for partition, offsets in theirs.items():
                    await bus.blank(partition, offsets)
                    counts["dead_letters"] += len(offsets)
        except BusRefuses as refused:
            log.error("dead_letters_not_erased", reason=str(refused))
            return LETTER_DAYS
        raise BusAway("dead letters go on moving")

    async def _letters(self, tenant: str, marks: set[bytes]) -> dict[int, list[int]]:
        """Where the person's dead letters lie."""
        after: dict[int, int] = {}
        theirs: dict[int, list[int]] = {}
        while letters := await dead_letters(self._parts.bus, limit=LETTERS_PAGE, after=after):
            for letter in letters:
                after[letter.partition] = max(after.get(letter.partition, -1), letter.offset)
                if letter.tenant == tenant and _names(letter, marks):
                    theirs.setdefault(letter.partition, []).append(letter.offset)
        return theirs


async def _forget_files(blobs: Blobs, message: StoredMessage) -> int:
    refs = [ref for ref in map(blob_ref, message.blobs) if ref is not None]
    return sum([await blobs.delete(ref) for ref in refs])


def _mark(value: str) -> bytes:
    """A value as it stands whole in a record's JSON: "12" is in many texts, and is an address in few places."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")


def _names(letter: DeadLetter, marks: set[bytes]) -> bool:
    return letter.value is not None and any(mark in letter.value for mark in marks)


def _added(former: Mapping[str, int], more: Mapping[str, int]) -> dict[str, int]:
    return {name: former.get(name, 0) + more[name] for name in more}
