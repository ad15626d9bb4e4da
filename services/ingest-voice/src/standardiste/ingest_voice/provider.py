"""The provider port: who carries calls. One adapter file per provider; it puts `sounds.py` into the provider's own words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from standardiste.ingest_voice.model import Call, Outcome, Party


class LegState(StrEnum):
    RINGING = "ringing"
    UP = "up"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class LegReport:
    """A leg as the provider has it. `outcome` is set once it has ended."""

    leg: str
    state: LegState
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A recorded message, as the provider names it."""

    id: str
    duration_ms: int


class LegGone(Exception):
    """The leg that something was asked of is over."""

    def __init__(self, party: Party) -> None:
        super().__init__(f"the {party}'s leg is over")
        self.party = party


class CallProvider(Protocol):
    """
    Every verb may raise ProviderError: retryable when the provider cannot now, `is_outcome_unknown` when it may have done it all the same.
    """

    async def show(self, call: Call, party: Party, leg: str, *, words: str = "", digits: str = "") -> None:
        """Make a live leg play what the call's state says for this party, from now on, after these words or digits. Raises LegGone."""
        ...

    async def hang_up(self, call: Call, leg: str) -> None:
        """End a leg; one that is over already is as good."""
        ...

    async def ring(self, call: Call, party: Party) -> str:
        """Call a party on a leg of its own: the agent or the customer to begin a call, or a guest; gives the leg."""
        ...

    async def look_up(self, call: Call, leg: str) -> LegReport:
        """A leg as it is now; one that the provider does not know has ended."""
        ...

    async def reached(self, call: Call, parent: str) -> LegReport | None:
        """The newest leg that this parent rings or rang for the present attempt; None when there is none."""
        ...

    async def rung(self, call: Call, party: Party) -> LegReport | None:
        """The leg that an earlier `ring` of unknown outcome began; None when it did not."""
        ...

    async def record(self, call: Call, leg: str, *, is_on: bool) -> None:
        """Record a leg and whatever it hears, from now on, or pause that; one that is not recorded may be paused."""
        ...

    async def recording(self, call: Call, leg: str) -> Recording | None:
        """The message that was recorded on a leg, if there is one."""
        ...

    async def fetch(self, call: Call, recording: str) -> bytes:
        """A recorded message's sound."""
        ...
