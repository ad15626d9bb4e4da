"""The `standardiste` command: what it can be asked, and nothing of how it is done."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from standardiste.all_in_one import backup as backups
from standardiste.all_in_one import customers, topics
from standardiste.all_in_one.operator import Credential, Operator, Refusal
from standardiste.all_in_one.words import say
from standardiste.common.clock import SystemClock
from standardiste.common.errors import StandardisteError

DEFAULT_URL = "http://127.0.0.1:8080"
console = Console(highlight=False, markup=False, emoji=False)
errors = Console(stderr=True, highlight=False, markup=False, emoji=False)
"""Both print what people named and wrote, and so take no bracket nor colon in it for an instruction."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Exit 0 when done, 1 when refused or failed, 2 for a command that makes no sense."""
    options = _parser().parse_args(arguments)
    try:
        options.verb(options)
    except Refusal as refusal:
        errors.print(str(refusal), style="red")
        for line in refusal.lines:
            errors.print(f"  {line}")
        sys.exit(1)
    except (StandardisteError, OSError) as error:
        errors.print(str(error), style="red")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _run(options: argparse.Namespace) -> None:
    from standardiste.all_in_one.run import run  # loads every service: only where that is wanted

    run(
        options.data,
        host=options.host,
        port=options.port,
        smtp_port=options.smtp_port,
        with_demo=options.demo,
        configuration=options.configuration,
        engines={name: value for name in ("bus", "store", "blobs") if (value := getattr(options, name))},
    )


def _begin(options: argparse.Namespace) -> None:
    from standardiste.all_in_one.begin import begin_from_environment  # loads the directory: only where that is wanted

    first = begin_from_environment(options.configuration, partitions=options.partitions, replication=options.replication)
    console.print(say("begun"))
    if first is not None:
        console.print(say("first_admin", name=first.name, password=first.password))


def _up(options: argparse.Namespace) -> None:
    from standardiste.all_in_one.cluster.up import up  # needs the parts that `make parts` installs

    up(options.data, options.parts, port=options.port, smtp_port=options.smtp_port, configuration=options.configuration)


def _down(options: argparse.Namespace) -> None:
    from standardiste.all_in_one.cluster.up import down

    console.print(say("down" if down(options.data) else "not_up", folder=options.data))


def _demo(options: argparse.Namespace) -> None:
    from standardiste.all_in_one.demo.play import play

    asyncio.run(play(options.url, smtp_port=options.smtp_port, rounds=options.rounds))


def _apply(options: argparse.Namespace) -> None:
    async def ask(operator: Operator) -> None:
        answer = await operator.apply(options.file.read_bytes(), over=options.over)
        _show_warnings(answer)
        changes = answer.get("changes", [])
        console.print(say("applied", number=answer["change_set"], count=len(changes)) if changes else say("nothing_changes"))

    _with_operator(options, ask)


def _diff(options: argparse.Namespace) -> None:
    async def ask(operator: Operator) -> None:
        answer = await operator.diff(options.file.read_bytes())
        _show_warnings(answer)
        _show_changes(answer.get("changes", []))

    _with_operator(options, ask)


def _undo(options: argparse.Namespace) -> None:
    async def ask(operator: Operator) -> None:
        answer = await operator.undo(options.number)
        console.print(say("undone", number=options.number, by=answer["change_set"]))

    _with_operator(options, ask)


def _export(options: argparse.Namespace) -> None:
    async def ask(operator: Operator) -> None:
        sys.stdout.write(await operator.export())

    _with_operator(options, ask)


def _backup(options: argparse.Namespace) -> None:
    async def ask(operator: Operator) -> None:
        with console.status(say("backing_up")):
            info = await operator.backup()
        console.print(
            say(
                "backup_taken",
                name=info["name"],
                log_mb=info["log_bytes"] / 1e6,
                document_mb=info["document_bytes"] / 1e6,
                blobs=info["blobs"],
            )
        )

    _with_operator(options, ask)


def _release(options: argparse.Namespace) -> None:
    async def ask(operator: Operator) -> None:
        await operator.release()
        console.print(say("released"))

    _with_operator(options, ask)


