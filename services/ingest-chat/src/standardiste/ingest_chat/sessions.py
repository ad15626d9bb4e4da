"""
The chat sessions: one document each, named like its conversation.

A session ends when the visitor says goodbye, or when its interaction is closed; a new interaction of the same conversation (a message crossed the close) opens it again. What is
written here follows from the visitor's own requests and from the two topics; nobody else changes it.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final

from standardiste.common.errors import VersionConflict
from standardiste.common.events.base import Instant
from standardiste.common.events.codec import adapter, load_object
from standardiste.common.events.model import Assurance, Attributes, ContactId, InteractionId
from standardiste.common.store.port import ABSENT, Collection, Store
from standardiste.ingest_chat.frames import AgentRead

SESSIONS: Final = Collection(name="chat-sessions")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatSession:
    """
    One chat. `page` is the channel address's id. `contact` is the first message's, None while the visitor has said nothing; `interaction` the last
    that was opened for it, `closed` the last that was closed. `ended_by` says who ended the session, `read` how far an
    agent has read.
    """

    id: str
    page: str
    visitor: str
    began_at: Instant
    name: str | None = None
    language: str | None = None
    attributes: Attributes = field(default_factory=dict[str, "str | int | float | bool"])
    contact: ContactId | None = None
    interaction: InteractionId | None = None
    closed: InteractionId | None = None
    ended_by: str | None = None
    read: AgentRead | None = None
    assurance: Assurance = Assurance.ASSERTED

    @property
    def is_ended(self) -> bool:
        return self.ended_by is not None


BY_VISITOR: Final = "visitor"
BY_CLOSE: Final = "close"


class Sessions:
    """The sessions of all pages."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, tenant: str, session: str) -> ChatSession | None:
        found = await self._read(tenant, session)
        return None if found is None else found[0]

    async def begin(self, tenant: str, session: ChatSession) -> tuple[ChatSession, bool]:
        """Store a new one; the one that is there already when it is a repeat. With whether it is new."""
        try:
            await self._write(tenant, session, ABSENT)
        except VersionConflict:
            found = await self.get(tenant, session.id)
            assert found is not None, "sessions are not deleted while they are asked for"
            return found, False
        return session, True

    async def note_contact(self, tenant: str, session: str, contact: ContactId) -> None:
        """The visitor has said something for the first time."""
        while (found := await self._read(tenant, session)) is not None and found[0].contact is None:
            if await self._try(tenant, replace(found[0], contact=contact), found[1]):
                return

    async def opened(self, tenant: str, session: str, interaction: InteractionId) -> None:
        """An interaction was opened for this conversation: it is alive (again), unless the news of its close came first."""
        while (found := await self._read(tenant, session)) is not None and found[0].interaction != interaction:
            is_alive = found[0].closed != interaction and found[0].ended_by == BY_CLOSE
            ended_by = None if is_alive else found[0].ended_by
            if await self._try(tenant, replace(found[0], interaction=interaction, ended_by=ended_by), found[1]):
                return

    async def closed(self, tenant: str, session: str, interaction: InteractionId | None) -> None:
        """An interaction was closed; the session ends with it unless a newer one is open."""
        while (found := await self._read(tenant, session)) is not None and found[0].closed != interaction:
            is_last = found[0].interaction in (None, interaction)
            ended_by = found[0].ended_by or (BY_CLOSE if is_last else None)
            if await self._try(tenant, replace(found[0], closed=interaction, ended_by=ended_by), found[1]):
                return

    async def was_read(self, tenant: str, session: str, read: AgentRead) -> None:
        """An agent has read so far; older news changes nothing."""
        while (found := await self._read(tenant, session)) is not None and (found[0].read is None or found[0].read.at < read.at):
            if await self._try(tenant, replace(found[0], read=read), found[1]):
                return

    async def goodbye(self, tenant: str, session: str) -> ChatSession | None:
        """The visitor ends it. The session as it was before; None when it is not known."""
        while (found := await self._read(tenant, session)) is not None:
            if found[0].is_ended or await self._try(tenant, replace(found[0], ended_by=BY_VISITOR), found[1]):
                return found[0]
        return None

    async def _try(self, tenant: str, session: ChatSession, expected: int) -> bool:
        with suppress(VersionConflict):
            await self._write(tenant, session, expected)
            return True
        return False

    async def _read(self, tenant: str, session: str) -> tuple[ChatSession, int] | None:
        document = await self._store.tenant(tenant).get(SESSIONS, session)
        return None if document is None else (load_object(ChatSession, document.body), document.version)

    async def _write(self, tenant: str, session: ChatSession, expected: int) -> None:
        body = adapter(ChatSession).dump_python(session, mode="json", exclude_none=True)
        await self._store.tenant(tenant).put(SESSIONS, session.id, body, expected=expected)
