"""
The live configuration as every service sees it: built by tailing `directory` from its start, change set by change set.

Members of a set wait for its commit and are then applied whole. Nothing is asked of the directory service; a restart reads the compacted topic again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from standardiste.common.bus.port import Bus, From, Record
from standardiste.common.bus.topics import Topic
from standardiste.common.events.codec import UnknownType, decode
from standardiste.common.events.directory import (
    ApiKey,
    ChangeSetCommitted,
    ChannelAddress,
    Entity,
    Person,
    Tenant,
)
from standardiste.common.events.model import Channel, ChannelAddressId, Scope, TenantId, Words

E = TypeVar("E")


@dataclass(slots=True)
class _OneTenant:
    entities: dict[type[Any], dict[str, Entity]] = field(default_factory=dict[type[Any], dict[str, Entity]])
    waiting: list[Entity] = field(default_factory=list[Entity])
    change_set: int = 0


class DirectoryView:
    """Configuration by tenant, always whole change sets. Reads are plain dictionary look-ups; `run` keeps it current."""

    def __init__(self) -> None:
        self._tenants: dict[str, _OneTenant] = {}
        self._addresses: dict[tuple[Channel, str], tuple[TenantId, ChannelAddress]] = {}
        self._api_keys: dict[str, tuple[TenantId, ApiKey]] = {}
        self._ready = asyncio.Event()
        self._changed = asyncio.Event()
        self.skipped = 0

    async def run(self, bus: Bus, ready: Callable[[], None] = lambda: None) -> None:
        """Follow the topic until cancelled; `ready` is told when all that was published before has been read. Raises BusAway before that only."""
        wanted = {partition: end for partition, end in (await bus.ends(Topic.DIRECTORY)).items() if end > 0}
        if not wanted:
            self._ready.set()
            ready()
        async for batch in bus.tail((Topic.DIRECTORY,), {}, default=From.START):
            for record in batch:
                self.take(record)
                if wanted and record.offset + 1 >= wanted.get(record.partition, 0):
                    wanted.pop(record.partition, None)
            if not wanted and not self._ready.is_set():
                self._ready.set()
                ready()

    async def ready(self) -> None:
        """Return when all that was published before the start has been read."""
        await self._ready.wait()

    async def wait_change(self) -> None:
        """Return at the next change set applied."""
        await self._changed.wait()

    def take(self, record: Record) -> None:
        """Take in one record. Unknown types are counted and skipped: a newer directory may publish more than we know."""
        if record.value is None:
            return
        try:
            event = decode(record)
        except UnknownType:
            self.skipped += 1
            return
        one = self._tenants.setdefault(event.tenant, _OneTenant())
        if isinstance(event.data, ChangeSetCommitted):
            self._apply(TenantId(event.tenant), one, event.data.number)
        else:
            one.waiting.append(event.data)

    def tenants(self) -> Iterator[Tenant]:
        """Every tenant of the installation."""
        for tenant in self._tenants:
            if (found := self.tenant(tenant)) is not None:
                yield found

    def tenant(self, tenant: str) -> Tenant | None:
        return self.get(Tenant, tenant, tenant)

    def get(self, kind: type[E], tenant: str, id: str) -> E | None:
        """The entity, archived ones included; None when there is none."""
        one = self._tenants.get(tenant)
        return None if one is None else cast("E | None", one.entities.get(kind, {}).get(id))

    def all(self, kind: type[E], tenant: str) -> list[E]:
        """Every entity of a kind that is not archived, by id."""
        one = self._tenants.get(tenant)
        found = {} if one is None else one.entities.get(kind, {})
        return cast("list[E]", [entity for _, entity in sorted(found.items()) if not entity.is_archived])

    def change_set(self, tenant: str) -> int:
        """The number in force; 0 before the first."""
        one = self._tenants.get(tenant)
        return 0 if one is None else one.change_set

    def address(self, channel: Channel, address: str) -> tuple[TenantId, ChannelAddress] | None:
        """Whose address this is: one of ours is unique per channel over the installation."""
        return self._addresses.get((channel, address))

    def address_by_id(self, tenant: str, id: str) -> ChannelAddress | None:
        found = self.get(ChannelAddress, tenant, id)
        return None if found is None or found.is_archived else found

    def api_key(self, key_hash: str) -> tuple[TenantId, ApiKey] | None:
        return self._api_keys.get(key_hash)

    def person(self, tenant: str, id: str) -> Person | None:
        return self.get(Person, tenant, id)

    def scope_of(self, tenant: str, address: ChannelAddress) -> Scope:
        """Sponsor, campaign and site of an address, each with the tenant's default."""
        own = self.tenant(tenant) or Tenant(id=TenantId(tenant), change_set=0, name=tenant)
        return Scope(
            sponsor=address.sponsor or own.default_sponsor,
            campaign=address.campaign or own.default_campaign,
            site=address.site or own.default_site,
        )

    def words(self, words: Words, language: str | None, tenant: str) -> str:
        """A tenant's words in this language, else in the tenant's, else in any, else empty."""
        own = self.tenant(tenant)
        for candidate in (language, own.language if own else None):
            if candidate is not None and candidate in words:
                return words[candidate]
        return next(iter(words.values()), "")

    def address_ids(self, tenant: str, channel: Channel) -> list[ChannelAddressId]:
        return [address.id for address in self.all(ChannelAddress, tenant) if address.channel is channel]

    def _apply(self, tenant: TenantId, one: _OneTenant, number: int) -> None:
        later: list[Entity] = []
        for entity in one.waiting:
            if entity.change_set > number:
                later.append(entity)
                continue
            former = one.entities.setdefault(type(entity), {}).get(entity.id)
            if former is None or former.change_set <= entity.change_set:
                one.entities[type(entity)][entity.id] = entity
                self._index(tenant, former, entity)
        one.waiting = later
        one.change_set = max(one.change_set, number)
        self._changed.set()
        self._changed = asyncio.Event()

    def _index(self, tenant: TenantId, former: Entity | None, entity: Entity) -> None:
        if isinstance(former, ChannelAddress):
            self._addresses.pop((former.channel, former.address), None)
        if isinstance(former, ApiKey):
            self._api_keys.pop(former.key_hash, None)
        if entity.is_archived:
            return
        if isinstance(entity, ChannelAddress):
            self._addresses[(entity.channel, entity.address)] = (tenant, entity)
        if isinstance(entity, ApiKey):
            self._api_keys[entity.key_hash] = (tenant, entity)
