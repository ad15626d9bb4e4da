"""The ids that customers have in other systems, as the unique index holds them. Pure."""

from __future__ import annotations

from collections.abc import Mapping


def external_key(sponsor: str, system: str, id: str) -> str:
    """`sponsor/system:id`: whose customers they are is a wall."""
    return f"{sponsor}/{system}:{id}"


def externals_of(sponsor: str, ids: Mapping[str, str]) -> tuple[str, ...]:
    """The keys of a record's external ids, in order."""
    return tuple(external_key(sponsor, system, id) for system, id in sorted(ids.items()))
