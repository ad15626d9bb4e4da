"""What the folder adapter promises beyond the port: crash-safe files, formats, a full disk, nothing outside its folder."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from standardiste.common.blobs.folder import FolderBlobs
from standardiste.common.blobs.port import BlobRef
from standardiste.common.clock import ManualClock
from standardiste.common.errors import BlobsAway, FormatTooNew


async def folder(path: Path) -> FolderBlobs:
    return await FolderBlobs.open_folder(path, ManualClock())


def all_files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.name != ".format"]


async def test_what_a_crash_left_half_written_is_no_blob_and_is_removed(tmp_path: Path) -> None:
    blobs = await folder(tmp_path / "blobs")
    await blobs.close()
    left = tmp_path / "blobs" / ".parts" / "0123"
    left.write_bytes(b"half")
    blobs = await folder(tmp_path / "blobs")
    assert not left.exists()
    assert [each async for each in blobs.list()] == []
    await blobs.close()


async def test_a_blob_that_lost_its_end_is_written_again_by_a_put(tmp_path: Path) -> None:
    blobs = await folder(tmp_path / "blobs")
    ref = await blobs.put("t", "c", b"whole")
    (tmp_path / "blobs" / "t" / "c" / ref.sha256).write_bytes(b"wh")
    await blobs.put("t", "c", b"whole")
    assert await blobs.get(ref) == b"whole"
    await blobs.close()


async def test_every_file_lies_in_its_tenants_folder(tmp_path: Path) -> None:
    blobs = await folder(tmp_path / "blobs")
    for contact in ("../../x", "..", "/etc/passwd", "a/../../..", "." * 300):
        await blobs.put("../t", contact, b"x")
    await blobs.close()
    files = all_files(tmp_path)
    assert len(files) == 5
    assert all(path.is_relative_to(tmp_path / "blobs" / "%2E%2E%2Ft") for path in files)


async def test_a_folder_that_holds_nothing_more_is_removed(tmp_path: Path) -> None:
    blobs = await folder(tmp_path / "blobs")
    ref = await blobs.put("t", "c" * 450, b"x")
    await blobs.delete(ref)
    assert sorted(path.name for path in (tmp_path / "blobs").iterdir()) == [".format", ".parts"]
    await blobs.close()


async def test_on_a_full_disk_a_put_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    blobs = await folder(tmp_path / "blobs")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(BlobsAway):
            await blobs.put("t", "c", b"x" * 20_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list((tmp_path / "blobs" / ".parts").iterdir()) == []
    assert [each async for each in blobs.list()] == []
    ref = await blobs.put("t", "c", b"x" * 20_000)
    assert await blobs.get(ref) is not None
    await blobs.close()


async def test_a_newer_folder_is_refused_by_name(tmp_path: Path) -> None:
    await (await folder(tmp_path / "blobs")).close()
    (tmp_path / "blobs" / ".format").write_text("99\n")
    with pytest.raises(FormatTooNew, match="blobs has format 99"):
        await folder(tmp_path / "blobs")


async def test_a_folder_that_cannot_be_made_is_away(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BlobsAway):
        await folder(tmp_path / "file" / "blobs")


async def test_closed_blobs_are_away(tmp_path: Path) -> None:
    blobs = await folder(tmp_path / "blobs")
    await blobs.close()
    with pytest.raises(BlobsAway):
        await blobs.get(BlobRef(tenant="t", contact="c", sha256="0" * 64))
