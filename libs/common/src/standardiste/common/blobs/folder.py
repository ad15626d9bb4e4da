"""
Blobs in a folder: one file a blob, whole or not there at all, its age in its modification time.

The file of tenant/contact/sha-256 is `<root>/<tenant>/<contact>/<sha-256>`, with everything but letters, digits, `_` and `-` written as %XX: no name that
a provider invents can leave its tenant's folder. A contact's name longer than a file system takes is cut into folders that end in `+`.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import os
import re
import threading
import uuid
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import unquote

from standardiste.common.blobs.port import BlobInfo, BlobRef
from standardiste.common.clock import Clock
from standardiste.common.errors import BlobsAway, FormatTooNew
from standardiste.common.events.base import Instant
from standardiste.common.files import sync_and_close, sync_folder

FORMAT: Final = 1
THREADS: Final = 4
WAITING_MAX: Final = 1_000
"""Verbs under way; one more is answered BlobsAway at once."""
LIST_CHUNK: Final = 500
_PART_CHARS_MAX: Final = 200
_SHA256 = re.compile(r"[0-9a-f]{64}")

T = TypeVar("T")


class FolderBlobs:
    """The blob port over a folder. Made by `open_folder`; one process at a time."""

    def __init__(self, root: Path, clock: Clock) -> None:
        self._root, self._clock = root, clock
        self._parts = root / ".parts"
        self._threads = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="blobs")
        self._under_way = 0
        self._is_closed = False
        self._names = threading.Lock()
        """Held while a name appears, goes or gets a new age: a put may neither renew what a sweep is just removing nor lose its folder to it."""

    @classmethod
    async def open_folder(cls, root: Path | str, clock: Clock) -> FolderBlobs:
        """The blobs in this folder, made where there is none; what a crash left half written is removed. Raises BlobsAway, FormatTooNew."""
        blobs = cls(Path(root), clock)
        await blobs._run(blobs._prepare)
        return blobs

    async def put(self, tenant: str, contact: str, content: bytes) -> BlobRef:
        return await self._run(lambda: self._put(tenant, contact, content))

    async def get(self, ref: BlobRef) -> bytes | None:
        return await self._run(lambda: _read(self._path(ref)))

    async def delete(self, ref: BlobRef, *, renewed_before: Instant | None = None) -> bool:
        return await self._run(lambda: self._delete(ref, renewed_before))

    async def list(self, tenant: str | None = None, *, renewed_before: Instant | None = None) -> AsyncIterator[BlobInfo]:
        files = self._files(tenant, renewed_before)
        while chunk := await self._run(lambda: list(itertools.islice(files, LIST_CHUNK))):
            for info in chunk:
                yield info

    async def close(self) -> None:
        """Let what is under way end. Idempotent."""
        self._is_closed = True
        self._threads.shutdown()

    async def _run(self, work: Callable[[], T]) -> T:
        if self._under_way >= WAITING_MAX:
            raise BlobsAway("too many under way")
        if self._is_closed:
            raise BlobsAway("closed")
        self._under_way += 1
        try:
            with _away():
                return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._under_way -= 1

    def _prepare(self) -> None:
        self._parts.mkdir(parents=True, exist_ok=True)
        for part in self._parts.iterdir():
            part.unlink()
        mark = self._root / ".format"
        if mark.exists():
            found = int(mark.read_text())
            if found > FORMAT:
                raise FormatTooNew(f"blob folder {self._root.name}", found, FORMAT)
        else:
            self._write(mark, f"{FORMAT}\n".encode())

    def _put(self, tenant: str, contact: str, content: bytes) -> BlobRef:
        ref = BlobRef(tenant=tenant, contact=contact, sha256=hashlib.sha256(content).hexdigest())
        path = self._path(ref)
        assert path is not None
        if not self._renew(path, len(content)):
            self._write(path, content)
        return ref

    def _renew(self, path: Path, size_bytes: int) -> bool:
        """Make it as young as if it were put now; False when it is not there whole."""
        try:
            with self._names:
                if path.stat().st_size != size_bytes:
                    return False
                handle = os.open(path, os.O_RDONLY)
                self._touch(path)
        except (FileNotFoundError, NotADirectoryError):
            return False
        sync_and_close(handle)
        return True

    def _write(self, path: Path, content: bytes) -> None:
        part = self._parts / uuid.uuid4().hex
        try:
            part.write_bytes(content)
            self._touch(part)
            sync_and_close(os.open(part, os.O_RDONLY))
            with self._names:
                made = _make_folders(path.parent)
                os.rename(part, path)
        except OSError:
            part.unlink(missing_ok=True)
            raise
        for folder in (path.parent, *(folder.parent for folder in made)):
            with contextlib.suppress(FileNotFoundError):  # the blob, the last in there, was deleted meanwhile
                sync_folder(folder)

    def _touch(self, path: Path) -> None:
        at_ns = self._clock.now() * 1_000_000
        os.utime(path, ns=(at_ns, at_ns))

    def _delete(self, ref: BlobRef, renewed_before: Instant | None) -> bool:
        path = self._path(ref)
        with self._names:
            if path is None or not path.is_file() or (renewed_before is not None and _renewed_at(path) >= renewed_before):
                return False
            path.unlink()
            self._remove_empty(path.parent)
        return True

    def _remove_empty(self, folder: Path) -> None:
        with contextlib.suppress(OSError):  # it is not empty
            while folder != self._root:
                folder.rmdir()
                folder = folder.parent

    def _path(self, ref: BlobRef) -> Path | None:
        if not _SHA256.fullmatch(ref.sha256):
            return None
        contact = _file_name(ref.contact)
        cuts = [contact[start : start + _PART_CHARS_MAX] for start in range(0, len(contact), _PART_CHARS_MAX)]
        return self._root.joinpath(_file_name(ref.tenant), *(f"{cut}+" for cut in cuts[:-1]), cuts[-1], ref.sha256)

    def _files(self, tenant: str | None, renewed_before: Instant | None) -> Iterator[BlobInfo]:
        for folder in sorted(self._root.iterdir()):
            if folder == self._parts or not folder.is_dir() or (tenant is not None and folder.name != _file_name(tenant)):
                continue
            for path in _walk(folder):
                info = _info(path, folder)
                if info is not None and (renewed_before is None or info.renewed_at < renewed_before):
                    yield info


def _make_folders(folder: Path) -> list[Path]:
    """Give those that had to be made: their names are to be put on disk too, a blob in a folder that a crash takes away is no use."""
    if folder.is_dir():
        return []
    made = _make_folders(folder.parent)
    folder.mkdir()
    return [*made, folder]


def _walk(folder: Path) -> Iterator[Path]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except FileNotFoundError:
        return
    for entry in entries:
        if entry.is_dir():
            yield from _walk(Path(entry.path))
        else:
            yield Path(entry.path)


def _info(path: Path, folder: Path) -> BlobInfo | None:
    """None when it was removed meanwhile."""
    contact = "".join(part.removesuffix("+") for part in path.relative_to(folder).parts[:-1])
    ref = BlobRef(tenant=_name(folder.name), contact=_name(contact), sha256=path.name)
    try:
        return BlobInfo(ref=ref, size_bytes=path.stat().st_size, renewed_at=_renewed_at(path))
    except FileNotFoundError:
        return None


def _read(path: Path | None) -> bytes | None:
    try:
        return None if path is None else path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _renewed_at(path: Path) -> Instant:
    return Instant(path.stat().st_mtime_ns // 1_000_000)


def _file_name(name: str) -> str:
    """Reversible, never empty, never "." or "..", never with a separator; "%" alone stands for the empty name."""
    encoded = "".join(
        chr(byte) if chr(byte).isascii() and (chr(byte).isalnum() or chr(byte) in "_-") else f"%{byte:02X}"
        for byte in name.encode("utf-8", "surrogatepass")
    )
    return encoded or "%"


def _name(file_name: str) -> str:
    return "" if file_name == "%" else unquote(file_name, errors="surrogatepass")


@contextlib.contextmanager
def _away() -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise BlobsAway(str(error)) from error
