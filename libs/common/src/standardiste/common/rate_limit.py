"""Token buckets: how fast one tenant or client address may ask, with a bounded memory of who asked."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from math import ceil
from typing import Final

from standardiste.common.events.base import Instant

KEYS_MAX: Final = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a request found in its bucket. `reset_s` is when the bucket is full again, `retry_after_s` when one more fits."""

    is_allowed: bool
    burst: int
    remaining: int
    reset_s: int
    retry_after_s: int


class TokenBuckets:
    """
    One bucket per key: `per_s` tokens flow in, at most `burst` fit, a request takes one.

    Memory is bounded: beyond `keys_max` the key that asked longest ago is forgotten, which gives it a full bucket again.
    """

    def __init__(self, *, per_s: float, burst: int, keys_max: int = KEYS_MAX) -> None:
        assert per_s > 0, "tokens must flow"
        assert burst > 0, "one must fit"
        self._per_s, self._burst, self._keys_max = per_s, burst, keys_max
        self._buckets: OrderedDict[str, tuple[float, Instant]] = OrderedDict()

    def take(self, key: str, now: Instant) -> Taken:
        tokens, at = self._buckets.get(key, (float(self._burst), now))
        tokens = min(float(self._burst), tokens + max(0, now - at) * self._per_s / 1000)
        is_allowed = tokens >= 1
        left = tokens - 1 if is_allowed else tokens
        self._buckets[key] = (left, now)
        self._buckets.move_to_end(key)
        if len(self._buckets) > self._keys_max:
            self._buckets.popitem(last=False)
        return Taken(
            is_allowed=is_allowed,
            burst=self._burst,
            remaining=int(left),
            reset_s=ceil((self._burst - left) / self._per_s),
            retry_after_s=0 if is_allowed else max(1, ceil((1 - left) / self._per_s)),
        )


def headers(taken: Taken) -> list[tuple[bytes, bytes]]:
    """RateLimit headers: how many fit, how many are left, in how many seconds all fit again."""
    return [
        (b"ratelimit-limit", str(taken.burst).encode()),
        (b"ratelimit-remaining", str(taken.remaining).encode()),
        (b"ratelimit-reset", str(taken.reset_s).encode()),
    ]
