"""`standardiste simulate`: the guide's scenarios run, faults are named with their lines in both languages, and the configuration may be an installation's."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from standardiste.all_in_one import simulate
from standardiste.all_in_one.cli import main
from standardiste.common.events.directory import Queue
from standardiste.router.simulator.draws import Arrival, Trace

SCENARIOS = Path(__file__).parents[3] / "docs/guides/scenarios"
SMALL = """\
length: 1h
configuration:
  queue:
    calls: {wrap_up: none}
agents:
  desk: {count: 1}
contacts:
  calls: {channel: voice, queue: calls, arrivals: {per_hour: 10}, handle: 3m}
"""


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")


@pytest.mark.parametrize("file", sorted(SCENARIOS.glob("*.yaml")), ids=lambda file: file.stem)
def test_the_scenarios_of_the_guide_run(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["simulate", str(file), "--json", "--replications", "2", "--processes", "1"])
    found = json.loads(capsys.readouterr().out)
    assert found["replications"] == 2
    assert found["all"]["answered"]["mean"] > 0


def test_tables_show_means_and_intervals(tmp_path: Path) -> None:
    file = tmp_path / "small.yaml"
    file.write_text(SMALL)
    scenario = simulate.scenario_from(file)
    report = simulate.run(scenario, processes=1, show=Console(quiet=True))
    shown = io.StringIO()
    console = Console(width=200, file=shown)
    for table in simulate.tables(report, scenario):
        console.print(table)
    assert "service level %" in shown.getvalue()
    assert "±" in shown.getvalue()
    assert "10 replications" in simulate.footer(report)


def test_one_replication_is_shown_without_an_interval(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "small.yaml"
    file.write_text(SMALL)
    main(["simulate", str(file), "--replications", "1"])
    shown = capsys.readouterr().out
    assert "±" not in shown
    assert "One replication" in shown


@pytest.mark.parametrize(("language", "words"), [("en", ["abandoned", "unanswered", "3.0"]), ("fr", ["abandons", "sans réponse", "3.0"])])
def test_whom_nobody_serves_is_shown_as_unanswered(
    language: str, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", f"{language}_FR.UTF-8")
    file = tmp_path / "small.yaml"
    file.write_text(SMALL.replace("count: 1", "count: 1, queues: [main]").replace("{per_hour: 10}", "{trace: [0s, 1s, 2s]}"))
    assert [word for word in words if word not in shown_on_80_columns(file)] == []


def test_80_columns_show_every_word_and_figure() -> None:
    shown = shown_on_80_columns(SCENARIOS / "small-site.yaml")
    assert [word for word in ("abandoned", "unanswered", "occupancy", "P50", "P90", "P99", "missed") if word not in shown] == []


def shown_on_80_columns(file: Path) -> str:
    scenario = replace(simulate.scenario_from(file), replications=2)
    report = simulate.run(scenario, processes=1, show=Console(quiet=True))
    shown = io.StringIO()
    console = Console(width=80, file=shown)
    for table in simulate.tables(report, scenario):
        console.print(table)
    return shown.getvalue()


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "line 4, /configuration/queue/calls/wrapup: There is no field “wrapup” here."),
        ("fr", "ligne 4, /configuration/queue/calls/wrapup: Il n'y a pas de champ « wrapup » ici."),
    ],
)
def test_a_fault_of_the_configuration_has_its_line(language: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", f"{language}_FR.UTF-8")
    file = tmp_path / "bad.yaml"
    file.write_text(SMALL.replace("wrap_up", "wrapup"))
    with pytest.raises(simulate.BadScenario) as bad:
        simulate.scenario_from(file)
    assert bad.value.lines == [expected]


def test_faults_of_the_scenario_have_their_lines_in_order(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(SMALL.replace("1h", "1").replace("count: 1", "count: none").replace("handle: 3m", "handle: 3"))
    with pytest.raises(simulate.BadScenario) as bad:
        simulate.scenario_from(file)
    assert [line.split(":")[0] for line in bad.value.lines] == [
        "line 1, /length",
        "line 6, /agents/desk/count",
        "line 8, /contacts/calls/handle",
    ]


def test_a_recorded_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "day.csv").write_text("at_s\n1\n2\n", "utf-8-sig")
    file = tmp_path / "small.yaml"
    file.write_text(SMALL.replace("{per_hour: 10}", "{trace_file: day.csv}"))
    assert Trace((Arrival(1_000), Arrival(2_000))) == simulate.scenario_from(file).streams[0].arrivals


@pytest.mark.parametrize("text", ["", "- 1", "a: &x 1", "length: 1h\nlength: 2h", "configuration: 3\nlength: 1h", "\x00"])
def test_what_is_no_scenario_is_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    with pytest.raises(simulate.BadScenario):
        simulate.scenario_from(file)


@pytest.mark.parametrize(
    ("written", "instead"),
    [("1h", '"[/b]"'), ("wrap_up: none", "wrap_up: '[/b]'")],
)
def test_brackets_in_what_is_refused_are_shown_as_they_are(
    written: str, instead: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "brackets.yaml"
    file.write_text(SMALL.replace(written, instead))
    with pytest.raises(SystemExit) as ended:
        main(["simulate", str(file)])
    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith("line ")


@pytest.mark.parametrize("name", ["[/calls]", ":smile:", "a\\nb", "\\u0001", '\\"', "\\\\"])
def test_whatever_a_stream_is_called_it_runs_and_is_shown(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "named.yaml"
    file.write_text(SMALL.replace("  calls: {channel: voice,", f'  "{name}": {{labels: [x], channel: voice,'))
    main(["simulate", str(file), "--replications", "2", "--processes", "1"])
    shown = capsys.readouterr().out
    assert "2 replications" in shown
    assert name.startswith("\\") or name.split("\\")[0] in shown


def test_what_the_router_refuses_in_a_process_of_its_own_is_said() -> None:
    scenario = simulate.scenario_from(SCENARIOS / "small-site.yaml")
    refused = [replace(entity, filters=("none",)) if isinstance(entity, Queue) else entity for entity in scenario.entities]
    with pytest.raises(simulate.BadScenario, match="unknown_filter"):
        simulate.run(replace(scenario, entities=tuple(refused)), processes=2, show=Console(quiet=True))


def test_a_refusal_ends_with_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["simulate", str(tmp_path / "none.yaml")])
    assert ended.value.code == 1
    assert "none.yaml" in capsys.readouterr().err.replace("\n", "")


def test_without_a_terminal_a_missing_password_is_said(tmp_path: Path) -> None:
    """In a process and a session of its own: getpass would ask at the terminal of whoever runs the tests."""
    file = tmp_path / "small.yaml"
    file.write_text(SMALL)
    known = {name: value for name, value in os.environ.items() if name not in ("STANDARDISTE_PASSWORD", "STANDARDISTE_API_KEY")}
    said = subprocess.run(
        [sys.executable, "-m", "standardiste.all_in_one", "simulate", str(file), "--from-directory", "http://127.0.0.1:1"],
        env=known,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        start_new_session=True,
        check=False,
    )
    assert (said.returncode, "Traceback" in said.stderr) == (1, False)
    assert "STANDARDISTE_PASSWORD" in said.stderr


def test_the_configuration_of_an_installation_takes_the_place_of_the_scenarios(tmp_path: Path) -> None:
    file = tmp_path / "small.yaml"
    file.write_text(SMALL)
    scenario = simulate.scenario_from(file, "format: 1\nqueue:\n  calls: {wrap_up: optional}\n  other: {}\n")
    queues = {entity.id: entity.wrap_up for entity in scenario.entities if isinstance(entity, Queue)}
    assert queues == {"calls": "optional", "other": None, "main": None}
