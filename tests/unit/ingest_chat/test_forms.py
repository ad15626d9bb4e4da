"""The fields that a page asks for."""

from __future__ import annotations

import pytest

from standardiste.common.events.model import Channel
from standardiste.common.testing.builders import channel_address
from standardiste.ingest_chat.forms import FormField, fields_of


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("", ()),
        ("name* email", (FormField(name="name", is_required=True), FormField(name="email"))),
        ("contract*", (FormField(name="contract", is_required=True, label="N° de contrat"),)),
        ("order order*", (FormField(name="order", label="order"),)),
        ("Näme <b> name", (FormField(name="name"),)),
    ],
)
def test_fields_are_read_in_order(setting: str, expected: tuple[FormField, ...]) -> None:
    page = channel_address(Channel.CHAT, settings={"form": setting, "form_contract_fr": "N° de contrat"})
    assert fields_of(page, "fr") == expected


def test_fields_are_bounded() -> None:
    page = channel_address(Channel.CHAT, settings={"form": " ".join(f"f{n}" for n in range(50))})
    assert len(fields_of(page, "en")) == 10
