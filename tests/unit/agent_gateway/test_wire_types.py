"""The desk's wire types are those of the catalogue."""

from __future__ import annotations

from pathlib import Path

from standardiste.common.events.typescript import generate

WIRE = Path(__file__).parents[3] / "services" / "agent-gateway" / "web" / "src" / "wire.ts"


def test_wire_types_are_current() -> None:
    assert generate() == WIRE.read_text(), "run: python -m standardiste.common.events.typescript > services/agent-gateway/web/src/wire.ts"
