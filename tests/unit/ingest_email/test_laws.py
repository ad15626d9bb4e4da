"""Laws of the parser: nothing that a sender writes makes it raise, hang or lose what he wrote."""

from __future__ import annotations

import json
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from standardiste.ingest_email import markup
from standardiste.ingest_email.parse import ParsedMail, parse
from standardiste.ingest_email.quotes import new_text

DATA = Path(__file__).parents[2] / "data" / "email"
MAILS = [path.read_bytes() for path in sorted(DATA.glob("*/*.eml"))]
PIECES = st.sampled_from(
    [
        b"--b1",
        b"--b1--",
        b"\n",
        b"\r\n",
        b"\n\n",
        b"\x00",
        b"\xff",
        b"=",
        b"<",
        b"Content-Type: multipart/mixed; boundary=b1\n",
        b"charset=",
        b'"',
        b"=?utf-8?q?",
    ]
)


def check(mail: ParsedMail) -> None:
    """What holds of every parsed mail."""
    for text in (mail.text, mail.new_text or "", mail.html or "", mail.subject, mail.sender.name if mail.sender else ""):
        text.encode()  # no lone surrogate: it could not be written to the bus
    json.dumps(mail.text)
    assert mail.new_text is None or mail.new_text.strip()
    assert 0 < len(mail.provider_id) <= 512
    assert mail.sender is None or "@" in mail.sender.address
    if mail.html is not None:
        assert "<script" not in mail.html.lower()


@given(st.binary(max_size=2_000))
def test_no_bytes_make_it_raise(raw: bytes) -> None:
    check(parse(raw))


@settings(max_examples=400, deadline=1_000)
@given(st.sampled_from(MAILS), st.lists(st.tuples(st.integers(0, 3_000), st.integers(0, 40), PIECES), max_size=8))
def test_no_mutation_of_a_mail_makes_it_raise_or_hang(raw: bytes, edits: list[tuple[int, int, bytes]]) -> None:
    for at, length, piece in edits:
        at %= len(raw) + 1
        raw = raw[:at] + piece + raw[at + length :]
    check(parse(raw))


TEXTS = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=200)


@given(st.lists(TEXTS, min_size=1, max_size=5), st.sampled_from(["quoted-printable", "base64", "8bit"]))
def test_no_word_of_a_plain_mail_is_lost(lines: list[str], encoding: str) -> None:
    mail = EmailMessage()
    mail["From"] = "a@b.example"
    mail.set_content("\n".join(lines), cte=encoding)
    assert parse(mail.as_bytes()).text.split() == "\n".join(lines).split()


@given(st.lists(TEXTS, min_size=1, max_size=5))
def test_no_word_of_an_html_mail_is_lost(lines: list[str]) -> None:
    shown = "".join(f"<p>{markup.escaped_line(line)}</p>" for line in lines)
    read = parse(f"From: a@b.example\nContent-Type: text/html; charset=utf-8\n\n{shown}".encode()).text
    assert read.split() == "\n".join(lines).split()


@given(st.text(alphabet="ab>\n -:@écritwroteLeOnFmD", max_size=200))
def test_new_text_is_part_of_the_text_and_never_empty(text: str) -> None:
    new = new_text(text)
    if new is not None:
        assert new.strip()
        assert set(new.split("\n")) <= {line.strip() for line in text.split("\n")} | set(text.split("\n"))


def test_same_mail_by_two_ways_has_one_id_and_another_mail_another() -> None:
    mail = b"From: a@b.example\nMessage-ID: <1@x>\nDate: Mon, 02 Nov 2026 10:00:00 +0100\n\nBonjour\n"
    by_smtp = b"Received: from relay\r\n" + mail.replace(b"\n", b"\r\n")
    assert parse(by_smtp).provider_id == parse(mail).provider_id
    assert parse(mail.replace(b"Bonjour", b"Bonsoir")).provider_id != parse(mail).provider_id
    assert parse(mail.replace(b"a@b", b"c@b")).provider_id != parse(mail).provider_id


BOMBS = {
    "parts": b"Content-Type: multipart/mixed; boundary=b1\n\n" + b"--b1\n\nx\n" * 100_000,
    "blocks of a report": b"Content-Type: message/delivery-status\n\n" + b"a: b\n\n" * 200_000,
    "depth of HTML": b"Content-Type: text/html\n\n" + b"<div>" * 200_000,
    "depth of parts": b"Content-Type: multipart/mixed; boundary=b0\n\n"
    + b"".join(b"--b%d\nContent-Type: multipart/mixed; boundary=b%d\n\n" % (depth, depth + 1) for depth in range(3_000)),
    "one header": b"To: " + b"a@b.example, " * 200_000 + b"\n\nx",
    "quotes that never close": b"To: " + b'"\\' * 200_000 + b"\n\nx",
    "one line": b"\n" + b"x" * 3_000_000,
    "blanks": b"\n" + b" " * 1_000_000 + b"x",
}


@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.timeout(20)
def test_bomb_is_read_in_bounded_time(name: str) -> None:
    check(parse(b"From: a@b.example\nMIME-Version: 1.0\n" + BOMBS[name]))


def test_mail_of_too_many_parts_says_so() -> None:
    mail = parse(b"From: a@b.example\nContent-Type: multipart/mixed; boundary=b1\n\n" + b"--b1\n\nx\n" * 3_000 + b"--b1--\n")
    assert "TooManyParts" in mail.defects
    assert mail.text.split() == ["x"] * 999
