"""What each leg of a call is given to hear or do, from the call's state alone. Providers put it into their own words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from standardiste.ingest_voice.model import Call, CallState, Party
from standardiste.ingest_voice.writing import leg_of

AGENT_RINGS_S = 25
"""How long an agent's phone rings: the router waits 30 s for media.connected or media.failed."""
CUSTOMER_RINGS_S = 45
CALLED_BACK_RINGS_S = 20
"""A customer who is called back first, for his agent must be reached as well within the router's 30 s."""
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
class Meet:
    """In the room with whoever else is there, until taken out."""

    room: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Asked for a message, of so many seconds at most."""

    seconds_max: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Thank:
    """Thanked for the message, then the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HangUp:
    """The end."""


Sound: TypeAlias = Wait | Reach | Fetch | Quiet | Meet | Record | Thank | HangUp

_HELD_AGENT_S = 600
MESSAGE_S_MAX = 180


def sound_of(call: Call, party: Party, *, leg: str | None = None, greets: bool = False) -> Sound:
    """What this party's leg plays now. A leg that is no longer the party's own (`leg` names another) is hung up."""
    if party is Party.GUEST and leg is not None and leg == call.agent_leg:
        party = Party.AGENT  # he was asked in and has taken the call over
    own = leg_of(call, party)
    if leg is not None and own is not None and leg != own:
        return HangUp()
    match party:
        case Party.CUSTOMER:
            return _customers(call, greets=greets)
        case Party.AGENT:
            return _agents(call)
        case Party.GUEST:
            return Meet(room=meeting_room(call)) if call.guest is not None else HangUp()


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
        case CallState.CONFERENCE:
            return Meet(room=meeting_room(call))
        case CallState.VOICEMAIL:
            return Record(seconds_max=MESSAGE_S_MAX)
        case CallState.KEEPING:
            return Thank()
        case CallState.OUTSIDE if call.guest is not None:
            return Meet(room=meeting_room(call))
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
        case CallState.CONFERENCE:
            return Meet(room=meeting_room(call))
        case CallState.HELD if call.guest is not None:
            return Meet(room=meeting_room(call))
        case CallState.HELD:
            return Quiet(seconds=_HELD_AGENT_S)
        case CallState.BRIDGED:
            return Fetch(room=hold_room(call))
        case _:
            return HangUp()


def meeting_room(call: Call) -> str:
    """Where the legs meet while somebody is asked in."""
    return f"meet-{call.conversation}"[:64]


def hold_room(call: Call) -> str:
    """Where the customer's leg is while held."""
    return f"hold-{call.conversation}"[:64]
