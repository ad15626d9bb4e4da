"""Token buckets: what flows in, what is refused, what is remembered."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from standardiste.common.events.base import Instant
from standardiste.common.rate_limit import TokenBuckets, headers


def test_burst_is_let_through_then_refused_until_tokens_flow_in() -> None:
    buckets = TokenBuckets(per_s=2, burst=3)
    taken = [buckets.take("t1", Instant(0)) for _ in range(4)]
    assert [each.is_allowed for each in taken] == [True, True, True, False]
    assert [each.remaining for each in taken] == [2, 1, 0, 0]
    assert taken[3].retry_after_s == 1
    assert buckets.take("t1", Instant(500)).is_allowed
    assert not buckets.take("t1", Instant(500)).is_allowed


def test_one_key_does_not_spend_anothers_tokens() -> None:
    buckets = TokenBuckets(per_s=1, burst=1)
    assert [buckets.take(key, Instant(0)).is_allowed for key in ("t1", "t2", "t1")] == [True, True, False]


def test_memory_is_bounded_and_forgets_who_asked_longest_ago() -> None:
    buckets = TokenBuckets(per_s=1, burst=1, keys_max=2)
    for key in ("a", "b", "c"):
        buckets.take(key, Instant(0))
    assert [buckets.take(key, Instant(0)).is_allowed for key in ("c", "a")] == [False, True]


def test_headers_tell_quota_and_rest() -> None:
    taken = TokenBuckets(per_s=10, burst=20).take("t1", Instant(0))
    assert headers(taken) == [(b"ratelimit-limit", b"20"), (b"ratelimit-remaining", b"19"), (b"ratelimit-reset", b"1")]


@given(st.lists(st.integers(min_value=0, max_value=400), min_size=1, max_size=200))
def test_never_more_than_burst_and_flow(gaps: list[int]) -> None:
    buckets, at, allowed = TokenBuckets(per_s=5, burst=7), 0, 0
    for gap in gaps:
        at += gap
        allowed += buckets.take("t1", Instant(at)).is_allowed
    assert allowed <= 7 + at * 5 / 1000
