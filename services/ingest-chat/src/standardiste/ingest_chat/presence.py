"""
Who is there: which chats have a socket, on which pods, and when a visitor counts as gone.

Theory. A chat's presence is one document: the pods that hold a socket of it, or, with none left, the deadline after which the visitor has left. A pod writes it only when its first
socket of a chat comes or its last one goes, so a reload or a second tab costs nothing. A pod that dies says nothing: its lease ends, and whoever
sweeps takes it out of every document that names it, which sets their deadlines. What is due is swept by every pod; versions decide who is right.

A fact is published before the document says so. A crash between the two publishes it again, under an id that names the document's version, and the router changes
nothing at a repeat. If the visitor comes back between the two, whoever lost the version says that he has returned.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from standardiste.common.clock import Clock
from standardiste.common.errors import Away, VersionConflict
from standardiste.common.events.codec import adapter, load_object
from standardiste.common.events.inputs import ContactLeft, ContactReturned
from standardiste.common.events.model import ConversationId, LeftBecause
from standardiste.common.intake import Intake
from standardiste.common.log import logger
from standardiste.common.security.principal import INSTALLATION
from standardiste.common.store.port import ABSENT, Collection, Document, Find, Index, Store, Where
from standardiste.ingest_chat.sessions import Sessions

GONE_AFTER_MS: Final = 10_000
LEASE_MS: Final = 15_000
BEAT_EVERY_MS: Final = 5_000
SWEEP_MAX: Final = 1_000
AGAIN_S: Final = 1.0

PRESENCE: Final = Collection(
    name="chat-presence", indexes=(Index(name="pods", path="pods", is_list=True), Index(name="due_at", path="due_at"))
)
PODS: Final = Collection(name="chat-pods", indexes=(Index(name="until", path="until"),))

log = logger("ingest-chat")


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """A chat's sockets by pod; `due_at` is set while there are none and the visitor may still come back; `is_gone` once he was reported gone."""

    pods: tuple[str, ...] = ()
    due_at: int | None = None
    is_gone: bool = False


