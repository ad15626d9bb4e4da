"""
Live tables ↔ router-state records: one record an entity, under kind and id; gone is a tombstone (None).

Records are the frozen dataclasses of state.py and the directory's entities, turned to bytes outside the engine. Ids, instants and keyed hashes only: the
words and addresses of customers never reach a table, and what the directory says of people and addresses is stripped before it does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from standardiste.common.events.base import Instant
from standardiste.common.events.directory import ENTITIES
from standardiste.common.events.model import CommandId, InteractionId, QueueId
from standardiste.router.engine.alike import holders
from standardiste.router.engine.configuration import Faulty, build, key_of
from standardiste.router.engine.due import standing
from standardiste.router.engine.live import Live
from standardiste.router.engine.packs import ClosedPack
from standardiste.router.engine.state import Agent, Answer, Closed, Gateway, Interaction, Meta, Opening, Pace

Records = Mapping[tuple[str, str], Any]

TYPES: Final[dict[str, type]] = {
    "meta": Meta,
    "interaction": Interaction,
    "agent": Agent,
    "gateway": Gateway,
    "closed": Closed,
    "closed-pack": ClosedPack,
    "answer": Answer,
    "opening": Opening,
    "pace": Pace,
}


FORMATS: Final[Mapping[str, str]] = {"closed-pack": "2"}
"""The format of kinds that the first version of router-state did not have, so that a program that does not know them says so and leaves them."""


_NAMED_BY: Final = {"gateway": "name", "closed-pack": "number", "opening": "command", "pace": "queue"}
"""The field that names a record, where that is not `id`."""


class DoesNotFit(Exception):
    """The records of router-state do not fit together: the partition stops; nothing is started afresh in silence."""


def type_of(kind: str, id: str) -> type:
    """The class of the record under this key."""
    if kind in ("entity", "pending"):
        return ENTITIES[id.partition("/")[0]]
    return TYPES[kind]


def id_of(tenant: str, kind: str, record: Any) -> str | None:
    """The id under which this record of the tenant is kept; None when it is another tenant's."""
    match kind:
        case "meta":
            return "" if record.tenant == tenant else None
        case "entity":
            return "/".join(key_of(record))
        case "pending":
            return "/".join((*key_of(record), str(record.change_set)))
        case "answer":
            return f"{record.asker}/{record.command}"
        case _:
            return str(getattr(record, _NAMED_BY.get(kind, "id")))


def changes(live: Live) -> list[tuple[str, str, object | None]]:
    """What was touched since the last call, each once, as it is now."""
    if live.decisions != live.decisions_saved:  # every decision counts, so the counters are touched by all
        live.decisions_saved = live.decisions
        live.touched["meta", ""] = None
    found = [(kind, id, _FIND[kind](live, id)) for kind, id in live.touched]
    live.touched.clear()
    return found


def everything(live: Live) -> dict[tuple[str, str], Any]:
    """Every record, for laws and exports."""
    found: dict[tuple[str, str], Any] = {("meta", ""): _meta(live, "")}
    found.update({("entity", "/".join(key)): entity for key, entity in live.entities.items()})
    found.update({("pending", f"{kind}/{id}/{number}"): entity for (kind, id, number), entity in live.pending.items()})
    for kind, table in (
        ("interaction", live.interactions),
        ("agent", live.agents),
        ("gateway", live.gateways),
        ("opening", live.openings),
        ("pace", live.paces),
        ("closed", live.memory.closed),
    ):
        found.update({(kind, id): record for id, record in table.items()})
    found.update({("closed-pack", str(number)): record for number, record in live.memory.packs.records.items()})
    found.update({("answer", key): answer for key, answer in live.memory.answers.items()})
    return found


def load(live: Live, records: Records) -> None:
    """Fill empty tables from records; the indexes follow. Raises DoesNotFit when the records do not fit together."""
    try:
        _load(live, records)
    except (ArithmeticError, LookupError, ValueError) as error:
        raise DoesNotFit(f"tenant {live.tenant}: a record says what cannot be ({type(error).__name__}: {error})") from error


