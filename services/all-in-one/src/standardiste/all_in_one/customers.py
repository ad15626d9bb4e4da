"""`standardiste customers import`: a CSV of any length, read as it goes and handed in part by part, with a bar and the faults by line."""

from __future__ import annotations

import argparse
import asyncio
import csv
import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from standardiste.all_in_one.operator import Operator, Refusal
from standardiste.all_in_one.words import say

PART_ROWS: Final = 500
PART_CHARACTERS: Final = 2 * 1024 * 1024
PAUSE_S: Final = 1.0
TRIES_MAX: Final = 60
FAULTS_SHOWN: Final = 50
PASSING: Final = frozenset({"too_many_requests", "store_away", "bus_away", "starting"})


@dataclass(frozen=True, slots=True)
class Part:
    """Some lines under the file's first one. `first_line` is where the header would stand for them, `read` how far into the file they reach."""

    content: str
    first_line: int
    rows: int
    read: int


@dataclass(slots=True)
class Counts:
    """What became of the lines so far."""

    rows: int = 0
    made: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0


def add_to(verbs: Any, asking: Any) -> None:
    """The verbs, on the parser of the command. `asking` adds what every verb that asks an installation takes."""
    inner = verbs.add_parser("customers", help="Import customers.").add_subparsers(required=True, metavar="what")
    text = "Make and change customers from a CSV file; `-` reads standard input. Sent again, it changes nothing."
    added: argparse.ArgumentParser = inner.add_parser("import", help=text, description=text)
    asking(added)
    added.add_argument("file", type=Path, help="a CSV file with a head line")
    added.add_argument("--sponsor", help="whose customers they are; else the tenant's own")
    added.add_argument("--dry-run", action="store_true", help="say what would become of each line, and change nothing")
    added.set_defaults(asks=take)


async def take(operator: Operator, options: argparse.Namespace, console: Console, errors: Console) -> int:
    """Hand the file in; give the exit code: 1 when a line was refused."""
    counts, shown = Counts(), 0
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, disable=not sys.stderr.isatty()) as bar, _opened(options.file) as file:
        task = bar.add_task(say("importing"), total=_size(options.file))
        for part in parts_of(file):
            answer = await _until_taken(operator, part, options)
            counts.rows += part.rows
            for name in ("made", "changed", "unchanged", "refused"):
                setattr(counts, name, getattr(counts, name) + int(answer[name]))
            for fault in answer["faults"]:
                if shown < FAULTS_SHOWN:
                    where = " ".join(filter(None, (say("at_line", line=fault["line"]), fault.get("column", ""))))
                    errors.print(f"{where}: {fault['message']}", style="yellow", markup=False)
                shown += 1
            bar.update(task, completed=part.read)
    if shown > FAULTS_SHOWN:
        errors.print(say("more_faults", count=shown - FAULTS_SHOWN), style="yellow")
    key = "would_import" if options.dry_run else "imported"
    console.print(say(key, rows=counts.rows, made=counts.made, changed=counts.changed, unchanged=counts.unchanged, refused=counts.refused))
    return 1 if counts.refused else 0


def parts_of(file: io.TextIOBase, part_rows: int = PART_ROWS) -> Iterator[Part]:
    """The file in parts, each under its first line; a cell with line breaks is never cut. Nothing but one part is held."""
    counting = _Counted(file)
    head = next(iter(counting), "")
    delimiter = max(",;\t", key=head.count)
    rows: list[list[str]] = []
    size, first_line = 0, 1
    reader = csv.reader(counting, delimiter=delimiter, strict=True)
    last_line = 1
    for row in reader:
        rows.append(row)
        size += sum(map(len, row)) + len(row)
        last_line = 1 + reader.line_num
        if len(rows) >= part_rows or size >= PART_CHARACTERS:
            yield _part(head, rows, delimiter, first_line, counting.read)
            rows, size, first_line = [], 0, last_line
    if rows or first_line == 1:
        yield _part(head, rows, delimiter, first_line, counting.read)


class _Counted:
    """Lines of a file, counting how many bytes they were."""

    def __init__(self, file: io.TextIOBase) -> None:
        self._file, self.read = file, 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._file.readline()
        if not line:
            raise StopIteration
        self.read += len(line.encode("utf-8", "replace"))
        return line


def _part(head: str, rows: list[list[str]], delimiter: str, first_line: int, read: int) -> Part:
    text = io.StringIO()
    text.write(head if head.endswith("\n") else head + "\n")
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return Part(text.getvalue(), first_line, len(rows), read)


async def _until_taken(operator: Operator, part: Part, options: argparse.Namespace) -> dict[str, Any]:
    """What passes is waited for: a part that was taken and whose answer was lost changes nothing the second time."""
    for _ in range(TRIES_MAX):
        try:
            return await operator.import_customers(
                part.content.encode(), first_line=part.first_line, sponsor=options.sponsor, is_dry_run=options.dry_run
            )
        except Refusal as refusal:
            if refusal.name not in PASSING:
                raise
        await asyncio.sleep(PAUSE_S)
    return await operator.import_customers(
        part.content.encode(), first_line=part.first_line, sponsor=options.sponsor, is_dry_run=options.dry_run
    )


def _opened(path: Path) -> io.TextIOWrapper:
    if str(path) == "-":
        return io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8-sig", newline="")
    return open(path, encoding="utf-8-sig", newline="")


def _size(path: Path) -> int | None:
    return None if str(path) == "-" else path.stat().st_size
