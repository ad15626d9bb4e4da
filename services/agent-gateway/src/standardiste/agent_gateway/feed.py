"""
What one session sees of the decisions: those addressed to it, and, when it takes an interaction, the messages that came before.

Theory. The frames of a session are a function of the window alone: begin at the first decision addressed to the session itself (the router's answer to
session.opened), take every later one that names one of the session's readers, and behind each that gives this agent an interaction put the
conversation's messages that were not shown yet. What a customer writes while his interaction is only offered to this agent waits for that. So a resume is
the same function over what the window holds, with the frames up to the client's place left out: nothing is sent twice and nothing is missed, on
whichever gateway it happens.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from standardiste.agent_gateway.window import Entry, Seq, Window, interaction_key

_TAKES: Final = frozenset(
    f"standardiste.{name}.v1"
    for name in ("interaction.connecting", "interaction.activated", "interaction.reopened", "interaction.opened", "snapshot.interaction")
)
"""The decisions that may give an agent an interaction whose messages it has not seen."""

_OFFERS: Final = frozenset({"standardiste.offer.made.v1", "standardiste.snapshot.offer.v1"})
_OFFER_ENDS: Final = frozenset(f"standardiste.offer.{name}.v1" for name in ("accepted", "declined", "expired", "withdrawn", "media-failed"))

_SHOWN_TIDY: Final = 1_000
"""From this many shown messages on, those that the window has forgotten are forgotten here too."""


class Feed:
    """One session's view. `take` gives the frames of the next entry; `readers` are the names under which the session is addressed."""

    __slots__ = ("_offered", "_own", "_shown", "agent", "last", "readers", "session", "tenant")

    def __init__(self, *, tenant: str, agent: str, session: str, watched: Iterable[str] = ()) -> None:
        self.tenant, self.agent, self.session = tenant, agent, session
        self._own = frozenset((f"agent:{agent}", reader_of(session)))
        self._offered: set[str] = set()
        self.watch(watched)
        self.last: Seq | None = None
        self._shown: set[int] = set()

    def watch(self, watched: Iterable[str]) -> None:
        """From now on the agent's own, the session's own, and these queues and teams."""
        self.readers = self._own.union(watched)

    def take(self, entry: Entry, window: Window) -> list[str]:
        """The frames of an entry that names one of the readers; none before the router has answered this session, and none twice."""
        return [each.frame(seq) for seq, each in self._see(entry, window)]

    def replay(self, window: Window, after: Seq) -> list[str]:
        """The frames behind this place, and the feed stands at the window's end. The place must be one that the window holds."""
        self.last = after._replace(offset=-1, message=-1)
        first = window.first_for(self.tenant, reader_of(self.session))
        began = first.offset if first is not None and _begins(first) else -1
        frames: list[str] = []
        for entry in window.of_readers(self.tenant, self.readers):
            if entry.offset >= began:
                frames += [each.frame(seq) for seq, each in self._see(entry, window) if seq > after]
        self.last = max(self.last, window.end(after.partition))
        return frames

    def _see(self, entry: Entry, window: Window) -> Iterator[tuple[Seq, Entry]]:
        place = Seq(entry.partition, entry.offset)
        if not self._is_due(entry, place):
            return
        self.last = place
        if not entry.tail or (entry.is_message and not self._is_to_be_shown(entry)):
            return
        if entry.is_message:
            self._show(entry, window)
        yield place, entry
        if self._own.isdisjoint(entry.readers):
            return
        if entry.type in _TAKES:
            for message in self._earlier(entry, window):
                self._show(message, window)
                yield Seq(entry.partition, entry.offset, message.offset), message
        elif entry.type in _OFFERS or entry.type in _OFFER_ENDS:
            self._note_offer(entry)

    def _is_to_be_shown(self, message: Entry) -> bool:
        if message.offset in self._shown:
            return False
        is_mine_only = self.readers.intersection(message.readers) <= self._own
        return not (is_mine_only and self._offered.intersection(message.keys))

    def _note_offer(self, entry: Entry) -> None:
        data = entry.data()
        if entry.type in _OFFERS:
            if data["offer"]["agent"] == self.agent:
                self._offered.add(interaction_key(data["offer"]["interaction"]))
        elif data["agent"] == self.agent:
            self._offered.discard(interaction_key(data["interaction"]))

    def _is_due(self, entry: Entry, place: Seq) -> bool:
        if self.last is None:
            return reader_of(self.session) in entry.readers
        return place > self.last

    def _earlier(self, entry: Entry, window: Window) -> Iterator[Entry]:
        """The messages before this entry of the interaction that it gives to this agent."""
        data = entry.data()
        view: Mapping[str, Any] = data.get("view", data)
        if view.get("owner") != self.agent:
            return
        for message in window.conversation(self.tenant, view.get("interaction") or view["id"], view.get("conversation")):
            if message.offset < entry.offset and message.offset not in self._shown:
                yield message

    def _show(self, message: Entry, window: Window) -> None:
        self._shown.add(message.offset)
        if len(self._shown) % _SHOWN_TIDY == 0:
            first = window.first(message.partition)
            self._shown = {offset for offset in self._shown if offset >= first}


def reader_of(session: str) -> str:
    """The name under which decisions address a session."""
    return f"session:{session}"


def _begins(entry: Entry) -> bool:
    """Whether this is how the router answers a new session; else the session is older than the window."""
    if entry.type == "standardiste.session.started.v1":
        return not entry.data().get("is_back")
    return entry.type == "standardiste.snapshot.began.v1"
