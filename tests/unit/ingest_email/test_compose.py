"""An agent's message as a mail: threaded, deterministic, and closed to headers that nobody meant."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standardiste.common.clock import ManualClock
from standardiste.ingest_email.compose import BadAddress, Draft, File, compose, our_message, reply_subject


def draft(**fields: Any) -> Draft:
    plain: dict[str, Any] = {
        "message": "msg_1",
        "our_address": "aide@exemple.fr",
        "our_name": "Aide",
        "to": "jeanne@client.example",
        "text": "Bonjour",
        "date": ManualClock().now(),
    }
    return Draft(**{**plain, **fields})


def mail(**fields: Any) -> EmailMessage:
    return cast(EmailMessage, message_from_bytes(compose(draft(**fields)).content, policy=policy.default))


def test_same_message_is_the_same_mail() -> None:
    file = File(name="a", media_type="a/b", content=b"x")
    first, second = compose(draft(files=[file])), compose(draft(files=[file]))
    assert first.content == second.content
    assert first.message_id == second.message_id == "msg_1@exemple.fr"
    assert our_message(first.message_id, ("exemple.fr",)) == "msg_1"
    assert our_message(first.message_id, ("autre.example",)) is None


def test_answer_names_what_it_answers_and_the_thread() -> None:
    found = mail(answers="m2@client.example", references=("m1@client.example", "m2@client.example"))
    assert found["In-Reply-To"] == "<m2@client.example>"
    assert found["References"] == "<m1@client.example> <m2@client.example>"


def test_long_thread_keeps_its_newest_references() -> None:
    found = mail(answers="last@x", references=tuple(f"{number}@x" for number in range(100)))
    ids = found["References"].split()
    assert len(ids) == 21
    assert ids[-2:] == ["<99@x>", "<last@x>"]


def test_id_that_is_none_is_not_written() -> None:
    found = mail(answers="none#abc", references=("a b@c", "x>\r\nBcc: y@z"))
    assert (found["In-Reply-To"], found["References"]) == (None, None)


@pytest.mark.parametrize(("answers", "expected"), [("m@x", "auto-replied"), (None, "auto-generated")])
def test_machine_made_mail_says_so(answers: str | None, expected: str) -> None:
    found = mail(is_machine_made=True, answers=answers)
    assert (found["Auto-Submitted"], found["X-Auto-Response-Suppress"]) == (expected, "All")


def test_text_is_there_plain_and_as_html_with_links() -> None:
    found = mail(text="Bonjour <Jeanne>,\nvoyez https://exemple.fr/a?b=1&c=2.\n")
    plain, html = found.get_body(("plain",)), found.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert plain.get_content().splitlines() == ["Bonjour <Jeanne>,", "voyez https://exemple.fr/a?b=1&c=2."]
    assert "Bonjour &lt;Jeanne&gt;" in html.get_content()
    assert '<a href="https://exemple.fr/a?b=1&amp;c=2">' in html.get_content()


def test_files_are_attached_with_their_bytes() -> None:
    files = [
        File(name="Relevé n°1.pdf", media_type="application/pdf", content=b"%PDF"),
        File(name="a.eml", media_type="message/rfc822", content=b"From: x\n\ny"),
        File(name='"x"\r\nBcc: y', media_type="x/y; z=1", content=b""),
    ]
    found = list(mail(files=files).iter_attachments())
    assert [(each.get_filename(), each.get_content_type()) for each in found] == [
        ("Relevé n°1.pdf", "application/pdf"),
        ("a.eml", "application/octet-stream"),
        ('"x" Bcc: y', "application/octet-stream"),
    ]
    assert [each.get_content() for each in found] == [b"%PDF", b"From: x\n\ny", b""]


def test_blind_copies_are_in_the_envelope_alone() -> None:
    composed = compose(draft(cc=("a@x.example",), bcc=("b@x.example", "a@x.example")))
    assert composed.recipients == ("jeanne@client.example", "a@x.example", "b@x.example")
    assert b"b@x.example" not in composed.content


def test_mail_is_seven_bit_and_short_lined() -> None:
    content = compose(draft(text="é" * 5_000 + "\n" + "x" * 5_000, subject="é" * 200)).content
    assert content.isascii()
    assert max(map(len, content.split(b"\r\n"))) <= 998


def test_address_beyond_ascii_asks_for_smtputf8() -> None:
    assert compose(draft(to="jérôme@exämple.example")).needs_utf8


@pytest.mark.parametrize("bad", ["", "nobody", "a@b\r\nBcc: x@y.example", "a@b c", "<a@b.example>"])
def test_address_that_is_none_is_refused(bad: str) -> None:
    with pytest.raises(BadAddress):
        compose(draft(to=bad))


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("Ma facture", "Re: Ma facture"),
        ("RE: Ma facture", "RE: Ma facture"),
        ("Réf : 12", "Réf : 12"),
        ("", "Re:"),
        (None, "Re:"),
        ("a\r\nb", "Re: a b"),
    ],
)
def test_subject_of_an_answer_has_re_once(subject: str | None, expected: str) -> None:
    assert reply_subject(subject) == expected


HEADERS = {
    "message-id",
    "date",
    "from",
    "to",
    "subject",
    "mime-version",
    "content-type",
    "cc",
    "content-language",
    "in-reply-to",
    "references",
}
EVIL = st.text(alphabet=st.sampled_from(list('a:é\r\n \t\x00\u2028\x85<>@",;=?\ud800')), max_size=60)


@given(subject=EVIL, name=EVIL, to_name=EVIL, language=EVIL, answers=EVIL, file=EVIL, text=EVIL)
def test_no_value_brings_a_header_of_its_own(
    subject: str, name: str, to_name: str, language: str, answers: str, file: str, text: str
) -> None:
    composed = compose(
        draft(
            subject=subject,
            our_name=name,
            to_name=to_name,
            language=language,
            answers=answers,
            text=text,
            files=[File(name=file, media_type="a/b", content=b"x")],
        )
    )
    found = message_from_bytes(composed.content)
    assert {key.lower() for key in found} <= HEADERS
    assert composed.recipients == ("jeanne@client.example",)
