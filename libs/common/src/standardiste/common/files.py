"""Files that are there whole or not at all, after a crash too."""

from __future__ import annotations

import os
from pathlib import Path


def durable_rename(part: Path, target: Path) -> None:
    """Give a written file its name: its bytes are on disk before, its name after. Both lie in one file system. Raises OSError."""
    sync_and_close(os.open(part, os.O_RDONLY))
    os.rename(part, target)
    sync_folder(target.parent)


def write_private(path: Path, content: bytes) -> None:
    """Write a small file, readable by its owner alone, that after a crash is either whole or as it was. Raises OSError."""
    part = path.with_name(path.name + ".part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
    durable_rename(part, path)


def sync_folder(folder: Path) -> None:
    """Put the names in a folder on disk."""
    sync_and_close(os.open(folder, os.O_RDONLY | os.O_DIRECTORY))


def sync_and_close(descriptor: int) -> None:
    """Put what an open file or folder holds on disk, and close it."""
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
