"""A call in the stand-in, the bridge between two, the queue that callers wait in, and the phone at the other end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from standardiste.common.events.base import Instant
from standardiste.common.testing.twilio.account import API_VERSION, rfc2822

FINAL = frozenset({"completed", "busy", "no-answer", "failed", "canceled"})
EVENT_OF_STATUS = {"queued": "initiated", "ringing": "ringing", "in-progress": "answered"}
QUEUE_SIZE_MAX = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """Where a leg's progress is reported, and which events."""

    url: str | None = None
    events: frozenset[str] = frozenset({"completed"})


@dataclass(slots=True, eq=False)
class Bridge:
    """Two calls that hear each other. `ended` says which one ended it and why: "hangup" or "redirected"."""

    dialer: Call
    member: Call
    ended: asyncio.Future[tuple[Call, str]]

    def other(self, call: Call) -> Call:
        return self.member if call is self.dialer else self.dialer

    def end(self, by: Call, why: str) -> None:
        self.dialer.bridge = self.member.bridge = None
        if not self.ended.done():
            self.ended.set_result((by, why))


@dataclass(slots=True, eq=False)
class Conference:
    """Calls that all hear each other."""

    name: str
    members: list[Call] = field(default_factory=list["Call"])


@dataclass(slots=True, eq=False, kw_only=True)
class Recording:
    """What was recorded on a call: a message left, or the talk itself."""

    sid: str
    call_sid: str
    content: bytes
    duration_s: int
    status: str = "completed"

    def resource(self, account_sid: str) -> dict[str, Any]:
        return {
            "account_sid": account_sid,
            "api_version": API_VERSION,
            "call_sid": self.call_sid,
            "duration": str(self.duration_s),
            "sid": self.sid,
            "status": self.status,
            "uri": f"/{API_VERSION}/Accounts/{account_sid}/Recordings/{self.sid}.json",
        }


@dataclass(slots=True, eq=False, kw_only=True)
class Call:
    """
    One leg. `heard` is what its party was given to hear, in order: "say fr-FR: Bonjour", "play: https://…", "ringing", "silence".

    `parent` is the leg that dialled it; `leaving` says why its program is being cut short.
    """

    sid: str
    from_: str
    to: str
    direction: str
    created_at: Instant
    status: str = "queued"
    parent: Call | None = None
    answered_at: Instant | None = None
    ended_at: Instant | None = None
    status_callback: str | None = None
    status_events: frozenset[str] = frozenset({"completed"})
    heard: list[str] = field(default_factory=list[str])
    bridge: Bridge | None = None
    conference: Conference | None = None
    speech: tuple[bytes, int] | None = None
    program: asyncio.Task[None] | None = None
    leaving: str = ""
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    digits: asyncio.Queue[str] = field(default_factory=lambda: asyncio.Queue[str](maxsize=64))
    hang_up_now: Callable[[], None] = lambda: None
    sequence: int = 0

    @property
    def party(self) -> str:
        """Who is at the outer end: the caller of an inbound leg, the callee of an outgoing one."""
        return self.from_ if self.direction == "inbound" else self.to

    @property
    def is_over(self) -> bool:
        return self.status in FINAL

    def is_bridged_with(self, party: str) -> bool:
        """Whether this party and that one hear each other now."""
        return self.bridge is not None and self.bridge.other(self).party == party

    def meets(self, *parties: str) -> bool:
        """Whether exactly these parties are in the room with this one."""
        if self.conference is None:
            return False
        return sorted(other.party for other in self.conference.members if other is not self) == sorted(parties)

    def speaks(self, sound: bytes, seconds: int) -> None:
        """The party says something so long, which a recording that runs will hold."""
        self.speech = (sound, seconds)

    def has_heard(self, words: str) -> bool:
        """Whether anything given to hear so far holds these words."""
        return any(words in each for each in self.heard)

    def hang_up(self) -> None:
        """The party puts the phone down."""
        self.hang_up_now()

    def press(self, digits: str) -> None:
        """The party presses keys."""
        self.digits.put_nowait(digits)

    def duration_s(self) -> int:
        return 0 if self.answered_at is None or self.ended_at is None else (self.ended_at - self.answered_at) // 1000

    def params(self, account_sid: str) -> dict[str, str]:
        """The parameters that every voice webhook carries."""
        params = {
            "CallSid": self.sid,
            "AccountSid": account_sid,
            "From": self.from_,
            "To": self.to,
            "Caller": self.from_,
            "Called": self.to,
            "CallStatus": self.status,
            "ApiVersion": API_VERSION,
            "Direction": self.direction,
        }
        if self.parent is not None:
            params["ParentCallSid"] = self.parent.sid
        return params

    def resource(self, account_sid: str) -> dict[str, Any]:
        """As the REST API shows it."""
        uri = f"/{API_VERSION}/Accounts/{account_sid}/Calls/{self.sid}"
        return {
            "account_sid": account_sid,
            "answered_by": None,
            "api_version": API_VERSION,
            "caller_name": None,
            "date_created": rfc2822(self.created_at),
            "date_updated": rfc2822(self.ended_at or self.answered_at or self.created_at),
            "direction": self.direction,
            "duration": str(self.duration_s()) if self.is_over else None,
            "end_time": rfc2822(self.ended_at),
            "forwarded_from": None,
            "from": self.from_,
            "from_formatted": self.from_,
            "group_sid": None,
            "parent_call_sid": self.parent.sid if self.parent else None,
            "phone_number_sid": None,
            "price": None,
            "price_unit": "USD",
            "queue_time": "0",
            "sid": self.sid,
            "start_time": rfc2822(self.answered_at or self.created_at),
            "status": self.status,
            "subresource_uris": {},
            "to": self.to,
            "to_formatted": self.to,
            "trunk_sid": None,
            "uri": f"{uri}.json",
        }


