"""The repair of router-state, on the bus in memory: what is only remembered is taken out, packed or not; what a newer program wrote is left to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from standardiste.common.bus.embedded import EmbeddedBus
from standardiste.common.bus.memory import MemoryBus
from standardiste.common.bus.port import Outgoing
from standardiste.common.bus.topics import Topic
from standardiste.common.clock import SystemClock
from standardiste.common.errors import FormatTooNew
from standardiste.common.events import inputs
from standardiste.common.events.codec import encode
from standardiste.common.events.directory import ChangeSetCommitted
from standardiste.common.events.model import Channel, Contact, ConversationId
from standardiste.common.testing.builders import AT, TENANT, configuration, contact, event
from standardiste.common.testing.bus import read_all, running
from standardiste.router.app import INPUT_TOPICS, STATE_FORMAT, STATE_HEADERS, Router
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


async def test_the_format_of_a_tombstone_that_is_no_number_is_mended_too() -> None:
    bus = await MemoryBus.open()
    await bus.publish(Outgoing(topic=Topic.ROUTER_STATE, tenant=TENANT, key=PACK, value=None, headers={"format": "x"}))
    found = await look(bus, 0)
    assert list(found.unreadable) == [PACK]
    await mend(bus, found)
    assert (await look(bus, 0)).is_well
    await bus.close()


@asynccontextmanager
async def routed(*contacts: Contact) -> AsyncGenerator[MemoryBus]:
    """A bus on which a router took these; it runs no more."""
    bus = await MemoryBus.open()
    entities = configuration()
    commit = ChangeSetCommitted(number=1, members=len(entities), by="p", committed_at=AT)
    for n, data in enumerate((*entities, commit)):
        await bus.publish(encode(event(data, id=f"d{n}", source="directory"), Topic.DIRECTORY, f"{TENANT}/x/{n}"))
    await until_routed(bus)
    for made in contacts:
        await bus.publish(encode(event(inputs.ContactReceived(contact=made), id=made.id), Topic.INPUTS))
    await until_routed(bus)
    yield bus
    await bus.close()


async def until_routed(bus: MemoryBus) -> None:
    """Let a router take the partition, and all that lies there."""
    async with running(bus.process("router", INPUT_TOPICS, Topic.ROUTER_STATE, Router)), asyncio.timeout(20):
        while any(lag.committed < lag.end for lag in await bus.lag("router", INPUT_TOPICS)):  # noqa: ASYNC110  # nobody tells of a commit
            await asyncio.sleep(0)


async def state_of(bus: MemoryBus) -> dict[str, Any]:
    held = {record.key: record.value for record in await read_all(bus, Topic.ROUTER_STATE)}
    return {key: json.loads(value) for key, value in held.items() if value is not None}


def chat(id: str, conversation: str) -> Contact:
    return contact(id, channel=Channel.CHAT, conversation=ConversationId(conversation))


LOST = f"{TENANT}/interaction/in_m1"


@pytest.mark.parametrize("value", [b'{"id":', None])
async def test_an_interaction_that_is_unreadable_or_missing_comes_again_with_all_that_joined_it(value: bytes | None) -> None:
    async with routed(chat("m1", "c1"), chat("other", "c2"), chat("m2", "c1")) as bus:
        await bus.publish(Outgoing(topic=Topic.ROUTER_STATE, tenant=TENANT, key=LOST, value=value, headers=STATE_HEADERS))
        found = await look(bus, 0)
        assert ([len(those) for those in found.again.values()], list(found.again), found.hopeless) == ([2], [LOST], {})
        await mend(bus, found)
        assert (await look(bus, 0)).is_well
        await until_routed(bus)
        state = await state_of(bus)
        assert state[LOST]["receipts"] == ["r_m1", "r_m2"]
        assert (state[f"{TENANT}/meta/"]["ingested"], (await look(bus, 0)).is_well) == (2, True)


@pytest.mark.parametrize("gone", ["meta/", "entity/queue/main"])
async def test_a_tenant_that_cannot_go_on_with_what_is_left_is_not_called_well(gone: str) -> None:
    async with routed(chat("m1", "c1")) as bus:
        await bus.publish(Outgoing(topic=Topic.ROUTER_STATE, tenant=TENANT, key=f"{TENANT}/{gone}", value=None, headers=STATE_HEADERS))
        found = await look(bus, 0)
        assert (list(found.hopeless), found.is_well) == ([f"{TENANT}/"], False)


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
