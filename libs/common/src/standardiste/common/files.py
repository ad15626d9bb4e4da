"""Files that are there whole or not at all, after a crash too."""

from __future__ import annotations

import os
from pathlib import Path


def durable_rename(part: Path, target: Path) -> None:
    """Give a written file its name: its bytes are on disk before, its name after. Both lie in one file system. Raises OSError."""
    file = os.open(part, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
    os.rename(part, target)
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Put the names in a folder on disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
