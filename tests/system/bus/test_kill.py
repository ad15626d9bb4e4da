"""A process that is killed at any moment loses nothing it accepted and doubles nothing it put out."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from standardiste.common.bus.embedded import EmbeddedBus
from standardiste.common.bus.topics import Topic
from standardiste.common.testing.bus import Ledger, read_all, running, text_of

KILLS = 40
TOPICS = (Topic.INPUTS, Topic.DIRECTORY)


def accepted_until_killed(folder: Path, publishers: int, lines: int) -> list[str]:
    """
    Start the process, kill it when it has said so many lines; give what it said was accepted.

    It goes on writing while we read and kill, so the moment falls anywhere: in a commit, between two, and for few lines in the recovery
    of what its predecessor left.
    """
    command = [sys.executable, "-m", "standardiste.common.testing.kill", str(folder), str(publishers)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        said = b""
        while said.count(b"\n") < lines:
            more = os.read(child.stdout.fileno(), 4_096)
            assert more, "it ended by itself"
            said += more
        child.send_signal(signal.SIGKILL)
        said += child.stdout.read()
    assert child.returncode == -signal.SIGKILL
    return said.decode().rpartition("\n")[0].split("\n")[1:]


@pytest.mark.slow
async def test_kill_9_at_any_moment_loses_nothing_and_doubles_nothing(tmp_path: Path, figures: dict[str, object]) -> None:
    random = Random(20260131)
    accepted: list[str] = []
    for _ in range(KILLS):
        accepted += accepted_until_killed(tmp_path, random.choice((1, 8, 40)), random.choice((1, 2, random.randrange(3, 3_000))))

    bus = await EmbeddedBus.open(tmp_path / "bus")
    handled_before = [line.partition(" ")[0] for line in (tmp_path / "handled").read_text().split("\n")]
    (lag,) = await bus.lag("customers", (Topic.INPUTS,))
    assert set(range(lag.committed)) <= {int(offset) for offset in handled_before if offset}, (
        "an offset was committed before its record was handled"
    )

    inputs = await read_all(bus, Topic.INPUTS)
    texts = [text_of(record) for record in inputs]
    assert len(set(texts)) == len(texts)
    assert set(accepted) <= set(texts), "accepted and lost"
    assert list(range(len(inputs))) == [record.offset for record in inputs]

    ledger = Ledger()
    async with running(bus.process("router", TOPICS, Topic.ROUTER_STATE, lambda _: ledger)):
        await _caught_up(bus)
    decisions = [(record.headers["ce_tenant"], json.loads(text_of(record))) for record in await read_all(bus, Topic.DECISIONS)]
    for tenant in ("t_0", "t_1", "t_2"):
        entries = [entry for owner, entry in decisions if owner == tenant]
        own = [text_of(record) for record in inputs if record.headers["ce_tenant"] == tenant]
        assert own == [entry["text"] for entry in entries], "each input leads to its output once, in order"
        assert list(range(1, len(own) + 1)) == [entry["number"] for entry in entries]
        assert ledger.numbers.get(tenant, 0) == len(own), "the state is what a replay gives"
    figures |= {"kills": KILLS, "accepted": len(accepted), "written": len(texts), "decisions": len(decisions)}
    await bus.close()


async def _caught_up(bus: EmbeddedBus) -> None:
    """Return when the ledger has an entry for every input."""
    end = (await bus.ends(Topic.INPUTS))[0]
    batches = bus.tail((Topic.DECISIONS,), {(Topic.DECISIONS, 0): 0})
    async for batch in batches:
        if batch[-1].offset + 1 >= end:
            break
    await batches.aclose()
