"""
The chat socket's frames (`GET /v1/chat/sessions/{session}/ws`, subprotocol `standardiste.chat.v1`), JSON, one object a frame.

Visitor → server: `hello` first, within 5 s; then messages, typing, acknowledgements, `end`. Server → visitor: `welcome`, then what follows the
visitor's place, in order and complete; afterwards everything as it happens. A message is `accepted` when it is durable; until then the visitor keeps it
and sends it again under the same id. Every frame of the transcript carries `seq`, the visitor's place from then on: opaque, kept, sent back in the next
hello (an empty one leaves the place as it is). HTTP gives the same frames (`GET …/messages`). web/src/wire.ts is generated from here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, cast

from standardiste.common.errors import BadInput
from standardiste.common.events.base import Instant
from standardiste.common.events.codec import adapter, load_data

SUBPROTOCOL: Final = "standardiste.chat.v1"
HELLO_WITHIN_S: Final = 5.0
FRAME_CHARACTERS_MAX: Final = 16 * 1024
TEXT_BYTES_MAX: Final = 8 * 1024
ID_CHARACTERS_MAX: Final = 64
PENDING_MAX: Final = 100


# ---- what a visitor says


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """First frame. `after` is the last `seq` seen; `pending` are the ids of own messages not yet accepted, so that their message ids can be told before they are replayed."""

    token: str
    after: str | None = None
    pending: tuple[str, ...] = ()
    kind: Literal["hello"] = "hello"


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """The visitor's words. `id` is the widget's own: the same id is the same message, however often it is sent."""

    id: str
    text: str
    kind: Literal["say"] = "say"


@dataclass(frozen=True, slots=True, kw_only=True)
class Typing:
    """The visitor is writing. Passed on at most every 3 s, kept nowhere."""

    kind: Literal["typing"] = "typing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An agent's message reached the visitor's screen (`read`: the visitor looked at it)."""

    message: str
    state: Literal["delivered", "read"] = "delivered"
    kind: Literal["seen"] = "seen"


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """The visitor says goodbye: the chat is over."""

    kind: Literal["end"] = "end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping:
    kind: Literal["ping"] = "ping"


VisitorFrame: TypeAlias = Hello | Say | Typing | Seen | End | Ping


