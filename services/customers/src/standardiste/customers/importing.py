"""
A CSV of customers, row by row: what each says of one person, or what is wrong with it. Pure.

Columns, by the first line: `name`, `language`, `zone`, `labels` (parted by ";"), `is_blocked`, `email`, `phone` (both may stand several times),
`address:<channel name>` for an integrator's channel, `external:<system>`, `attribute:<name>`. Comma, semicolon or tab; UTF-8. An empty cell says nothing.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from zoneinfo import ZoneInfo

from standardiste.common.addresses import EMAIL, PHONE, customer_key, family_of, is_number, normal_address
from standardiste.common.attributes import Value, fits
from standardiste.common.catalogue import Catalogue
from standardiste.common.errors import BadInput
from standardiste.common.events.base import Instant
from standardiste.common.events.directory_customers import CustomerAttribute
from standardiste.common.events.model import Channel, CustomerId, SponsorId
from standardiste.customers.externals import external_key
from standardiste.customers.records import Customer

CELL_CHARACTERS_MAX: Final = 1_000
COLUMNS_MAX: Final = 100
_PLAIN: Final = frozenset({"name", "language", "zone", "labels", "is_blocked", "email", "phone"})
_PREFIXED: Final = ("address:", "external:", "attribute:")
_YES: Final = frozenset({"1", "true", "yes", "oui", "vrai", "x"})
_NO: Final = frozenset({"0", "false", "no", "non", "faux"})

FAULTS: Final = Catalogue(
    {
        "too_many_cells": {"en": "This line has more cells than the first.", "fr": "Cette ligne a plus de cellules que la première."},
        "too_long": {"en": "The cell has over {most} characters.", "fr": "La cellule dépasse {most} caractères."},
        "bad_address": {"en": "This is no address of that kind.", "fr": "Ce n'est pas une adresse de ce genre."},
        "bad_zone": {"en": "There is no time zone of this name.", "fr": "Il n'y a pas de fuseau horaire de ce nom."},
        "bad_flag": {"en": "Write yes or no here.", "fr": "Écrivez oui ou non ici."},
        "bad_number": {"en": "This is no number.", "fr": "Ce n'est pas un nombre."},
        "bad_value": {"en": "The attribute takes: {wanted}.", "fr": "L'attribut admet : {wanted}."},
        "nobody": {
            "en": "The line names neither an address nor an external id.",
            "fr": "La ligne n'indique ni adresse ni identifiant externe.",
        },
        "several": {
            "en": "What the line names belongs to several customers; merge them first.",
            "fr": "Ce que la ligne indique appartient à plusieurs clients ; fusionnez-les d'abord.",
        },
        "erased": {"en": "This person was erased; the line is left out.", "fr": "Cette personne a été effacée ; la ligne est ignorée."},
        "too_many_addresses": {"en": "Over {most} addresses in all.", "fr": "Plus de {most} adresses en tout."},
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFault:
    """What is wrong with one line, and in which column."""

    line: int
    name: str
    column: str = ""
    parameters: Mapping[str, object] = field(default_factory=dict[str, object])

    def plain(self, language: str) -> dict[str, object]:
        message = FAULTS.text(self.name, language, **self.parameters)
        return {"line": self.line, "name": self.name, **({"column": self.column} if self.column else {}), "message": message}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one line says of a person."""

    line: int
    keys: Mapping[str, str] = field(default_factory=dict[str, str])
    external_ids: Mapping[str, str] = field(default_factory=dict[str, str])
    attributes: Mapping[str, Value] = field(default_factory=dict[str, "Value"])
    labels: tuple[str, ...] = ()
    name: str | None = None
    language: str | None = None
    zone: str | None = None
    is_blocked: bool | None = None

    def externals(self, sponsor: str) -> list[str]:
        return [external_key(sponsor, system, id) for system, id in self.external_ids.items()]


class _Refused(Exception):
    """A cell that cannot be: carries its fault's name and parameters."""

    def __init__(self, name: str, **parameters: object) -> None:
        super().__init__(name)
        self.name, self.parameters = name, parameters


