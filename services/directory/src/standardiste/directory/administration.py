"""
What an administrator does to a configuration: apply a document, change one entity, archive it, take a change set back. Each is one change set, all or nothing.

The order is always: load, reckon the changes, judge what would be, claim new addresses, commit, give up old addresses. Whoever does not insist on a version (`over` None) is
tried again on what is there by then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from standardiste.common.clock import Clock
from standardiste.common.errors import CommandRejected, VersionConflict
from standardiste.common.events.directory import Entity
from standardiste.common.secrets.port import Secrets
from standardiste.common.security.principal import Principal
from standardiste.common.security.rights import Act, may
from standardiste.common.store.port import Store
from standardiste.directory import changes as change_sets
from standardiste.directory.book import By, ConfigurationBook
from standardiste.directory.changes import Change
from standardiste.directory.claims import Claims, name_of, released_by
from standardiste.directory.document import Document, parse
from standardiste.directory.faults import ConfigurationRefused, Fault
from standardiste.directory.kinds import Configuration, Entities, Key, key_of
from standardiste.directory.validation import CheckRules, faults_of, locked_out, warnings_of

TRIES_MAX: Final = 5

Reckon = Callable[[Configuration], Iterable[Change]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a change came to. `number` is the change set in force; nothing was committed when `changes` is empty."""

    number: int
    changes: tuple[Change, ...] = ()
    warnings: tuple[Fault, ...] = field(default=())


class Administration:
    """Over the book of configurations."""

    def __init__(self, store: Store, clock: Clock, secrets: Secrets, book: ConfigurationBook, check_rules: CheckRules) -> None:
        self._book, self._secrets, self._check_rules = book, secrets, check_rules
        self._claims = Claims(store, clock, self._has_address)

    async def apply(self, tenant: str, text: bytes | str, by: By, *, over: int | None = None, who: Principal | None = None) -> Outcome:
        """
        Make the configuration what a document says. Raises ConfigurationRefused with lines, VersionConflict when `over` is not in force.

        Where `who` is given, nobody's rights change without the act people.write.
        """
        document = await asyncio.to_thread(parse, text, tenant)
        return await self._change(tenant, lambda now: change_sets.diff(now, document.wanted), by, over=over, who=who, document=document)

    async def begin(self, tenant: str, wanted: Entities, by: By, document: Document | None = None) -> Outcome:
        """A tenant's first change set. Repeatable."""
        return await self._change(tenant, lambda now: change_sets.diff(now, wanted), by, document=document)

    async def diff(self, tenant: str, text: bytes | str) -> Outcome:
        """What `apply` would do, without doing it. Raises ConfigurationRefused."""
        document = await asyncio.to_thread(parse, text, tenant)
        now = await self._book.load(tenant)
        try:
            changes = change_sets.diff(now, document.wanted)
            return Outcome(number=now.number, changes=changes, warnings=await self._judge(tenant, now, changes, document))
        except ConfigurationRefused as refused:
            raise _placed(refused, document) from None

    async def put(
        self, tenant: str, entity: Entity, by: By, *, over: int | None = None, is_new: bool = False, who: Principal | None = None
    ) -> Outcome:
        """Create or change one. `over`: the change set its present form came with; `is_new`: there must be none. Raises VersionConflict."""
        key = key_of(entity)

        def reckon(now: Configuration) -> Iterable[Change]:
            _expect(now, key, over, is_new=is_new)
            return change_sets.put(now, entity)

        return await self._change(tenant, reckon, by, who=who)

    async def archive(self, tenant: str, key: Key, by: By, *, over: int | None = None, who: Principal | None = None) -> Outcome | None:
        """Take one away; None when there is none. What still refers to it refuses the change."""
        if key not in (await self._book.load(tenant)).entities:
            return None

        def reckon(now: Configuration) -> Iterable[Change]:
            _expect(now, key, over)
            return change_sets.archive(now.entities[key])

        return await self._change(tenant, reckon, by, who=who)

    async def undo(self, tenant: str, number: int, by: By, *, who: Principal | None = None) -> Outcome | None:
        """Take a change set back by a new one; None when there is no such set. Raises ConfigurationRefused `changed_since`."""
        found = await self._book.change_set(tenant, number)
        if found is None:
            return None
        return await self._change(tenant, lambda now: change_sets.undo(number, found.members, now), by, who=who)

    async def _change(
        self,
        tenant: str,
        reckon: Reckon,
        by: By,
        *,
        over: int | None = None,
        who: Principal | None = None,
        document: Document | None = None,
    ) -> Outcome:
        for attempt in range(TRIES_MAX):
            now = await self._book.load(tenant)
            if over is not None and over != now.number:
                raise VersionConflict("change-sets", tenant, over, now.number)
            try:
                changes = tuple(reckon(now))
                _check_rights(changes, who)
                warnings = await self._judge(tenant, now, changes, document)
                claimed = await self._claims.take(tenant, changes)
            except ConfigurationRefused as refused:
                raise _placed(refused, document) from None
            if not changes:
                return Outcome(number=now.number, warnings=warnings)
            try:
                committed = await self._book.commit(tenant, now, changes, by)
            except VersionConflict:
                await self._claims.release(tenant, claimed)
                if over is not None or attempt == TRIES_MAX - 1:
                    raise
                continue
            await self._claims.release(tenant, released_by(changes))
            return Outcome(number=committed.number, changes=committed.members, warnings=warnings)
        raise AssertionError("the last try returns or raises")

    async def _judge(self, tenant: str, now: Configuration, changes: tuple[Change, ...], document: Document | None) -> tuple[Fault, ...]:
        would_be = change_sets.after(now, changes)
        faults = faults_of(would_be, self._check_rules, {change.key for change in changes}) or tuple(locked_out(now.entities, would_be))
        if faults:
            raise ConfigurationRefused(faults)
        found = warnings_of(would_be, await self._secrets.names(tenant))
        return tuple(found if document is None else map(document.placed, found))

    async def _has_address(self, tenant: str, name: str) -> bool:
        return any(name_of(entity) == name for entity in (await self._book.load(tenant)).entities.values())


def _expect(now: Configuration, key: Key, over: int | None, *, is_new: bool = False) -> None:
    there = now.entities.get(key)
    actual = None if there is None else there.change_set
    if (is_new and actual is not None) or (over is not None and over != actual):
        raise VersionConflict(key.kind, key.id, over or 0, actual)


def _check_rights(changes: tuple[Change, ...], who: Principal | None) -> None:
    if who is not None and change_sets.grants_rights(changes):
        refused = may(who, Act.PEOPLE_WRITE)
        if refused is not None:
            raise CommandRejected(refused)


def _placed(refused: ConfigurationRefused, document: Document | None) -> ConfigurationRefused:
    return refused if document is None else ConfigurationRefused([document.placed(each) for each in refused.faults])
