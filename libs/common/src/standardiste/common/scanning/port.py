"""
Scanner: says whether a file is safe. Adapter: clamd. One contract suite (tests/contract/scanner).

A scanner that is away is an Away like any other: who must have its word answers 503 or looks again later, and serves nothing meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from standardiste.common.events.model import AttachmentState


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`clean`; `refused`, with the name of what was found; `unscanned` for a file that the scanner does not take (too large)."""

    state: AttachmentState
    name: str = ""


class Scanner(Protocol):
    """The port."""

    async def scan(self, content: bytes) -> Finding:
        """Look a file through. Raises ScannerAway when there is no answer in time."""
        ...
