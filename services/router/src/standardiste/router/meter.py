"""What operators see of the router: steps, offers by their end, closes by reason, defects. Counted a batch at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final

from prometheus_client import Gauge

from standardiste.common.bus.topics import Topic
from standardiste.common.events import decisions as d
from standardiste.common.events.base import Data, class_of
from standardiste.common.metrics import counter, gauge

STEPS: Final = counter("standardiste_router_steps_total")
OFFERS: Final = counter("standardiste_router_offers_total")
CLOSED: Final = counter("standardiste_router_closed_total")
DEFECTS: Final = counter("standardiste_router_defects_total")
SKIPPED: Final = counter("standardiste_router_skipped_records_total")
ESTIMATES: Final = counter("standardiste_router_wait_estimates_total")
DEAD_LETTERS: Final = counter("standardiste_bus_dead_letters_total")
PAIRS: Final = counter("standardiste_router_pairs_total")
WAITING: Final = gauge("standardiste_router_waiting")

_ENDS: Final[dict[type, str]] = {
    d.OfferMade: "made",
    d.OfferAccepted: "accepted",
    d.OfferDeclined: "declined",
    d.OfferExpired: "expired",
    d.OfferWithdrawn: "withdrawn",
    d.OfferMediaFailed: "media_failed",
}


class Meter:
    """One partition's counts. A batch that is aborted afterwards is counted all the same: these are rates, the ledger is elsewhere."""

    def __init__(self, partition: int) -> None:
        self._partition = str(partition)
        self._waiting: Gauge | None = None
        self._ends: Counter[str] = Counter()
        self._closed: Counter[str] = Counter()
        self._causes: Counter[str] = Counter()
        self._estimates: Counter[str] = Counter()
        self._defects = 0

    def step(self, cause: str) -> None:
        """A step was taken: a "record" or a "deadline"."""
        self._causes[cause] += 1

    def decided(self, data: Data) -> None:
        """A decision went out."""
        cls = class_of(data)
        end = _ENDS.get(cls)
        if end is not None:
            self._ends[end] += 1
        elif cls is d.InteractionClosed:
            self._closed[data.reason.value] += 1
        elif cls is d.SweepFound:
            self._defects += 1
        elif cls is d.EstimateScored:
            self._estimates[_kept(data)] += 1

    def skipped(self) -> None:
        """A record of an unknown type was passed over."""
        SKIPPED.inc()

    def set_aside(self, topic: Topic) -> None:
        """A record went to dead-letters, by a decision of its own."""
        DEAD_LETTERS.labels(topic.value).inc()

    def left(self) -> None:
        """Whoever has the partition now says how many wait there: told by two pods, they would be counted twice."""
        WAITING.remove(self._partition)
        self._waiting = None

    def batch(self, waiting: int, pairs: int) -> None:
        """The batch is done, in which pair filters were asked so often: hand everything on."""
        if self._waiting is None:  # before the first batch nobody knows
            self._waiting = WAITING.labels(self._partition)
        self._waiting.set(waiting)
        if pairs:
            PAIRS.inc(pairs)
        _flush(self._ends, lambda end, count: OFFERS.labels(end).inc(count))
        _flush(self._closed, lambda reason, count: CLOSED.labels(reason).inc(count))
        _flush(self._causes, lambda cause, count: STEPS.labels(cause).inc(count))
        _flush(self._estimates, lambda kept, count: ESTIMATES.labels(kept).inc(count))
        if self._defects:
            DEFECTS.inc(self._defects)
            self._defects = 0


def _kept(scored: d.EstimateScored) -> str:
    """Half of all should end within the P50 that they were told, nine in ten within the P90. Who gave up before that says neither."""
    if scored.is_abandoned:
        return "later" if scored.waited_ms > scored.wait_p90_ms else "left_before"
    if scored.waited_ms <= scored.wait_p50_ms:
        return "within_p50"
    return "within_p90" if scored.waited_ms <= scored.wait_p90_ms else "later"


def _flush(counts: Counter[str], to: Callable[[str, int], None]) -> None:
    for name, count in counts.items():
        to(name, count)
    counts.clear()
