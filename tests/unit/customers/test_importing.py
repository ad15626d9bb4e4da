"""A CSV of customers: what each line says, and what is wrong with it, by line and column."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standardiste.common.errors import BadInput
from standardiste.common.events.base import Instant
from standardiste.common.events.directory_customers import CustomerAttribute
from standardiste.common.events.model import CustomerId, SponsorId
from standardiste.common.testing.builders import AT
from standardiste.customers.importing import LineFault, Row, applied, made, rows_of
from standardiste.customers.records import dump

DECLARED = {
    each.id: each
    for each in (
        CustomerAttribute(id="vip", change_set=1, type="flag"),
        CustomerAttribute(id="debt", change_set=1, type="number"),
        CustomerAttribute(id="plan", change_set=1, type="choice", choices=("basic", "gold")),
        CustomerAttribute(id="born", change_set=1, type="date"),
    )
}


def read(text: str | bytes, first_line: int = 1) -> list[Row | LineFault]:
    content = text.encode() if isinstance(text, str) else text
    return list(rows_of(content, SponsorId("main"), DECLARED, "FR", first_line))


def test_a_line_says_what_its_columns_name() -> None:
    header = (
        "name;email;phone;email;address:letter;external:crm;labels;attribute:vip;attribute:debt;attribute:free;language;zone;is_blocked"
    )
    line = 'Jeanne "J" Petit;Jeanne@Example.org;06 12 34 56 78;j@example.org;12 rue X;4711;"or;vip";oui;1 234,50;x;fr;Europe/Paris;non'
    (row,) = read(f"\ufeff{header}\r\n{line}\r\n".replace('Jeanne "J" Petit', '"Jeanne ""J"" Petit"'))
    assert row == Row(
        line=2,
        keys={
            "main/email:jeanne@example.org": "Jeanne@Example.org",
            "main/phone:+33612345678": "06 12 34 56 78",
            "main/email:j@example.org": "j@example.org",
            "main/other.letter:12 rue X": "12 rue X",
        },
        external_ids={"crm": "4711"},
        attributes={"vip": True, "debt": 1234.5, "free": "x"},
        labels=("or", "vip"),
        name='Jeanne "J" Petit',
        language="fr",
        zone="Europe/Paris",
        is_blocked=False,
    )


@pytest.mark.parametrize(
    ("header", "line", "name", "column"),
    [
        ("email", "nobody", "bad_address", "email"),
        ("phone", "12", "bad_address", "phone"),
        ("name", "Jeanne", "nobody", ""),
        ("email,attribute:vip", "a@b.c,maybe", "bad_flag", "attribute:vip"),
        ("email,attribute:debt", "a@b.c,much", "bad_number", "attribute:debt"),
        ("email,attribute:debt", "a@b.c,nan", "bad_number", "attribute:debt"),
        ("email,attribute:plan", "a@b.c,silver", "bad_value", "attribute:plan"),
        ("email,attribute:born", "a@b.c,31/12/1999", "bad_value", "attribute:born"),
        ("email,zone", "a@b.c,Mars/Olympus", "bad_zone", "zone"),
        ("email", "a@b.c,b", "too_many_cells", ""),
        ("email,name", "a@b.c," + "x" * 1_001, "too_long", "name"),
    ],
)
def test_what_is_wrong_is_named_by_line_and_column_in_both_languages(header: str, line: str, name: str, column: str) -> None:
    good, bad = (
        read(f"{header}\n{'a@b.c' if header == 'email' else ''}\n{line}")[-2:]
        if header == "email"
        else (None, read(f"{header}\n\n{line}")[-1])
    )
    assert isinstance(bad, LineFault)
    assert (bad.line, bad.name, bad.column) == (3, name, column)
    assert bad.plain("fr")["message"] != bad.plain("en")["message"]
    assert good is None or isinstance(good, Row)


def test_the_lines_of_a_part_have_their_numbers_in_the_whole() -> None:
    assert [each.line for each in read("email\na@b.c\nb@b.c", first_line=1_001)] == [1_002, 1_003]


@pytest.mark.parametrize(
    "content",
    [b"", b"email\n\xff", b"email,email,name,name\n", b"nickname\n", b"attribute:\n", b"email\n\0", b'email\n"a', b'email\na\rb\x0b"c"\n"'],
)
def test_what_is_no_such_file_is_refused_whole(content: bytes) -> None:
    with pytest.raises(BadInput):
        read(content)


def row(**fields: Any) -> Row:
    return Row(**{"line": 2, "keys": {"main/email:a@b.c": "a@b.c"}, **fields})


def test_a_line_that_says_nothing_new_changes_nothing() -> None:
    known = made(CustomerId("cu1"), SponsorId("main"), row(name="A", external_ids={"crm": "1"}, attributes={"x": 1}), AT)
    assert applied(known, row(external_ids={"crm": "1"}, attributes={"x": 1}), Instant(AT + 1)) is known
    changed = applied(known, row(name="B", attributes={"x": 2}), Instant(AT + 1))
    assert (changed.name, changed.attributes, changed.attributes_at, changed.updated_at) == ("B", {"x": 2}, {"x": AT + 1}, AT + 1)
    assert changed.externals == ("main/crm:1",)


@given(st.binary(max_size=400) | st.text(alphabet='name,email;phone\t"\n\r attribute:vip@.0é', max_size=200).map(str.encode))
def test_whatever_is_sent_is_read_or_refused(content: bytes) -> None:
    try:
        found = read(content)
    except BadInput:
        return
    assert all(isinstance(each, Row | LineFault) and each.line >= 2 for each in found)


@given(st.lists(st.text(alphabet='abc@.x+0123456789oui ;"é', max_size=20), min_size=9, max_size=9))
def test_whatever_stands_in_the_cells_is_taken_or_named(cells: list[str]) -> None:
    header = "name,email,phone,external:crm,labels,attribute:vip,attribute:debt,attribute:plan,is_blocked"
    line = ",".join('"' + cell.replace('"', '""') + '"' for cell in cells)
    for each in read(f"{header}\n{line}\n"):
        assert isinstance(each, Row) or each.plain("fr")["message"]
        if isinstance(each, Row):
            dump(made(CustomerId("cu1"), SponsorId("main"), each, AT))
