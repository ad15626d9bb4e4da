"""
Backup and restore of the embedded edition: log, documents and blobs as one consistent set, taken while everything runs.

Theory. The log is copied first, then the documents, then the blobs. A document tells what a record did, so documents that are newer than the log
lose nothing and send nothing twice; the other way round, a handler's offset would be committed for work the documents do not show. Blobs are
written before anything names them and removed only after days, so the last copy holds all that log and documents name.
A backup counts once its `complete` file stands. A restore raises the epoch (what a client or a cursor remembers from before is then refused) and
holds sending and mailbox reading until an operator releases them. Erasures that are younger than the backup stand beside it and are applied again.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from standardiste.all_in_one import erasures
from standardiste.all_in_one.installation import FORMAT, Folder, write_format
from standardiste.common.bus.embedded import EmbeddedBus
from standardiste.common.clock import Clock, rfc3339
from standardiste.common.errors import FormatTooNew, StandardisteError
from standardiste.common.files import write_private
from standardiste.common.hold import HOLD, Hold
from standardiste.common.store.sqlite import SqliteStore

KEPT = 7


class CannotRestore(StandardisteError):
    """The backup is not whole, or the place is taken."""


class Copies(Protocol):
    """What can copy itself to a file, consistently, while it is written to."""

    async def backup(self, target: Path) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupInfo:
    """One complete backup. Sizes in bytes."""

    name: str
    taken_at: str
    format: int
    log_bytes: int
    document_bytes: int
    blobs: int
    blob_bytes: int


async def take(folder: Folder, bus: Copies, store: Copies, clock: Clock) -> BackupInfo:
    """Take a backup now and forget the eldest above seven. A half one left by a crash is removed first."""
    _sweep(folder)
    at = clock.now()
    name = datetime.fromtimestamp(at / 1000, UTC).strftime("%Y%m%dT%H%M%S") + f"{at % 1000:03d}Z"
    target = folder.backups / name
    target.mkdir()
    await bus.backup(target / "bus.sqlite")
    await store.backup(target / "store.sqlite")
    blobs, blob_bytes = await asyncio.to_thread(_copy_tree, folder.blobs, target / "blobs")
    await asyncio.to_thread(_copy_secrets, folder.secrets, target / "secrets")
    info = BackupInfo(
        name=name,
        taken_at=rfc3339(at),
        format=FORMAT,
        log_bytes=(target / "bus.sqlite").stat().st_size,
        document_bytes=(target / "store.sqlite").stat().st_size,
        blobs=blobs,
        blob_bytes=blob_bytes,
    )
    write_private(target / "complete", json.dumps(asdict(info)).encode())
    for old in listed(folder)[:-KEPT]:
        await asyncio.to_thread(shutil.rmtree, folder.backups / old.name)
    return info


def listed(folder: Folder) -> list[BackupInfo]:
    """The complete backups, eldest first."""
    return [BackupInfo(**json.loads(path.read_text())) for path in sorted(folder.backups.glob("*/complete"))]


async def restore(source: Path, root: Path, clock: Clock) -> Folder:
    """
    Make a new data folder from a backup; the installation must not run, and `root` must be empty or absent.

    Raises CannotRestore, FormatTooNew. After it: epoch raised, sending and mailbox reading held. A restore that is broken off leaves a folder
    without a format number, which a second try refuses as not empty.
    """
    folder = Folder(root)
    info = await asyncio.to_thread(_lay_out, source, folder)
    bus = await EmbeddedBus.open(folder.bus, clock)
    await bus.raise_epoch()
    await bus.close()
    store = await SqliteStore.open_file(folder.store)
    await store.open([HOLD])
    await store.raise_epoch()
    await Hold(store, clock).begin(info.name)
    await erasures.lay_in(source, folder, store)
    await store.close()
    write_format(folder)
    return folder


def _lay_out(source: Path, folder: Folder) -> BackupInfo:
    complete = source / "complete"
    if not complete.exists():
        raise CannotRestore(f"{source} is not a complete backup")
    info = BackupInfo(**json.loads(complete.read_text()))
    if info.format > FORMAT:
        raise FormatTooNew(f"the backup {info.name}", info.format, FORMAT)
    if folder.root.exists() and any(folder.root.iterdir()):
        raise CannotRestore(f"{folder.root} is not empty: move it away first; nothing of it was touched")
    folder.root.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source / "bus.sqlite", folder.bus)
    shutil.copyfile(source / "store.sqlite", folder.store)
    _copy_tree(source / "blobs", folder.blobs)
    _copy_secrets(source / "secrets", folder.secrets)
    folder.backups.mkdir()
    return info


def seconds_until(hour: int, now: float) -> float:
    """How long until it is next `hour` o'clock in UTC."""
    present = datetime.fromtimestamp(now, UTC)
    passed = present.hour * 3600 + present.minute * 60 + present.second
    return (hour * 3600 - passed - 1) % 86_400 + 1


def _sweep(folder: Folder) -> None:
    for path in folder.backups.iterdir():
        if path.is_dir() and not (path / "complete").exists():
            shutil.rmtree(path)


def _copy_tree(source: Path, target: Path) -> tuple[int, int]:
    """Copy immutable files, by hard link where the disk allows. Gives how many and their bytes."""
    count = size = 0
    target.mkdir(parents=True, exist_ok=True)
    for path in _files(source):
        to = target / path.relative_to(source)
        to.parent.mkdir(parents=True, exist_ok=True)
        try:
            try:
                os.link(path, to)
            except OSError:
                shutil.copyfile(path, to)
            size += to.stat().st_size
        except FileNotFoundError:
            continue  # swept meanwhile: nothing names it any more
        count += 1
    return count, size


def _files(root: Path) -> Iterator[Path]:
    for folder, _, names in os.walk(root):
        for name in names:
            if not name.endswith(".part"):
                yield Path(folder) / name


def _copy_secrets(source: Path, target: Path) -> None:
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in sorted(source.iterdir()):
        write_private(target / path.name, path.read_bytes())
