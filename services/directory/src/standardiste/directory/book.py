"""
Where configuration lies: change sets, and the entities they lead to.

Theory. A change set is one document with everything in it, before and after; writing it under the next free number is the commit, and there is nothing to roll back. The entities'
own documents only follow: whoever reads first carries every set that is still `open` into them (each put is conditional on the older set), writes its
audit entry, and closes it. So a process may die anywhere, another goes on, and a reader never sees half a set: it reads the head, the entities, and the head
again. Two who commit at once reach for the same number; one gets VersionConflict. A set stays `unpublished` until the relay has put it on the bus.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from standardiste.common.clock import Clock
from standardiste.common.errors import StoreAway, VersionConflict
from standardiste.common.events.base import Instant
from standardiste.common.events.directory import Entity
from standardiste.common.security.audit import Audit
from standardiste.common.store.port import ABSENT, Body, Collection, Document, Find, Index, Store, Where
from standardiste.directory.changes import Change, numbered, shown
from standardiste.directory.kinds import Configuration, Key
from standardiste.directory.plain import restored, stored_of

CHANGE_SETS: Final = Collection(
    name="change-sets",
    indexes=(
        Index(name="number", path="number", is_unique=True),
        Index(name="open", path="open"),
        Index(name="unpublished", path="unpublished"),
    ),
)
ENTITIES: Final = Collection(name="entities", indexes=(Index(name="kind", path="kind"),))
FORMAT: Final = 1
_TRIES_MAX: Final = 50
_PAGE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class By:
    """Who commits, and from where, for the record."""

    who: str
    source: str = ""
    note: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSet:
    """A committed set. `version` is its document's, for the relay."""

    number: int
    at: Instant
    by: By
    members: tuple[Change, ...]
    is_published: bool
    version: int


class ConfigurationBook:
    """The configuration of every tenant, over a store. `committed` is called after each commit (the relay wakes)."""

    def __init__(self, store: Store, clock: Clock, committed: Callable[[], None] = lambda: None) -> None:
        self._store, self._clock, self._committed = store, clock, committed
        self._audit = Audit(store, clock)

    async def load(self, tenant: str) -> Configuration:
        """The whole configuration as it stands between two change sets. Raises StoreAway when it never stands still."""
        for _ in range(_TRIES_MAX):
            before = await self._head(tenant)
            await self.carry(tenant)
            entities = {Key(str(each.body["kind"]), str(each.body["id"])): _entity(each.body) for each in await self._all(tenant)}
            if await self._head(tenant) == before:
                return Configuration(before, entities)
        raise StoreAway("the configuration changes faster than it can be read")

    async def entity(self, tenant: str, key: Key) -> Entity | None:
        """One entity as the last change set left it, archived ones included."""
        await self.carry(tenant)
        document = await self._store.tenant(tenant).get(ENTITIES, str(key))
        return None if document is None else _entity(document.body)

    async def commit(self, tenant: str, base: Configuration, changes: Sequence[Change], by: By, *, number: int | None = None) -> ChangeSet:
        """
        Write `changes`, made from `base`, as the next change set, all or nothing.

        Raises VersionConflict when another set came in between. A higher `number` may be given to skip some.
        """
        number = number or base.number + 1
        members = tuple(numbered(change, number) for change in changes)
        now = self._clock.now()
        body: dict[str, Any] = {
            "format": FORMAT,
            "number": number,
            "at": now,
            "who": by.who,
            "source": by.source,
            "note": by.note,
            "why": by.why,
            "members": [_member_body(change) for change in members],
            "open": number,
            "unpublished": number,
        }
        version = await self._store.tenant(tenant).put(CHANGE_SETS, _id(number), body, expected=ABSENT)
        await self.carry(tenant)
        self._committed()
        return ChangeSet(number=number, at=now, by=by, members=members, is_published=False, version=version)

    async def change_set(self, tenant: str, number: int) -> ChangeSet | None:
        document = await self._store.tenant(tenant).get(CHANGE_SETS, _id(number)) if 0 < number < 10**12 else None
        return None if document is None else change_set_of(document)

    async def change_sets(self, tenant: str, *, limit: int, cursor: str | None) -> tuple[list[ChangeSet], str | None]:
        """Newest first. Raises BadInput("cursor_invalid")."""
        find = Find(sort="number", is_descending=True, limit=limit, cursor=cursor)
        page = await self._store.tenant(tenant).find(CHANGE_SETS, find)
        return [change_set_of(document) for document in page.documents], page.cursor

    async def carry(self, tenant: str) -> None:
        """Bring every open set into the entities' documents, oldest first, write its audit entry and close it. Repeatable, by anyone, at once."""
        page = await self._store.tenant(tenant).find(CHANGE_SETS, Find(where=(Where(index="open"),), sort="number", limit=_PAGE))
        for document in page.documents:
            found = change_set_of(document)
            for change in found.members:
                await self._carry_one(tenant, change, found.number)
            await self._record(tenant, found)
            await _without(self._store, tenant, document, "open")

    async def _carry_one(self, tenant: str, change: Change, number: int) -> None:
        documents, id = self._store.tenant(tenant), str(change.key)

        async def once() -> None:
            there = await documents.get(ENTITIES, id)
            if there is None or cast(int, there.body["change_set"]) < number:
                body = {**change.key._asdict(), "format": FORMAT, "change_set": number, "entity": stored_of(change.after)}
                await documents.put(ENTITIES, id, body, expected=ABSENT if there is None else there.version)

        await _again(once)

    async def _record(self, tenant: str, found: ChangeSet) -> None:
        said = [shown(change) for change in found.members]
        before = {f"{one['kind']}/{one['id']}": {name: pair[0] for name, pair in one["fields"].items()} for one in said}
        now = {
            f"{one['kind']}/{one['id']}": {name: pair[1] for name, pair in one["fields"].items()} | {"what": one["what"]} for one in said
        }
        by = found.by
        await self._audit.record(
            tenant, by.who, "configuration.changed", f"change-set/{found.number}", before, now, by.why or by.note, by.source
        )

    async def _head(self, tenant: str) -> int:
        page = await self._store.tenant(tenant).find(CHANGE_SETS, Find(sort="number", is_descending=True, limit=1))
        return cast(int, page.documents[0].body["number"]) if page.documents else 0

    async def _all(self, tenant: str) -> list[Document]:
        found: list[Document] = []
        cursor: str | None = None
        while True:
            page = await self._store.tenant(tenant).find(ENTITIES, Find(limit=_PAGE, cursor=cursor))
            found += page.documents
            cursor = page.cursor
            if cursor is None:
                return found


