"""Reads lengths of time and arrivals as people write them: `3m`, `{exponential: 3m}`, `{per_hour: 60}`, a trace."""

from __future__ import annotations

import csv
from collections.abc import Callable
from itertools import pairwise
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
from standardiste.router.simulator.said import Said, is_duration

PER_HOUR_MAX: Final = 1_000_000
TRACE_MAX: Final = 1_000_000
MS_AN_HOUR: Final = 3_600_000
NO_ARRIVALS: Final = Trace(())
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
            return _trace(form, [_recorded(each) for each in form.each()])
        case _:
            return _trace(form, _from_file(form, read_file))


def _by_interval(said: Said) -> Arrivals:
    """Each line says from when and how many an hour; it holds until the next, the last for ever."""
    begins_ms: list[float] = []
    rates: list[float] = []
    for each in said.each():
        from_, per_hour = each.need("from"), each.need("per_hour")
        each.end()
        begins_ms.append(from_.ms() if from_ else 0.0)
        rates.append(per_hour.number(0, PER_HOUR_MAX) / MS_AN_HOUR if per_hour else 0.0)
    if not begins_ms:
        said.fault("empty")
        return NO_ARRIVALS
    if any(later <= earlier for earlier, later in pairwise(begins_ms)):
        said.fault("not_in_order")
        return NO_ARRIVALS
    return PoissonByInterval(tuple(begins_ms), tuple(rates))


def _recorded(said: Said) -> Arrival:
    """A line of a trace: when, and perhaps how long it took and how long the customer would have waited."""
    if is_duration(said.value):
        return Arrival(said.ms())
    at, handle, patience = said.need("at"), said.get("handle"), said.get("patience")
    said.end()
    return Arrival(at.ms() if at else 0.0, handle.ms() if handle else None, patience.ms() if patience else None)


def _trace(said: Said, recorded: list[Arrival]) -> Arrivals:
    if len(recorded) > TRACE_MAX:
        said.fault("too_many", count=len(recorded), most=TRACE_MAX)
    if any(later.at_ms < earlier.at_ms for earlier, later in pairwise(recorded)):
        said.fault("not_in_order")
    return Trace(tuple(recorded))


def _from_file(said: Said, read_file: ReadFile) -> list[Arrival]:
    """CSV with the columns at_s and, if known, handle_s and patience_s: seconds."""
    name = said.text()
    try:
        rows = csv.DictReader(read_file(name).splitlines())
        if "at_s" not in (rows.fieldnames or ()):
            raise ValueError("no column at_s")
        return [_row(row, number) for number, row in enumerate(rows, 2)]
    except OSError as error:
        said.fault("bad_file", file=name, detail=error.strerror or error)
    except (ValueError, csv.Error) as error:
        said.fault("bad_file", file=name, detail=error)
    return []


def _row(row: dict[str, str | None], number: int) -> Arrival:
    try:
        at_ms, handle_ms, patience_ms = (_ms(row.get(name)) for name in ("at_s", "handle_s", "patience_s"))
        if at_ms is None:
            raise ValueError
    except ValueError:
        raise ValueError(f"line {number} is not in seconds") from None
    return Arrival(at_ms, handle_ms, patience_ms)


def _ms(seconds: str | None) -> float | None:
    if not seconds:
        return None
    ms = float(seconds) * 1000
    if not 0 <= ms < float("inf"):
        raise ValueError
    return ms
