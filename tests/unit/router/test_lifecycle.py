"""The tables of legal transitions: they speak of real states and decisions, and hold together."""

from __future__ import annotations

import pytest

from standardiste.common.events.base import REGISTRY
from standardiste.common.events.model import AgentState, InteractionState
from standardiste.router.engine.lifecycle import INTERACTION, LIFECYCLES, NOWHERE


@pytest.mark.parametrize("noun", LIFECYCLES)
def test_every_event_is_a_decision_of_the_catalogue(noun: str) -> None:
    assert [row.event for row in LIFECYCLES[noun] if f"standardiste.{row.event}.v1" not in REGISTRY] == []


@pytest.mark.parametrize("noun", LIFECYCLES)
def test_every_row_says_what_it_means(noun: str) -> None:
    assert all(row.meaning for row in LIFECYCLES[noun])


def test_interaction_states_are_the_catalogues_and_all_of_them() -> None:
    assert {row.state for row in INTERACTION} | {row.next for row in INTERACTION} == {NOWHERE, *InteractionState}


def test_agent_states_are_the_catalogues() -> None:
    assert {row.next for row in LIFECYCLES["agent"]} == set(AgentState)


def test_closed_is_final_and_every_other_state_can_end_there() -> None:
    assert not [row for row in INTERACTION if row.state == "closed"]
    ends = {row.state for row in INTERACTION if row.next == "closed"}
    assert ends == set(InteractionState) - {InteractionState.CLOSED}
