"""
What the group does for every chat, whichever pod holds its sockets: it stores the transcript, answers for the visitor's side when an agent accepts, and ends sessions.

At least once, in the conversation's order within each topic; every step changes nothing when done again.
"""

from __future__ import annotations

from typing import assert_never

from standardiste.common.bus.port import Record
from standardiste.common.bus.topics import Topic
from standardiste.common.clock import Clock
from standardiste.common.events.inputs import DeliveryReported, MediaConnected, MediaFailed
from standardiste.common.events.model import ConversationId, DeliveryState, MessageId
from standardiste.common.intake import Intake
from standardiste.ingest_chat.frames import Ended
from standardiste.ingest_chat.happenings import Connect, Line, Passing, Reading, Redaction, happening_of, may_happen
from standardiste.ingest_chat.presence import Presences
from standardiste.ingest_chat.sessions import Sessions
from standardiste.ingest_chat.transcript import Transcript


def lane_of(record: Record) -> str | None:
    """Decisions come under their tenant's key; a chat's own are told apart by their subject, all others passed over."""
    if record.topic is not Topic.DECISIONS:
        return record.key
    return record.headers.get("ce_subject", record.key) if may_happen(record) else None


class Group:
    """The handler of the group's subscription."""

    def __init__(self, *, transcript: Transcript, sessions: Sessions, presences: Presences, intake: Intake, clock: Clock) -> None:
        self._transcript, self._sessions, self._presences = transcript, sessions, presences
        self._intake, self._clock = intake, clock

    async def take(self, record: Record) -> None:
        """Handle one record. Raises Away (call again), BadInput."""
        happening = happening_of(record)
        match happening:
            case Line():
                await self._line(happening)
            case Redaction():
                await self._transcript.redact(happening)
            case Connect():
                await self._connect(happening)
            case Reading(frame=frame):
                await self._sessions.was_read(happening.tenant, happening.conversation, frame)
            case Passing() | None:
                pass
            case _:
                assert_never(happening)

    async def _line(self, line: Line) -> None:
        await self._transcript.keep(line)
        if line.is_agents_message:
            await self._report_sent(line)
        elif line.opens and line.interaction is not None:
            await self._sessions.opened(line.tenant, line.conversation, line.interaction)
        elif isinstance(line.entry, Ended):
            await self._sessions.closed(line.tenant, line.conversation, line.interaction)
            await self._presences.forget(line.tenant, line.conversation)

    async def _report_sent(self, line: Line) -> None:
        """Stored is sent: whoever opens the chat finds it. `delivered` is the widget's own word."""
        report = DeliveryReported(
            conversation=ConversationId(line.conversation),
            interaction=line.interaction,
            message=MessageId(line.entry.id),
            state=DeliveryState.SENT,
            at=self._clock.now(),
        )
        await self._intake.report(line.tenant, line.conversation, report, id=f"{line.entry.id}/sent", traceparent=line.traceparent)

    async def _connect(self, connect: Connect) -> None:
        """A chat has no line to set up: the visitor can be reached for as long as the session lives."""
        session = await self._sessions.get(connect.tenant, connect.conversation)
        is_alive = session is not None and not session.is_ended
        data = (
            MediaConnected(interaction=connect.interaction, offer=connect.offer)
            if is_alive
            else MediaFailed(interaction=connect.interaction, offer=connect.offer, detail="The visitor has ended the chat.")
        )
        id = f"{connect.offer}/{'connected' if is_alive else 'failed'}"
        await self._intake.report(connect.tenant, connect.conversation, data, id=id, traceparent=connect.traceparent)
