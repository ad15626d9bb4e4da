"""Reads lengths of time and arrivals as people write them: `3m`, `{exponential: 3m}`, `{per_hour: 60}`, a trace."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from standardiste.router.simulator.draws import (
    Arrival,
    Arrivals,
    Deterministic,
    Distribution,
    Empirical,
    Exponential,
    Lognormal,
    Poisson,
    PoissonByInterval,
    Trace,
)
from standardiste.router.simulator.said import DURATION_MS_MAX, Said, is_duration

PER_HOUR_MAX: Final = 1_000_000
TRACE_MAX: Final = 1_000_000
MS_AN_HOUR: Final = 3_600_000
NO_ARRIVALS: Final = Trace(())
COLUMNS: Final = ("at_s", "handle_s", "patience_s")
"""Of a recorded file; the first is needed."""
ReadFile = Callable[[str], str]
"""The text of a file that a scenario names, relative to the scenario. Raises OSError or ValueError."""


def distribution(said: Said) -> Distribution:
    """A plain length is always that long."""
    if is_duration(said.value):
        return Deterministic(said.ms())
    forms = [name for name in ("exponential", "deterministic", "lognormal", "empirical") if said.has(name)]
    if len(forms) != 1:
        said.fault("not_a_distribution")
        return Deterministic(0.0)
    form = said.get(forms[0])
    said.end()
    assert form is not None, "it was there"
    match forms[0]:
        case "exponential":
            return Exponential(form.ms())
        case "deterministic":
            return Deterministic(form.ms())
        case "lognormal":
            return _lognormal(form)
        case _:
            lengths_ms = tuple(each.ms() for each in form.each())
            if not lengths_ms:
                form.fault("empty")
            return Empirical(lengths_ms or (0.0,))


def _lognormal(said: Said) -> Distribution:
    mean, sd = said.need("mean"), said.need("sd")
    said.end()
    return Lognormal(mean.ms(least_ms=1) if mean else 1.0, sd.ms() if sd else 0.0)


def arrivals(said: Said, read_file: ReadFile) -> Arrivals:
    forms = [name for name in ("per_hour", "by_interval", "trace", "trace_file") if said.has(name)]
    if len(forms) != 1:
        said.fault("not_arrivals")
        return NO_ARRIVALS
    form = said.get(forms[0])
    said.end()
    assert form is not None, "it was there"
    match forms[0]:
        case "per_hour":
            return Poisson(form.number(0, PER_HOUR_MAX) / MS_AN_HOUR)
        case "by_interval":
            return _by_interval(form)
        case "trace":
            return _trace(form)
        case _:
            return _from_file(form, read_file)


def _by_interval(said: Said) -> Arrivals:
    """Each line says from when and how many an hour; it holds until the next, the last for ever."""
    begins_ms: list[float] = []
    rates: list[float] = []
    for each in said.each():
        from_, per_hour = each.need("from"), each.need("per_hour")
        each.end()
        begins = from_.ms() if from_ else 0.0
        if begins_ms and begins <= begins_ms[-1]:
            each.fault("not_in_order")
        begins_ms.append(begins)
        rates.append(per_hour.number(0, PER_HOUR_MAX) / MS_AN_HOUR if per_hour else 0.0)
    if not begins_ms:
        said.fault("empty")
        return NO_ARRIVALS
    return PoissonByInterval(tuple(begins_ms), tuple(rates))


def _recorded(said: Said) -> Arrival:
    """A line of a trace: when, and perhaps how long it took and how long the customer would have waited."""
    if is_duration(said.value):
        return Arrival(said.ms())
    at, handle, patience = said.need("at"), said.get("handle"), said.get("patience")
    said.end()
    return Arrival(at.ms() if at else 0.0, handle.ms() if handle else None, patience.ms() if patience else None)


def _trace(said: Said) -> Arrivals:
    recorded: list[Arrival] = []
    for each in said.each():
        arrival = _recorded(each)
        if recorded and arrival.at_ms < recorded[-1].at_ms:
            each.fault("not_in_order")
        recorded.append(arrival)
    return _limited(said, recorded)


def _limited(said: Said, recorded: list[Arrival]) -> Arrivals:
    if len(recorded) > TRACE_MAX:
        said.fault("too_many", count=len(recorded), most=TRACE_MAX)
    return Trace(tuple(recorded))


# ---- files


def _from_file(said: Said, read_file: ReadFile) -> Arrivals:
    """
    CSV with the columns at_s and, if known, handle_s and patience_s, in seconds; others are passed over. As French spreadsheets write it, too: semicolons
    between the columns, a comma in the number.
    """
    name = said.text()
    try:
        return _limited(said, list(_rows(said, name, read_file(name)))) if name else NO_ARRIVALS
    except OSError as error:
        said.fault("bad_file", file=name, detail=error.strerror or error)
    except (ValueError, csv.Error) as error:
        said.fault("bad_file", file=name, detail=error)
    return NO_ARRIVALS


def _rows(said: Said, file: str, text: str) -> Iterator[Arrival]:
    """Every line that can be read; a fault for each of the others."""
    head = text.partition("\n")[0]
    has_semicolons = ";" in head and "," not in head
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=";" if has_semicolons else ",")
    columns = [column.strip() for column in next(lines, list[str]())]
    if COLUMNS[0] not in columns:
        said.fault("no_column", file=file, name=COLUMNS[0])
        return
    latest_ms = 0.0
    for line in lines:
        if not any(cell.strip() for cell in line):
            continue
        arrival = _row(said, file, lines.line_num, dict(zip(columns, line, strict=False)), "," if has_semicolons else ".")
        if arrival is None:
            continue
        if arrival.at_ms < latest_ms:
            said.fault("line_not_in_order", file=file, at_line=lines.line_num)
        latest_ms = arrival.at_ms
        yield arrival


def _row(said: Said, file: str, line: int, cells: Mapping[str, str], point: str) -> Arrival | None:
    found: list[float | None] = []
    for name in COLUMNS:
        text = cells.get(name, "").strip()
        ms = _ms(text.replace(point, "."))
        if ms is None and (text or name == COLUMNS[0]):
            said.fault("not_in_seconds", file=file, at_line=line, name=name, value=text)
            return None
        found.append(ms)
    at_ms, handle_ms, patience_ms = found
    return None if at_ms is None else Arrival(at_ms, handle_ms, patience_ms)


def _ms(seconds: str) -> float | None:
    try:
        ms = float(seconds) * 1000
    except ValueError:
        return None
    return ms if 0 <= ms <= DURATION_MS_MAX else None
