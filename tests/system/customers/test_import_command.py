"""`standardiste customers import` against a running service: part by part, with line numbers of the whole file; and erasures beside the backups."""

from __future__ import annotations

import argparse
import io
import time
from pathlib import Path

import httpx
from rich.console import Console

from standardiste.all_in_one import erasures
from standardiste.all_in_one.customers import PART_ROWS, parts_of, take
from standardiste.all_in_one.installation import prepare
from standardiste.all_in_one.operator import Credential, Operator
from standardiste.common.events.model import CustomerId, SponsorId
from standardiste.common.store.sqlite import SqliteStore
from standardiste.common.testing.builders import AT
from standardiste.common.testing.running import API_KEY, Running
from standardiste.customers.erasures import Erasure
from standardiste.customers.records import COLLECTIONS, ERASURES, dump, load


async def imported(site: Running, file: Path, *, is_dry_run: bool = False) -> tuple[int, str, str]:
    """The exit code and what was printed."""
    out, err = io.StringIO(), io.StringIO()
    options = argparse.Namespace(file=file, sponsor=None, dry_run=is_dry_run)
    async with Operator(site.url, Credential(api_key=API_KEY)) as operator:
        code = await take(operator, options, Console(file=out, width=200), Console(file=err, width=200))
    return code, out.getvalue(), err.getvalue()


async def test_a_long_file_goes_in_part_by_part_and_again_changes_nothing(site: Running, http: httpx.AsyncClient, tmp_path: Path) -> None:
    rows = 2 * PART_ROWS + 100
    lines = [f'"Name\n{n}",n{n}@example.org' for n in range(rows)]
    lines[PART_ROWS + 1] = "X,nobody"
    file = tmp_path / "customers.csv"
    file.write_text("name,email\n" + "\n".join(lines) + "\n")
    code, said, faults = await imported(site, file, is_dry_run=True)
    assert (code, "1099" in said) == (1, True)
    assert (await http.get("/v1/customers")).json()["items"] == []
    code, said, faults = await imported(site, file)
    assert (code, "1099" in said) == (1, True)
    assert f"{1 + 2 * (PART_ROWS + 1) + 1} email" in faults  # each row before it has two lines
    code, said, _ = await imported(site, file)
    assert "1099" in said
    assert (await http.get("/v1/customers", params={"q": f"n{rows - 1}@example.org"})).json()["items"][0]["name"] == f"Name\n{rows - 1}"


def test_a_part_never_cuts_a_cell_and_every_line_is_in_one() -> None:
    text = "a;b\n" + "".join(f'{n};"x\ny"\n' for n in range(25))
    parts = list(parts_of(io.StringIO(text, newline=""), part_rows=10))
    assert [(part.rows, part.first_line, part.content.startswith("a;b\n0;" if part.first_line == 1 else "a;b\n")) for part in parts] == [
        (10, 1, True),
        (10, 21, True),
        (5, 41, True),
    ]
    assert parts[-1].read == len(text)


async def test_ten_thousand_lines_take_less_than_half_a_minute(site: Running, tmp_path: Path) -> None:
    file = tmp_path / "customers.csv"
    body = "".join(f"N{n},n{n}@example.org,+336{n:08d},c{n}\n" for n in range(10_000))
    file.write_text("name,email,phone,external:crm\n" + body)
    began = time.perf_counter()
    code, said, _ = await imported(site, file)
    took = time.perf_counter() - began
    assert (code, "10000" in said) == (0, True)
    assert took < 30


async def test_a_restored_folder_is_told_of_the_erasures_beside_its_backup(tmp_path: Path) -> None:
    folder, again = prepare(tmp_path / "data"), prepare(tmp_path / "again")
    erasure = Erasure(id="er_1", sponsor=SponsorId("main"), customers=(CustomerId("cu_1"),), subjects=("es_1",), at=AT, by="person:x")
    erasures.add_to(folder.backups / erasures.NAME, [erasures.line_of("t1", "er_1", dict(dump(erasure)))])
    store = await SqliteStore.open_file(again.store)
    try:
        assert await erasures.lay_in(folder.backups / "20260101T000000000Z", again, store) == 1
        await store.open(COLLECTIONS)
        found = await store.tenant("t1").get(ERASURES, "er_1")
        assert found is not None
        assert load(Erasure, found.body).stage == "begun"
    finally:
        await store.close()
    assert (again.backups / erasures.NAME).read_text() == (folder.backups / erasures.NAME).read_text()
