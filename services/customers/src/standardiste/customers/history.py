"""
The record of what was, for reports: one immutable line at every close and every change of an agent's state. Pure.

A line is the decision's own data (segments with instants and causes; scope, team, queue, change set as they were) under its place in the log, so it is
whole from the first day and independent of what configuration says later. Lines are read in the order of the log.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from pydantic_core import from_json

from standardiste.common.bus.port import Record
from standardiste.common.errors import BadInput
from standardiste.common.events.decisions import AgentStateChanged, InteractionClosed
from standardiste.common.security.rights import Object
from standardiste.common.store.port import Body

FORMAT: Final = 1
KINDS: Final[Mapping[type, str]] = {InteractionClosed: "interaction", AgentStateChanged: "agent_state"}
"""Which decisions make history, and what their lines are called."""

_POSITION: Final = re.compile(r"[0-9]{14}-[0-9]{5}-[0-9]{15}")


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the log: by instant first, because a restored log counts its offsets anew."""

    appended_at: int
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.appended_at:014d}-{self.partition:05d}-{self.offset:015d}"


def position_of(record: Record) -> Position:
    return Position(record.appended_at, record.partition, record.offset)


def parse_position(text: str) -> Position:
    """The position that a reader gives back. Raises BadInput("cursor_invalid")."""
    if not _POSITION.fullmatch(text):
        raise BadInput("cursor_invalid", "give what a line or the Link header gave", "/query/after")
    return Position(*(int(part) for part in text.split("-")))


def history_body(kind: str, record: Record, id: str, at: str) -> Body:
    """The document of one line."""
    assert record.value is not None
    return {
        "format": FORMAT,
        "position": str(position_of(record)),
        "line": {"position": str(position_of(record)), "id": id, "kind": kind, "at": at, "data": from_json(record.value)},
    }


def object_of(tenant: str, line: Mapping[str, Any]) -> Object:
    """Whose a line is: its sponsor, site, campaign, team and person, as they were."""
    data = cast(Mapping[str, Any], line["data"])
    scope = cast(Mapping[str, Any], data.get("scope") or {})
    view = cast(Mapping[str, Any], data.get("view") or {})
    return Object(
        tenant=tenant,
        sponsor=scope.get("sponsor"),
        site=scope.get("site") or data.get("site") or None,
        campaign=scope.get("campaign"),
        team=data.get("team"),
        person=data.get("owner") or view.get("id"),
    )
