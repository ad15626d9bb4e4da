"""The parser against our own mails: every file of tests/data/email has a row in its folder's facts.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from standardiste.ingest_email.parse import ParsedMail, parse

DATA = Path(__file__).parents[2] / "data" / "email"
FACTS = {
    f"{folder}/{name}": facts
    for folder in ("good", "bad")
    for name, facts in tomllib.loads((DATA / folder / "facts.toml").read_text()).items()
}
PLAIN: dict[str, Any] = {"subject": "x", "new_text": None, "html": None, "files": [], "facts": []}


def facts_of(mail: ParsedMail) -> dict[str, Any]:
    """The mail as a row of the table."""
    marks = ("is_auto_reply", "is_bounce", "is_receipt", "is_list", "is_bulk", "is_spam")
    return {
        "is_mail": mail.is_mail,
        "sender": mail.sender.address if mail.sender else None,
        "name": mail.sender.name if mail.sender else None,
        "subject": mail.subject,
        "text": mail.text,
        "new_text": mail.new_text,
        "html": mail.html,
        "files": [
            " | ".join(filter(None, (each.name, each.media_type, str(len(each.content)), each.content_id))) for each in mail.attachments
        ],
        "facts": [name for name in marks if getattr(mail.markers, name)]
        + [name for name in ("is_signed", "is_encrypted", "has_tnef") if getattr(mail, name)],
        "report": [mail.report.original_id, *(f"{to.address} {to.action} {to.status}" for to in mail.report.recipients)]
        if mail.report
        else None,
        "in_reply_to": mail.in_reply_to,
        "references": list(mail.references),
        "language": mail.language,
        "to": [each.address for each in mail.to],
        "cc": [each.address for each in mail.cc],
        "reply_to": mail.reply_to.address if mail.reply_to else None,
        "delivered_to": list(mail.delivered_to),
    }


@pytest.mark.parametrize("name", FACTS)
def test_mail_is_read_as_its_row_says(name: str) -> None:
    found = facts_of(parse((DATA / f"{name}.eml").read_bytes()))
    row = {**({} if "is_mail" in FACTS[name] else PLAIN), **FACTS[name]}
    assert {key: found[key] for key in row} == row


def test_every_mail_has_its_row() -> None:
    assert sorted(f"{path.parent.name}/{path.stem}" for path in DATA.glob("*/*.eml")) == sorted(FACTS)
