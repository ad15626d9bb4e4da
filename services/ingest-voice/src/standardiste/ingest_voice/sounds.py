"""What each leg of a call is given to hear or do, from the call's state alone. Providers put it into their own words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from standardiste.ingest_voice.calls import Call, CallState, Party

AGENT_RINGS_S = 25
"""How long an agent's phone rings: the router waits 30 s for media.connected or media.failed."""
CUSTOMER_RINGS_S = 45
ALONE_S = 4
"""How long a customer whose agent hung up waits for the router to want something with him."""


class Music(StrEnum):
    QUEUE = "queue"
    HOLD = "hold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Music until taken out. `room` is where others can fetch the leg from; `greets` comes before it, once."""

    room: str
    music: Music
    greets: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Ring this endpoint or number and bridge; `party` says whose leg that is. `shows` is the number shown to the called, None: the caller's own."""

    endpoint: str
    rings_s: int
    party: Party
    attempt: int
    shows: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """Bridge with the leg that waits in this room."""

    room: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """Silence for so long, then ask again."""

    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HangUp:
    """The end."""


Sound: TypeAlias = Wait | Reach | Fetch | Quiet | HangUp

_HELD_AGENT_S = 600


def sound_of(call: Call, party: Party, *, leg: str | None = None, greets: bool = False) -> Sound:
    """What this party's leg plays now. A leg that is no longer the party's own (`leg` names another) is hung up."""
    own = call.customer_leg if party is Party.CUSTOMER else call.agent_leg
    if leg is not None and own is not None and leg != own:
        return HangUp()
    return _customers(call, greets=greets) if party is Party.CUSTOMER else _agents(call)


def _customers(call: Call, *, greets: bool) -> Sound:
    match call.state:
        case CallState.WAITING:
            return Wait(room=f"waiting-{call.channel_address}"[:64], music=Music.QUEUE, greets=greets)
        case CallState.CONNECTING:
            assert call.endpoint is not None, "an agent is asked at an endpoint"
            return Reach(endpoint=call.endpoint, rings_s=AGENT_RINGS_S, party=Party.AGENT, attempt=call.attempt)
        case CallState.HELD | CallState.BRIDGED:
            return Wait(room=hold_room(call), music=Music.HOLD)
        case CallState.ALONE:
            return Quiet(seconds=ALONE_S)
        case CallState.OUTSIDE:
            assert call.outside is not None, "the customer is sent to a number"
            return Reach(endpoint=call.outside, rings_s=CUSTOMER_RINGS_S, party=Party.CUSTOMER, attempt=call.attempt)
        case _:
            return HangUp()


def _agents(call: Call) -> Sound:
    match call.state:
        case CallState.RINGING_CUSTOMER:
            return Reach(
                endpoint=call.address, rings_s=CUSTOMER_RINGS_S, party=Party.CUSTOMER, attempt=call.attempt, shows=call.our_address
            )
        case CallState.HELD:
            return Quiet(seconds=_HELD_AGENT_S)
        case CallState.BRIDGED:
            return Fetch(room=hold_room(call))
        case _:
            return HangUp()


def hold_room(call: Call) -> str:
    """Where the customer's leg is while held."""
    return f"hold-{call.conversation}"[:64]
