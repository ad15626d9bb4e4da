"""Which blob store a setting names."""

from __future__ import annotations

from standardiste.common.blobs.folder import FolderBlobs
from standardiste.common.blobs.port import Blobs
from standardiste.common.clock import Clock


async def connect(url: str, clock: Clock) -> Blobs:
    """The blobs in a folder, or in the GridFS of `mongodb://host:port/database`. Raises BlobsAway, FormatTooNew."""
    if url.startswith(("mongodb://", "mongodb+srv://")):
        from standardiste.common.blobs.gridfs import GridFsBlobs  # its driver is loaded only where it is used

        return await GridFsBlobs.connect_to(url, clock)
    return await FolderBlobs.open_folder(url, clock)
