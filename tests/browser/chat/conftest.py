"""A site with a chat page, Chromium, and a line between them that can be cut."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from standardiste.common.settings import HttpSettings
from standardiste.common.testing.browser import CHROMIUM, FLAGS
from standardiste.common.testing.builders import tenant
from standardiste.common.testing.chat import PAGE, ChatRouter
from standardiste.common.testing.running import Running, running
from standardiste.ingest_chat.app import WIDGET, build
from standardiste.ingest_chat.settings import ChatSettings


class Wire:
    """A TCP line from a port of its own to the site. `cut` drops every connection and takes no new one until `mend`."""

    def __init__(self, target: str) -> None:
        self._target = urlsplit(target)
        self._is_cut = False
        self._open: set[asyncio.StreamWriter] = set()
        self.url = ""

    async def listen(self) -> asyncio.Server:
        server = await asyncio.start_server(self._join, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        return server

    def cut(self) -> None:
        self._is_cut = True
        for writer in list(self._open):
            writer.close()

    def mend(self) -> None:
        self._is_cut = False

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            writer.close()
            return
        far_reader, far_writer = await asyncio.open_connection(self._target.hostname, self._target.port)
        self._open |= {writer, far_writer}
        with suppress(OSError):
            await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        self._open -= {writer, far_writer}


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Running]:
    assert WIDGET.is_dir(), "the widget is not built: `make web`"
    http = HttpSettings(client_per_s=1_000, client_burst=1_000)
    async with running(tmp_path, lambda parts: build(ChatSettings(), parts), entities=(tenant(), PAGE), http=http) as found:
        yield found


@pytest.fixture
def router(site: Running) -> ChatRouter:
    return ChatRouter(site)


@pytest_asyncio.fixture
async def wire(site: Running) -> AsyncIterator[Wire]:
    found = Wire(site.url)
    server = await found.listen()
    yield found
    found.cut()
    server.close()


@pytest_asyncio.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        found = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield found
        await found.close()
