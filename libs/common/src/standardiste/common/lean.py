"""
Imports of other people's packages without those parts of them that no service uses: a third of the time that a process takes to start went there, and how
soon a router is back after a kill is mostly that.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from types import ModuleType


@contextmanager
def without(*names: str) -> Generator[None]:
    """
    Import what stands in the block as though these modules were there and empty; who imports one of them later gets it whole. What was imported
    already stays.
    """
    absent = [name for name in names if name not in sys.modules]
    sys.modules.update({name: ModuleType(name) for name in absent})
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]
