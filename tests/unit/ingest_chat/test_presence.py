"""Ten seconds to come back, told once, whoever sweeps and whatever dies."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest_asyncio

from standardiste.common.blobs.folder import FolderBlobs
from standardiste.common.bus.memory import MemoryBus
from standardiste.common.bus.port import From
from standardiste.common.bus.topics import Topic
from standardiste.common.clock import ManualClock
from standardiste.common.events.base import Instant
from standardiste.common.events.codec import decode
from standardiste.common.events.model import ContactId
from standardiste.common.intake import Intake
from standardiste.common.security.keys import Keys
from standardiste.common.store.sqlite import SqliteStore
from standardiste.ingest_chat.presence import GONE_AFTER_MS, LEASE_MS, PODS, PRESENCE, Presences
from standardiste.ingest_chat.sessions import ChatSession, Sessions

CHAT = "chat_1"
SESSION = ChatSession(id=CHAT, page="chat", visitor="v", began_at=Instant(0), contact=ContactId("c1"))


@dataclass
class Site:
    """Pods over one store and bus, and which of them hold a socket of the chat."""

    store: SqliteStore
    bus: MemoryBus
    clock: ManualClock
    sessions: Sessions
    intake: Intake
    holding: set[str] = field(default_factory=set[str])

    def pod(self, name: str) -> Presences:
        return Presences(
            store=self.store,
            intake=self.intake,
            sessions=self.sessions,
            clock=self.clock,
            pod=name,
            holds=lambda tenant, session: name in self.holding,
        )

    async def comes(self, pod: Presences, name: str) -> None:
        self.holding.add(name)
        await self._changed(pod)

    async def goes(self, pod: Presences, name: str) -> None:
        self.holding.discard(name)
        await self._changed(pod)

    async def _changed(self, pod: Presences) -> None:
        pod.changed("t1", CHAT)
        await pod.settle()

    async def told(self) -> list[str]:
        """What was told of the visitor, in order, each event once however often it was written."""
        end = (await self.bus.ends(Topic.INPUTS))[0]
        found: dict[str, str] = {}
        tail = self.bus.tail((Topic.INPUTS,), {}, default=From.START)
        read = 0
        while read < end:
            for record in await anext(tail):
                event = decode(record)
                found[event.id] = event.type
                read = record.offset + 1
        return [name.split(".")[2] for name in found.values()]


@pytest_asyncio.fixture
async def site(store: SqliteStore, bus: MemoryBus, clock: ManualClock, sessions: Sessions, tmp_path: Path) -> Site:
    await sessions.begin("t1", SESSION)
    blobs = await FolderBlobs.open_folder(tmp_path, clock)
    intake = Intake(bus=bus, blobs=blobs, keys=Keys(bytes(32)), clock=clock, source="ingest-chat")
    return Site(store, bus, clock, sessions, intake)


async def test_visitor_has_ten_seconds_to_come_back(site: Site) -> None:
    pod = site.pod("a")
    await site.comes(pod, "a")
    await site.goes(pod, "a")
    site.clock.advance(GONE_AFTER_MS - 1)
    await pod.sweep()
    await site.comes(pod, "a")
    site.clock.advance(GONE_AFTER_MS)
    await pod.sweep()
    assert await site.told() == []


async def test_gone_is_told_once_and_back_when_he_is(site: Site) -> None:
    pods = [site.pod("a"), site.pod("b")]
    await site.comes(pods[0], "a")
    await site.goes(pods[0], "a")
    site.clock.advance(GONE_AFTER_MS)
    for pod in (*pods, *pods):
        await pod.sweep()
    assert await site.told() == ["left"]
    await site.comes(pods[1], "b")
    assert await site.told() == ["left", "returned"]
    await site.goes(pods[1], "b")
    site.clock.advance(GONE_AFTER_MS)
    await pods[0].sweep()
    assert await site.told() == ["left", "returned", "left"]


async def test_socket_on_another_pod_is_presence(site: Site) -> None:
    one, other = site.pod("a"), site.pod("b")
    await site.comes(one, "a")
    await site.comes(other, "b")
    await site.goes(one, "a")
    site.clock.advance(GONE_AFTER_MS)
    await one.sweep()
    assert await site.told() == []


async def test_dead_pods_sockets_are_gone_when_its_lease_and_the_grace_are_over(site: Site) -> None:
    dead, living = site.pod("a"), site.pod("b")
    await dead.beat()
    await site.comes(dead, "a")
    site.clock.advance(LEASE_MS)
    await living.beat()
    await living.sweep()
    assert await site.told() == []
    site.clock.advance(1)
    await living.sweep()
    site.clock.advance(GONE_AFTER_MS)
    await living.sweep()
    assert await site.told() == ["left"]
    assert await site.store.tenant("_installation").get(PODS, "a") is None


async def test_visitor_who_comes_back_while_he_is_reported_gone_is_reported_back(site: Site) -> None:
    pod = site.pod("a")
    await site.comes(pod, "a")
    await site.goes(pod, "a")
    document = await site.store.tenant("t1").get(PRESENCE, CHAT)
    assert document is not None
    site.clock.advance(GONE_AFTER_MS)
    await site.comes(site.pod("b"), "b")  # between the sweep's reading and its writing
    await pod._gone(document)  # the race itself, which no caller can stage
    assert await site.told() == ["left", "returned"]


async def test_nothing_is_told_of_an_ended_chat_nor_kept(site: Site) -> None:
    pod = site.pod("a")
    await site.comes(pod, "a")
    await site.sessions.goodbye("t1", CHAT)
    await site.goes(pod, "a")
    site.clock.advance(GONE_AFTER_MS)
    await pod.sweep()
    assert await site.told() == []
    assert await site.store.tenant("t1").get(PRESENCE, CHAT) is None
