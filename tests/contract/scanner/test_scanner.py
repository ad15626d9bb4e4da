"""What every scanner must do, held to clamd's adapter over a scripted daemon and, where it is installed, the real one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from standardiste.common.errors import ScannerAway
from standardiste.common.events.model import AttachmentState
from standardiste.common.scanning.clamd import Clamd, ClamdAddress, clamd_address
from standardiste.common.scanning.port import Finding, Scanner
from standardiste.common.testing.clamd import EVIL, LARGEST, real_clamd, scripted_clamd


@pytest_asyncio.fixture(params=["scripted", pytest.param("real", marks=pytest.mark.needs("clamd"))])
async def scanner(request: pytest.FixtureRequest) -> AsyncIterator[Scanner]:
    if request.param == "scripted":
        async with scripted_clamd() as daemon:
            yield Clamd(daemon.address)
    else:
        with real_clamd() as address:
            yield Clamd(address)


async def test_says_of_each_file_what_it_is(scanner: Scanner) -> None:
    assert await scanner.scan(b"Bonjour") == Finding(state=AttachmentState.CLEAN)
    assert await scanner.scan(b"") == Finding(state=AttachmentState.CLEAN)
    found = await scanner.scan(b"x" * 100_000 + EVIL + b"y" * 1_000)
    assert found.state is AttachmentState.REFUSED
    assert "Test.Evil" in found.name
    assert (await scanner.scan(b"x" * (LARGEST * 4))).state is AttachmentState.UNSCANNED
    assert await scanner.scan(b"again") == Finding(state=AttachmentState.CLEAN)


async def test_many_at_once_are_each_told_apart(scanner: Scanner) -> None:
    found = await asyncio.gather(*(scanner.scan(EVIL if number % 3 == 0 else b"%d" % number) for number in range(30)))
    assert [each.state for each in found] == [AttachmentState.REFUSED if number % 3 == 0 else AttachmentState.CLEAN for number in range(30)]


# ---- what only a scripted daemon can be made to do


@pytest.mark.parametrize("said", ["", "stream: Can't allocate memory ERROR", "what?", "silence"])
async def test_a_daemon_without_a_verdict_is_away(said: str) -> None:
    async with scripted_clamd() as daemon:
        daemon.answers.append(said)
        scanner = Clamd(daemon.address, within_s=0.3)
        with pytest.raises(ScannerAway):
            await scanner.scan(b"x")
        assert (await scanner.scan(b"x")).state is AttachmentState.CLEAN


async def test_no_more_connections_than_said() -> None:
    async with scripted_clamd() as daemon:
        scanner = Clamd(daemon.address, at_once=2)
        await asyncio.gather(*(scanner.scan(b"x") for _ in range(20)))
        assert (daemon.scanned, daemon.most_at_once) == (20, 2)


async def test_nobody_there_is_away() -> None:
    async with scripted_clamd() as daemon:
        address = daemon.address
    with pytest.raises(ScannerAway):
        await Clamd(address).scan(b"x")
    with pytest.raises(ScannerAway):
        await Clamd(ClamdAddress(path="/nowhere/clamd.ctl")).scan(b"x")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("clamd:///run/clamav/clamd.ctl", ClamdAddress(path="/run/clamav/clamd.ctl")),
        ("clamd://av.internal", ClamdAddress(host="av.internal", port=3310)),
        ("clamd://127.0.0.1:3311", ClamdAddress(host="127.0.0.1", port=3311)),
    ],
)
def test_an_address_is_a_socket_or_a_host(url: str, expected: ClamdAddress) -> None:
    assert clamd_address(url) == expected


@pytest.mark.parametrize("url", ["", "clamd://", "http://x", "clamd:"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="scanner"):
        clamd_address(url)