class Presences:
    """Keeps the documents true for one pod. `holds(tenant, session)` says whether this pod has a socket of a chat right now."""

    def __init__(
        self,
        *,
        store: Store,
        intake: Intake,
        sessions: Sessions,
        clock: Clock,
        pod: str,
        holds: Callable[[str, str], bool],
        gone_after_ms: int = GONE_AFTER_MS,
    ) -> None:
        self._store, self._intake, self._sessions, self._clock = store, intake, sessions, clock
        self._pod, self._holds, self._gone_after_ms = pod, holds, gone_after_ms
        self._changed: dict[tuple[str, str], None] = {}
        self._wake = asyncio.Event()
        self._next_due: int | None = None

    def changed(self, tenant: str, session: str) -> None:
        """This pod's first socket of a chat came, or its last one went; the document is made to say so at once."""
        self._changed[(tenant, session)] = None
        self._wake.set()

    async def run(self, ready: Callable[[], None]) -> None:
        """Write what changed, beat and sweep until cancelled, waking when a deadline is due. A store or bus that is away is waited for."""
        beat_at = 0
        try:
            while True:
                try:
                    await self.settle()
                    if self._clock.now() >= beat_at:
                        await self.beat()
                        beat_at = self._clock.now() + BEAT_EVERY_MS
                    await self.sweep()
                except Away as away:
                    log.warning("presence_waits", away=away.what)
                    await asyncio.sleep(AGAIN_S)
                ready()
                await self._pause(beat_at)
        finally:
            await asyncio.shield(self._stop())

    async def settle(self) -> None:
        """Make the documents of what changed say whether this pod holds a socket. Raises Away; what is left is tried again."""
        while self._changed:
            tenant, session = next(iter(self._changed))
            is_here = self._holds(tenant, session)
            while not await self._write(tenant, session, self._pod, is_here=is_here):
                pass
            if is_here is self._holds(tenant, session):
                self._changed.pop((tenant, session), None)

    async def beat(self) -> None:
        """This pod lives."""
        await self._store.tenant(INSTALLATION).put(PODS, self._pod, {"until": self._clock.now() + LEASE_MS})

    async def sweep(self) -> None:
        """Take dead pods out, and report the visitors whose time is over. Raises Away."""
        now = self._clock.now()
        dead = Find(where=(Where(index="until", below=now),), sort="until", limit=100)
        for pod in [document.id async for document in self._store.every_tenant(PODS, dead)]:
            await self._bury(pod)
        due = Find(where=(Where(index="due_at", below=now + 1),), sort="due_at", limit=SWEEP_MAX)
        for document in [document async for document in self._store.every_tenant(PRESENCE, due)]:
            await self._gone(document)
        self._next_due = await self._first_due()

    async def forget(self, tenant: str, session: str) -> None:
        """The chat is over: keep nothing of it, unless a socket is still there; then its end will."""
        document = await self._store.tenant(tenant).get(PRESENCE, session)
        if document is not None and not load_object(Presence, document.body).pods:
            with suppress(VersionConflict):
                await self._store.tenant(tenant).delete(PRESENCE, session, expected=document.version)

    async def _first_due(self) -> int | None:
        """The next deadline of any pod."""
        async for document in self._store.every_tenant(PRESENCE, Find(where=(Where(index="due_at"),), sort="due_at", limit=1)):
            return load_object(Presence, document.body).due_at
        return None

    async def _bury(self, pod: str) -> None:
        """Its sockets are gone with it."""
        if pod == self._pod:
            return  # a sweep that came before the beat
        named = Find(where=(Where(index="pods", equals=pod),), limit=SWEEP_MAX)
        for document in [document async for document in self._store.every_tenant(PRESENCE, named)]:
            while not await self._write(document.tenant, document.id, pod, is_here=False):
                pass
        await self._store.tenant(INSTALLATION).delete(PODS, pod)
        log.warning("pod_buried", pod=pod)

    async def _write(self, tenant: str, session: str, pod: str, *, is_here: bool) -> bool:
        """Add or take out a pod; False when somebody else was faster."""
        document = await self._store.tenant(tenant).get(PRESENCE, session)
        former = Presence() if document is None else load_object(Presence, document.body)
        version = ABSENT if document is None else document.version
        pods = tuple(sorted({*former.pods, pod} if is_here else {*former.pods} - {pod}))
        if pods == former.pods:
            return True
        due_at = None if pods else self._clock.now() + self._gone_after_ms
        if former.is_gone and pods:
            await self._say_returned(tenant, session, version)
        with suppress(VersionConflict):
            await self._put(tenant, session, Presence(pods=pods, due_at=due_at), version)
            return True
        return False

    async def _gone(self, document: Document) -> None:
        """No socket for long enough: the visitor has left, if he ever said something."""
        tenant, id = document.tenant, document.id
        session = await self._sessions.get(tenant, id)
        if session is None or session.is_ended or session.contact is None:
            with suppress(VersionConflict):
                await self._store.tenant(tenant).delete(PRESENCE, id, expected=document.version)
            return
        left = ContactLeft(contact=session.contact, conversation=ConversationId(id), because=LeftBecause.GONE)
        await self._intake.report(tenant, id, left, id=f"{id}/gone/{document.version}")
        gone = replace(load_object(Presence, document.body), due_at=None, is_gone=True)
        try:
            await self._put(tenant, id, gone, document.version)
        except VersionConflict:
            current = await self._store.tenant(tenant).get(PRESENCE, id)
            if current is not None and load_object(Presence, current.body).pods:
                await self._say_returned(tenant, id, document.version)

    async def _say_returned(self, tenant: str, id: str, version: int) -> None:
        session = await self._sessions.get(tenant, id)
        if session is None or session.is_ended or session.contact is None:
            return
        returned = ContactReturned(contact=session.contact, conversation=ConversationId(id))
        await self._intake.report(tenant, id, returned, id=f"{id}/returned/{version}")

    async def _put(self, tenant: str, session: str, presence: Presence, expected: int) -> None:
        body = adapter(Presence).dump_python(presence, mode="json", exclude_none=True)
        await self._store.tenant(tenant).put(PRESENCE, session, body, expected=expected)

    async def _stop(self) -> None:
        """This pod goes in order: its sockets are closed, so nobody has to wait for the end of its lease."""
        try:
            await self.settle()
            await self._store.tenant(INSTALLATION).delete(PODS, self._pod)
        except Away as away:
            log.warning("presence_unsaid", away=away.what)

    async def _pause(self, beat_at: int) -> None:
        """Until something changes, the next beat, or the next deadline."""
        until = beat_at if self._next_due is None else min(beat_at, self._next_due)
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0, until - self._clock.now()) / 1000):
                await self._wake.wait()
        self._wake.clear()
