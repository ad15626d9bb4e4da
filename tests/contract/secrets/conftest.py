"""The adapters that the secrets' suite holds for: the sealed ones, over every store that is quick to open."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from standardiste.common.secrets.envelope import StoredSecrets
from standardiste.common.secrets.port import Secrets
from standardiste.common.store.connect import connect


@pytest.fixture(params=["file", "memory"])
async def secrets(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Secrets]:
    store = await connect(f"sqlite:///{tmp_path}/store.db" if request.param == "file" else "sqlite://:memory:")
    stored = StoredSecrets(store, b"k" * 32)
    await stored.open()
    yield stored
    await store.close()