def rows_of(
    content: bytes, sponsor: SponsorId, declared: Mapping[str, CustomerAttribute], region: str | None, first_line: int = 1
) -> Iterator[Row | LineFault]:
    """
    Each line but the first, in order. `first_line` is the number that the first line after the header has in the whole file, less one.

    Raises BadInput when the whole is no such CSV.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput("invalid_field", f"the file is not UTF-8 (byte {error.start})") from None
    if "\0" in text:
        raise BadInput("invalid_field", "the file holds a zero character")
    head = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        columns = _columns(next(reader, list[str]()), declared)
        for cells in reader:
            line = first_line + reader.line_num - 1
            if any(cell.strip() for cell in cells):
                yield _row(line, columns, cells, sponsor, declared, region)
    except csv.Error as error:
        raise BadInput("invalid_field", f"line {first_line + reader.line_num - 1} is no CSV: {error}") from None


def applied(former: Customer, row: Row, at: Instant) -> Customer:
    """The record with what the line says; what it does not say stays. The same record when nothing changes."""
    fresh = replace(
        former,
        keys=tuple(dict.fromkeys((*former.keys, *row.keys))),
        addresses=tuple(dict.fromkeys((*former.addresses, *(address for key, address in row.keys.items() if key not in former.keys)))),
        external_ids={**former.external_ids, **row.external_ids},
        attributes={**former.attributes, **row.attributes},
        attributes_at={
            **former.attributes_at,
            **{name: at for name, value in row.attributes.items() if former.attributes.get(name) != value},
        },
        labels=tuple(dict.fromkeys((*former.labels, *row.labels))),
        name=row.name or former.name,
        language=row.language or former.language,
        zone=row.zone or former.zone,
        is_blocked=former.is_blocked if row.is_blocked is None else row.is_blocked,
    )
    fresh = replace(fresh, externals=tuple(external_key(fresh.sponsor, system, id) for system, id in sorted(fresh.external_ids.items())))
    return former if fresh == former else replace(fresh, updated_at=at)


def made(id: CustomerId, sponsor: SponsorId, row: Row, at: Instant) -> Customer:
    """A new record of what the line says."""
    return applied(Customer(id=id, sponsor=sponsor, created_at=at, updated_at=at), row, at)


def _columns(header: Sequence[str], declared: Mapping[str, CustomerAttribute]) -> list[str]:
    columns = [each.strip() for each in header]
    if not columns or len(columns) > COLUMNS_MAX:
        raise BadInput("invalid_field", f"the first line names the columns, at most {COLUMNS_MAX}", "/1")
    for number, column in enumerate(columns, 1):
        is_known = column in _PLAIN or any(column.startswith(prefix) and len(column) > len(prefix) for prefix in _PREFIXED)
        if not is_known or len(column) > 100:
            raise BadInput("invalid_field", f"there is no column {column[:100]!r}", f"/1/{number}")
        if column in columns[: number - 1] and column not in ("email", "phone"):
            raise BadInput("invalid_field", f"the column {column!r} stands twice", f"/1/{number}")
    return columns


def _row(
    line: int,
    columns: Sequence[str],
    cells: Sequence[str],
    sponsor: SponsorId,
    declared: Mapping[str, CustomerAttribute],
    region: str | None,
) -> Row | LineFault:
    if len(cells) > len(columns):
        return LineFault(line=line, name="too_many_cells")
    row = Row(line=line)
    for column, cell in zip(columns, cells, strict=False):
        value = cell.strip()
        try:
            if len(value) > CELL_CHARACTERS_MAX:
                raise _Refused("too_long", most=CELL_CHARACTERS_MAX)
            if value:
                row = _with(row, column, value, sponsor, declared, region)
        except _Refused as refused:
            return LineFault(line=line, name=refused.name, column=column, parameters=refused.parameters)
    return row if row.keys or row.external_ids else LineFault(line=line, name="nobody")


def _with(row: Row, column: str, value: str, sponsor: SponsorId, declared: Mapping[str, CustomerAttribute], region: str | None) -> Row:
    kind, _, name = column.partition(":")
    match kind:
        case "email" | "phone" | "address":
            key = _key(kind, name, value, sponsor, region)
            return replace(row, keys={**row.keys, key: value})
        case "external":
            return replace(row, external_ids={**row.external_ids, name: value[:200]})
        case "attribute":
            return replace(row, attributes={**row.attributes, name: _attribute(value, declared.get(name))})
        case "labels":
            return replace(row, labels=tuple(dict.fromkeys(each.strip()[:64] for each in value.split(";") if each.strip())))
        case "is_blocked":
            return replace(row, is_blocked=_flag(value))
        case "zone":
            return replace(row, zone=_zone(value))
        case "language":
            return replace(row, language=value[:35])
        case _:
            return replace(row, name=value[:200])


def _key(kind: str, name: str, value: str, sponsor: SponsorId, region: str | None) -> str:
    family = {"email": EMAIL, "phone": PHONE}.get(kind) or family_of(Channel.OTHER, name)
    normal = normal_address(family, value, region)
    is_fit = normal is not None and (family != EMAIL or ("@" in normal and " " not in normal)) and (family != PHONE or is_number(normal))
    if normal is None or not is_fit:
        raise _Refused("bad_address")
    return customer_key(sponsor, family, normal)


def _attribute(value: str, attribute: CustomerAttribute | None) -> Value:
    if attribute is None:
        return value
    found: Value = value
    if attribute.type == "flag":
        found = _flag(value)
    elif attribute.type == "number":
        found = _number(value)
    if not fits(attribute, found):
        raise _Refused("bad_value", wanted=", ".join(attribute.choices) if attribute.type == "choice" else attribute.type)
    return found


def _flag(value: str) -> bool:
    if value.lower() in _YES:
        return True
    if value.lower() in _NO:
        return False
    raise _Refused("bad_flag")


def _number(value: str) -> int | float:
    plain = value.replace("\u202f", "").replace("\xa0", "").replace(" ", "").replace(",", ".")
    try:
        number = float(plain)
    except ValueError:
        raise _Refused("bad_number") from None
    if number != number or abs(number) > 1e15:
        raise _Refused("bad_number")
    return int(number) if number.is_integer() else number


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise _Refused("bad_zone") from None
    return value
