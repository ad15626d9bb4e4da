"""docs/lifecycles.md: the legal transitions, from the engine's tables."""

from __future__ import annotations

from collections.abc import Sequence

from standardiste.router.engine.lifecycle import AGENT, CONSULT, INTERACTION, OFFER, SESSION, Row

_TABLES: tuple[tuple[str, str, Sequence[Row]], ...] = (
    ("Interaction", "One piece of work, from its contact to its close.", INTERACTION),
    ("Offer", "An offer ends once, for one reason.", OFFER),
    ("Consult", "Somebody asked in; the owner stays who he is until it is completed.", CONSULT),
    ("Agent", "What the system sees of an agent; the status is what the person chose.", AGENT),
    ("Session", "A signed-in desk; the newest of an agent wins.", SESSION),
)


def lifecycles_page() -> str:
    """One table and one diagram per thing that has a life."""
    lines = [
        "# Lifecycles",
        "",
        "Generated from the engine's tables (`services/router/src/standardiste/router/engine/lifecycle.py`) by `make reference`. The engine refuses what is not here.",
        "`-` is before the beginning.",
    ]
    for title, sentence, rows in _TABLES:
        lines += ["", f"## {title}", "", sentence, ""]
        if len(rows) <= 60:
            lines += ["```mermaid", "stateDiagram-v2", *_arrows(rows), "```", ""]
        lines += ["| state | event | next state | meaning |", "|---|---|---|---|"]
        lines += [f"| {row.state} | `{row.event}` | {row.next} | {row.meaning} |" for row in rows]
    return "\n".join([*lines, ""])


def _arrows(rows: Sequence[Row]) -> list[str]:
    """One arrow per pair of states, with its events."""
    events: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        events.setdefault((row.state, row.next), []).append(row.event)
    return [f"    {_state(before)} --> {_state(after)}: {', '.join(dict.fromkeys(names))}" for (before, after), names in events.items()]


def _state(name: str) -> str:
    return "[*]" if name == "-" else name
