"""A file as the API takes it."""

from __future__ import annotations

import mimetypes
from base64 import b64encode
from pathlib import Path

from standardiste.client.bodies import AttachmentBody


def attachment(file: Path | bytes, name: str | None = None, media_type: str | None = None) -> AttachmentBody:
    """The `attachments` entry of a file, or of bytes (which want a name)."""
    content = file if isinstance(file, bytes) else file.read_bytes()
    called = name or (file.name if isinstance(file, Path) else "file")
    guessed = media_type or mimetypes.guess_type(called)[0] or "application/octet-stream"
    return {"name": called, "media_type": guessed, "content": b64encode(content).decode()}
