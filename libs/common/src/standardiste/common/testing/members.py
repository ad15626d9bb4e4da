"""Processes that share a group on Kafka, for tests that let them come, go and die; and what their common ledger says afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from standardiste.common.bus.port import Bus, From
from standardiste.common.bus.topics import Topic

Entries: TypeAlias = dict[str, list[tuple[int, str]]]
"""By tenant: the running number and the text of each entry."""


@dataclass(slots=True)
class Members:
    """The processes, by the name under which each is known to the group."""

    url: str
    log: Path
    running: dict[str, asyncio.subprocess.Process] = field(default_factory=dict[str, asyncio.subprocess.Process])

    async def come(self, name: str) -> None:
        with self.log.open("ab") as log:
            self.running[name] = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "standardiste.common.testing.member", f"{self.url}&instance={name}", stdout=log, stderr=log
            )

    async def go(self, name: str, how: signal.Signals) -> None:
        process = self.running.pop(name)
        process.send_signal(how)
        await process.wait()

    async def end(self) -> None:
        for process in self.running.values():
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGKILL)
            await process.wait()


async def entered(bus: Bus, holds: Callable[[Entries], bool], within_s: float) -> Entries:
    """What the ledger entered, by tenant and in the order of the log, once it holds; else whatever came until then."""
    found: Entries = {}
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within_s), aclosing(bus.tail((Topic.DECISIONS,), {}, default=From.START)) as batches:
            async for batch in batches:
                for record in batch:
                    line = json.loads(record.value or b"{}")
                    text = str(line["text"])
                    found.setdefault(text.split(":")[0], []).append((int(line["number"]), text))
                if holds(found):
                    return found
    return found


def without_gap(found: Entries) -> bool:
    """Whether each tenant's count has no gap and no repeat: nothing was entered twice, nothing undone."""
    return all([number for number, _ in lines] == list(range(1, len(lines) + 1)) for lines in found.values())
