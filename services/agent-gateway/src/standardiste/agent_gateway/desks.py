"""Who is connected here: every line, and the lines by session and by the names under which decisions address them."""

from __future__ import annotations

from collections.abc import Iterator

from standardiste.agent_gateway.line import Line
from standardiste.agent_gateway.session import Phase
from standardiste.agent_gateway.window import Entry
from standardiste.common.metrics import gauge

_sessions = gauge("standardiste_gateway_sessions")


class Desks:
    """Looked up with the tenant, always. A line is found by its readers from its hello on, until it is forgotten."""

    def __init__(self) -> None:
        self._lines: dict[Line, None] = {}
        self._by_reader: dict[tuple[str, str], dict[Line, None]] = {}
        self._by_session: dict[tuple[str, str], Line] = {}

    def __len__(self) -> int:
        return len(self._lines)

    def __iter__(self) -> Iterator[Line]:
        """Every line, those before their hello as well; the desks may change meanwhile."""
        return iter(list(self._lines))

    def add(self, line: Line) -> None:
        self._lines[line] = None

    def seated(self, tenant: str | None = None) -> list[Line]:
        """The lines with a session, of one tenant or of all."""
        return [line for (of, _), line in self._by_session.items() if tenant is None or of == tenant]

    def tenants(self) -> list[str]:
        """The tenant of every session, once for each."""
        return [tenant for tenant, _ in self._by_session]

    def of_session(self, tenant: str, session: str) -> Line | None:
        return self._by_session.get((tenant, session))

    def readers_of(self, entry: Entry) -> list[Line]:
        """The lines that a decision names, each once."""
        found = [lines for reader in entry.readers if (lines := self._by_reader.get((entry.tenant, reader)))]
        return list(found[0] if len(found) == 1 else dict.fromkeys(line for lines in found for line in lines))

    def index(self, line: Line) -> Line | None:
        """Find the line by its session's readers, as they are now. Gives the line that had this session until now, if another had."""
        feed = line.session.feed
        if feed is None or line.session.phase is not Phase.OPEN or line not in self._lines:
            return None
        former = self._by_session.get((feed.tenant, feed.session))
        if former is line and line.readers == feed.readers:
            return None
        self._unindex(line)
        line.readers = feed.readers
        self._by_session[(feed.tenant, feed.session)] = line
        for reader in line.readers:
            self._by_reader.setdefault((feed.tenant, reader), {})[line] = None
        _sessions.set(len(self._by_session))
        return None if former is line else former

    def forget(self, line: Line) -> None:
        self._lines.pop(line, None)
        self._unindex(line)

    def _unindex(self, line: Line) -> None:
        feed = line.session.feed
        if feed is None:
            return
        for key in [key for key, found in self._by_session.items() if found is line and key[0] == feed.tenant]:
            del self._by_session[key]
        for reader in line.readers:
            lines = self._by_reader.get((feed.tenant, reader), {})
            lines.pop(line, None)
            if not lines:
                self._by_reader.pop((feed.tenant, reader), None)
        line.readers = frozenset()
        _sessions.set(len(self._by_session))
