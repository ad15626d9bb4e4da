"""A site with one chat page, a visitor on it, and the router's part to be played by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from standardiste.common.testing.builders import tenant
from standardiste.common.testing.chat import PAGE, ChatRouter
from standardiste.common.testing.running import Running, running
from standardiste.common.testing.visitor import Visitor
from standardiste.ingest_chat.app import build
from standardiste.ingest_chat.settings import ChatSettings


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Running]:
    settings = ChatSettings(chat_gone_after_ms=200)
    async with running(tmp_path, lambda parts: build(settings, parts), entities=(tenant(), PAGE)) as found:
        yield found


@pytest.fixture
def router(site: Running) -> ChatRouter:
    return ChatRouter(site)


@pytest_asyncio.fixture
async def visitor(site: Running) -> Visitor:
    return await Visitor.begin(site.url, "site", name="Zoé", language="fr")
