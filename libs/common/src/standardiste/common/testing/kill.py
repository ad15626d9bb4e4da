"""
A process to be killed: a bus under load, on which a ledger is kept.

    python -m standardiste.common.testing.kill FOLDER PUBLISHERS

Publishes without end, processes with `Ledger`, and subscribes with a handler that writes what it handled to FOLDER/handled. It says "opening"
first, then each text that was accepted on a line of its own, so that who kills it knows what may not be lost.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import uvloop

from standardiste.common.bus.embedded import EmbeddedBus
from standardiste.common.bus.port import Record
from standardiste.common.bus.topics import Topic
from standardiste.common.testing.bus import Ledger, outgoing, text_of


async def main(folder: Path, publishers: int) -> None:
    os.write(sys.stdout.fileno(), b"opening\n")
    bus = await EmbeddedBus.open(folder / "bus")
    handled = os.open(folder / "handled", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    run = os.getpid()

    async def publish(publisher: int) -> None:
        number = 0
        while True:
            text = f"{run}-{publisher}-{number}"
            await bus.publish(outgoing(text, tenant=f"t_{publisher % 3}"))
            os.write(sys.stdout.fileno(), f"{text}\n".encode())
            number += 1

    async def handle(record: Record) -> None:
        await asyncio.sleep(0)
        os.write(handled, f"{record.offset} {text_of(record)}\n".encode())

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(bus.process("router", (Topic.INPUTS, Topic.DIRECTORY), Topic.ROUTER_STATE, Ledger))
        tasks.create_task(bus.subscribe("customers", (Topic.INPUTS,), handle))
        for publisher in range(publishers):
            tasks.create_task(publish(publisher))


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1]), int(sys.argv[2])))
