"""
The data folder of the embedded edition: what lies where, its format number, its secrets.

    format                       the folder's format number
    bus.sqlite  store.sqlite     the log and the documents
    blobs/                       attachments and long bodies
    secrets/                     installation.key, token-private.pem, token-public.pem (readable by the owner alone)
    held                         present after a restore: sending and mailbox reading wait until released
    backups/                     the last seven
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from standardiste.common.errors import FormatTooNew

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
    def held(self) -> Path:
        return self.root / "held"


def prepare(root: Path) -> tuple[Folder, bool]:
    """
    Make the folder what this program needs; give it and whether it is new.

    Raises FormatTooNew when a newer program wrote it: nothing is touched then.
    """
    folder = Folder(root)
    is_new = not folder.format.exists()
    if not is_new:
        check_format(folder)
    for path in (root, folder.blobs, folder.backups):
        path.mkdir(parents=True, exist_ok=True)
    _make_secrets(folder.secrets)
    if is_new:
        write_durably(folder.format, f"{FORMAT}\n".encode())
    return folder, is_new


def check_format(folder: Folder) -> None:
    """Raises FormatTooNew, naming both numbers."""
    found = int(folder.format.read_text().strip())
    if found > FORMAT:
        raise FormatTooNew(f"the data folder {folder.root.name}", found, FORMAT)


def write_durably(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a small file so that after a crash it is either whole or absent."""
    part = path.with_name(path.name + ".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    os.fsync(directory)
    os.close(directory)


def _make_secrets(folder: Path) -> None:
    """Mint what is missing. The public key is written last: where it stands, the pair is whole."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not (folder / "installation.key").exists():
        write_durably(folder / "installation.key", secrets.token_hex(32).encode())
    if not (folder / "token-public.pem").exists():
        private = Ed25519PrivateKey.generate()
        write_durably(folder / "token-private.pem", private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        write_durably(folder / "token-public.pem", private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