def _simulate(options: argparse.Namespace) -> None:
    from standardiste.all_in_one import simulate  # loads the router and the directory: only where that is wanted

    scenario = simulate.scenario_from(options.scenario, _document_of(options) if options.from_directory else None)
    if options.replications is not None:
        scenario = replace(scenario, replications=options.replications)
    report = simulate.run(scenario, processes=options.processes, show=errors)
    if options.json:
        sys.stdout.write(simulate.as_json(report) + "\n")
        return
    for table in simulate.tables(report, scenario):
        console.print(table)
    console.print(simulate.footer(report))


def _document_of(options: argparse.Namespace) -> str:
    async def ask() -> str:
        async with Operator(options.from_directory, Credential.from_environment(options.user, options.tenant)) as operator:
            return await operator.export()

    return asyncio.run(ask())


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a count")
    return int(text)


def _listen(options: argparse.Namespace) -> None:
    from standardiste.all_in_one.listen import listen

    credential = Credential.from_environment(options.user, options.tenant)

    def show(line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    def note(line: str) -> None:
        errors.print(line, style="dim", soft_wrap=True)

    asyncio.run(listen(options.url, credential, after=options.after, types=options.types, show=show, note=note, until=options.count))


def _restore(options: argparse.Namespace) -> None:
    with console.status(say("restoring")):
        asyncio.run(backups.restore(options.backup, options.data, SystemClock()))
    console.print(say("restored", folder=options.data))


def _with_operator(options: argparse.Namespace, ask: Any) -> None:
    async def session() -> None:
        async with Operator(options.url, Credential.from_environment(options.user, options.tenant)) as operator:
            await ask(operator)

    asyncio.run(session())


def _ask_part(options: argparse.Namespace) -> None:
    """A verb of a part of the command: what it asks, and the exit code that it gives."""

    async def session() -> int:
        async with Operator(options.url, Credential.from_environment(options.user, options.tenant)) as operator:
            return await options.asks(operator, options, console, errors)

    if (code := asyncio.run(session())) != 0:
        sys.exit(code)


def _show_warnings(answer: dict[str, Any]) -> None:
    for warning in answer.get("warnings", []):
        errors.print(say("warning", detail=warning), style="yellow")


def _show_changes(changes: list[dict[str, Any]]) -> None:
    if not changes:
        console.print(say("nothing_changes"))
    signs = {"added": ("+", "green"), "archived": ("-", "red"), "changed": ("~", "yellow")}
    for change in changes:
        sign, colour = signs.get(change.get("what", "changed"), signs["changed"])
        console.print(f"{sign} {change['kind']}/{change['id']}", style=colour)
        for name, (before, after) in change.get("fields", {}).items():
            console.print(f"    {name}: {before!r} → {after!r}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="standardiste", description="The open switchboard of a contact centre.")
    verbs = parser.add_subparsers(required=True, metavar="command")

    def asking(added: argparse.ArgumentParser) -> None:
        added.add_argument("--url", default=os.environ.get("STANDARDISTE_URL", DEFAULT_URL), help="the installation (STANDARDISTE_URL)")
        added.add_argument("--user", help="sign in as (STANDARDISTE_USER, else admin); password from STANDARDISTE_PASSWORD or asked")
        added.add_argument("--tenant", help="for a login with several tenants")
        added.set_defaults(verb=_ask_part)

    def verb(name: str, does: Any, text: str, *, asks: bool = False) -> argparse.ArgumentParser:
        added = verbs.add_parser(name, help=text, description=text)
        if asks:
            asking(added)
        added.set_defaults(verb=does)
        return added

    run = verb("run", _run, "Run every service in this process on one data folder.")
    run.add_argument("--data", type=Path, default=Path("data"), help="the data folder")
    run.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    run.add_argument("--port", type=int, default=8080, help="the port of everything HTTP; 0 takes a free one")
    run.add_argument("--smtp-port", type=int, default=8025, help="the port of incoming mail; 0 takes a free one")
    run.add_argument("--configuration", type=Path, help="a YAML document that a fresh folder begins with")
    run.add_argument("--demo", action="store_true", help="begin with the demo tenant and let a few customers play")

    for engine, example in (("bus", "kafka://host:port"), ("store", "mongodb://host:port/database"), ("blobs", "a folder, or mongodb://…")):
        run.add_argument(f"--{engine}", help=f"{example}; else in the data folder")

    first = verb(
        "begin", _begin, "Set a fresh installation on Kafka and MongoDB up: secrets, topics, first tenant. Settings from STANDARDISTE_…"
    )
    first.add_argument("--configuration", type=Path, help="a YAML document to begin with")
    first.add_argument("--partitions", type=int, default=24, help="of each topic; fixed from then on")
    first.add_argument("--replication", type=int, default=3, help="copies of each topic (default 3)")
    up = verb("up", _up, "Start Kafka, MongoDB and every service as processes of this machine; Ctrl-C or `down` ends them.")
    up.add_argument("--parts", type=Path, default=Path("build"), help="the folder with kafka and mongodb, as `make parts` fills it")
    up.add_argument("--port", type=int, default=8080, help="the one address of all services")
    up.add_argument("--smtp-port", type=int, default=8025, help="where mail comes in (default 8025)")
    up.add_argument("--configuration", type=Path, help="a YAML document to begin with; else the demo tenant")
    for each in (up, verb("down", _down, "End what `up` started.")):
        each.add_argument("--data", type=Path, default=Path("data-cluster"), help="the folder of its data")
    topics.add_to(verbs)
    customers.add_to(verbs, asking)

    demo = verb("demo", _demo, "Play customers through the public channels of a running demo installation.")
    demo.add_argument("--url", default=os.environ.get("STANDARDISTE_URL", DEFAULT_URL), help="the installation (STANDARDISTE_URL)")
    demo.add_argument("--smtp-port", type=int, default=8025, help="the port of its incoming mail")
    demo.add_argument("--rounds", type=int, default=1, help="how often each customer comes; 0 goes on until stopped")

    apply = verb("apply", _apply, "Apply a configuration document as one change set.", asks=True)
    apply.add_argument("file", type=Path, help="a configuration document (YAML), as `export` writes one")
    apply.add_argument("--over", default="*", help="refuse unless this change set is in force")
    diff = verb("diff", _diff, "Show what applying a document would change.", asks=True)
    diff.add_argument("file", type=Path, help="a configuration document (YAML)")
    undo = verb("undo", _undo, "Take a change set back by a new one.", asks=True)
    undo.add_argument("number", type=int, help="the change set's number, as `apply` said it")
    verb("export", _export, "Write the whole configuration as YAML.", asks=True)
    verb("backup", _backup, "Take a backup now, while everything runs.", asks=True)
    verb("release", _release, "After a restore: let sending and mailbox reading go on.", asks=True)
    listen = verb("listen", _listen, "Show the tenant's public facts as they happen, one JSON object a line.", asks=True)
    listen.add_argument("--after", default="latest", help="a cursor to go on from; start: all that the log still holds")
    listen.add_argument("--types", help="names of facts, by commas, e.g. message.sent,interaction.closed; else all")
    listen.add_argument("--count", type=int, help="end after so many")
    restore = verb("restore", _restore, "Make a new data folder from a backup (the installation must not run on it).")
    restore.add_argument("backup", type=Path, help="a folder under backups/")
    restore.add_argument("--data", type=Path, required=True, help="the new data folder; absent or empty")
    simulate = verb("simulate", _simulate, "Run a scenario on the router itself, in virtual time, and print what customers and agents met.")
    simulate.add_argument("scenario", type=Path, help="a YAML file (docs/guides/simulate.md)")
    simulate.add_argument("--json", action="store_true", help="print JSON instead of tables")
    simulate.add_argument("--replications", type=_count, help="instead of the scenario's own number")
    simulate.add_argument("--processes", type=_count, help="how many replications run at once; one a core unless said")
    simulate.add_argument("--from-directory", metavar="URL", help="take the configuration of this installation instead of the scenario's")
    simulate.add_argument("--user", help="sign in there as (STANDARDISTE_USER, else admin); password from STANDARDISTE_PASSWORD or asked")
    simulate.add_argument("--tenant", help="for a login with several tenants")
    return parser
