"""Files that are there whole or not at all, after a crash too; and files of which one process is the master."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

from standardiste.common.errors import FolderInUse


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


def lock_beside(path: Path) -> int:
    """
    Keep other processes away from this path until the descriptor is closed; the lock goes with the process, however it ends. Raises FolderInUse.

    It is a file of its own: closing any descriptor of a database would drop SQLite's own POSIX locks on it.
    """
    lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        if error.errno in (errno.EWOULDBLOCK, errno.EAGAIN):
            raise FolderInUse(str(path.parent)) from None
        raise
    return lock


def sync_folder(folder: Path) -> None:
    """Put the names in a folder on disk."""
    sync_and_close(os.open(folder, os.O_RDONLY | os.O_DIRECTORY))


def sync_and_close(descriptor: int) -> None:
    """Put what an open file or folder holds on disk, and close it."""
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
