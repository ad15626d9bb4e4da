"""
The relay and the book under it: killed between any two awaits, everything committed comes to be published, in order, and every mark is cleared.

A run is killed at its n-th call of store or bus, just before or just after the call takes effect, for every n until a run ends by itself.
"""

from __future__ import annotations

import asyncio
import inspect
from dataclasses import dataclass, replace
from typing import Any, cast

import pytest

from standardiste.common.bus.embedded import EmbeddedBus
from standardiste.common.bus.port import Bus
from standardiste.common.bus.topics import Topic
from standardiste.common.clock import ManualClock
from standardiste.common.directory_view import DirectoryView
from standardiste.common.errors import BusAway, VersionConflict
from standardiste.common.security.audit import Audit
from standardiste.common.store.port import Find, Store, Where
from standardiste.common.testing.builders import TENANT
from standardiste.directory.book import CHANGE_SETS, By, ConfigurationBook
from standardiste.directory.changes import diff
from standardiste.directory.core import Core
from standardiste.directory.document import parse
from standardiste.directory.kinds import Configuration
from standardiste.directory.plain import same
from standardiste.directory.registry import enter_tenant
from standardiste.directory.relay import LEASE_MS, Relay

BY = By(who="person:admin")
FIRST = "skill: {billing: {}}\nperson: {anna: {name: Anna, profile: main, skills: {billing: 2}}}"
SECOND = "skill: {billing: {name: {en: Billing}}}"


class Killed(BaseException):
    """The process is gone."""


@dataclass(slots=True)
class Fuse:
    """Burns after so many calls; what is called then happens (`is_after`) or does not."""

    left: int
    is_after: bool

    def around(self, inner: Any) -> Any:
        """The same adapter, whose calls use the fuse up."""
        return _Fused(inner, self)


class _Fused:
    def __init__(self, inner: Any, fuse: Fuse) -> None:
        self._inner, self._fuse = inner, fuse

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name == "tenant":
            return lambda tenant: _Fused(found(tenant), self._fuse)
        if not inspect.iscoroutinefunction(found):
            return found

        async def called(*arguments: Any, **named: Any) -> Any:
            fuse = self._fuse
            fuse.left -= 1
            if fuse.left < 0 and not fuse.is_after:
                raise Killed
            result = await found(*arguments, **named)
            if fuse.left < 0:
                raise Killed
            return result

        return called


def relay_of(core: Core, store: Store, bus: Bus, holder: str) -> tuple[ConfigurationBook, Relay]:
    committed = asyncio.Event()
    book = ConfigurationBook(store, core.parts.clock, committed.set)
    return book, Relay(store, bus, core.parts.clock, book, committed, holder)


async def view_of(bus: Bus) -> DirectoryView:
    """What a reader that begins now has."""
    view = DirectoryView()
    following = asyncio.create_task(view.run(bus))
    await view.ready()
    following.cancel()
    return view


async def commit(book: ConfigurationBook, text: str, tenant: str = TENANT) -> None:
    now = await book.load(tenant)
    await book.commit(tenant, now, diff(now, parse(text, tenant).wanted), BY)


async def check_everything_is_out(core: Core, tenant: str = TENANT) -> None:
    """The topic's readers have exactly what the store has, and nothing is marked any more."""
    stored, view = await core.book.load(tenant), await view_of(core.parts.bus)
    assert view.change_set(tenant) == stored.number
    for entity in stored.entities.values():
        seen = view.get(type(entity), tenant, entity.id)
        assert seen is not None
        assert same(cast(Any, seen), entity)
    for mark in ("open", "unpublished"):
        assert (await core.parts.store.tenant(tenant).find(CHANGE_SETS, Find(where=(Where(index=mark),)))).documents == []


@pytest.mark.parametrize("is_after", [False, True], ids=["before the call", "after the call"])
async def test_killed_anywhere_everything_committed_is_published(core: Core, clock: ManualClock, is_after: bool) -> None:
    await enter_tenant(core.parts.store, TENANT, 1)
    for calls in range(200):
        clock.advance(LEASE_MS)
        fuse = Fuse(calls, is_after)
        book, relay = relay_of(core, fuse.around(core.parts.store), fuse.around(core.parts.bus), "first")
        number = (await core.book.load(TENANT)).number
        try:
            await commit(book, FIRST if number % 2 == 0 else SECOND + "\n" + FIRST.replace("skill: {billing: {}}", ""))
            await relay.step()
            is_whole_run = True
        except Killed:
            is_whole_run = False
        clock.advance(LEASE_MS)
        _, second = relay_of(core, core.parts.store, core.parts.bus, "second")
        await second.step()
        await check_everything_is_out(core)
        if is_whole_run:
            assert calls > 10
            return
    pytest.fail("a run never ended")


async def test_one_holder_publishes_at_a_time_and_the_next_takes_over(core: Core, clock: ManualClock) -> None:
    await enter_tenant(core.parts.store, TENANT, 1)
    _, first = relay_of(core, core.parts.store, core.parts.bus, "first")
    book, second = relay_of(core, core.parts.store, core.parts.bus, "second")
    await commit(book, FIRST)
    assert (await first.step(), await second.step()) == (1, 0)
    await commit(book, FIRST + "\ndisposition: {done: {}}")
    assert await second.step() == 0
    clock.advance(LEASE_MS)
    assert await second.step() == 1
    await check_everything_is_out(core)


