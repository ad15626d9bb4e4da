"""
Stories: aligned text tables, one line a message, with its time (seconds) and the exact events it must bring about.

    0.0 | anna signs in, ready          | …
    1.0 | c1 by chat                    | created c1; routed c1 main; said c1
    1.2 | c1 is cu1                     | identified c1 cu1; queued c1 identified; offer c1-o1 anna 30s; anna offered 33

A line whose message is empty lets time pass: every deadline up to it fires, each at its own instant. Deadlines that fall before a line's time fire first and count as
that line's. Gateways beat every 5 s by themselves until one "falls silent". Events are told by `told`; a `;` parts them. `Story.run` fails with the table as it really went, so a story is written by reading what it says.
"""

from __future__ import annotations

from dataclasses import replace

from stories.telling import told
from stories.verbs import VERBS

from standardiste.common.events import codec, inputs
from standardiste.common.events import commands as c
from standardiste.common.events.base import Data, Event, Instant, class_of
from standardiste.common.events.directory import ChangeSetCommitted, Entity
from standardiste.common.events.model import AgentId, CommandId, Contact, InteractionId, SessionId
from standardiste.common.testing.builders import AT, TENANT, configuration, event
from standardiste.router.engine import Engine, invariants, persist
from standardiste.router.kit import STANDARD

BEAT_MS = 5_000


class Story:
    """One tenant's engine under a table of messages. `sets` are change sets that a line can put in force by name."""

    def __init__(self, *more: Entity, **sets: tuple[Entity, ...]) -> None:
        self.engine = Engine(TENANT, STANDARD)
        self.sets = sets
        self.at = Instant(AT)
        self.number = 0
        self.change_set = 0
        self.beating = ["g1", "g2"]
        self.contacts: dict[str, Contact] = {}
        self.asked: tuple[CommandId, c.OpenInteraction] | None = None
        self.configure(*configuration(*more))

    def run(self, table: str) -> None:
        """Play every line. AssertionError with the table as it went, when an event differs."""
        rows = [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines() if line.strip()]
        rows = _joined(rows)
        went = [(time, message, expected, self.line(float(time), message)) for time, message, expected in rows]
        wrong = [row for row in went if _words(row[2]) != _words("; ".join(row[3]))]
        assert not wrong, "as it went (! differs):\n" + "\n".join(_shown(row) for row in went)

    def line(self, seconds: float, message: str) -> list[str]:
        """Play one line; what it brought about, told."""
        until = Instant(AT + round(seconds * 1000))
        events: list[Event] = []
        if message.startswith("a restart after"):  # nothing ran meanwhile
            return self._played(until, message)
        for beat in range((self.at - AT) // BEAT_MS + 1, (until - AT) // BEAT_MS + 1):
            self.at = Instant(AT + beat * BEAT_MS)
            events += self.engine.fire(Instant(self.at - 1))
            for gateway in self.beating:
                events += self.send(inputs.GatewayBeat(gateway=gateway, sessions=1))
        self.at = until
        events += self.engine.fire(Instant(self.at - 1))
        return [text for each in events if (text := told(each))] + self._played(until, message)

    def _played(self, at: Instant, message: str) -> list[str]:
        self.at = at
        events: list[Event] = []
        for part in message.split(", ") if message else ():
            events += self.say(part)
        events += self.engine.fire(self.at)
        found = invariants.faults(self.engine.live, self.at)
        assert not found, f"at {at - AT} ms: {found}"
        return [text for each in events if (text := told(each))]

    def say(self, message: str) -> tuple[Event, ...]:
        """One message, in words."""
        for pattern, handler in VERBS:
            match = pattern.fullmatch(message)
            if match:
                made = handler(self, **{name: text for name, text in match.groupdict().items() if text is not None})
                return made if isinstance(made, tuple) else self.send(made)
        raise ValueError(f"no such message: {message!r}")

    def send(self, data: Data, id: str = "") -> tuple[Event, ...]:
        self.number += 1
        return self.engine.step(event(data, id=id or f"x{self.number}"), self.at)

    def configure(self, *entities: Entity, effective_at: Instant | None = None) -> tuple[Event, ...]:
        self.change_set += 1
        for entity in entities:
            self.send(replace(entity, change_set=self.change_set))
        return self.send(
            ChangeSetCommitted(number=self.change_set, members=len(entities), by="admin", committed_at=AT, effective_at=effective_at)
        )

    def restart(self, gap: str = "0") -> tuple[Event, ...]:
        """The state through its JSON into a new engine."""
        records: dict[tuple[str, str], object] = {}
        for (kind, id), record in persist.everything(self.engine.live).items():
            data = codec.adapter(class_of(record)).dump_json(record, exclude_defaults=True)
            records[kind, id] = codec.load_data(persist.type_of(kind, id), data)
        self.engine = Engine(TENANT, STANDARD)
        self.engine.load(records)
        return self.engine.resumed(self.at, round(float(gap) * 1000))

    def fall_silent(self, gateway: str) -> tuple[Event, ...]:
        self.beating.remove(gateway)
        return ()

    def actor(self, agent: str, session: str = "") -> c.Actor:
        record = self.engine.live.agents.get(AgentId(agent))
        own = record.session if record and record.session else SessionId("none")
        return c.Actor(agent=AgentId(agent), session=SessionId(session) if session else own, may_supervise=agent == "sam")

    def version(self, id: str, given: str = "") -> int:
        i = self.engine.live.interactions.get(InteractionId(f"in_{id}"))
        return int(given) if given else i.version if i else 1


def _joined(rows: list[list[str]]) -> list[tuple[str, str, str]]:
    """A row without a time goes on the one before."""
    whole: list[tuple[str, str, str]] = []
    for row in rows:
        time, message, expected = ([*row, "", ""])[:3]
        if time:
            whole.append((time, message, expected))
        else:
            before = whole[-1]
            whole[-1] = (before[0], before[1], f"{before[2]} {expected}")
    return whole


def _words(text: str) -> list[str]:
    return [part.strip() for part in text.split(";") if part.strip()]


def _shown(row: tuple[str, str, str, list[str]]) -> str:
    time, message, expected, went = row
    mark = " " if _words(expected) == _words("; ".join(went)) else "!"
    return f"{mark} {time:>7} | {message:<30} | {'; '.join(went)}"
