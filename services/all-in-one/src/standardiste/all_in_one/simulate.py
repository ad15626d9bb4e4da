"""
`standardiste simulate`: reads a scenario file, runs it over the cores, and shows what it found as a table or as JSON.

The scenario's `configuration` is read and checked by the directory's own reader, as `standardiste apply` would; with a document from an installation that
one takes its place.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, cast

from rich.box import SIMPLE_HEAD
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column, Table

from standardiste.all_in_one.words import say
from standardiste.common.catalogue import language_of_terminal
from standardiste.common.errors import StandardisteError
from standardiste.common.events.directory import Entity
from standardiste.directory.core import check_rules
from standardiste.directory.document import parse
from standardiste.directory.faults import ConfigurationRefused
from standardiste.directory.validation import faults_of
from standardiste.directory.yaml_text import Read, read
from standardiste.router.simulator import Estimate, Report, Scenario, ScenarioRefused, scenario_of, simulate
from standardiste.router.simulator.clockwork import TENANT
from standardiste.router.simulator.faults import said
from standardiste.router.simulator.report import SHARES

CONFIGURATION: Final = "/configuration"
OF_CONTACTS: Final = ("offered", "service_level", "asa_s", "abandonment", "turned_away", "unanswered")
OF_WAITS: Final = ("wait_p50_s", "wait_p90_s", "wait_p99_s")
OF_AGENTS: Final = ("staffed_h", "occupancy", "handled", "handled_per_h", "declined", "missed")


class BadScenario(StandardisteError):
    """The file cannot be simulated; `lines` say where and why, in the terminal's language."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


def scenario_from(file: Path, document: str | None = None) -> Scenario:
    """The scenario of a file; `document` is an installation's configuration instead of the file's own. Raises BadScenario with every fault and its line."""
    language = language_of_terminal()
    try:
        source = read(file.read_bytes())
    except ConfigurationRefused as refused:
        raise BadScenario([fault.text(language) for fault in refused.faults]) from None
    entities = _configuration(source, document, language)

    def text_of(name: str) -> str:
        return (file.parent / name).read_text("utf-8-sig")  # spreadsheets begin with a byte order mark

    try:
        return scenario_of(source.value, entities, text_of)
    except ScenarioRefused as refused:
        faults = sorted(refused.faults, key=lambda each: source.line_of(each.pointer) or 0)
        raise BadScenario([said(source.line_of(each.pointer), each.pointer, each.message(language), language) for each in faults]) from None


def _configuration(source: Read, document: str | None, language: str) -> tuple[Entity, ...]:
    value = cast("dict[str, Any]", source.value) if isinstance(source.value, dict) else {}
    text = json.dumps(value.get("configuration") or {}) if document is None else document
    try:
        wanted = parse(text, TENANT).wanted
        faults = faults_of(wanted, check_rules)
        if faults:
            raise ConfigurationRefused(faults)
    except ConfigurationRefused as refused:
        raise BadScenario(
            [
                said(
                    source.line_of(CONFIGURATION + each.pointer) if document is None else each.line,
                    CONFIGURATION + each.pointer,
                    each.message(language),
                    language,
                )
                for each in refused.faults
            ]
        ) from None
    return tuple(wanted.values())


def run(scenario: Scenario, *, processes: int | None, show: Any) -> Report:
    """All replications, with a bar on this console, where it is a terminal, that is gone at the end. Raises BadScenario when the router refuses the configuration."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=show, transient=True, disable=not show.is_terminal) as progress:
        task = progress.add_task(say("simulating"), total=scenario.replications)
        try:
            return simulate(scenario, processes=processes, done=lambda count: progress.update(task, completed=count))
        except ScenarioRefused as refused:
            raise BadScenario([each.text(language_of_terminal()) for each in refused.faults]) from None


def as_json(report: Report) -> str:
    return json.dumps(report.plain(), indent=2, ensure_ascii=False)


def tables(report: Report, scenario: Scenario) -> list[Table]:
    """Contacts and their waits, each by stream and in all; agents by class. Narrow enough to be read on 80 columns."""
    agents = _table("agents", OF_AGENTS)
    for each in scenario.classes:
        _row(agents, each.name, OF_AGENTS, lambda what, name=each.name: report.get("class", name, what))
    return [_of_streams("contacts", OF_CONTACTS, report, scenario), _of_streams("waits", OF_WAITS, report, scenario), agents]


def _of_streams(title: str, measures: tuple[str, ...], report: Report, scenario: Scenario) -> Table:
    table = _table(title, measures)
    for stream in scenario.streams:
        _row(table, stream.name, measures, lambda what, name=stream.name: report.get("stream", name, what))
    if len(scenario.streams) > 1:
        table.add_section()
        _row(table, say("simulated_all"), measures, lambda what: report.get("all", "", what))
    return table


def footer(report: Report) -> str:
    """How it was found."""
    return say(
        "simulated_once" if report.replications == 1 else "simulated",
        replications=report.replications,
        confidence=100 * report.confidence,
        interactions=report.interactions,
        seconds=report.took_s,
        rate=report.interactions / report.took_s if report.took_s else 0.0,
    )


def _table(title: str, measures: tuple[str, ...]) -> Table:
    """Names are shown whole, whatever the terminal's width: they are what the reader looks for."""
    table = Table(Column(say(f"simulated_{title}"), no_wrap=True), box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for what in measures:
        table.add_column(say(f"simulated_{what}"), justify="right", overflow="fold")
    return table


def _row(table: Table, name: str, measures: tuple[str, ...], of: Callable[[str], Estimate | None]) -> None:
    table.add_row(name, *(_cell(what, of(what)) for what in measures))


def _cell(what: str, estimate: Estimate | None) -> str:
    if estimate is None:
        return "–"
    scale, digits = (100 if what in SHARES else 1), 1
    mean = f"{estimate.mean * scale:.{digits}f}"
    return mean if estimate.half_width is None else f"{mean}\n±{estimate.half_width * scale:.{digits}f}"