async def test_relay_that_ends_lets_go_at_once(core: Core) -> None:
    _, first = relay_of(core, core.parts.store, core.parts.bus, "first")
    is_up = asyncio.Event()
    running = asyncio.create_task(first.run(is_up.set))
    await is_up.wait()
    running.cancel()
    await asyncio.wait({running})
    book, second = relay_of(core, core.parts.store, core.parts.bus, "second")
    await commit(book, FIRST)
    assert await second.step() == 1


async def test_bus_that_is_away_keeps_everything_marked(core: Core) -> None:
    await enter_tenant(core.parts.store, TENANT, 1)

    class Away:
        """A bus that takes nothing."""

        def __getattr__(self, name: str) -> Any:
            return getattr(core.parts.bus, name)

        async def publish(self, *_: object) -> None:
            raise BusAway

    book, relay = relay_of(core, core.parts.store, cast(Any, Away()), "here")
    await commit(book, FIRST)
    with pytest.raises(BusAway):
        await relay.step()
    _, back = relay_of(core, core.parts.store, core.parts.bus, "here")
    await back.step()
    await check_everything_is_out(core)


async def test_what_the_topic_lost_is_published_anew(core: Core, tmp_path_factory: pytest.TempPathFactory) -> None:
    await enter_tenant(core.parts.store, TENANT, 1)
    book, relay = relay_of(core, core.parts.store, core.parts.bus, "here")
    await commit(book, FIRST)
    await relay.step()
    empty = await EmbeddedBus.open(tmp_path_factory.mktemp("other") / "bus.sqlite", core.parts.clock)
    _, after = relay_of(core, core.parts.store, empty, "here")
    await after.step()
    await check_everything_is_out(replace(core, parts=replace(core.parts, bus=empty)))
    await empty.close()


async def test_topic_ahead_of_a_restored_store_is_overtaken(core: Core) -> None:
    await enter_tenant(core.parts.store, TENANT, 1)
    book, relay = relay_of(core, core.parts.store, core.parts.bus, "here")
    for text in (FIRST, SECOND, f"{SECOND}\ndisposition: {{done: {{}}}}"):
        await commit(book, text)
    await relay.step()
    for number in (2, 3):  # as a store looks that was restored to the first set
        await core.parts.store.tenant(TENANT).delete(CHANGE_SETS, f"{number:012d}")
    _, after = relay_of(core, core.parts.store, core.parts.bus, "here")
    await after.step()
    assert (await core.book.load(TENANT)).number == 4
    await check_everything_is_out(core)


async def test_records_of_a_set_are_the_same_every_time(core: Core) -> None:
    await enter_tenant(core.parts.store, TENANT, 1)
    book, relay = relay_of(core, core.parts.store, core.parts.bus, "here")
    await commit(book, FIRST)
    await relay.step()
    ends = await core.parts.bus.ends(Topic.DIRECTORY)
    await relay.step()
    assert await core.parts.bus.ends(Topic.DIRECTORY) == ends


# ---- the book


async def test_of_two_who_commit_at_once_one_wins(core: Core) -> None:
    now = await core.book.load(TENANT)
    changes = diff(now, parse(FIRST, TENANT).wanted)
    done = await asyncio.gather(*(core.book.commit(TENANT, now, changes, BY) for _ in range(2)), return_exceptions=True)
    assert sorted(type(each).__name__ for each in done) == ["ChangeSet", "VersionConflict"]
    assert (await core.book.load(TENANT)).number == 1


async def test_readers_never_see_half_a_set(core: Core) -> None:
    seen: list[Configuration] = []

    async def write() -> None:
        for text in (FIRST, SECOND, "") * 3:
            now = await core.book.load(TENANT)
            wanted = {
                key: each
                for key, each in parse(text, TENANT).wanted.items()
                if key not in now.entities or not now.entities[key].is_archived
            }
            changes = diff(now, wanted)
            if changes:
                await core.book.commit(TENANT, now, changes, BY)

    async def read() -> None:
        for _ in range(30):
            seen.append(await core.book.load(TENANT))

    await asyncio.gather(write(), read(), read())
    for one in seen:
        if one.number:
            committed = await core.book.change_set(TENANT, one.number)
            assert committed is not None
            assert all(one.entities[change.key] == change.after for change in committed.members)


async def test_every_change_set_has_its_audit_entry(core: Core) -> None:
    await commit(core.book, FIRST)
    await commit(core.book, FIRST.replace("billing: 2", "billing: 4"))
    entries = [each.body for each in await Audit(core.parts.store, core.parts.clock).page(TENANT)]
    assert [(each["who"], each["act"], each["what"]) for each in entries] == [
        ("person:admin", "configuration.changed", "change-set/1"),
        ("person:admin", "configuration.changed", "change-set/2"),
    ]
    assert entries[1]["before"] == {"person/anna": {"skills": {"billing": 2}}}
    assert entries[1]["after"] == {"person/anna": {"skills": {"billing": 4}, "what": "changed"}}


async def test_change_sets_are_listed_newest_first(core: Core) -> None:
    for text in (FIRST, FIRST + "\ndisposition: {a: {}}", FIRST + "\ndisposition: {a: {}, b: {}}"):
        await commit(core.book, text)
    first, cursor = await core.book.change_sets(TENANT, limit=2, cursor=None)
    rest, end = await core.book.change_sets(TENANT, limit=2, cursor=cursor)
    assert [each.number for each in (*first, *rest)] == [3, 2, 1]
    assert end is None


async def test_commit_made_from_an_older_state_is_refused(core: Core) -> None:
    old = await core.book.load(TENANT)
    await commit(core.book, FIRST)
    with pytest.raises(VersionConflict):
        await core.book.commit(TENANT, old, diff(old, parse(SECOND, TENANT).wanted), BY)
