"""Which mails are closed at once: one row a rule."""

from __future__ import annotations

import pytest

from standardiste.common.events.directory import ChannelAddress
from standardiste.common.events.model import Channel, ChannelAddressId
from standardiste.ingest_email.closing import close_as
from standardiste.ingest_email.parse import parse


def address(**settings: str) -> ChannelAddress:
    return ChannelAddress(id=ChannelAddressId("ca_help"), change_set=0, channel=Channel.EMAIL, address="aide@exemple.fr", settings=settings)


@pytest.mark.parametrize(
    ("expected", "head", "settings"),
    [
        (None, "", {}),
        ("spam", "X-Spam-Flag: YES", {}),
        ("spam", "X-Spam-Status: Yes, score=9.1", {}),
        ("spam", "X-Forefront-Antispam-Report: CIP:1.2.3.4;SFV:SPM;X", {}),
        ("spam", "X-MS-Exchange-Organization-SCL: 6", {}),
        (None, "X-MS-Exchange-Organization-SCL: -1", {}),
        (None, "X-Spam-Status: No, score=1.0", {}),
        (None, "X-Spam-Flag: YES", {"spam": "route"}),
        (None, "X-Spam-Flag: YES\nIn-Reply-To: <msg_1@exemple.fr>", {}),
        (None, "X-Spam-Flag: YES\nReferences: <a@b> <msg_1@exemple.fr> <c@d>", {}),
        ("list", "List-Id: News <news.other.example>", {}),
        ("list", "Precedence: list", {}),
        (None, "List-Id: Aide <aide.exemple.fr>", {}),
        (None, "List-Post: <mailto:aide@exemple.fr>", {}),
        ("list", "List-Post: <mailto:aide@notexemple.fr>", {}),
        (None, "List-Id: <news.other.example>", {"lists": "route"}),
        (None, "List-Unsubscribe: <mailto:x@shop.example>", {}),
        (None, "Auto-Submitted: auto-replied", {}),
    ],
)
def test_mail_is_closed_at_once_by_its_markers(expected: str | None, head: str, settings: dict[str, str]) -> None:
    lines = ["From: a@b.example", *filter(None, [head]), "Subject: x", "", "x"]
    mail = parse("\n".join(lines).encode())
    assert close_as(mail, address(**settings), is_flood=False) == expected


def test_a_flood_is_closed_even_where_it_answers_us() -> None:
    mail = parse(b"From: a@b.example\nIn-Reply-To: <msg_1@exemple.fr>\n\nx\n")
    assert close_as(mail, address(), is_flood=True) == "flood"
