"""Header values and addresses: what mail really contains, and what must not fool us."""

from __future__ import annotations

import pytest

from standardiste.common.events.base import Instant
from standardiste.ingest_email import charsets, headers
from standardiste.ingest_email.addresses import mailboxes, normalised, without_tag

ADDRESSES = [
    ("jeanne@client.example", [("jeanne@client.example", "")]),
    ("Jeanne <Jeanne@Client.EXAMPLE>", [("jeanne@client.example", "Jeanne")]),
    ('"Roux, Jeanne" <j@x.example>, k@y.example', [("j@x.example", "Roux, Jeanne"), ("k@y.example", "")]),
    ("support@bank.example <thief@evil.example>", [("thief@evil.example", "support@bank.example")]),
    ('"support@bank.example" <thief@evil.example>', [("thief@evil.example", "support@bank.example")]),
    ("=?utf-8?q?=3Csupport=40bank=2Eexample=3E?= <thief@evil.example>", [("thief@evil.example", "<support@bank.example>")]),
    ("<first@x.example> <second@y.example>", [("second@y.example", "")]),
    ("j@x.example (Jeanne (la vraie))", [("j@x.example", "Jeanne (la vraie)")]),
    ("Équipe: a@x.example, b@x.example;", [("a@x.example", ""), ("b@x.example", "")]),
    ("undisclosed-recipients:;", []),
    ("<@relay.example:j@x.example>", [("j@x.example", "")]),
    ("mailto:j@x.example", [("j@x.example", "")]),
    ("Jeanne <j@x.example", [("j@x.example", "Jeanne")]),
    ('"Jeanne <j@x.example>', [("j@x.example", "Jeanne")]),
    ("Jeanne j@x.example", [("j@x.example", "Jeanne")]),
    ("j @ x.example", [("j@x.example", "")]),
    ('"j k"@x.example', [('"j k"@x.example', "")]),
    ("a@x.example; b@y.example", [("a@x.example", ""), ("b@y.example", "")]),
    ("nobody", []),
    ("<>", []),
    ("", []),
    ("a@b@c.example", []),
    ("jérôme@exämple.example", [("jérôme@exämple.example", "")]),
]


@pytest.mark.parametrize(("raw", "expected"), ADDRESSES, ids=[raw or "empty" for raw, _ in ADDRESSES])
def test_mailbox_is_what_stands_in_the_brackets(raw: str, expected: list[tuple[str, str]]) -> None:
    assert [(each.address, each.name) for each in mailboxes(raw)] == expected


def test_address_is_folded_and_checked() -> None:
    assert normalised(" Jeanne@Client.Example. ") == "jeanne@client.example"
    assert normalised("a b@x.example") is None
    assert normalised("x" * 400 + "@x.example") is None
    assert without_tag("aide+token@exemple.fr") == "aide@exemple.fr"


WORDS = [
    ("=?utf-8?Q?R=C3=A9?= =?utf-8?Q?ponse?= ok", "Réponse ok"),
    ("=?utf-8?Q?=F0=9F?= =?utf-8?Q?=98=80?=", "😀"),
    ("=?iso-8859-1?q?=E9_=E8?=", "é è"),
    ("=?x-martian?q?=e9?=", "é"),
    ("a =?utf-8?B?w6k=?=b", "a éb"),
    ("=?utf-8?Q?=0D=0ABcc:_x?=", "Bcc: x"),
    ("Re: caf\udcc3\udca9", "Re: café"),
    ("deux\r\n lignes", "deux lignes"),
    ("=?utf-8?X?rien?=", "=?utf-8?X?rien?="),
]


@pytest.mark.parametrize(("raw", "expected"), WORDS, ids=[expected for _, expected in WORDS])
def test_header_is_read_as_people_read_it(raw: str, expected: str) -> None:
    assert headers.decoded(raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("Mon, 02 Nov 2026 10:00:00 +0100", 1793610000000),
        ("2 Nov 2026 09:00 GMT", 1793610000000),
        ("Mon, 02 Nov 2026 09:00:00", 1793610000000),
        ("hier", None),
        ("Mon, 99 Nov 99999 10:00:00 +9999999", None),
        ("", None),
    ],
)
def test_date_is_an_instant_or_none(raw: str, expected: int | None) -> None:
    assert headers.instant(raw) == (None if expected is None else Instant(expected))


def test_message_ids_are_read_without_brackets_and_once() -> None:
    assert headers.message_ids("<a@x> (phrase) <b@y>\r\n <a@x>") == ("a@x", "b@y")
    assert headers.message_ids("a@x") == ("a@x",)
    assert headers.message_ids("rien") == ()


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\x\\a.pdf", "a.pdf"),
        ("a\u202efdp.exe", "a fdp.exe"),
        ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
        ("..", ""),
    ],
)
def test_file_name_is_only_a_name(raw: str, expected: str) -> None:
    assert headers.filename(raw) == expected


@pytest.mark.parametrize(
    ("content", "declared", "expected"),
    [
        ("é€".encode("cp1252"), "iso-8859-1", "é€"),
        ("é".encode(), "iso-8859-1", "é"),
        ("é".encode("latin-1"), "utf-8", "é"),
        ("é".encode("latin-1"), None, "é"),
        ("日本".encode("shift_jis"), "shift_jis", "日本"),
        ("한국".encode("cp949"), "ks_c_5601-1987", "한국"),
        ("中文".encode("gb18030"), "gb2312", "中文"),
        (b"abc\xff", "hex", "abcÿ"),
        (b"abc", "\x00utf-8", "abc"),
        (b"\x81\x8d\x8f\x90\x9d", "latin1", "\x81\x8d\x8f\x90\x9d"),
        (b"a\x00b", None, "a\ufffdb"),
    ],
)
def test_bytes_become_text_whatever_their_charset_is_said_to_be(content: bytes, declared: str | None, expected: str) -> None:
    assert charsets.text_of(content, declared) == expected
