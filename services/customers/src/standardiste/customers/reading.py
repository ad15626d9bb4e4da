"""
Reading a topic in lanes that only the data know, decoding each record once.

A subscription asks for a record's lane before it calls the handler; both need the data. `lane` decodes what is of interest and keeps it until `take`;
everything else is passed over, undecoded. At most as many are kept as may be in flight.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from standardiste.common.bus.port import Record
from standardiste.common.errors import BadInput
from standardiste.common.events.base import Event, spec_of
from standardiste.common.events.codec import decode


class Reader:
    """Decodes the types in `kinds`; `lane_of` names the lane of an event."""

    def __init__(self, kinds: Collection[type], lane_of: Callable[[Event], str]) -> None:
        self._names = frozenset(spec_of(kind).name for kind in kinds)
        self._lane_of = lane_of
        self._kept: dict[tuple[int, int], Event] = {}

    def lane(self, record: Record) -> str | None:
        """The record's lane; None when it is of no interest. One that cannot be decoded has its key's, where `take` says what is wrong with it."""
        if record.headers.get("ce_type") not in self._names:
            return None
        try:
            event = decode(record)
        except BadInput:
            return record.key
        self._kept[record.partition, record.offset] = event
        return f"{event.tenant}/{self._lane_of(event)}"

    def take(self, record: Record) -> Event:
        """The event in a record that has a lane. Raises BadInput."""
        return self._kept.pop((record.partition, record.offset), None) or decode(record)
