"""
The relay: puts committed change sets on the bus, each once at least, in the order of their numbers.

Theory. The store is the truth; `unpublished` marks what the bus may lack. One process holds a lease and publishes: members, then the commit, in one call, then the mark is cleared. Dying anywhere in
between means that the set is published again, with the same ids and numbers, which changes nothing for a reader. Whoever takes the lease first compares the end of the topic with the
store: what the topic lacks (a bus that was restored or lost) is published anew; where the topic is ahead of the store (a store that was restored), the whole configuration is committed anew above the
topic's number, because readers ignore what is older than what they have.
The lease only saves work. Two who believe to hold it publish the same twice.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from standardiste.common.bus.port import Bus, From, Outgoing, Record
from standardiste.common.bus.topics import Topic
from standardiste.common.clock import Clock
from standardiste.common.errors import Away, VersionConflict
from standardiste.common.events.base import Event, Instant
from standardiste.common.events.codec import UnknownType, decode, encode
from standardiste.common.events.directory import ChangeSetCommitted, Entity
from standardiste.common.log import logger
from standardiste.common.metrics import gauge
from standardiste.common.security.principal import INSTALLATION
from standardiste.common.store.port import ABSENT, Collection, Document, Find, Store, Where
from standardiste.directory.book import CHANGE_SETS, By, ConfigurationBook, change_set_of, clear_unpublished
from standardiste.directory.changes import Change
from standardiste.directory.kinds import Configuration, Key, key_of
from standardiste.directory.registry import tenants_of

LEASES: Final = Collection(name="leases")
LEASE: Final = "directory-relay"
LEASE_MS: Final = 15_000
TICK_S: Final = 2.0
SOURCE: Final = "directory"
_PAGE: Final = 100

log = logger("directory")
_unpublished = gauge("standardiste_directory_unpublished")


@dataclass(slots=True)
class OnTopic:
    """What the topic has of one tenant: the set in force, and the set each entity came with."""

    number: int = 0
    entities: dict[Key, int] = field(default_factory=dict[Key, int])


class Relay:
    """One per process; `committed` is set when there is something to publish, `holder` names the process (a pod keeps its name, and so its lease)."""

    def __init__(self, store: Store, bus: Bus, clock: Clock, book: ConfigurationBook, committed: asyncio.Event, holder: str) -> None:
        self._store, self._bus, self._clock, self._book, self._committed, self._holder = store, bus, clock, book, committed, holder
        self._is_compared = False

    async def run(self, ready: Callable[[], None]) -> None:
        """Publish until cancelled. While bus or store is away, everything stays marked."""
        try:
            while True:
                self._committed.clear()
                try:
                    await self.step()
                except Away as away:
                    log.warning("relay_waits", what=away.what)
                ready()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._committed.wait(), TICK_S)
        finally:
            with contextlib.suppress(Away, VersionConflict):
                await self._let_go()

    async def step(self) -> int:
        """Take or renew the lease and publish all there is; give how many sets. 0 without the lease. Raises Away."""
        if not await self._hold():
            self._is_compared = False
            return 0
        if not self._is_compared:
            await self._compare()
            self._is_compared = True
        return await self._publish_marked()

    async def _hold(self) -> bool:
        documents, now = self._store.tenant(INSTALLATION), self._clock.now()
        there = await documents.get(LEASES, LEASE)
        is_ours = there is not None and there.body["holder"] == self._holder
        if there is not None and not is_ours and cast(int, there.body["until"]) > now:
            return False
        if there is not None and is_ours and cast(int, there.body["until"]) > now + LEASE_MS // 2:
            return True
        body = {"holder": self._holder, "until": now + LEASE_MS}
        try:
            await documents.put(LEASES, LEASE, body, expected=ABSENT if there is None else there.version)
        except VersionConflict:
            return False
        return True

    async def _let_go(self) -> None:
        documents = self._store.tenant(INSTALLATION)
        there = await documents.get(LEASES, LEASE)
        if there is not None and there.body["holder"] == self._holder:
            await documents.delete(LEASES, LEASE, expected=there.version)

    async def _publish_marked(self) -> int:
        done = 0
        while waiting := await self._marked():
            _unpublished.set(len(waiting))
            for document in waiting:
                found = change_set_of(document)
                members = [change.after for change in found.members]
                await self._bus.publish(*records(document.tenant, members, found.number, found.by, found.at))
                await clear_unpublished(self._store, document.tenant, document)
                done += 1
        _unpublished.set(0)
        return done

    async def _marked(self) -> list[Document]:
        """The first sets that are not on the bus yet, in the order of their numbers."""
        found: list[Document] = []
        async for document in self._store.every_tenant(
            CHANGE_SETS, Find(where=(Where(index="unpublished"),), sort="unpublished", limit=_PAGE)
        ):
            found.append(document)
            if len(found) == _PAGE:
                break
        return found

    # ---- the topic against the store

    async def _compare(self) -> None:
        on_topic = await self._read_topic()
        for tenant in await tenants_of(self._store):
            there = on_topic.get(tenant, OnTopic())
            stored = await self._book.load(tenant)
            if there.number > stored.number:
                await self._commit_above(tenant, stored, there.number)
            else:
                await self._fill(tenant, stored, there)

    async def _fill(self, tenant: str, stored: Configuration, there: OnTopic) -> None:
        missing = [entity for key, entity in sorted(stored.entities.items()) if there.entities.get(key, 0) < entity.change_set]
        if missing or there.number < stored.number:
            by = By(who="service:directory", note="compared with the store")
            await self._bus.publish(*records(tenant, missing, stored.number, by, self._clock.now()))

    async def _commit_above(self, tenant: str, stored: Configuration, number: int) -> None:
        log.error("topic_ahead_of_store", tenant=tenant, topic=number, store=stored.number)
        again = [Change(key=key, before=entity, after=entity) for key, entity in sorted(stored.entities.items())]
        by = By(who="service:directory", why="the topic was ahead of the store, which had been restored")
        with contextlib.suppress(VersionConflict):
            await self._book.commit(tenant, stored, again, by, number=number + 1)

    async def _read_topic(self) -> dict[str, OnTopic]:
        """All that the topic has by now."""
        found: dict[str, OnTopic] = {}
        left = {partition: end for partition, end in (await self._bus.ends(Topic.DIRECTORY)).items() if end > 0}
        if not left:
            return found
        tail = self._bus.tail((Topic.DIRECTORY,), {}, default=From.START)
        async with contextlib.aclosing(cast("Any", tail)) as batches:
            async for batch in batches:
                for record in cast("Sequence[Record]", batch):
                    _note(record, found)
                    if record.offset + 1 >= left.get(record.partition, 0):
                        left.pop(record.partition, None)
                if not left:
                    break
        return found


def records(tenant: str, members: Iterable[Entity], number: int, by: By, at: Instant) -> list[Outgoing]:
    """The records of a change set: its members, then its commit. The same set gives the same records."""
    written = [_record(tenant, entity, f"{key_of(entity)}", f"{number}/{key_of(entity)}", at) for entity in members]
    commit = ChangeSetCommitted(number=number, members=len(written), by=by.who, committed_at=at, note=by.note)
    return [*written, _record(tenant, commit, "change-set/main", f"{number}/commit", at)]


def _record(tenant: str, data: Any, subject: str, id: str, at: Instant) -> Outgoing:
    event = Event(id=f"{tenant}/{id}", source=SOURCE, subject=subject, tenant=tenant, time=at, data=data)
    return encode(event, Topic.DIRECTORY, f"{tenant}/{subject}")


def _note(record: Record, found: dict[str, OnTopic]) -> None:
    if record.value is None:
        return
    try:
        event = decode(record)
    except UnknownType:
        return  # written by a newer directory than this; its readers know it
    there = found.setdefault(event.tenant, OnTopic())
    if isinstance(event.data, ChangeSetCommitted):
        there.number = max(there.number, event.data.number)
    else:
        key = key_of(event.data)
        there.entities[key] = max(there.entities.get(key, 0), event.data.change_set)
