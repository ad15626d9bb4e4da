"""
Any well-typed message: each field of what its type allows, with the ids of the world where there are such, and now and then values that nobody would send.

What actions.py does is mostly sensible; this is what a broken or a hostile writer of `inputs` could do. A session is only ever opened for one agent, for gateways mint their ids.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping, Sequence
from enum import Enum
from functools import cache
from random import Random
from types import UnionType
from typing import Any, Final

from simulation.centre import AGENTS, QUEUES
from simulation.world import World

from standardiste.common.bus.topics import Topic
from standardiste.common.events import codec, inputs
from standardiste.common.events.base import REGISTRY, Data
from standardiste.common.events.commands import Actor
from standardiste.common.events.model import AgentId, SessionId

CLASSES: Final = tuple(spec.cls for spec in REGISTRY.values() if spec.topic == Topic.INPUTS)
TEXTS: Final = ("", "x", "bonjour", "é" * 200, "\x00", "1")
NUMBERS: Final = (-(10**18), -1, 0, 1, 5, 10_000, 10**9, 10**18)
MOMENTS_MS: Final = (-1_000_000, -1, 0, 1, 60_000, 1_000_000_000)
_names = cache(typing.get_type_hints)


def message(world: World, dice: Random) -> Data | None:
    """One message, as it comes out of the strict reading at the edges; None when that refuses it."""
    cls = dice.choice(CLASSES)
    try:
        return codec.adapter(cls).validate_json(codec.adapter(cls).dump_json(_made(world, dice, cls)))
    except ValueError:
        return None


def _made(world: World, dice: Random, cls: type[Any]) -> Any:
    if cls is Actor:
        return _actor(world, dice)
    hints = _names(cls)
    fields: dict[str, Any] = {}
    for field in dataclasses.fields(cls):
        is_optional = field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
        if not is_optional or dice.random() < 0.6:
            fields[field.name] = _value(world, dice, hints[field.name])
    if cls in (inputs.SessionOpened, inputs.SessionClosed):
        fields |= _session(world, dice)
    if "version" in fields and dice.random() < 0.9:
        i = world.engine.live.interactions.get(fields.get("interaction", ""))
        fields["version"] = i.version if i is not None else 1
        if i is not None and i.owner is not None and dice.random() < 0.6:
            fields["actor"] = Actor(agent=i.owner, session=world.engine.live.agents[i.owner].session)
    return cls(**fields)


def _actor(world: World, dice: Random) -> Actor:
    agents = list(world.engine.live.agents.values())
    if not agents or dice.random() < 0.1:
        return dice.choice((Actor(api_key="k1", may_supervise=dice.random() < 0.5), Actor(agent=AgentId("zoe"), session=SessionId("s"))))
    agent = dice.choice(agents)
    return Actor(agent=agent.id, session=agent.session or SessionId("none"), may_supervise=dice.random() < 0.5)


def _session(world: World, dice: Random) -> dict[str, Any]:
    agent = AgentId(dice.choice(AGENTS))
    present = world.engine.live.agents.get(agent)
    is_same = present is not None and present.session is not None and dice.random() < 0.6
    return {"agent": agent, "session": present.session if present and is_same else SessionId(f"s{world.number + 1}")}


def _value(world: World, dice: Random, kind: Any) -> Any:
    """A value of a type, as `typing` tells it."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, UnionType):
        some = [each for each in arguments if each is not type(None)]
        return None if len(some) < len(arguments) and dice.random() < 0.4 else _value(world, dice, dice.choice(some))
    if origin is typing.Literal:
        return dice.choice(arguments)
    if origin is tuple:
        return tuple(_value(world, dice, arguments[0]) for _ in range(dice.choice((0, 0, 1, 2))))
    return {} if origin is not None else _plain(world, dice, kind)


def _plain(world: World, dice: Random, kind: Any) -> Any:
    if isinstance(kind, typing.NewType):
        if kind.__name__ == "Instant":
            return world.now + dice.choice(MOMENTS_MS)
        ids = _ids(world).get(kind.__name__)
        return dice.choice(ids) if ids else _plain(world, dice, kind.__supertype__)
    if dataclasses.is_dataclass(kind):
        return _made(world, dice, typing.cast("type[Any]", kind))
    if issubclass(kind, Enum):
        return dice.choice(list(kind))
    if kind is bool:
        return dice.random() < 0.5
    return dice.choice(TEXTS) if kind is str else dice.choice(NUMBERS)


def _ids(world: World) -> Mapping[str, Sequence[str]]:
    live = world.engine.live
    work = list(live.interactions.values())
    return {
        "AgentId": [*AGENTS, "zoe", ""],
        "InteractionId": [*live.interactions, *list(world.closed)[-3:], "in_x"],
        "OfferId": [*(offer.id for i in work for offer in i.offers), *(i.taken_with for i in work if i.taken_with), "o"],
        "QueueId": [*QUEUES, "nowhere", ""],
        "ConversationId": [*(i.conversation for i in work if i.conversation), "c_x"],
        "ContactId": [*(contact.id for contact in world.known_contacts[-5:]), "m_x"],
        "ReceiptId": [*(contact.receipt for contact in world.known_contacts[-5:]), "r_x"],
        "StatusId": ["ready", "away", "break", "nonsense", ""],
        "MessageId": [*(f"{i.id}-m1" for i in work), "m1"],
        "CommandId": [*(command for command, _ in world.asked[-3:]), "k1"],
        "ChannelAddressId": ["email", "voice", "chat", "none", ""],
        "DispositionId": ["done", "no"],
    }
