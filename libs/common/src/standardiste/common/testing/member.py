"""
A member of a group on Kafka, to be started, paused and killed: it processes `inputs` with a ledger.

    python -m standardiste.common.testing.member BUS_URL

Ends in order on SIGTERM.
"""

from __future__ import annotations

import asyncio
import signal
import sys

import uvloop

from standardiste.common.bus.connect import connect
from standardiste.common.bus.topics import Topic
from standardiste.common.clock import SystemClock
from standardiste.common.testing.bus import Ledger

GROUP = "members"


async def main(url: str) -> None:
    bus = await connect(url, SystemClock())
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    working = asyncio.create_task(bus.process(GROUP, (Topic.INPUTS,), Topic.ROUTER_STATE, Ledger))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    await bus.close()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