async def clear_unpublished(store: Store, tenant: str, document: Document) -> None:
    """The set is on the bus. Cleared on whatever version there is by now: a set's members never change."""
    await _without(store, tenant, document, "unpublished")


def change_set_of(document: Document) -> ChangeSet:
    body = document.body
    members = tuple(_member(each) for each in cast("Sequence[Body]", body["members"]))
    return ChangeSet(
        number=cast(int, body["number"]),
        at=Instant(cast(int, body["at"])),
        by=By(who=str(body["who"]), source=str(body["source"]), note=str(body["note"]), why=str(body["why"])),
        members=members,
        is_published=body.get("unpublished") is None,
        version=document.version,
    )


async def _without(store: Store, tenant: str, document: Document, mark: str) -> None:
    """Remove a mark from a change set's document, whoever else is removing another."""
    documents = store.tenant(tenant)

    async def once() -> None:
        there = await documents.get(CHANGE_SETS, document.id)
        if there is not None and there.body.get(mark) is not None:
            body = {name: value for name, value in there.body.items() if name != mark}
            await documents.put(CHANGE_SETS, document.id, body, expected=there.version)

    await _again(once)


async def _again(once: Callable[[], Awaitable[None]]) -> None:
    """Until no other writer came in between. Every writer moves forward, so this ends; it is bounded all the same."""
    for _ in range(_TRIES_MAX):
        try:
            await once()
            return
        except VersionConflict:
            continue
    raise StoreAway("a document changes faster than it can be written")


def _entity(body: Body) -> Entity:
    return restored(str(body["kind"]), body["entity"])


def _member_body(change: Change) -> dict[str, Any]:
    before = None if change.before is None else stored_of(change.before)
    return {**change.key._asdict(), "before": before, "after": stored_of(change.after)}


def _member(body: Body) -> Change:
    key = Key(str(body["kind"]), str(body["id"]))
    before = body.get("before")
    return Change(key=key, before=None if before is None else restored(key.kind, before), after=restored(key.kind, body["after"]))


def _id(number: int) -> str:
    return f"{number:012d}"
