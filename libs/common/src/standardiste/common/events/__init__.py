"""
The wire catalogue: every event and command, defined once, as frozen dataclasses.

`base` says what an event is, `model` holds the values events share, then one module per direction: `inputs`, `commands`, `decisions`,
`outbound`, `directory`. `refusals` names every no, `wire` the websocket's frames, `codec` is the only place that turns any of it to bytes.
Importing this package registers every type.
"""

from standardiste.common.events import commands, decisions, directory, inputs, outbound
from standardiste.common.events.base import REGISTRY, Event, Instant, spec_of

__all__ = ["REGISTRY", "Event", "Instant", "commands", "decisions", "directory", "inputs", "outbound", "spec_of"]
