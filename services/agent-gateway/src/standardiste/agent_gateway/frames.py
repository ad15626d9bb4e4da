"""The client's frames as values, and ours as text. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final, cast

from standardiste.common.errors import BadInput
from standardiste.common.events.codec import adapter, load_data
from standardiste.common.events.wire import FRAME_BYTES_MAX, ClientFrame, Command, Hello, Ping, ServerFrame, SignOut

_KINDS: Final[Mapping[str, type]] = {"hello": Hello, "command": Command, "ping": Ping, "sign_out": SignOut}
_TRACEPARENT: Final = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


def parse_frame(text: str) -> ClientFrame:
    """A client's frame. Raises BadInput("malformed"), or "invalid_field" with a pointer."""
    if len(text) > FRAME_BYTES_MAX:
        raise BadInput("malformed", f"A frame has at most {FRAME_BYTES_MAX} bytes.")
    try:
        raw: object = json.loads(text)
    except (ValueError, RecursionError):
        raise BadInput("malformed", "A frame is one JSON object.") from None
    kind = cast("dict[str, Any]", raw).get("kind") if isinstance(raw, dict) else None
    if not isinstance(kind, str) or kind not in _KINDS:
        raise BadInput("malformed", "A frame's kind is hello, command, ping or sign_out.")
    return load_data(_KINDS[kind], text)


def dump_frame(frame: ServerFrame) -> str:
    """A frame of ours as text; what is None is left out."""
    cls: type[Any] = type(frame)
    return adapter(cls).dump_json(frame, exclude_none=True).decode()


def traceparent_of(command: Command) -> str | None:
    """The client's trace, where it gives one that is one."""
    text = command.traceparent
    return text if text is not None and _TRACEPARENT.fullmatch(text) else None
