"""
The transcript: one document a line, read from a visitor's place on.

Theory. A chat's lines come from two topics, and each topic is an order of its own: the agents' side from outbound.chat, the visitor's own from decisions. So
a place is a pair of offsets, one a topic, and "what follows" is exactly what lies behind either, whoever wrote first and whoever pushed. Lines are
shown in the order of their append times. A line's document is named by conversation and line, so storing it again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from standardiste.common.blobs.port import BlobRef
from standardiste.common.errors import BadInput, VersionConflict
from standardiste.common.events.codec import adapter, load_object
from standardiste.common.events.model import InteractionId
from standardiste.common.store.port import ABSENT, Body, Collection, Document, Find, Index, Store, Where
from standardiste.ingest_chat.frames import Ended, Entry, File, Joined, Notice, Said
from standardiste.ingest_chat.happenings import Line, Redaction, Source

TRANSCRIPT: Final = Collection(name="chat-transcript", indexes=(Index(name="place", path="place"),))
PAGE: Final = 200
_DIGITS: Final = 19
_END: Final = 10**_DIGITS - 1
_ENTRIES: Final[dict[str, type[Any]]] = {"said": Said, "joined": Joined, "notice": Notice, "ended": Ended}


@dataclass(frozen=True, slots=True)
class Place:
    """How much a reader has of a conversation: the last offset of each topic, -1 for nothing."""

    outbound: int = -1
    decisions: int = -1

    def __str__(self) -> str:
        return f"{self.outbound + 1}.{self.decisions + 1}"

    def covers(self, line: Line) -> bool:
        return line.offset <= (self.outbound if line.source is Source.OUTBOUND else self.decisions)

    def after(self, line: Line) -> Place:
        """The place of who has this line too."""
        if line.source is Source.OUTBOUND:
            return Place(max(self.outbound, line.offset), self.decisions)
        return Place(self.outbound, max(self.decisions, line.offset))


def parse_place(text: str) -> Place | None:
    """The place that a reader names; None when it is none of ours."""
    parts = text.split(".")
    if len(parts) != 2 or not all(part.isascii() and part.isdigit() and len(part) <= _DIGITS for part in parts):
        return None
    return Place(int(parts[0]) - 1, int(parts[1]) - 1)


class Transcript:
    """The stored lines of chats."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def keep(self, line: Line) -> bool:
        """Store a line; False when it was there already, or its words are to stay away."""
        body: Body = {
            "conversation": line.conversation,
            "place": _place(line.conversation, line.source, line.offset),
            "source": line.source.value,
            "offset": line.offset,
            "interaction": line.interaction,
            "words": cast("Body | None", line.words),
            "blobs": dict(line.blobs),
            "entry": _dumped(line.entry),
        }
        with suppress(VersionConflict):
            await self._store.tenant(line.tenant).put(TRANSCRIPT, _id(line.conversation, line.entry.id), body, expected=ABSENT)
            return True
        return False

    async def redact(self, redaction: Redaction) -> None:
        """Remove a message's words, also of one that has not been stored yet."""
        documents, id = self._store.tenant(redaction.tenant), _id(redaction.conversation, redaction.message)
        while True:
            document = await documents.get(TRANSCRIPT, id)
            body: Body = {"conversation": redaction.conversation} if document is None else _redacted(document)
            with suppress(VersionConflict):
                await documents.put(TRANSCRIPT, id, body, expected=ABSENT if document is None else document.version)
                return

    async def blob_of(self, tenant: str, conversation: str, message: str, file: str) -> tuple[File, BlobRef] | None:
        """A file of a message, and where its bytes are."""
        line = await self.line(tenant, conversation, message)
        if line is None:
            return None
        named = next((each for each in line.entry.files if each.id == file), None) if isinstance(line.entry, Said) else None
        blob = line.blobs.get(file)
        if named is None or blob is None:
            return None
        owner, contact, sha256 = blob.split("/")
        return named, BlobRef(tenant=owner, contact=contact, sha256=sha256)

    async def line(self, tenant: str, conversation: str, entry: str) -> Line | None:
        """One line, by its entry's id."""
        document = await self._store.tenant(tenant).get(TRANSCRIPT, _id(conversation, entry))
        return None if document is None or "entry" not in document.body else _line(document)

    async def after(self, tenant: str, conversation: str, place: Place, limit: int = PAGE) -> list[Line]:
        """The next lines behind a place, oldest first, at most `limit`."""
        found: list[Line] = []
        for source, offset in ((Source.OUTBOUND, place.outbound), (Source.DECISIONS, place.decisions)):
            found += await self._find(tenant, conversation, source, offset + 1, limit)
        return sorted(found, key=lambda line: line.order)[:limit]

    async def latest(self, tenant: str, conversation: str, limit: int = PAGE) -> list[Line]:
        """The last lines, oldest first, at most `limit`."""
        found: list[Line] = []
        for source in Source:
            found += await self._find(tenant, conversation, source, 0, limit, is_descending=True)
        return sorted(found, key=lambda line: line.order)[-limit:]

    async def place_of(self, tenant: str, conversation: str, after: str | None) -> Place | None:
        """
        The place that `after` names: a `seq`, or the id of a message, which stands for all that a reader is shown up to it.

        None without one. Raises BadInput("cursor_invalid").
        """
        if after is None:
            return None
        if (place := parse_place(after)) is not None:
            return place
        line, found = await self.line(tenant, conversation, after), Place()
        if line is None:
            raise BadInput("cursor_invalid", "neither a seq nor a message of this chat", "/query/after")
        for other in await self.latest(tenant, conversation, 1000):
            found = found.after(other) if other.order <= line.order else found
        return found

    async def _find(
        self, tenant: str, conversation: str, source: Source, first: int, limit: int, *, is_descending: bool = False
    ) -> Iterable[Line]:
        where = Where(index="place", at_least=_place(conversation, source, first), below=_place(conversation, source, _END))
        find = Find(where=(where,), sort="place", is_descending=is_descending, limit=limit)
        return [_line(document) for document in (await self._store.tenant(tenant).find(TRANSCRIPT, find)).documents]


