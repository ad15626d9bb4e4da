"""What a pod has read lately, by chat: it covers what the group has not stored yet when a visitor comes back. In memory, bounded in number, size and age."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from standardiste.common.events.base import Instant
from standardiste.ingest_chat.frames import AgentRead, AgentTyping, Notice, Position, Said
from standardiste.ingest_chat.happenings import Line, Redaction

KEEP_MS: Final = 15 * 60 * 1000
LINES_MAX: Final = 20_000
CHARACTERS_MAX: Final = 16 * 1024 * 1024
STANDINGS_MAX: Final = 20_000
_LINE_COST: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a chat stands beside its words. `typing` with its instant."""

    position: Position | None = None
    typing: tuple[AgentTyping, Instant] | None = None
    read: AgentRead | None = None


NOTHING: Final = Standing()


class Window:
    """The lines of the last quarter of an hour, and how it stands: where a waiting visitor is, who writes, what was read."""

    def __init__(self) -> None:
        self._lines: deque[Line] = deque()
        self._by_chat: dict[tuple[str, str], deque[Line]] = {}
        self._standings: dict[tuple[str, str], Standing] = {}
        self._cost = 0

    def __len__(self) -> int:
        return len(self._lines)

    def add(self, line: Line) -> None:
        """Remember a line; the oldest make room."""
        self._lines.append(line)
        self._by_chat.setdefault((line.tenant, line.conversation), deque()).append(line)
        self._cost += _cost(line)
        if not isinstance(line.entry, Said | Notice):
            self._change(line.tenant, line.conversation, position=None)  # taken, or over: nobody waits any more
        if isinstance(line.entry, Said) and line.is_agents_message:
            self._change(line.tenant, line.conversation, typing=None)
        while len(self._lines) > LINES_MAX or self._cost > CHARACTERS_MAX or self._lines[0].entry.at < line.entry.at - KEEP_MS:
            self._forget_oldest()

    def of(self, tenant: str, conversation: str) -> list[Line]:
        """What is remembered of a chat, in the order in which it is shown."""
        return sorted(self._by_chat.get((tenant, conversation), ()), key=lambda line: line.order)

    def redacted(self, lines: Sequence[Line]) -> list[Line]:
        """Stored lines without the words that have gone since: the group may be behind what this pod has read."""
        gone = {
            line.entry.id: line
            for key in {(line.tenant, line.conversation) for line in lines}
            for line in self._by_chat.get(key, ())
            if isinstance(line.entry, Said) and line.entry.is_redacted
        }
        return [gone.get(line.entry.id, line) for line in lines] if gone else list(lines)

    def redact(self, redaction: Redaction) -> None:
        """Words that are to go leave the memory at once."""
        lines = self._by_chat.get((redaction.tenant, redaction.conversation), deque[Line]())
        for index, line in enumerate(lines):
            if isinstance(line.entry, Said) and line.entry.id == redaction.message:
                self._replace(line, replace(line, entry=replace(line.entry, text="", is_redacted=True)), lines, index)

    def stand(self, tenant: str, conversation: str, frame: Position | AgentRead) -> None:
        """The visitor stands there now, or was read so far."""
        if isinstance(frame, AgentRead):
            self._change(tenant, conversation, read=frame)
        else:
            self._change(tenant, conversation, position=None if frame.position is None else frame)

    def type(self, tenant: str, conversation: str, typing: AgentTyping, at: Instant) -> None:
        """An agent was writing then."""
        self._change(tenant, conversation, typing=(typing, at))

    def standing(self, tenant: str, conversation: str) -> Standing:
        return self._standings.get((tenant, conversation), NOTHING)

    def _change(self, tenant: str, conversation: str, **fields: Any) -> None:
        """What is known longest makes room."""
        standing = replace(self._standings.get((tenant, conversation), NOTHING), **fields)
        if standing == NOTHING:
            self._standings.pop((tenant, conversation), None)
            return
        self._standings[(tenant, conversation)] = standing
        if len(self._standings) > STANDINGS_MAX:
            del self._standings[next(iter(self._standings))]

    def _replace(self, former: Line, line: Line, lines: deque[Line], index: int) -> None:
        lines[index] = line
        self._lines[next(place for place, each in enumerate(self._lines) if each is former)] = line
        self._cost += _cost(line) - _cost(former)

    def _forget_oldest(self) -> None:
        line = self._lines.popleft()
        self._cost -= _cost(line)
        lines = self._by_chat[(line.tenant, line.conversation)]
        lines.popleft()
        if not lines:
            del self._by_chat[(line.tenant, line.conversation)]
            self._standings.pop((line.tenant, line.conversation), None)


def _cost(line: Line) -> int:
    return _LINE_COST + (len(line.entry.text) if isinstance(line.entry, Said) else 0)
