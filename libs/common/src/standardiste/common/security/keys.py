"""
The installation's keys, from its secrets folder: a master key that every tenant key derives from, and the pair that signs tokens.

Files: `installation.key` (32 random bytes, hex), `token-private.pem` (only where people sign in), `token-public.pem` (everywhere; it may hold
several public keys one after another while a pair is being replaced).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from standardiste.common.files import write_private

INSTALLATION_KEY = "installation.key"
TOKEN_PRIVATE = "token-private.pem"
TOKEN_PUBLIC = "token-public.pem"
KEY_BYTES = 32


class Keys:
    """Keys by tenant and purpose, derived and never stored: HMAC-SHA-256 of tenant and purpose under the master key."""

    def __init__(self, master: bytes) -> None:
        assert len(master) >= KEY_BYTES, "the installation's key has at least 256 bits"
        self._master = master
        self._derived: dict[tuple[str, str], bytes] = {}

    @classmethod
    def load(cls, folder: Path) -> Keys:
        """From `installation.key` of the secrets folder. FileNotFoundError or ValueError when it is missing or not hex."""
        return cls(bytes.fromhex((folder / INSTALLATION_KEY).read_text("ascii").strip()))

    def tenant(self, tenant: str, purpose: str) -> bytes:
        """32 bytes that belong to this tenant and purpose alone."""
        found = self._derived.get((tenant, purpose))
        if found is None:
            found = self._derived[(tenant, purpose)] = self._derive(f"tenant\x1f{tenant}\x1f{purpose}")
        return found

    def installation(self, purpose: str) -> bytes:
        """32 bytes that belong to the installation and this purpose."""
        return self._derive(f"installation\x1f{purpose}")

    def _derive(self, label: str) -> bytes:
        return hmac.new(self._master, label.encode(), hashlib.sha256).digest()


def make_secrets(folder: Path) -> None:
    """Make what is missing of a secrets folder, readable by its owner only. What is there stays as it is."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not (folder / INSTALLATION_KEY).exists():
        write_private(folder / INSTALLATION_KEY, secrets.token_hex(KEY_BYTES).encode())
    if not (folder / TOKEN_PUBLIC).exists():
        private, public = new_token_pair()
        write_private(folder / TOKEN_PRIVATE, private)
        write_private(folder / TOKEN_PUBLIC, public)


def new_token_pair() -> tuple[bytes, bytes]:
    """A fresh Ed25519 pair as PEM: private (PKCS 8), public (SubjectPublicKeyInfo)."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private, public
