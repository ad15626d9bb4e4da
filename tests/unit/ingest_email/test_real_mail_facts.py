"""Real mail against our own facts: tests/data/email/corpus.tsv says what each mail of the installed corpus must be read as, in none of its words."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from standardiste.ingest_email.parse import ParsedMail, parse

pytestmark = pytest.mark.needs("mail-corpus")

FACTS = Path(__file__).parents[2] / "data" / "email" / "corpus.tsv"
MARKS = ("is_auto_reply", "is_bounce", "is_receipt", "is_list", "is_bulk", "is_spam")


def rows() -> dict[str, list[str]]:
    """The facts by mail."""
    lines = [line.split("\t") for line in FACTS.read_text().splitlines() if line and not line.startswith("#")]
    return {name: facts for name, *facts in lines[1:]}


def hashed(text: str) -> str:
    return hashlib.sha256(" ".join(text.split()).encode("utf-8", "replace")).hexdigest()[:12]


def facts_of(mail: ParsedMail) -> list[str]:
    """The mail as its row."""
    marks = [each for each in MARKS if getattr(mail.markers, each)]
    marks += ["folded"] if mail.new_text is not None else []
    marks += ["html"] if mail.html is not None else []
    reports = [f"{each.action} {each.status}" for each in mail.report.recipients] if mail.report is not None else []
    return [
        hashed(mail.sender.address) if mail.sender is not None else "-",
        hashed(mail.subject),
        hashed(mail.message_id or ""),
        str((mail.sent_at or 0) // 1000),
        str(len(mail.text.split())),
        ",".join(marks) or "-",
        ",".join(each.media_type for each in mail.attachments) or "-",
        ",".join(reports) or "-",
    ]


def test_every_mail_is_read_as_its_row_says(mail_corpus: Path, figures: dict[str, object]) -> None:
    wrong: dict[str, tuple[list[str], list[str]]] = {}
    found = 0
    for name, expected in rows().items():
        package, _, rest = name.partition("/")
        path = next(iter(sorted((mail_corpus / package).glob(f"*/{rest}"))), None)
        if path is None:
            continue
        found += 1
        facts = facts_of(parse(path.read_bytes()))
        if facts != expected:
            wrong[name] = (expected, facts)
    figures |= {"mails with facts": found}
    assert found >= 150
    assert wrong == {}
