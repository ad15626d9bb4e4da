"""Twilio's form becomes a text, from samples in the provider's shape; what cannot be one is refused by name."""

from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from standardiste.common.addresses import text_conversation
from standardiste.common.errors import BadInput
from standardiste.common.twilio.webhook import Form
from standardiste.ingest_sms.inbound import Inbound, understand
from standardiste.ingest_sms.keywords import Keyword

DATA = Path(__file__).parents[2] / "data" / "sms"


def sample(path: str) -> Form:
    return Form(parse_qsl((DATA / path).read_text().strip(), keep_blank_values=True, errors="strict"))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("good/plain.form", Inbound(sid="SM" + "0" * 31 + "1", ours="+33199000001", sender="+33639980001", text="Bonjour, où est mon colis ?", word=None, segments=1)),
        ("good/long.form", Inbound(sid="SM" + "0" * 31 + "2", ours="+33199000001", sender="+33639980001", text="Très long… " * 20, word=None, segments=4)),
        ("good/stop.form", Inbound(sid="SM" + "0" * 31 + "3", ours="+33199000001", sender="+33639980001", text="Stop", word=Keyword.STOP, segments=1)),
        ("good/short-code.form", Inbound(sid="SM" + "0" * 31 + "4", ours="+33199000001", sender="36179", text="Code 1234", word=None, segments=1)),
        ("good/named-sender.form", Inbound(sid="SM" + "0" * 31 + "5", ours="+33199000001", sender="LAPOSTE", text="Votre colis arrive", word=None, segments=1)),
        ("good/picture.form", Inbound(sid="MM" + "0" * 31 + "6", ours="+33199000001", sender="+33639980001", text="", word=None, segments=1)),
        ("good/newlines-and-emoji.form", Inbound(sid="SM" + "0" * 31 + "7", ours="+33199000001", sender="+33639980001", text="Bonjour\nmerci 🙂 & à +", word=None, segments=1)),
    ],
)  # fmt: skip
def test_form_becomes_a_text(path: str, expected: Inbound) -> None:
    assert understand(sample(path)) == expected


@pytest.mark.parametrize(
    ("path", "pointer"), [("bad/no-sid.form", "/MessageSid"), ("bad/no-sender.form", "/From"), ("bad/endless.form", "/Body")]
)
def test_form_that_is_no_text_is_refused(path: str, pointer: str) -> None:
    with pytest.raises(BadInput) as refused:
        understand(sample(path))
    assert (refused.value.reason, refused.value.pointer) == ("invalid_field", pointer)


def test_conversation_says_nothing_of_the_numbers_and_differs_by_tenant() -> None:
    ours, theirs = "+33199000001", "+33639980001"
    named = text_conversation(b"a" * 32, ours, theirs)
    assert named == text_conversation(b"a" * 32, ours, theirs)
    assert named != text_conversation(b"b" * 32, ours, theirs)
    assert theirs not in named
