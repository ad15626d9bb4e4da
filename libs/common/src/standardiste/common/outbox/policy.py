"""How long a send is tried, how often, and what is done when nobody knows whether it went out. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from random import Random

from standardiste.common.events.base import Instant

HOUR_MS = 3_600_000


class OnUnknown(StrEnum):
    """A send whose outcome is unknown (a crash, a lost answer)."""

    SEND_AGAIN = "send_again"
    LOOK_UP = "look_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxPolicy:
    """
    `give_up_ms` and `delayed_ms` count from when the outbox took the send. `send_timeout_ms` bounds one try; `lease_ms` is longer, so that
    a send found `sending` after it belongs to a process that is gone. `keep_ms` is how long the record of an ended send stays.
    """

    give_up_ms: int
    on_unknown: OnUnknown
    delayed_ms: int = 10_000
    backoff_ms: int = 2_000
    backoff_max_ms: int = 15 * 60_000
    send_timeout_ms: int = 30_000
    lease_ms: int = 45_000
    held_recheck_ms: int = 5_000
    keep_ms: int = 30 * 24 * HOUR_MS

    def __post_init__(self) -> None:
        assert self.lease_ms > self.send_timeout_ms, "a lease must outlast the longest try"


EMAIL_POLICY = OutboxPolicy(give_up_ms=48 * HOUR_MS, on_unknown=OnUnknown.SEND_AGAIN, send_timeout_ms=60_000, lease_ms=90_000)
"""Mail goes again under the same Message-ID: SMTP offers nothing to look up."""

SMS_POLICY = OutboxPolicy(give_up_ms=4 * HOUR_MS, on_unknown=OnUnknown.LOOK_UP, send_timeout_ms=15_000, lease_ms=30_000)

OPEN_POLICY = OutboxPolicy(give_up_ms=24 * HOUR_MS, on_unknown=OnUnknown.SEND_AGAIN, send_timeout_ms=15_000, lease_ms=30_000)
"""Integrators recognise a repeat by the message's id."""


def next_try_at(policy: OutboxPolicy, tries: int, now: Instant, random: Random) -> Instant:
    """
    When to try again after the try number `tries` (1 is the first): the backoff doubles up to its greatest, and half of it is jitter.

    At 2 s and tries 1, 2, 3: within 1–2 s, 2–4 s, 4–8 s.
    """
    backoff = min(policy.backoff_max_ms, policy.backoff_ms * 2 ** min(tries - 1, 30))
    return Instant(now + backoff // 2 + random.randint(0, backoff - backoff // 2))
