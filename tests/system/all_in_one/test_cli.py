"""The `standardiste` command against a running installation: configuration out, changed, compared, applied, taken back; a backup; named refusals."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

from standardiste.all_in_one.players.stage import ADMIN, PASSWORD, POST_ADDRESS, Stage


@dataclass(frozen=True, slots=True)
class Said:
    code: int
    out: str
    err: str


async def standardiste(stage: Stage, *arguments: str, password: str = PASSWORD) -> Said:
    """Run one command as an operator would; English."""
    environment = {
        **os.environ,
        "STANDARDISTE_URL": stage.url,
        "STANDARDISTE_USER": ADMIN,
        "STANDARDISTE_PASSWORD": password,
        "LC_ALL": "en_GB.UTF-8",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "standardiste.all_in_one",
        *arguments,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return Said(process.returncode or 0, out.decode(), err.decode())


async def test_the_configuration_goes_out_is_changed_applied_and_taken_back(stage: Stage, tmp_path: Path) -> None:
    exported = await standardiste(stage, "export")
    assert exported.code == 0
    document = yaml.safe_load(exported.out)
    assert document["tenant"]["name"] == "Maison Lumen"
    path = tmp_path / "changed.yaml"

    path.write_text(exported.out)
    assert "Nothing changes" in (await standardiste(stage, "diff", str(path))).out
    assert "Nothing changes" in (await standardiste(stage, "apply", str(path))).out

    document["queue"]["billing"]["priority"] = 7
    document["queue"]["returns"] = {"name": {"en": "Returns", "fr": "Retours"}}
    path.write_text(yaml.safe_dump(document, allow_unicode=True))
    compared = await standardiste(stage, "diff", str(path))
    assert "queue/billing" in compared.out
    assert "queue/returns" in compared.out
    applied = await standardiste(stage, "apply", str(path))
    assert applied.code == 0, applied.err
    number = applied.out.split("Change set ")[1].split(" ")[0]
    again = yaml.safe_load((await standardiste(stage, "export")).out)
    assert again["queue"]["billing"]["priority"] == 7

    undone = await standardiste(stage, "undo", number)
    assert undone.code == 0, undone.err
    back = yaml.safe_load((await standardiste(stage, "export")).out)
    assert "priority" not in back["queue"]["billing"]


async def test_a_document_that_cannot_be_is_refused_with_its_lines(stage: Stage, tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text("format: 1\ntenant: {name: X}\nqueue:\n  a: {skills: {juggling: 9}}\n")
    refused = await standardiste(stage, "apply", str(path))
    assert refused.code == 1
    assert "configuration_refused" in refused.err
    assert "line 4" in refused.err


async def test_a_wrong_password_and_a_silent_address_are_said(stage: Stage) -> None:
    refused = await standardiste(stage, "export", password="wrong")
    assert (refused.code, "bad_credential" in refused.err) == (1, True)
    silent = await standardiste(stage, "export", "--url", "http://127.0.0.1:9")
    assert (silent.code, "No installation answers" in silent.err) == (1, True)


async def test_a_backup_is_taken_while_it_runs(stage: Stage) -> None:
    taken = await standardiste(stage, "backup")
    assert taken.code == 0, taken.err
    assert taken.out.startswith("Backup 2")


async def test_listen_shows_what_happened_one_fact_a_line(stage: Stage) -> None:
    (await stage.integrator.post("letter-1", POST_ADDRESS, "client-77", "Je résilie.")).raise_for_status()
    heard = await standardiste(stage, "listen", "--after", "start", "--types", "interaction.created", "--count", "1")
    assert (heard.code, heard.err.splitlines()) == (0, [f"Listening to {stage.url}. Ctrl-C ends it."])
    (fact,) = (json.loads(line) for line in heard.out.splitlines())
    assert (fact["type"], fact["data"]["contact"]["content"]["text"]) == ("standardiste.interaction.created.v1", "Je résilie.")

    refused = await standardiste(stage, "listen", "--after", "nonsense")
    assert (refused.code, "cursor_invalid" in refused.err) == (1, True)


MORNING = """
format: 1
seed: 7
replications: 3
length: 1h
warm_up: 5m
agents:
  everybody:
    people: all
    answers_after: {exponential: 3s}
    declines: 0.05
    misses: 0.02
    shifts: [{from: 0s, until: 2h, breaks: [{at: 20m, length: 5m}]}]
  helpers: {count: 3, queues: [billing], pace: 1.2}
contacts:
  calls:
    channel: voice
    queue: billing
    arrivals: {per_hour: 40}
    handle: {lognormal: {mean: 3m, sd: 2m}}
    patience: {exponential: 2m}
    wrap_up: 10s
  chats:
    channel: chat
    queue: billing
    arrivals: {by_interval: [{from: 0s, per_hour: 20}, {from: 30m, per_hour: 60}]}
    handle: {exponential: 4m}
  letters:
    channel: email
    queue: billing
    arrivals: {trace: [30s, {at: 10m, handle: 5m}, 20m]}
    handle: {deterministic: 3m}
  recorded:
    channel: voice
    queue: billing
    arrivals: {trace_file: trace.csv}
    handle: {empirical: [1m, 2m, 6m]}
"""


async def test_a_scenario_is_simulated_on_the_configuration_of_the_running_installation(stage: Stage, tmp_path: Path) -> None:
    path = tmp_path / "morning.yaml"
    path.write_text(MORNING)
    (tmp_path / "trace.csv").write_text("at_s,handle_s,patience_s\n60,100,\n400,,30\n1900,50,20\n")
    whole = await standardiste(stage, "simulate", str(path), "--from-directory", stage.url, "--json", "--processes", "2")
    assert whole.code == 0, whole.err
    said = json.loads(whole.out)
    assert set(said["stream"]) - {"all"} == {"calls", "chats", "letters", "recorded"}
    assert set(said["class"]) == {"everybody", "helpers"}
    assert [said["stream"][name]["offered"]["mean"] for name in ("letters", "recorded")] == [2, 2]
    alone = await standardiste(stage, "simulate", str(path), "--from-directory", stage.url, "--json", "--processes", "1")
    assert [json.loads(alone.out)[kind] for kind in ("stream", "class")] == [said[kind] for kind in ("stream", "class")]
    shown = await standardiste(stage, "simulate", str(path), "--from-directory", stage.url)
    assert shown.code == 0, shown.err
    assert all(name in shown.out for name in ("calls", "everybody", "service"))


async def test_a_scenario_that_asks_for_what_the_installation_has_not_is_refused_by_its_line(stage: Stage, tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(MORNING.replace("queue: billing\n    arrivals: {per_hour: 40}", "queue: juggling\n    arrivals: {per_hour: 40}"))
    (tmp_path / "trace.csv").write_text("at_s\n60\n")
    refused = await standardiste(stage, "simulate", str(path), "--from-directory", stage.url)
    assert refused.code == 1
    assert "juggling" in refused.err
    assert "line 18" in refused.err
    unreachable = await standardiste(stage, "simulate", str(path), "--from-directory", stage.url, password="wrong-password")
    assert unreachable.code == 1
