"""Instants as text and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standardiste.common.clock import parse_rfc3339, rfc3339


@given(st.integers(-2_000_000_000_000, 4_102_444_800_000))
def test_an_instant_comes_back_as_it_was(at: int) -> None:
    assert parse_rfc3339(rfc3339(at)) == at


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (1_769_860_800_000, "2026-01-31T12:00:00.000Z"),
        (1_769_860_800_000, "2026-01-31T12:00:00Z"),
        (1_769_860_800_123, "2026-01-31T12:00:00.123456Z"),
        (1_769_857_200_500, "2026-01-31T12:00:00.5+01:00"),
        (-1, "1969-12-31T23:59:59.999Z"),
    ],
)
def test_offsets_and_fractions_are_understood(expected: int, text: str) -> None:
    assert parse_rfc3339(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-01-31T12:00:00.000",
        "2026-01-31T12:00:00",
        "2026-13-31T12:00:00.000Z",
        "2026-01-31T12:00:00.0x0Z",
        "2026-01-31T12:00+01.000Z",
        "now",
        "0001-01-01T00:00:00+05:00",
        "9999-12-31T23:59:59-05:00",
    ],
)
def test_what_names_no_instant_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  Python's own words
        parse_rfc3339(text)
