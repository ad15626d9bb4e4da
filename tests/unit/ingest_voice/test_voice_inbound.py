"""Twilio's form becomes a call, from samples in the provider's shape."""

from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from standardiste.common.errors import BadInput
from standardiste.common.twilio.webhook import Form
from standardiste.ingest_voice.inbound import Inbound, understand

DATA = Path(__file__).parents[2] / "data" / "voice"
SID = "CA" + "0" * 31 + "1"


def sample(path: str) -> Form:
    return Form(parse_qsl((DATA / path).read_text().strip(), keep_blank_values=True, errors="strict"))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("good/inbound.form", Inbound(sid=SID, caller="+33639980001", name="JEANNE ROUX", attributes={"country": "FR"})),
        ("good/inbound-anonymous.form", Inbound(sid=SID, caller=f"anonymous:{SID}", name=None, attributes={"is_anonymous": True})),
        ("good/inbound-forwarded.form", Inbound(sid=SID, caller="+33639980001", name=None, attributes={"country": "FR", "forwarded_from": "+33199000077"})),
    ],
)  # fmt: skip
def test_form_becomes_a_call(path: str, expected: Inbound) -> None:
    assert understand(sample(path)) == expected


@pytest.mark.parametrize("path", ["bad/no-sid.form", "bad/sid-too-long.form"])
def test_call_without_a_usable_id_is_refused(path: str) -> None:
    with pytest.raises(BadInput) as refused:
        understand(sample(path))
    assert (refused.value.reason, refused.value.pointer) == ("invalid_field", "/CallSid")
