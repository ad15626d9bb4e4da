"""Fire on a real Kafka takes minutes, so it runs when STANDARDISTE_LONG is set: `make help` names what does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.needs("kafka"))
            if not os.environ.get("STANDARDISTE_LONG"):
                item.add_marker(pytest.mark.skip(reason="takes minutes: set STANDARDISTE_LONG=1, or see `make help`"))
