"""
From what a person wrote to a scenario, or every fault with its pointer.

The configuration comes as entities that the directory has read and checked already. Agent classes with a `count` become people of it here; a stream that asks for skills
or labels becomes a rule ahead of all others, so that the engine routes it as it routes everything.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, Final

from standardiste.common.clock import parse_rfc3339
from standardiste.common.events.directory import (
    AgentProfile,
    ChannelAddress,
    Entity,
    Person,
    Queue,
    Rule,
    Skill,
)
from standardiste.common.events.model import (
    AgentId,
    Channel,
    ChannelAddressId,
    ProfileId,
    QueueId,
    SkillId,
    SkillNeed,
    WrapUpMode,
)
from standardiste.router.engine.configuration import Configuration, takes_work
from standardiste.router.kit import STANDARD
from standardiste.router.simulator import chances
from standardiste.router.simulator.chances import ReadFile
from standardiste.router.simulator.customers import AT_THE_LINE, STREAM
from standardiste.router.simulator.draws import Deterministic
from standardiste.router.simulator.faults import ScenarioRefused
from standardiste.router.simulator.house import House
from standardiste.router.simulator.said import Said
from standardiste.router.simulator.scenario import AT_ONCE, AgentClass, Break, Scenario, Shift, Stream, target_ms

FORMAT: Final = 1
AGENTS_MAX: Final = 20_000
REPLICATIONS_MAX: Final = 10_000
BEGINS: Final = parse_rfc3339("2026-01-05T08:00:00Z")
"""A Monday."""


def _no_files(name: str) -> str:
    raise OSError("no files here")


def scenario_of(written: object, entities: Collection[Entity], read_file: ReadFile = _no_files) -> Scenario:
    """The scenario. Raises ScenarioRefused with every fault; a `configuration` in it is not looked at, for `entities` are it."""
    said = Said(written, "", [])
    house = House(entities)
    format_ = said.get("format")
    if format_ is not None and format_.value != FORMAT:
        format_.fault("format_too_new", found=format_.value, known=FORMAT)
    said.get("configuration")
    classes = _classes(said.need("agents"), house)
    streams = _streams(said.need("contacts"), house, read_file)
    seed, replications, confidence = said.get("seed"), said.get("replications"), said.get("confidence")
    length, warm_up, begins = said.need("length"), said.get("warm_up"), said.get("begins")
    scenario = Scenario(
        streams=streams,
        classes=classes,
        entities=house.all(),
        length_ms=round(length.ms(least_ms=1)) if length else 1,
        begins=begins.instant() if begins else BEGINS,
        warm_up_ms=round(warm_up.ms()) if warm_up else 0,
        seed=seed.whole(0, 2**63) if seed else 1,
        replications=replications.whole(1, REPLICATIONS_MAX) if replications else 10,
        confidence=confidence.number(0.5, 0.9999) if confidence else 0.95,
        dispositions=house.dispositions(said),
    )
    said.end()
    if said.faults:
        raise ScenarioRefused(said.faults)
    return scenario


# ---- agents


def _classes(said: Said | None, house: House) -> tuple[AgentClass, ...]:
    if said is None:
        return ()
    classes = tuple(_class(name, each, house) for name, each in said.items())
    said.end()
    if said.is_map and not classes:
        said.fault("empty")
    seen: set[str] = set()
    for each in classes:
        for agent in each.agents:
            if agent in seen:
                said.fault("twice", value=agent)
            seen.add(agent)
    if len(seen) > AGENTS_MAX:
        said.fault("too_many", count=len(seen), most=AGENTS_MAX)
    return classes


def _class(name: str, said: Said, house: House) -> AgentClass:
    agents = _people(name, said, house)
    shifts, answers_after = said.get("shifts"), said.get("answers_after")
    declines, misses = said.get("declines"), said.get("misses")
    returns_after, pace = said.get("returns_after"), said.get("pace")
    found = AgentClass(
        name=name,
        agents=agents,
        shifts=_shifts(shifts) if shifts else (),
        answers_after=chances.distribution(answers_after) if answers_after else Deterministic(0.0),
        declines=declines.number(0, 1) if declines else 0.0,
        misses=misses.number(0, 1) if misses else 0.0,
        returns_after_ms=round(returns_after.ms()) if returns_after else 60_000,
        pace=pace.number(0.01, 100) if pace else 1.0,
    )
    said.end()
    if found.declines + found.misses > 1:
        said.fault("more_than_all")
    return found


def _people(name: str, said: Said, house: House) -> tuple[AgentId, ...]:
    count, people = said.get("count"), said.get("people")
    profile, skills, queues = said.get("profile"), said.get("skills"), said.get("queues")
    if (count is None) == (people is None):
        if said.is_map:
            said.fault("count_or_people")
        return ()
    if people is not None:
        for own_name, own in (("profile", profile), ("skills", skills), ("queues", queues)):
            if own is not None:
                own.fault("people_have_their_own", name=own_name)
        ids = house.staff() if people.value == "all" else tuple(_person(each, house) for each in people.each())
        if not ids and people.value in ("all", []):
            people.fault("nobody")
        return ids
    assert count is not None, "one of the two"
    number = count.whole(1, AGENTS_MAX)
    made = Person(
        id=AgentId(""),
        change_set=0,
        name=name,
        profile=ProfileId(house.check(AgentProfile, "agent-profile", profile)) if profile else ProfileId("main"),
        skills=_skills(skills, house) if skills else (),
        queues=tuple(QueueId(house.check(Queue, "queue", each)) for each in queues.each()) if queues else None,
    )
    width = len(str(number))
    agents = tuple(AgentId(f"{name}-{n:0{width}d}") for n in range(1, number + 1))
    for taken in sorted(house.of(Person).keys() & set(agents)):
        said.fault("twice", value=taken)
    house.added += [replace(made, id=agent) for agent in agents]
    return agents


def _person(said: Said, house: House) -> AgentId:
    id = house.check(Person, "person", said)
    person = house.of(Person).get(id)
    if person is not None and not takes_work(person):
        said.fault("takes_no_work", id=id)
    return AgentId(id)


def _skills(said: Said, house: House) -> tuple[SkillNeed, ...]:
    found: list[SkillNeed] = []
    for name, level in said.items():
        if name not in house.of(Skill):
            level.fault("unknown_reference", kind="skill", id=name)
        if not isinstance(level.value, int) or not 1 <= level.value <= 5:
            level.fault("level_out_of_range", value=level.value)
            continue
        found.append(SkillNeed(skill=SkillId(name), level=level.value))
    said.end()
    return tuple(sorted(found, key=lambda need: need.skill))


def _shifts(said: Said) -> tuple[Shift, ...]:
    shifts = tuple(_shift(each) for each in said.each())
    if not shifts and said.value == []:
        said.fault("empty")
    if any(later.from_ms < earlier.until_ms for earlier, later in pairwise(shifts)):
        said.fault("not_in_order")
    return shifts


def _shift(said: Said) -> Shift:
    from_, until, breaks = said.need("from"), said.need("until"), said.get("breaks")
    shift = Shift(
        from_ms=round(from_.ms()) if from_ else 0,
        until_ms=round(until.ms()) if until else 0,
        breaks=tuple(_break(each) for each in breaks.each()) if breaks else (),
    )
    said.end()
    times: Sequence[int] = (
        shift.from_ms,
        *(t for pause in shift.breaks for t in (pause.at_ms, pause.at_ms + pause.length_ms)),
        shift.until_ms,
    )
    if any(later < earlier for earlier, later in pairwise(times)):
        said.fault("not_in_order")
    return shift


def _break(said: Said) -> Break:
    at, length = said.need("at"), said.need("length")
    said.end()
    return Break(at_ms=round(at.ms()) if at else 0, length_ms=round(length.ms()) if length else 0)


# ---- contacts


def _streams(said: Said | None, house: House, read_file: ReadFile) -> tuple[Stream, ...]:
    if said is None:
        return ()
    streams = tuple(stream for name, each in said.items() if (stream := _stream(name, each, house, read_file)) is not None)
    said.end()
    if said.is_map and not said.value:
        said.fault("empty")
    return streams


def _stream(name: str, said: Said, house: House, read_file: ReadFile) -> Stream | None:
    channel, arrivals, handle = said.need("channel"), said.need("arrivals"), said.need("handle")
    patience, wrap_up, connects_after = said.get("patience"), said.get("wrap_up"), said.get("connects_after")
    queue, address, priority = said.get("queue"), said.get("channel_address"), said.get("priority")
    attributes, language, service_level = said.get("attributes"), said.get("language"), said.get("service_level")
    queue_id = QueueId(house.check(Queue, "queue", queue)) if queue else None
    known = _channel(channel) if channel else None
    _rule(name, said, queue_id, house)
    found: dict[str, Any] = {
        "patience": chances.distribution(patience) if patience else None,
        "wrap_up": chances.distribution(wrap_up) if wrap_up else None,
        "connects_after": chances.distribution(connects_after) if connects_after else Deterministic(0.0),
        "queue": queue_id,
        "channel_address": _address(address, known, house) if address else None,
        "priority": priority.whole(-1000, 1000) if priority else None,
        "attributes": _attributes(attributes) if attributes else {},
        "language": language.text() if language else None,
        "service_level_ms": round(service_level.ms()) if service_level else _target_ms(house, queue_id),
    }
    arriving = chances.arrivals(arrivals, read_file) if arrivals else chances.NO_ARRIVALS
    handling = chances.distribution(handle) if handle else Deterministic(0.0)
    said.end()
    if wrap_up is not None and known is not None and found["wrap_up"] != AT_ONCE and not (queue is None and (address or house.has_rules())):
        _wrap_up(wrap_up, known, house.of(Queue).get(queue_id or house.default_queue()))
    if known is not None and known not in AT_THE_LINE and patience is not None:
        patience.fault("patience_of_no_use", channel=known.value)
    return None if known is None else Stream(name=name, channel=known, arrivals=arriving, handle=handling, **found)


def _channel(said: Said) -> Channel | None:
    if isinstance(said.value, str) and said.value in Channel.__members__.values():
        return Channel(said.value)
    said.fault("unknown_channel", value=said.value, known=", ".join(Channel))
    return None


def _address(said: Said, channel: Channel | None, house: House) -> ChannelAddressId:
    id = house.check(ChannelAddress, "channel-address", said)
    address = house.of(ChannelAddress).get(id)
    if address is not None and channel is not None and address.channel is not channel:
        said.fault("address_of_another_channel", id=id, channel=address.channel.value)
    return ChannelAddressId(id)


def _wrap_up(said: Said, channel: Channel, queue: Queue | None) -> None:
    """A queue without wrap-up would drop it without a word."""
    if queue is not None and Configuration({}, None, {}, STANDARD.orders).wrap_up(queue, channel)[0] is WrapUpMode.NONE:
        said.fault("queue_without_wrap_up", queue=queue.id, channel=channel.value)


def _target_ms(house: House, queue: QueueId | None) -> int | None:
    """The named queue's; None where the rules decide on a queue."""
    settings = house.of(Queue).get(queue) if queue is not None else None
    return target_ms(settings) if settings is not None else None


def _attributes(said: Said) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, each in said.items():
        if isinstance(each.value, str | int | float | bool):
            found[name] = each.value
        else:
            each.fault("not_a_text", value=each.value)
    said.end()
    return found


def _rule(name: str, said: Said, queue: QueueId | None, house: House) -> None:
    """What a stream names itself goes before what the rules would say; where there are none, its queue alone needs no rule."""
    skills, labels = said.get("skills"), said.get("labels")
    if skills is None and labels is None and (queue is None or not house.has_rules()):
        return
    if queue is None and house.has_rules():
        said.fault("queue_needed")
    house.rules.append(
        Rule(
            name=f"simulated: {name}",
            when=f'"{STREAM}" in contact.attributes && contact.attributes.{STREAM} == {_quoted(name)}',
            queue=queue or house.default_queue(),
            skills=_skills(skills, house) if skills else (),
            labels=tuple(each.text() for each in labels.each()) if labels else (),
        )
    )


def _quoted(text: str) -> str:
    """As CEL writes a text; JSON's escapes are among its own."""
    return json.dumps(text, ensure_ascii=False)
