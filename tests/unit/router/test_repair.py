"""The repair of router-state, on the bus in memory: what is only remembered is taken out, packed or not; what a newer program wrote is left to it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from standardiste.common.bus.embedded import EmbeddedBus
from standardiste.common.bus.memory import MemoryBus
from standardiste.common.bus.port import Outgoing
from standardiste.common.bus.topics import Topic
from standardiste.common.clock import SystemClock
from standardiste.common.errors import FormatTooNew
from standardiste.common.testing.builders import TENANT
from standardiste.common.testing.bus import read_all
from standardiste.router.app import STATE_FORMAT, STATE_HEADERS
from standardiste.router.repair import look, main, mend

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


async def test_a_partition_that_there_is_none_of_is_not_called_well() -> None:
    bus = await MemoryBus.open()
    with pytest.raises(ValueError, match="no partition 7"):
        await look(bus, 7)
    await bus.close()


def test_a_data_folder_is_repaired_while_nothing_runs_on_it_and_else_it_is_said(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    bus = f"embedded://{tmp_path}"
    asyncio.run(_broken(tmp_path))
    assert [main(["0", "--bus", bus]), main(["0", "--bus", bus, "--write"]), main(["0", "--bus", bus])] == [1, 0, 0]

    async def while_in_use() -> int:
        held = await EmbeddedBus.open(tmp_path, SystemClock())
        try:
            return await asyncio.to_thread(main, ["0", "--bus", bus])
        finally:
            await held.close()

    assert asyncio.run(while_in_use()) == 2
    assert [main(["7", "--bus", bus]), main(["0", "--bus", ""])] == [2, 2]
    said = capfd.readouterr().err
    assert all(each in said for each in ("in use by another process", "no partition 7", "no bus is called ''"))
    assert "Traceback" not in said


async def _broken(folder: Path) -> None:
    bus = await EmbeddedBus.open(folder, SystemClock())
    await bus.publish(Outgoing(topic=Topic.ROUTER_STATE, tenant=TENANT, key=PACK, value=b'{"number":', headers=STATE_HEADERS))
    await bus.close()
