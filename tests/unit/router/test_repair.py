"""The repair of router-state, on the bus in memory: what is only remembered is taken out, packed or not; what a newer program wrote is left to it."""

from __future__ import annotations

import pytest

from standardiste.common.bus.memory import MemoryBus
from standardiste.common.bus.port import Outgoing
from standardiste.common.bus.topics import Topic
from standardiste.common.errors import FormatTooNew
from standardiste.common.testing.builders import TENANT
from standardiste.common.testing.bus import read_all
from standardiste.router.app import STATE_FORMAT, STATE_HEADERS
from standardiste.router.repair import look, mend

PACK = f"{TENANT}/closed-pack/7"


async def holding(value: bytes, format: str) -> MemoryBus:
    bus = await MemoryBus.open()
    headers = {**STATE_HEADERS, "format": format}
    await bus.publish(Outgoing(topic=Topic.ROUTER_STATE, tenant=TENANT, key=PACK, value=value, headers=headers))
    return bus


async def test_a_pack_that_cannot_be_read_is_taken_out() -> None:
    bus = await holding(b'{"number": 7}', STATE_FORMAT)
    found = await look(bus, 0)
    assert (list(found.unreadable), found.hopeless, found.again) == ([PACK], {}, {})
    await mend(bus, found)
    assert (await look(bus, 0)).is_well
    await bus.close()


async def test_what_a_newer_program_wrote_is_left_to_it() -> None:
    bus = await holding(b"{}", "3")
    with pytest.raises(FormatTooNew, match=PACK):
        await look(bus, 0)
    assert [record.value for record in await read_all(bus, Topic.ROUTER_STATE)] == [b"{}"]
    await bus.close()
