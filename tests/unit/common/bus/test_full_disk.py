"""A disk without room: refused by name, nothing half written, well again by itself."""

from __future__ import annotations

import resource
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from standardiste.common.bus.embedded import EmbeddedBus
from standardiste.common.bus.topics import Topic
from standardiste.common.errors import BusAway
from standardiste.common.testing.bus import Ledger, Seen, entries_of, outgoing, read, read_all, running, text_of

TOPICS = (Topic.INPUTS, Topic.DIRECTORY)


@contextmanager
def no_room(folder: Path) -> Generator[None]:
    """Let no file of this process grow beyond the largest one in the folder; the kernel then refuses as it does on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    largest = max(path.stat().st_size for path in folder.iterdir())
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def fill(bus: EmbeddedBus) -> list[str]:
    """Publish until it is refused; give what was accepted."""
    accepted: list[str] = []
    for number in range(1_000):
        text = f"{number} " + "x" * 10_000
        try:
            await bus.publish(outgoing(text))
        except BusAway:
            return accepted
        accepted.append(text)
    raise AssertionError("never full")


async def test_publishing_is_refused_and_works_again_when_there_is_room(tmp_path: Path) -> None:
    bus = await EmbeddedBus.open(tmp_path)
    await bus.publish(outgoing("before"))
    with no_room(tmp_path):
        accepted = await fill(bus)
        with pytest.raises(BusAway):
            await bus.publish(outgoing("x" * 20_000))
    await bus.publish(outgoing("after"))
    expected = ["before", *accepted, "after"]
    assert expected == [text_of(record) for record in await read_all(bus, Topic.INPUTS)]
    await bus.close()
    bus = await EmbeddedBus.open(tmp_path)
    assert expected == [text_of(record) for record in await read_all(bus, Topic.INPUTS)]
    await bus.close()


async def test_process_and_subscribe_wait_for_room_and_lose_nothing(tmp_path: Path) -> None:
    bus = await EmbeddedBus.open(tmp_path)
    seen = Seen()
    await bus.publish(outgoing("0"))
    async with running(bus.process("router", TOPICS, Topic.ROUTER_STATE, Ledger), bus.subscribe("c", (Topic.DECISIONS,), seen)):
        await seen.until(1)
        with no_room(tmp_path):
            await fill(bus)
            with pytest.raises(BusAway):
                await bus.publish(outgoing("never"))
        await bus.publish(outgoing("last"))
        await read(bus, Topic.DECISIONS, count=len(await read_all(bus, Topic.INPUTS)))
        inputs = [text_of(record) for record in await read_all(bus, Topic.INPUTS)]
        assert [(number + 1, text) for number, text in enumerate(inputs)] == entries_of(await read_all(bus, Topic.DECISIONS))
        await seen.until(len(inputs))
    assert "never" not in inputs
    await bus.close()
