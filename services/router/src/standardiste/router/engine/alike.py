"""
What the indexes follow from of one interaction or agent, and whether two records of it are alike in that: most changes touch little, and only what differs is followed
(live.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from standardiste.common.events.model import AgentId, InteractionState
from standardiste.router.engine.state import Agent, Interaction

_NOBODY: Final[Mapping[AgentId, None]] = {}


def is_held(interaction: Interaction) -> bool:
    """Whether it may take anybody's capacity."""
    return interaction.owner is not None or bool(interaction.offers) or interaction.consult is not None


def holders(interaction: Interaction | None) -> Mapping[AgentId, None]:
    """Whose capacity it takes: its owner (unless parked), those it is offered to, the agent asked in."""
    if interaction is None or not is_held(interaction):
        return _NOBODY
    owner = interaction.owner
    found: dict[AgentId, None] = {} if owner is None or interaction.state is InteractionState.PARKED else {owner: None}
    for offer in interaction.offers:
        found[offer.agent] = None
    if interaction.consult is not None and interaction.guest is not None:
        found[interaction.guest] = None
    return found


def handed(interaction: Interaction | None) -> AgentId | None:
    """The agent a transfer waits for, without an offer yet."""
    if interaction is None or interaction.transfer is None or interaction.offers:
        return None
    return interaction.transfer.agent


def weighs_alike(old: Interaction, new: Interaction) -> bool:
    """Whether no seat changes: same holders in the same state."""
    return (
        old.state is new.state
        and old.owner == new.owner
        and old.offers is new.offers
        and old.is_interrupted == new.is_interrupted
        and old.consult is new.consult
        and old.facts is new.facts
        and old.requirement.labels == new.requirement.labels
    )


def judged_alike(old: Interaction, new: Interaction) -> bool:
    """Whether nothing that a pair filter may look at changes."""
    return (
        old.requirement is new.requirement
        and old.stretches is new.stretches
        and old.last_owner == new.last_owner
        and old.conversation == new.conversation
        and old.customer == new.customer
    )


def waits_alike(old: Interaction, new: Interaction) -> bool:
    """Whether, its offers apart, neither its place nor any deadline of it changes."""
    if old.state is not new.state:
        return False
    if new.state is InteractionState.IDENTIFYING and old.away_since == new.away_since:
        return True  # it has no place yet, and stands before one deadline, which stays
    return (
        old.requirement is new.requirement
        and old.facts is new.facts
        and old.not_before == new.not_before
        and old.tried is new.tried
        and old.key == new.key
        and old.step == new.step
        and old.hold_for == new.hold_for
        and old.hold_until == new.hold_until
        and old.enqueued_at == new.enqueued_at
        and old.wrap_up_ends_at == new.wrap_up_ends_at
        and old.away_since == new.away_since
        and old.overflowed == new.overflowed
        and old.original is new.original
    )


def sits_alike(old: Agent, new: Agent) -> bool:
    """Whether neither its place on the floor nor what desks are told of it changes."""
    return (
        old.taken_at == new.taken_at
        and old.idle_since == new.idle_since
        and old.status == new.status
        and old.next_status == new.next_status
        and old.session == new.session
        and old.grace_until == new.grace_until
        and old.rest_until == new.rest_until
        and old.missed_in_a_row == new.missed_in_a_row
    )
