"""Who gave a command that this program does not know or cannot read: as much as it takes to tell him so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from standardiste.common.bus.port import Record
from standardiste.common.errors import BadInput
from standardiste.common.events.codec import load_data
from standardiste.common.events.commands import Actor
from standardiste.common.events.model import CommandId


class Asked(NamedTuple):
    """What an answer names, and whom it goes to."""

    tenant: str
    actor: Actor
    command: CommandId
    type: str
    traceparent: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Command:
    """What every command says, whatever else it holds."""

    actor: Actor


def asked_in(record: Record) -> Asked | None:
    """Of a fact, and of what does not even say who asks, None."""
    marks = record.headers
    try:
        actor = load_data(_Command, record.value or b"").actor
        asked = Asked(marks["ce_tenant"], actor, CommandId(marks["ce_id"]), marks["ce_type"], marks.get("traceparent"))
    except (BadInput, KeyError):
        return None
    return asked if actor.agent is not None or actor.api_key is not None else None
