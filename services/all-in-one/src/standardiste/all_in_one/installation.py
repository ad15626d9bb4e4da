"""
The data folder of the embedded edition: what lies where, and its format number.

    format                       the folder's format number
    bus.sqlite  store.sqlite     the log and the documents
    blobs/                       attachments and long bodies
    secrets/                     installation.key, token-private.pem, token-public.pem (readable by the owner alone)
    backups/                     the last seven
    running.json                 while it runs: process id, address, mail port
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from standardiste.common.errors import FormatTooNew
from standardiste.common.files import write_private
from standardiste.common.security.keys import make_secrets

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Folder:
    """The paths of one data folder."""

    root: Path

    @property
    def format(self) -> Path:
        return self.root / "format"

    @property
    def bus(self) -> Path:
        return self.root / "bus.sqlite"

    @property
    def store(self) -> Path:
        return self.root / "store.sqlite"

    @property
    def blobs(self) -> Path:
        return self.root / "blobs"

    @property
    def secrets(self) -> Path:
        return self.root / "secrets"

    @property
    def backups(self) -> Path:
        return self.root / "backups"

    @property
    def running(self) -> Path:
        return self.root / "running.json"


def prepare(root: Path) -> Folder:
    """
    Make the folder what this program needs.

    Raises FormatTooNew when a newer program wrote it: nothing is touched then.
    """
    folder = Folder(root)
    is_new = not folder.format.exists()
    if not is_new:
        check_format(folder)
    for path in (root, folder.blobs, folder.backups):
        path.mkdir(parents=True, exist_ok=True)
    make_secrets(folder.secrets)
    if is_new:
        write_format(folder)
    return folder


def check_format(folder: Folder) -> None:
    """Raises FormatTooNew, naming both numbers."""
    found = int(folder.format.read_text().strip())
    if found > FORMAT:
        raise FormatTooNew(f"the data folder {folder.root.name}", found, FORMAT)


def write_format(folder: Folder) -> None:
    """The last thing a fresh folder gets."""
    write_private(folder.format, f"{FORMAT}\n".encode())
