"""`standardiste topics apply|check|acl` and `standardiste dead-letters list|redrive`: what operators do with a Kafka, by its own address."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncGenerator, Coroutine, Generator, Sequence
from typing import Any, Final, TypeVar

from rich.console import Console

from standardiste.all_in_one.words import say
from standardiste.common.bus.connect import connect
from standardiste.common.bus.dead_letters import DeadLetter, dead_letters, redrive
from standardiste.common.bus.kafka_settings import KafkaSettings
from standardiste.common.bus.kafka_topics import PARTITIONS, acl, apply, check
from standardiste.common.bus.port import Bus
from standardiste.common.clock import SystemClock, rfc3339
from standardiste.common.errors import BadInput

REPLICATION: Final = 3
LISTED_MAX: Final = 10_000

T = TypeVar("T")
console = Console(highlight=False, soft_wrap=True)


def add_to(verbs: Any) -> None:
    """The verbs, on the parser of the command."""
    topics = verbs.add_parser("topics", help="Make, check or grant the topics of a Kafka.").add_subparsers(required=True, metavar="what")
    made = _verb(topics, "apply", _apply, "Make the topics that are missing and set what differs.")
    made.add_argument("--partitions", type=int, default=PARTITIONS, help="fixed at installation; never changed later")
    made.add_argument("--replication", type=int, default=REPLICATION, help="copies of each topic (default 3)")
    _verb(topics, "check", _check, "Say what is not as it must be; exit 1 when something is.")
    granted = _verb(topics, "acl", _acl, "Write the grants that each service needs, as arguments of kafka-acls.")
    granted.add_argument("--principal", default="User:{service}", help="how a service's principal is called")
    letters = verbs.add_parser("dead-letters", help="List or re-drive what could not be handled.").add_subparsers(
        required=True, metavar="what"
    )
    listed = _verb(letters, "list", _list, "List dead-letters, oldest first by partition.")
    listed.add_argument("--limit", type=int, default=100, help="how many at most (default 100)")
    again = _verb(letters, "redrive", _redrive, "Publish dead-letters anew to the topics they came from.")
    again.add_argument("places", nargs="+", metavar="partition/offset", help="as `list` shows them")


def _verb(verbs: Any, name: str, does: Any, text: str) -> argparse.ArgumentParser:
    added: argparse.ArgumentParser = verbs.add_parser(name, help=text, description=text)
    added.set_defaults(verb=does)
    added.add_argument("--bus", default=os.environ.get("STANDARDISTE_BUS", ""), help="kafka://host:port (STANDARDISTE_BUS)")
    return added


def _apply(options: argparse.Namespace) -> None:
    done = _run(apply(_settings(options.bus), partitions=options.partitions, replication=options.replication))
    console.print("\n".join(done) or say("topics_well"), markup=False)


def _check(options: argparse.Namespace) -> None:
    wrong = _run(check(_settings(options.bus)))
    console.print("\n".join(wrong) or say("topics_well"), markup=False)
    if wrong:
        sys.exit(1)


def _acl(options: argparse.Namespace) -> None:
    console.print("\n".join(acl(_settings(options.bus), options.principal)), markup=False)


def _list(options: argparse.Namespace) -> None:
    async def read() -> list[DeadLetter]:
        async with _bus(options.bus) as bus:
            return await dead_letters(bus, limit=min(options.limit, LISTED_MAX))

    found = _run(read())
    for letter in found:
        console.print(_line(letter), markup=False)
    if not found:
        console.print(say("no_dead_letters"))


def _redrive(options: argparse.Namespace) -> None:
    places = [_place(each) for each in options.places]

    async def drive() -> Sequence[DeadLetter]:
        async with _bus(options.bus) as bus:
            return [await redrive(bus, offset, partition) for partition, offset in places]

    for letter in _run(drive()):
        console.print(say("redriven", place=f"{letter.partition}/{letter.offset}", topic=letter.topic.value))


def _line(letter: DeadLetter) -> str:
    """Where it lies, since when, whose it is, where it came from, and why: no customer's text, no address."""
    kind = letter.headers.get("ce_type", "?")
    came = f"{letter.topic.value}/{letter.from_partition}/{letter.from_offset}"
    return (
        f"{letter.partition}/{letter.offset}  {rfc3339(letter.at)}  {letter.tenant}  {letter.group}  {came}  {kind}  "
        f"×{letter.tries}  {letter.reason}"
    )


def _place(text: str) -> tuple[int, int]:
    partition, slash, offset = text.partition("/")
    if not (slash and partition.isdecimal() and offset.isdecimal()):
        raise BadInput("no_such_dead_letter", f"{text}: a place is partition/offset, as 3/17")
    return int(partition), int(offset)


@contextlib.asynccontextmanager
async def _bus(url: str) -> AsyncGenerator[Bus]:
    bus = await connect(url, SystemClock())
    try:
        yield bus
    finally:
        await bus.close()


def _settings(url: str) -> KafkaSettings:
    if not url.startswith("kafka:"):
        raise BadInput("bus_url_invalid", say("bus_is_kafka"))
    with _said():
        return KafkaSettings.of_url(url)


def _run(work: Coroutine[Any, Any, T]) -> T:
    with _said():
        return asyncio.run(work)


@contextlib.contextmanager
def _said() -> Generator[None]:
    """What cannot be meant is a line, not a trace."""
    try:
        yield
    except ValueError as error:
        raise BadInput("bus_refused", str(error)) from error
