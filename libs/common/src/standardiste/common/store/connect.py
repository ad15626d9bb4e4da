"""Which store a setting names."""

from __future__ import annotations

from standardiste.common.errors import BadInput
from standardiste.common.store.port import Store
from standardiste.common.store.sqlite import SqliteStore


async def connect(url: str) -> Store:
    """
    The store at `sqlite:///relative/path`, `sqlite:////absolute/path` or `sqlite://:memory:` (one process holds a file), or `mongodb://host:port/database`.

    Raises BadInput("store_url_invalid"), FolderInUse, FormatTooNew, StoreAway.
    """
    if url in ("sqlite://:memory:", "sqlite:///:memory:", ":memory:"):
        return await SqliteStore.open_memory()
    if url.startswith("sqlite:///") and len(url) > len("sqlite:///"):
        return await SqliteStore.open_file(url.removeprefix("sqlite:///"))
    if url.startswith(("mongodb://", "mongodb+srv://")):
        from standardiste.common.store.mongo import MongoStore  # its driver is loaded only where it is used

        return await MongoStore.connect_to(url)
    scheme = url.partition(":")[0]
    raise BadInput(
        "store_url_invalid",
        f"this program has no store adapter for {scheme}: give sqlite:///path/to/store.db or mongodb://host:port/database",
        "/store",
    )
