"""
Blobs in MongoDB's GridFS, for many processes.

A blob is a file of the bucket named tenant/contact/sha-256; its age is a field of the file's document, so that renewing it and removing what is old
are each one atomic change of one document. Two processes that put the same at once make two files of one name: reading takes either, removing takes all.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import AsyncIterator, Generator
from typing import Any, Final
from urllib.parse import quote, unquote

from gridfs.errors import CorruptGridFile, NoFile
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorGridFSBucket
from pymongo import ASCENDING, WriteConcern
from pymongo.errors import PyMongoError

from standardiste.common.blobs.port import BlobInfo, BlobRef
from standardiste.common.clock import Clock
from standardiste.common.errors import BlobsAway
from standardiste.common.events.base import Instant
from standardiste.common.store.mongo_refusal import refusal

BUCKET: Final = "blobs"
SELECT_WITHIN_MS: Final = 3_000
_SHA256 = re.compile(r"[0-9a-f]{64}")


class GridFsBlobs:
    """The blob port over one database. Made by `connect_to`."""

    def __init__(self, url: str, clock: Clock) -> None:
        self._client: Any = AsyncIOMotorClient(
            url, serverSelectionTimeoutMS=SELECT_WITHIN_MS, connectTimeoutMS=SELECT_WITHIN_MS, appname="standardiste"
        )
        database: Any = self._client.get_default_database("standardiste").with_options(write_concern=WriteConcern(w="majority", j=True))
        self._files, self._chunks = database[f"{BUCKET}.files"], database[f"{BUCKET}.chunks"]
        self._bucket: Any = AsyncIOMotorGridFSBucket(database, BUCKET)
        self._clock = clock
        self._is_closed = False

    @classmethod
    async def connect_to(cls, url: str, clock: Clock) -> GridFsBlobs:
        """The blobs in this database (the one the URL names, else "standardiste"). Raises BlobsAway, StoreRefuses."""
        blobs = cls(url, clock)
        try:
            with blobs._away():
                await blobs._files.create_index([("metadata.tenant", ASCENDING), ("filename", ASCENDING)], name="v1_name")
        except BlobsAway as error:
            await blobs.close()
            if (refused := refusal(error)) is not None:
                raise refused from error
            raise
        except BaseException:
            await blobs.close()
            raise
        return blobs

    async def put(self, tenant: str, contact: str, content: bytes) -> BlobRef:
        ref = BlobRef(tenant=tenant, contact=contact, sha256=hashlib.sha256(content).hexdigest())
        metadata = {"tenant": _part(tenant), "renewed_at": self._clock.now()}
        with self._away():
            renewed = await self._files.update_one(_named(ref), {"$max": {"metadata.renewed_at": metadata["renewed_at"]}})
            if not renewed.matched_count:
                await self._bucket.upload_from_stream(_name(ref), content, metadata=metadata)
        return ref

    async def get(self, ref: BlobRef) -> bytes | None:
        if not _SHA256.fullmatch(ref.sha256):
            return None
        with self._away():
            found = await self._files.find_one(_named(ref))
            if found is None:
                return None
            try:
                stream = await self._bucket.open_download_stream(found["_id"])
                return bytes(await stream.read())
            except (NoFile, CorruptGridFile):  # removed while it was read
                return None

    async def delete(self, ref: BlobRef, *, renewed_before: Instant | None = None) -> bool:
        query = _named(ref) | ({} if renewed_before is None else {"metadata.renewed_at": {"$lt": renewed_before}})
        was_there = False
        with self._away():
            while (removed := await self._files.find_one_and_delete(query)) is not None:
                was_there = True
                await self._chunks.delete_many({"files_id": removed["_id"]})
        return was_there

    async def list(self, tenant: str | None = None, *, renewed_before: Instant | None = None) -> AsyncIterator[BlobInfo]:
        query: dict[str, Any] = {} if tenant is None else {"metadata.tenant": _part(tenant)}
        if renewed_before is not None:
            query["metadata.renewed_at"] = {"$lt": renewed_before}
        with self._away():
            async for found in self._files.find(query).sort([("metadata.tenant", ASCENDING), ("filename", ASCENDING)]):
                yield BlobInfo(ref=_ref(found["filename"]), size_bytes=found["length"], renewed_at=Instant(found["metadata"]["renewed_at"]))

    async def close(self) -> None:
        self._is_closed = True
        self._client.close()

    @contextlib.contextmanager
    def _away(self) -> Generator[None]:
        if self._is_closed:
            raise BlobsAway("closed")
        try:
            yield
        except (PyMongoError, TimeoutError, OSError) as error:
            raise BlobsAway(type(error).__name__) from error


def _name(ref: BlobRef) -> str:
    """The name in the bucket, each part percent-encoded: whatever a provider invents stays a part."""
    return "/".join(_part(each) for each in (ref.tenant, ref.contact, ref.sha256))


def _part(name: str) -> str:
    return quote(name, safe="", errors="surrogatepass")


def _named(ref: BlobRef) -> dict[str, Any]:
    return {"metadata.tenant": _part(ref.tenant), "filename": _name(ref)}


def _ref(filename: str) -> BlobRef:
    tenant, contact, sha256 = (unquote(each, errors="surrogatepass") for each in filename.split("/"))
    return BlobRef(tenant=tenant, contact=contact, sha256=sha256)
