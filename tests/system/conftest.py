"""A whole demo installation as a process of its own, and the world around it, once for all tests of this folder that want it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from standardiste.all_in_one.demo import tenant as demo
from standardiste.all_in_one.players.process import running
from standardiste.all_in_one.players.stage import Stage, open_up, outside


@pytest.fixture
def lumen(tmp_path: Path) -> Path:
    """The demo tenant's document as a file."""
    path = tmp_path / "lumen.yaml"
    path.write_text(demo.document())
    return path


@pytest_asyncio.fixture
async def stage(tmp_path: Path, lumen: Path) -> AsyncGenerator[Stage]:
    """A running installation with the demo tenant, opened up."""
    async with (
        outside() as world,
        running(tmp_path / "data", "--configuration", str(lumen), environment=world.environment) as installation,
        open_up(world, installation) as opened,
    ):
        yield opened
