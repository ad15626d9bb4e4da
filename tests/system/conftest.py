"""
A whole demo installation, and the world around it, for all tests of this folder that want it.

In three modes, named by STANDARDISTE_MODES (comma separated): `embedded`, one process on its own files; `engines`, one process on Kafka and MongoDB;
`services`, every service a process of its own on them. `make test` plays the first, `make modes` all.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from standardiste.all_in_one.cluster.modes import installation_in
from standardiste.all_in_one.demo import tenant as demo
from standardiste.all_in_one.players.stage import Stage, open_up, outside

MODES = os.environ.get("STANDARDISTE_MODES", "embedded").split(",")


@pytest.fixture
def lumen(tmp_path: Path) -> Path:
    """The demo tenant's document as a file."""
    path = tmp_path / "lumen.yaml"
    path.write_text(demo.document())
    return path


@pytest_asyncio.fixture(
    params=[pytest.param(mode, marks=() if mode == "embedded" else pytest.mark.needs("kafka", "mongodb")) for mode in MODES]
)
async def stage(request: pytest.FixtureRequest, tmp_path: Path, lumen: Path) -> AsyncGenerator[Stage]:
    """A running installation with the demo tenant, opened up."""
    engines = {} if request.param == "embedded" else {name: request.getfixturevalue(name) for name in ("kafka", "mongodb")}
    async with (
        outside() as world,
        installation_in(request.param, tmp_path / "data", lumen, world.environment, **engines) as installation,
        open_up(world, installation) as opened,
    ):
        yield opened
