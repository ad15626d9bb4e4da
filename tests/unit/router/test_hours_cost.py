"""What it costs when calendars turn: what waits under them, and not for each of them all that lives. All that turn at one instant do in one step."""

from __future__ import annotations

from standardiste.common.events import inputs
from standardiste.common.events.base import Instant
from standardiste.common.events.directory import Calendar, ChangeSetCommitted, Opening
from standardiste.common.events.model import Channel
from standardiste.common.testing.builders import AT, TENANT, configuration, contact, event
from standardiste.common.testing.effort import calls_of
from standardiste.router.engine import Engine
from standardiste.router.kit import STANDARD

CALENDARS = 20
DAYS = (1, 2, 3, 4, 5, 6, 7)


def turned(waiting: int) -> int:
    """How many calls it takes when the hours of all calendars end, and so many wait in a queue that has none."""
    engine = Engine(TENANT, STANDARD)
    calendars = (
        Calendar(id=f"k{n}", change_set=1, zone="UTC", openings=(Opening(weekdays=DAYS, opens="08:00", closes="23:00"),))
        for n in range(CALENDARS)
    )
    for number, entity in enumerate(configuration(*calendars)):
        engine.step(event(entity, id=f"d{number}"), AT)
    engine.step(event(ChangeSetCommitted(number=1, members=1, by="p", committed_at=AT), id="d"), AT)
    ends = engine.live.configuration.hours["k0"].next_change(AT)
    assert ends is not None
    for n in range(waiting):
        engine.step(event(inputs.ContactReceived(contact=contact(f"m{n}", channel=Channel.SMS)), id=f"x{n}"), Instant(ends - 1_000))
    engine.fire(Instant(ends - 1))
    return calls_of(lambda: engine.fire_next(ends))


def test_calendars_that_turn_at_once_do_not_each_go_through_all_that_waits_elsewhere() -> None:
    assert turned(waiting=100) == turned(waiting=2)
