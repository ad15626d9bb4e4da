"""Real mail, from the packages that carry it: no crash, no word lost, machines told from people. `make parts` installs the corpus; nothing of it is committed."""

from __future__ import annotations

import email
import itertools
import time
from email import policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from standardiste.ingest_email.markup import sanitised, text_of
from standardiste.ingest_email.parse import ParsedMail, parse

pytestmark = pytest.mark.needs("mail-corpus")

GLOBS = {
    "flufl.bounce": "*/tests/data/*.txt",
    "bounceparser": "*/t/corpus/*.msg",
    "mail-parser": "*/tests/mails/mail_[tm]*",
    "talon": "*/tests/fixtures/**/*.eml",
    "notmuch": "*/test/corpora/*/**/*",
}
PEOPLE = ("lkml", "default", "threading")
"""Corpora of mailing lists, written by people."""
BOUNCES = ("flufl.bounce", "bounceparser")


@pytest.fixture(scope="module")
def mails(mail_corpus: Path) -> dict[str, bytes]:
    """Every mail by its place in the corpus."""
    found: dict[str, bytes] = {}
    for package, glob in GLOBS.items():
        for path in sorted((mail_corpus / package).glob(glob)):
            if path.is_file() and path.name != "README":
                found[f"{package}/{path.relative_to(mail_corpus / package).as_posix().partition('/')[2]}"] = path.read_bytes()
    return found


@pytest.fixture(scope="module")
def parsed(mails: dict[str, bytes]) -> dict[str, ParsedMail]:
    return {name: parse(raw) for name, raw in mails.items()}


def words(text: str) -> set[str]:
    """Its words, quote marks aside."""
    return {word.strip(">") for word in text.split()} - {""}


def kept(mail: ParsedMail) -> set[str]:
    """Every word that we have of it: in the text, the HTML and the files, attached mails read in their turn."""
    found = words(mail.text) | words(text_of(mail.html or ""))
    for part in mail.attachments:
        found |= words(part.content.decode("utf-8", "replace")) | words(part.content.decode("latin-1"))
        if part.media_type == "message/rfc822":
            found |= kept(parse(part.content))
        elif part.media_type == "text/html":
            found |= words(text_of(sanitised(part.content.decode("utf-8", "replace"))))
    return found


def said(raw: bytes) -> set[str]:
    """What the standard library reads in the text parts: an independent witness, as far as it goes."""
    message: EmailMessage = email.message_from_bytes(raw, policy=policy.default)  # type: ignore[assignment]
    found: set[str] = set()
    for part in message.walk():
        if part.get_content_maintype() != "text" or part.get_content_subtype() not in ("plain", "html"):
            continue
        try:
            text = str(part.get_content(errors="strict"))
        except (LookupError, ValueError, AttributeError):
            continue  # the witness cannot read it
        found |= words(text_of(sanitised(text)) if part.get_content_subtype() == "html" else text.replace("\0", "\ufffd"))
    return found


def test_a_thousand_mails_are_read_without_a_crash_at_a_rate(mails: dict[str, bytes], figures: dict[str, object]) -> None:
    whole = list(itertools.islice(itertools.cycle(mails.values()), 1_000))
    began = time.perf_counter()
    for raw in whole:
        parse(raw)
    took = time.perf_counter() - began
    figures |= {"corpus": len(mails), "mails": len(whole), "mails/s": round(len(whole) / took)}
    assert len(mails) >= 300


def test_every_mail_is_one_and_says_something(parsed: dict[str, ParsedMail]) -> None:
    silent = [
        name for name, mail in parsed.items() if not mail.is_mail or not (mail.text.strip() or mail.attachments or "ghost-root" in name)
    ]
    assert silent == []


def test_no_word_is_lost(mails: dict[str, bytes], parsed: dict[str, ParsedMail]) -> None:
    lost: dict[str, list[str]] = {}
    for name, raw in mails.items():
        if missing := said(raw) - kept(parsed[name]):
            lost[name] = sorted(missing)[:5]
    assert lost == {}


def test_bounces_are_known(parsed: dict[str, ParsedMail], figures: dict[str, object]) -> None:
    of_machines = {name: mail for name, mail in parsed.items() if name.startswith(BOUNCES)}
    unknown = [name for name, mail in of_machines.items() if not mail.markers.is_machine_made]
    figures |= {"bounces": len(of_machines), "known": len(of_machines) - len(unknown)}
    assert len(unknown) <= len(of_machines) * 0.15, unknown


def test_nobody_who_writes_himself_is_taken_for_a_machine(parsed: dict[str, ParsedMail]) -> None:
    of_people = {
        name: mail for name, mail in parsed.items() if name.startswith("notmuch") and any(f"corpora/{each}/" in name for each in PEOPLE)
    }
    assert [name for name, mail in of_people.items() if mail.markers.is_machine_made] == []


def test_delivery_reports_name_whom_they_are_about(parsed: dict[str, ParsedMail]) -> None:
    reports = [mail.report for mail in parsed.values() if mail.report is not None and mail.report.recipients]
    assert len(reports) >= 10
    assert sum(1 for report in reports if report.recipients[0].address) >= len(reports) * 0.95


def test_quotes_of_the_usual_programs_are_folded(parsed: dict[str, ParsedMail]) -> None:
    replies = {name: mail for name, mail in parsed.items() if "standard_replies" in name}
    unfolded = [name for name, mail in replies.items() if mail.new_text is None]
    assert len(unfolded) <= 2, unfolded
