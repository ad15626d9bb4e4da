"""The provider port: who carries a message out of the house (a mail server, a telephony provider, an integrator)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from standardiste.common.events.base import Instant
from standardiste.common.events.outbound import DeliverMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """One message to be carried out. `tries` counts the earlier ones; the message's id makes a repeat recognisable to the provider."""

    tenant: str
    command: DeliverMessage
    taken_at: Instant
    tries: int = 0
    traceparent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A recipient whom the provider refused while it took the message for others."""

    recipient: str
    code: str
    detail: str


def _nothing() -> None:
    """Nothing is held for a yes, as a rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """
    The provider's yes. `provider_id` is what its later reports name; `refused` are recipients left out for good.

    `segments` is how many parts a text took, where that is counted. `release` is called once the yes is stored: a connection that is held until then carries no second message whose yes a crash could lose as well.
    """

    provider_id: str | None = None
    refused: tuple[Refused, ...] = ()
    segments: int | None = None
    release: Callable[[], None] = field(default=_nothing, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Unknown:
    """The provider cannot say now whether it took the message."""


class Provider(Protocol):
    """
    What every way out implements, once per provider; tests/contract/provider holds each of them to the same suite.

    `send` raises ProviderError and no other error of a provider's making: not retryable when it will never take this message;
    `is_outcome_unknown` when it may have taken it (the answer was lost). What it leans on itself being away is an Away.
    """

    @property
    def name(self) -> str:
        """Its name in errors and logs."""
        ...

    async def send(self, send: Send) -> Sent: ...

    async def look_up(self, send: Send) -> Sent | Unknown | None:
        """Whether a send of unknown outcome was taken: yes, cannot say, or None for certainly not."""
        ...