def _load(live: Live, records: Records) -> None:
    meta = records.get(("meta", ""))
    if isinstance(meta, Meta):
        _load_meta(live, meta)
    elif any(kind != "pending" for kind, _ in records):  # whatever is not held back was decided, and every decision counts
        raise DoesNotFit(f"tenant {live.tenant}: its counters are missing")
    for (kind, id), record in records.items():
        if kind == "entity":
            name, _, rest = id.partition("/")
            live.entities[name, rest] = record
        elif kind == "pending":
            name, _, rest = id.partition("/")
            live.pending[name, rest.rpartition("/")[0], record.change_set] = record
    built = build(live.entities, live.kit)
    if isinstance(built, Faulty):
        raise DoesNotFit(f"tenant {live.tenant}: its configuration cannot be put in force: {built.reason}: {built.detail}")
    live.configure(built)
    for agent in _sorted(records, "agent", lambda a: a.id):
        live.put_agent(agent)
    for gateway in _sorted(records, "gateway", lambda g: g.name):
        live.put_gateway(gateway)
    for pace in _sorted(records, "pace", lambda p: p.queue):
        live.put_pace(pace)
    for opening in _sorted(records, "opening", lambda o: o.command):
        live.put_opening(opening)
    for interaction in _sorted(records, "interaction", lambda i: i.id):
        if missing := [agent for agent in holders(interaction) if agent not in live.agents]:
            raise DoesNotFit(f"tenant {live.tenant}: {interaction.id} is with {missing[0]}, an agent of whom there is no record")
        live.put_interaction(interaction)
    for packed in _sorted(records, "closed-pack", lambda p: p.number):
        live.memory.restore(packed, live.at)
    for closed in _sorted(records, "closed", lambda c: c.number):
        live.memory.remember(closed)
    for record in (*live.interactions.values(), *live.memory.closed.values()):
        if record.facts.linked_to is not None:
            live.memory.abandoned.drop(record.facts.linked_to)
    for packed in live.memory.packs.records.values():
        for _, linked_to in packed.linked:
            live.memory.abandoned.drop(linked_to)
    for answer in _sorted(records, "answer", lambda a: a.number):
        live.memory.answered(answer)
    for due in standing(live):
        live.deadlines.add(due)
    _check_counts(live, meta if isinstance(meta, Meta) else Meta(tenant=live.tenant))
    live.touched.clear()
    live.touched_agents.clear()
    live.seat_all()
    live.floor.drain()  # the state was committed at rest: law L5 held


def _check_counts(live: Live, meta: Meta) -> None:
    """Whether all that was written is there."""
    if live.ingested != live.closed_count + len(live.interactions):
        raise DoesNotFit(f"tenant {live.tenant}: {live.ingested} came, {live.closed_count} closed, but {len(live.interactions)} are live")
    for what, counted, found in (("entities", meta.entities, len(live.entities)), ("agents", meta.agents, len(live.agents))):
        if counted is not None and counted != found:
            raise DoesNotFit(f"tenant {live.tenant}: {found} {what} where {counted} were written")


def _load_meta(live: Live, meta: Meta) -> None:
    live.at = meta.at
    live.decisions = live.decisions_saved = meta.decisions
    live.ingested = meta.ingested
    live.closed_count = meta.closed
    live.change_set = meta.change_set
    live.resumed_at = meta.resumed_at
    live.gap_began_at = meta.gap_began_at
    live.dated = {int(number): Instant(at) for number, at in meta.dated.items()}


def _sorted(records: Records, kind: str, key: Callable[[Any], Any]) -> Iterable[Any]:
    return sorted((record for (found, _), record in records.items() if found == kind), key=key)


def _meta(live: Live, id: str) -> Meta:
    return Meta(
        tenant=live.tenant,
        at=live.at,
        decisions=live.decisions,
        ingested=live.ingested,
        closed=live.closed_count,
        change_set=live.change_set,
        resumed_at=live.resumed_at,
        gap_began_at=live.gap_began_at,
        dated={str(number): at for number, at in sorted(live.dated.items())},
        entities=len(live.entities),
        agents=len(live.agents),
    )


def _entity(live: Live, id: str) -> object | None:
    kind, _, rest = id.partition("/")
    return live.entities.get((kind, rest))


def _pending(live: Live, id: str) -> object | None:
    kind, _, rest = id.partition("/")
    name, _, number = rest.rpartition("/")
    return live.pending.get((kind, name, int(number)))


_FIND: Final[dict[str, Callable[[Live, str], object | None]]] = {
    "meta": _meta,
    "entity": _entity,
    "pending": _pending,
    "interaction": lambda live, id: live.interactions.get(InteractionId(id)),
    "agent": lambda live, id: live.agents.get(id),  # type: ignore[arg-type]  # the id came from this table
    "gateway": lambda live, id: live.gateways.get(id),
    "pace": lambda live, id: live.paces.get(QueueId(id)),
    "opening": lambda live, id: live.openings.get(CommandId(id)),
    "closed": lambda live, id: live.memory.closed.get(InteractionId(id)),
    "closed-pack": lambda live, id: live.memory.packs.records.get(int(id)),
    "answer": lambda live, id: live.memory.answers.get(id),
}
