"""What a program makes of records by their format number."""

from __future__ import annotations

import pytest

from standardiste.common.errors import BadInput, FormatTooNew
from standardiste.common.events.codec import DATA_FORMAT, check_format


@pytest.mark.parametrize("headers", [{}, {"format": DATA_FORMAT}, {"format": "0"}], ids=["none", "ours", "older"])
def test_ours_and_older_ones_are_read(headers: dict[str, str]) -> None:
    check_format(headers, "interaction.created")


def test_a_newer_one_is_refused_by_name_and_number() -> None:
    with pytest.raises(FormatTooNew, match=r"interaction.created has format 2; this program reads up to 1"):
        check_format({"format": "2"}, "interaction.created")


def test_what_is_no_number_is_the_records_own_fault() -> None:
    with pytest.raises(BadInput):
        check_format({"format": "new"}, "interaction.created")