def with_places(lines: Sequence[Line], place: Place) -> tuple[list[Entry], Place]:
    """The lines as frames for a reader at this place, each with the place it leads to; and the last of those."""
    frames: list[Entry] = []
    for line in lines:
        place = place.after(line)
        frames.append(replace(line.entry, seq=str(place)))
    return frames, place


def _id(conversation: str, entry: str) -> str:
    return f"{conversation}/{entry}"


def _place(conversation: str, source: Source, offset: int) -> str:
    return f"{conversation}/{source}{offset:0{_DIGITS}d}"


def _dumped(entry: Entry) -> Body:
    cls: type[Any] = type(entry)
    return adapter(cls).dump_python(entry, mode="json", exclude_none=True, exclude={"seq"})


def _redacted(document: Document) -> Body:
    entry = cast("Body", document.body.get("entry"))
    if not entry:
        return document.body
    return {**document.body, "blobs": {}, "entry": {**entry, "text": "", "files": [], "is_redacted": True}}


def _line(document: Document) -> Line:
    body = document.body
    entry = cast("dict[str, Any]", body["entry"])
    interaction = cast("str | None", body["interaction"])
    return Line(
        tenant=document.tenant,
        conversation=cast("str", body["conversation"]),
        source=Source(cast("str", body["source"])),
        offset=cast("int", body["offset"]),
        entry=load_object(_ENTRIES[entry["kind"]], {**entry, "seq": ""}),
        interaction=None if interaction is None else InteractionId(interaction),
        words=cast("dict[str, str] | None", body["words"]),
        blobs=cast("dict[str, str]", body.get("blobs", {})),
    )
