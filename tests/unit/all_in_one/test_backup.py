"""Backups: whole or not there, seven kept, restored only to an empty place."""

from __future__ import annotations

from pathlib import Path

import pytest

from standardiste.all_in_one import backup
from standardiste.all_in_one.backup import CannotRestore
from standardiste.all_in_one.installation import Folder, check_format, prepare
from standardiste.common.bus.embedded import EmbeddedBus
from standardiste.common.clock import ManualClock
from standardiste.common.errors import FormatTooNew
from standardiste.common.hold import HOLD, Hold
from standardiste.common.store.sqlite import SqliteStore
from standardiste.common.testing.bus import outgoing


async def taken(folder: Folder, clock: ManualClock) -> backup.BackupInfo:
    """A backup of a folder with one record, one document and one blob."""
    bus, store = await EmbeddedBus.open(folder.bus, clock), await SqliteStore.open_file(folder.store)
    await bus.publish(outgoing("kept"))
    await store.open([HOLD])
    await store.tenant("t1").put(HOLD, "note", {"says": "kept"})
    (folder.blobs / "t1").mkdir(exist_ok=True)
    (folder.blobs / "t1" / "blob").write_bytes(b"kept")
    try:
        return await backup.take(folder, bus, store, clock)
    finally:
        await bus.close()
        await store.close()


async def test_a_restored_folder_holds_everything_with_a_raised_epoch_and_sending_held(tmp_path: Path) -> None:
    folder, clock = prepare(tmp_path / "data"), ManualClock()
    info = await taken(folder, clock)
    restored = await backup.restore(folder.backups / info.name, tmp_path / "again", clock)
    bus, store = await EmbeddedBus.open(restored.bus, clock), await SqliteStore.open_file(restored.store)
    await store.open([HOLD])
    hold = Hold(store, clock)
    await hold.load()
    document = await store.tenant("t1").get(HOLD, "note")
    assert (bus.epoch, store.epoch, hold.because) == (2, 2, info.name)
    assert document is not None
    assert (restored.blobs / "t1" / "blob").read_bytes() == b"kept"
    assert (restored.secrets / "installation.key").read_bytes() == (folder.secrets / "installation.key").read_bytes()
    await bus.close()
    await store.close()


async def test_seven_are_kept_and_a_half_one_is_swept(tmp_path: Path) -> None:
    folder, clock = prepare(tmp_path / "data"), ManualClock()
    (folder.backups / "half").mkdir()
    names = []
    for _ in range(backup.KEPT + 2):
        names.append((await taken(folder, clock)).name)
        clock.advance(86_400_000)
    assert [info.name for info in backup.listed(folder)] == names[-backup.KEPT :]
    assert not (folder.backups / "half").exists()


async def test_a_place_that_is_taken_is_refused(tmp_path: Path) -> None:
    folder, clock = prepare(tmp_path / "data"), ManualClock()
    info = await taken(folder, clock)
    with pytest.raises(CannotRestore, match="not empty"):
        await backup.restore(folder.backups / info.name, folder.root, clock)


async def test_what_is_no_backup_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CannotRestore, match="not a complete backup"):
        await backup.restore(tmp_path, tmp_path / "again", ManualClock())


def test_a_folder_of_a_newer_program_is_refused_by_name(tmp_path: Path) -> None:
    folder = prepare(tmp_path / "data")
    folder.format.write_text("99\n")
    with pytest.raises(FormatTooNew, match="99"):
        check_format(folder)


def test_the_next_night_is_never_now() -> None:
    assert backup.seconds_until(2, 0.0) == 7_200
    assert 0 < backup.seconds_until(2, 7_200.0) <= 86_400