@dataclass(slots=True, eq=False)
class Member:
    """A call waiting in a queue. `taken` is set to the bridge when somebody dials the queue."""

    call: Call
    joined_at: Instant
    taken: asyncio.Future[Bridge]


@dataclass(slots=True, eq=False)
class CallQueue:
    """Callers in the order they came."""

    sid: str
    name: str
    members: list[Member] = field(default_factory=list[Member])
    joined: asyncio.Event = field(default_factory=asyncio.Event)

    def join(self, member: Member) -> bool:
        """False when the queue is full."""
        if len(self.members) >= QUEUE_SIZE_MAX:
            return False
        self.members.append(member)
        self.joined.set()
        return True

    def leave(self, member: Member) -> None:
        if member in self.members:
            self.members.remove(member)

    async def first(self) -> Member:
        """The head, waiting for one to come."""
        while not self.members:
            self.joined.clear()
            await self.joined.wait()
        return self.members.pop(0)

    def resource(self, account_sid: str) -> dict[str, Any]:
        return {
            "account_sid": account_sid,
            "average_wait_time": 0,
            "current_size": len(self.members),
            "friendly_name": self.name,
            "max_size": QUEUE_SIZE_MAX,
            "sid": self.sid,
            "uri": f"/{API_VERSION}/Accounts/{account_sid}/Queues/{self.sid}.json",
        }


class Response(StrEnum):
    """How a phone takes a ringing call."""

    ANSWERS = "answers"
    RINGS_ON = "rings_on"
    BUSY = "busy"
    FAILS = "failed"


MAGIC_PHONES = {"+33639989911": Response.BUSY, "+33639989912": Response.RINGS_ON, "+33639989913": Response.FAILS}
"""Numbers (of the range kept for fiction) that are busy, never answer, cannot be reached."""


class Phone:
    """An agent's phone or client, or a customer who is called. Answers at once unless told otherwise."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.calls: list[Call] = []
        self.response, self.after_ms = MAGIC_PHONES.get(address, Response.ANSWERS), 0
        self._pick_up = asyncio.Event()

    @property
    def call(self) -> Call | None:
        """The latest call to it."""
        return self.calls[-1] if self.calls else None

    @property
    def is_ringing(self) -> bool:
        return self.call is not None and self.call.status == "ringing"

    def answers(self, after_ms: int = 0) -> None:
        self.response, self.after_ms = Response.ANSWERS, after_ms

    def does_not_answer(self) -> None:
        """Rings until the caller gives up, or until `answer()`."""
        self.response = Response.RINGS_ON

    def is_busy(self) -> None:
        self.response = Response.BUSY

    def fails(self) -> None:
        """Cannot be reached: not registered, no such number."""
        self.response = Response.FAILS

    def answer(self) -> None:
        """Pick up what rings now."""
        self._pick_up.set()

    def hang_up(self) -> None:
        if self.call is not None:
            self.call.hang_up()

    async def picked_up(self) -> None:
        self._pick_up.clear()
        await self._pick_up.wait()
