"""
The only mutator: what each event does to the live tables. No decision is taken here and nothing outside the event and the tables is read.

Every transition of an interaction must stand in lifecycle.py; anything else is a fault of ours and stops the step. What each event changes is in `changes/`, by what
it is about; a decision that is in none of them (a question answered, a message passed on) changes nothing but the count.
"""

from __future__ import annotations

from typing import Final

from standardiste.common.events.base import Event
from standardiste.common.events.directory import ENTITIES, ChangeSetCommitted
from standardiste.router.engine.changes import arrivals, calls, configuration, consults, life, offers, people
from standardiste.router.engine.changes.turns import Changes
from standardiste.router.engine.live import Live

_CHANGES: Final[Changes] = {
    **configuration.CHANGES,
    **arrivals.CHANGES,
    **life.CHANGES,
    **consults.CHANGES,
    **calls.CHANGES,
    **offers.CHANGES,
    **people.CHANGES,
}
_ENTITY_TYPES: Final = tuple(ENTITIES.values())


def apply(live: Live, event: Event) -> None:
    """Change the tables as this event says. A decision counts; an entity of the directory waits for its commit."""
    if event.time > live.at:
        live.at = event.time
    data = event.data
    change = _CHANGES.get(data.__class__)
    if change is not None:
        live.decisions += 1
        change(live, event, data)
    elif isinstance(data, _ENTITY_TYPES):
        configuration.hold_back(live, data)
    elif isinstance(data, ChangeSetCommitted):
        configuration.date(live, data)
    else:
        live.decisions += 1