# ---- what the server says


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome:
    """The session is open. `messages` gives the message ids of what was pending. What follows the visitor's place comes next."""

    session: str
    now: Instant
    messages: Mapping[str, str]
    is_ended: bool = False
    kind: Literal["welcome"] = "welcome"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The visitor's message is durable. `message` is its id in the transcript."""

    id: str
    message: str
    receipt: str
    kind: Literal["accepted"] = "accepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who says something: the visitor, an agent or bot by name, or the system."""

    kind: Literal["customer", "agent", "bot", "system"]
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file of a message. Its bytes are `GET /v1/chat/sessions/{session}/files/{message}/{id}`, with the session's token."""

    id: str
    name: str
    media_type: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One message of the transcript."""

    seq: str
    id: str
    at: Instant
    author: Person
    text: str
    is_redacted: bool = False
    files: tuple[File, ...] = ()
    kind: Literal["said"] = "said"


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """An agent took the conversation."""

    seq: str
    id: str
    at: Instant
    author: Person
    kind: Literal["joined"] = "joined"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A standing text: a key of the widget's catalogues, or the tenant's own words in `text`."""

    seq: str
    id: str
    at: Instant
    notice: str
    text: str | None = None
    kind: Literal["notice"] = "notice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The conversation is closed; what the visitor writes now begins a new session."""

    seq: str
    id: str
    at: Instant
    notice: str | None = None
    kind: Literal["ended"] = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Redacted:
    """The words of this message are gone for good."""

    message: str
    kind: Literal["redacted"] = "redacted"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentTyping:
    """An agent is writing; show it for 6 s."""

    author: Person
    kind: Literal["agent_typing"] = "agent_typing"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRead:
    """An agent has read all that the visitor has said up to this message."""

    message: str
    at: Instant
    kind: Literal["agent_read"] = "agent_read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where the waiting visitor stands; `position` None: nowhere any more. The range of the wait where enough is known."""

    position: int | None = None
    wait_p50_ms: int | None = None
    wait_p90_ms: int | None = None
    kind: Literal["position"] = "position"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something was not done: a name of problems.py; `id` names the message it is about, `retry_after_ms` when to try again."""

    reason: str
    detail: str = ""
    id: str | None = None
    retry_after_ms: int | None = None
    kind: Literal["problem"] = "problem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pong:
    kind: Literal["pong"] = "pong"


Entry: TypeAlias = Said | Joined | Notice | Ended
"""What the transcript keeps."""
ServerFrame: TypeAlias = Welcome | Accepted | Entry | Redacted | AgentTyping | AgentRead | Position | Problem | Pong

_KINDS: Final[Mapping[str, type[Any]]] = {
    "hello": Hello,
    "say": Say,
    "typing": Typing,
    "seen": Seen,
    "end": End,
    "ping": Ping,
}


def parse(text: str) -> VisitorFrame:
    """A visitor's frame. Raises BadInput: too_large, malformed, invalid_field."""
    if len(text) > FRAME_CHARACTERS_MAX:
        raise BadInput("too_large", f"A frame has at most {FRAME_CHARACTERS_MAX} characters.")
    try:
        raw: object = json.loads(text)
    except (ValueError, RecursionError):
        raise BadInput("malformed", "A frame is one JSON object.") from None
    kind = cast("dict[str, Any]", raw).get("kind") if isinstance(raw, dict) else None
    if not isinstance(kind, str) or kind not in _KINDS:
        raise BadInput("malformed", f"A frame's kind is one of {', '.join(_KINDS)}.")
    frame: VisitorFrame = load_data(_KINDS[kind], text)
    _check(frame)
    return frame


def id_of(text: str) -> str | None:
    """The id that a frame names, also one that was refused: so that its sender knows which."""
    try:
        raw: object = json.loads(text[:FRAME_CHARACTERS_MAX])
    except (ValueError, RecursionError):
        return None
    id = cast("dict[str, Any]", raw).get("id") if isinstance(raw, dict) else None
    return id if isinstance(id, str) and 1 <= len(id) <= ID_CHARACTERS_MAX else None


def check_id(id: str) -> None:
    """What holds for a message's id on every way in. Raises BadInput."""
    if not 1 <= len(id) <= ID_CHARACTERS_MAX:
        raise BadInput("invalid_field", f"an id has 1 to {ID_CHARACTERS_MAX} characters", "/id")


def check_say(id: str, text: str) -> None:
    """What holds for a message on either way in. Raises BadInput."""
    check_id(id)
    if not text.strip():
        raise BadInput("invalid_field", "there is nothing to say", "/text")
    if len(text.encode("utf-8", "surrogatepass")) > TEXT_BYTES_MAX:
        raise BadInput("too_large", f"A message has at most {TEXT_BYTES_MAX} bytes.", "/text")


def dump(frame: ServerFrame) -> str:
    """A frame of ours as text; what is None is left out."""
    cls: type[Any] = type(frame)
    return adapter(cls).dump_json(frame, exclude_none=True).decode()


def plain(frame: ServerFrame) -> dict[str, Any]:
    """A frame of ours as the JSON object that HTTP answers carry."""
    cls: type[Any] = type(frame)
    return adapter(cls).dump_python(frame, mode="json", exclude_none=True)


def _check(frame: VisitorFrame) -> None:
    match frame:
        case Say(id=id, text=text):
            check_say(id, text)
        case Hello(pending=pending) if len(pending) > PENDING_MAX or any(not 1 <= len(id) <= ID_CHARACTERS_MAX for id in pending):
            raise BadInput("invalid_field", f"at most {PENDING_MAX} ids of 1 to {ID_CHARACTERS_MAX} characters", "/pending")
        case _:
            pass
