"""
What a record of outbound.chat or decisions means for a chat: a line of its transcript, or something that passes. Pure.

Both the group (which stores) and every pod (which pushes) read records through here, so a visitor is shown exactly what is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, TypeAlias

from standardiste.common.bus.port import Record
from standardiste.common.bus.topics import Topic
from standardiste.common.events.base import Event, Instant, spec_of
from standardiste.common.events.codec import decode
from standardiste.common.events.decisions import ContactJoined, InteractionCreated, MessageRedacted
from standardiste.common.events.model import (
    Attachment,
    AttachmentState,
    Author,
    Channel,
    Contact,
    Content,
    InteractionId,
    OfferId,
    Words,
)
from standardiste.common.events.outbound import (
    AnnounceAgent,
    AnnounceEnd,
    ConnectCall,
    DeliverMessage,
    TellNotice,
    TellPosition,
    TellReading,
    TellTyping,
)
from standardiste.ingest_chat.frames import AgentRead, AgentTyping, Ended, Entry, File, Joined, Notice, Person, Position, Said

TOPICS: Final = (Topic.OUTBOUND_CHAT, Topic.DECISIONS)


class Source(StrEnum):
    """Which topic a line came from. Each topic is an order of its own."""

    OUTBOUND = "o"
    DECISIONS = "d"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a transcript, with its place in its topic. The frame's `seq` is empty: it is the reader's place that fills it. `blobs` by file."""

    tenant: str
    conversation: str
    source: Source
    offset: int
    entry: Entry
    interaction: InteractionId | None = None
    words: Words | None = None
    opens: bool = False
    traceparent: str | None = None
    blobs: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def order(self) -> tuple[Instant, str, int]:
        """How lines of both topics sort for a reader."""
        return self.entry.at, self.source, self.offset

    @property
    def is_agents_message(self) -> bool:
        return self.source is Source.OUTBOUND and isinstance(self.entry, Said)


@dataclass(frozen=True, slots=True, kw_only=True)
class Redaction:
    """The words of a message are to go."""

    tenant: str
    conversation: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Passing:
    """Shown to who is there, kept nowhere."""

    tenant: str
    conversation: str
    at: Instant
    frame: AgentTyping | Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """An agent has read what the visitor said; the session keeps how far."""

    tenant: str
    conversation: str
    frame: AgentRead


@dataclass(frozen=True, slots=True, kw_only=True)
class Connect:
    """An agent accepted: say whether the visitor can be reached."""

    tenant: str
    conversation: str
    interaction: InteractionId
    offer: OfferId
    traceparent: str | None = None


Happening: TypeAlias = Line | Redaction | Passing | Reading | Connect

_OF_DECISIONS: Final = frozenset(spec_of(cls).name for cls in (InteractionCreated, ContactJoined, MessageRedacted))
_REDACTED: Final = spec_of(MessageRedacted).name
_OF_CHAT: Final = b'"channel":"chat"'
"""How the codec writes a chat contact's channel. A look before decoding: most decisions are of other channels."""


def happening_of(record: Record) -> Happening | None:
    """What the record means for a chat; None when nothing. Raises BadInput for one that cannot be read."""
    if record.value is None:
        return None
    if record.topic is Topic.DECISIONS:
        return _decided(record, decode(record)) if may_happen(record) else None
    return _outbound(record, decode(record))


def may_happen(record: Record) -> bool:
    """Whether a decision may mean something for a chat, as far as is seen undecoded."""
    name, value = record.headers.get("ce_type", ""), record.value
    return value is not None and name in _OF_DECISIONS and (name == _REDACTED or _OF_CHAT in value)


def _decided(record: Record, event: Event) -> Happening | None:
    match event.data:
        case InteractionCreated(contact=contact, interaction=interaction):
            return _visitors(record, event, contact, interaction, opens=True)
        case ContactJoined(contact=contact, interaction=interaction):
            return _visitors(record, event, contact, interaction, opens=False)
        case MessageRedacted(conversation=conversation, message=message):
            return Redaction(tenant=event.tenant, conversation=conversation, message=_entry_of(message))
        case _:
            return None


