"""
The websocket's own frames (`GET /v1/agent/ws`, subprotocol `standardiste.v1`), JSON, one object a frame.

Client → server: `hello` first, within 5 s; then commands of the catalogue; `ping` where the browser hides its own; `sign_out` to leave for good.
Server → client: `welcome` or `resumed`, then decisions as structured CloudEvents with `seq`; `problem` for what never reached the router; `bye` before closing.
A client answers a lost connection with backoff, `hello` with its session and last `seq`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Literal, TypeAlias

from standardiste.common.events.base import Instant
from standardiste.common.events.model import AgentId, CommandId, SessionId

SUBPROTOCOL = "standardiste.v1"
HELLO_WITHIN_MS = 5_000
PONG_WITHIN_MS = 45_000
PING_EVERY_MS = 15_000
FRAME_BYTES_MAX = 256 * 1024


class Close(IntEnum):
    """Why a socket was closed (4000–4999 are ours)."""

    SIGNED_OUT = 1000
    GOING_AWAY = 1001
    BAD_FRAME = 4400
    BAD_TOKEN = 4401
    NOT_ALLOWED = 4403
    HELLO_LATE = 4408
    SUPERSEDED = 4409
    TOO_SLOW = 4413
    TOO_MANY = 4429
    TOKEN_EXPIRED = 4440
    AWAY = 4503


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """First frame. `session` and `seq` when coming back. A fresh token may be sent again at any time by another hello."""

    token: str
    session: SessionId | None = None
    seq: str | None = None
    language: str | None = None
    kind: Literal["hello"] = "hello"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """
    A command of the catalogue. `type` may be short ("offer.accept"); `data` are its fields without `actor`.

    `id` is the client's own, unique for this agent for 15 min (a repeat is answered and changes nothing); the answer's `data.command` names it.
    """

    id: CommandId
    type: str
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])
    traceparent: str | None = None
    kind: Literal["command"] = "command"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping:
    kind: Literal["ping"] = "ping"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOut:
    """The person leaves for good: the session ends at once, without its 10 s to come back. The server closes the socket."""

    kind: Literal["sign_out"] = "sign_out"


ClientFrame: TypeAlias = Hello | Command | Ping | SignOut


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome:
    """A session is open; the router's snapshot follows. `file_bytes_max`: the largest file that may be sent with an answer."""

    session: SessionId
    agent: AgentId
    tenant: str
    name: str
    now: Instant
    seq: str
    token_expires_at: Instant
    file_bytes_max: int = 0
    kind: Literal["welcome"] = "welcome"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """The session goes on; what was missed follows, nothing twice, no snapshot."""

    session: SessionId
    now: Instant
    seq: str
    kind: Literal["resumed"] = "resumed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """A decision: a structured CloudEvent, plus `seq`. On the wire the event's attributes are the frame's own fields."""

    seq: str
    event: Mapping[str, Any]
    kind: Literal["event"] = "event"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A command that never reached the router: `command` names it, `reason` is a named refusal (malformed, unknown_type, bus_away, not_allowed …)."""

    reason: str
    detail: str
    command: CommandId | None = None
    retry_after_ms: int | None = None
    kind: Literal["problem"] = "problem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pong:
    now: Instant
    kind: Literal["pong"] = "pong"


@dataclass(frozen=True, slots=True, kw_only=True)
class Away:
    """The bus does not answer (`is_away`), or does again: the desk says so; nothing is lost."""

    is_away: bool
    kind: Literal["away"] = "away"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bye:
    code: int
    reason: str
    kind: Literal["bye"] = "bye"


ServerFrame: TypeAlias = Welcome | Resumed | Pushed | Problem | Pong | Away | Bye
