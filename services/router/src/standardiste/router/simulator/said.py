"""
Reads plain values strictly: each thing taken is checked, what is left over is a fault, and every fault has its pointer.

A value that is wrong is noted and stands in as its default, so that one reading finds every fault.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar, cast

from standardiste.common.clock import parse_rfc3339
from standardiste.common.events.base import Instant
from standardiste.router.simulator.faults import ScenarioFault, fault

DAYS_MAX: Final = 400
DURATION_MS_MAX: Final = DAYS_MAX * 24 * 3_600_000
INSTANT_END: Final = parse_rfc3339("3000-01-01T00:00:00Z")
"""Far enough from the last day that calendars can name."""
_UNIT_MS: Final = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
_DURATION: Final = re.compile("".join(rf"(?:([0-9]+(?:\.[0-9]+)?){unit})?" for unit in _UNIT_MS))
"""Larger units first: 1h30m."""
_MISSING: Final = object()
T = TypeVar("T")


@dataclass(slots=True)
class Said:
    """A value and where it stands. `taken` are the names of a map that were asked for."""

    value: object
    pointer: str
    faults: list[ScenarioFault]
    taken: dict[str, None] = field(default_factory=dict[str, None])

    def fault(self, name: str, /, **parameters: object) -> None:
        self.faults.append(fault(name, self.pointer, **parameters))

    @property
    def is_map(self) -> bool:
        return isinstance(self.value, Mapping)

    def has(self, name: str) -> bool:
        """Whether a map names it, be it null."""
        return isinstance(self.value, Mapping) and self._map.get(name) is not None

    # ---- going down

    def get(self, name: str) -> Said | None:
        """What a map has under a name; None when it has nothing there, or is no map."""
        self.taken[name] = None
        value = self._map.get(name, _MISSING)
        return None if value is _MISSING or value is None else Said(value, f"{self.pointer}/{_escaped(name)}", self.faults)

    def need(self, name: str) -> Said | None:
        """As `get`, but nothing there is a fault."""
        found = self.get(name)
        if found is None and self.is_map:
            self.fault("missing_field", name=name)
        return found

    def items(self) -> Iterator[tuple[str, Said]]:
        """Everything in a map by name."""
        for name in self._map:
            found = self.get(str(name))
            yield str(name), found or Said(None, f"{self.pointer}/{_escaped(str(name))}", self.faults)

    def each(self) -> Iterator[Said]:
        """Everything in a list."""
        if not isinstance(self.value, list):
            self.fault("not_a_list")
            return
        for number, value in enumerate(cast("list[object]", self.value)):
            yield Said(value, f"{self.pointer}/{number}", self.faults)

    def end(self) -> None:
        """Whatever was not asked for is a fault."""
        if not self.is_map:
            self.fault("not_a_map")
            return
        known = ", ".join(self.taken)
        for name in self._map:
            if name not in self.taken:
                self.faults.append(fault("unknown_field", f"{self.pointer}/{_escaped(str(name))}", name=name, known=known))

    @property
    def _map(self) -> Mapping[str, object]:
        return cast("Mapping[str, object]", self.value) if isinstance(self.value, Mapping) else {}

    # ---- leaves

    def text(self) -> str:
        if isinstance(self.value, str) and self.value:
            return self.value
        self.fault("not_a_text", value=_short(self.value))
        return ""

    def number(self, least: float, most: float) -> float:
        if isinstance(self.value, int | float) and not isinstance(self.value, bool) and least <= self.value <= most:
            return self.value
        self.fault("not_a_number", value=_short(self.value), least=f"{least:g}", most=f"{most:g}")
        return least

    def whole(self, least: int, most: int) -> int:
        if isinstance(self.value, int):
            return int(self.number(least, most))
        self.fault("not_a_number", value=_short(self.value), least=least, most=most)
        return least

    def ms(self, least_ms: float = 0) -> float:
        """A length of time: a number with its unit."""
        ms = _ms_of(self.value)
        if ms is not None and least_ms <= ms <= DURATION_MS_MAX:
            return ms
        self.fault("not_a_duration", value=_short(self.value))
        return least_ms

    def instant(self) -> Instant:
        try:
            found = parse_rfc3339(self.text())
        except ValueError:
            self.fault("not_an_instant", value=_short(self.value))
            return Instant(0)
        if not 0 <= found < INSTANT_END:
            self.fault("instant_out_of_range", value=_short(self.value))
        return found


def is_duration(value: object) -> bool:
    return _ms_of(value) is not None


def _ms_of(value: object) -> float | None:
    found = _DURATION.fullmatch(value) if isinstance(value, str) and value else None
    if found is None:
        return None
    return sum(float(count) * unit_ms for count, unit_ms in zip(found.groups(), _UNIT_MS.values(), strict=True) if count)


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 40 else text[:39] + "…"


def _escaped(name: str) -> str:
    """As RFC 6901 writes it in a pointer."""
    return name.replace("~", "~0").replace("/", "~1")