def _visitors(record: Record, event: Event, contact: Contact, interaction: InteractionId, *, opens: bool) -> Line | None:
    if contact.channel is not Channel.CHAT or contact.conversation is None:
        return None
    person = Person(kind="customer", name=contact.name or "")
    shown = _shown(contact.content)
    said = Said(seq="", id=contact.id, at=record.appended_at, author=person, text=contact.content.text, files=_files(shown))
    return Line(
        tenant=event.tenant,
        conversation=contact.conversation,
        source=Source.DECISIONS,
        offset=record.offset,
        entry=said,
        interaction=interaction,
        opens=opens,
        traceparent=event.traceparent,
        blobs=_blobs(shown),
    )


def _outbound(record: Record, event: Event) -> Happening | None:
    at, place = record.appended_at, f"o{record.offset}"
    match event.data:
        case DeliverMessage() as send:
            shown = _shown(send.content)
            said = Said(seq="", id=send.message, at=at, author=_person(send.author), text=send.content.text, files=_files(shown))
            return replace(_line(record, event, send.conversation, said, send.interaction), blobs=_blobs(shown))
        case AnnounceAgent(author=author) as joined:
            return _line(record, event, joined.conversation, Joined(seq="", id=place, at=at, author=_person(author)), joined.interaction)
        case AnnounceEnd(notice=notice) as ended:
            return _line(record, event, ended.conversation, Ended(seq="", id=place, at=at, notice=notice), ended.interaction)
        case TellNotice(notice=notice, words=words) as told:
            return _line(record, event, told.conversation, Notice(seq="", id=place, at=at, notice=notice), None, words)
        case TellTyping(author=author) as typing:
            return Passing(tenant=event.tenant, conversation=typing.conversation, at=at, frame=AgentTyping(author=_person(author)))
        case TellReading(message=message) as told:
            return Reading(tenant=event.tenant, conversation=told.conversation, frame=AgentRead(message=_entry_of(message), at=at))
        case TellPosition() as told:
            frame = Position(position=told.position, wait_p50_ms=told.wait_p50_ms, wait_p90_ms=told.wait_p90_ms)
            return Passing(tenant=event.tenant, conversation=told.conversation, at=at, frame=frame)
        case ConnectCall() as call:
            return Connect(
                tenant=event.tenant,
                conversation=call.conversation,
                interaction=call.interaction,
                offer=call.offer,
                traceparent=event.traceparent,
            )
        case _:
            return None


def _line(
    record: Record, event: Event, conversation: str, entry: Entry, interaction: InteractionId | None, words: Words | None = None
) -> Line:
    return Line(
        tenant=event.tenant,
        conversation=conversation,
        source=Source.OUTBOUND,
        offset=record.offset,
        entry=entry,
        interaction=interaction,
        words=words,
        traceparent=event.traceparent,
    )


def _entry_of(message: str) -> str:
    """The line that a message is: a visitor's has its contact's id, which the router's id for it is in another dress (engine/contacts.py)."""
    return f"c_{message.removeprefix('ms_')}" if message.startswith("ms_") else message


def _shown(content: Content) -> Sequence[Attachment]:
    """The files that may be seen: what the scanner refused is not."""
    return [each for each in content.attachments if each.state is not AttachmentState.REFUSED]


def _files(shown: Sequence[Attachment]) -> tuple[File, ...]:
    return tuple(File(id=each.id, name=each.name, media_type=each.media_type, size_bytes=each.size_bytes) for each in shown)


def _blobs(shown: Sequence[Attachment]) -> Mapping[str, str]:
    return {each.id: each.blob for each in shown}


def _person(author: Author) -> Person:
    """What a visitor may know of who writes: kind and name, no id."""
    return Person(kind=author.kind.value, name=author.name)
