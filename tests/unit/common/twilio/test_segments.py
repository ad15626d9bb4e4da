"""Texts are counted in segments as the networks carry them. The desk's counter is held to the same table."""

import json
from pathlib import Path
from typing import Any

import pytest

from standardiste.common.twilio.segments import Alphabet, segments

TABLE: list[dict[str, Any]] = json.loads((Path(__file__).parents[3] / "data/sms/segments.json").read_text())


@pytest.mark.parametrize("case", TABLE, ids=[each["why"] for each in TABLE])
def test_segments_of_a_text(case: dict[str, Any]) -> None:
    found = segments("".join(piece * times for piece, times in case["parts"]))
    assert (found.alphabet, found.count, found.left) == (Alphabet(case["alphabet"]), case["count"], case["left"])
