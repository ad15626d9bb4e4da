"""
The store port: documents by tenant.

Theory. One document is the unit of atomicity: what must change together is one document. A document has a version that grows by one at each
put; `expected` makes a put conditional. Nobody reaches a document without naming its tenant: `Store.tenant(id)` is the only way in, and the
few sweeps that serve a whole installation (due sends, unpublished configuration, backup) use `Store.every_tenant` by name.
Indexes are declared with the collection, in code, and made by the adapter at `open`; one over a list holds each element; a unique one is unique
within the tenant. Adapters: sqlite, mongo. One contract suite (tests/contract/store) holds for both.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

Json: TypeAlias = "Mapping[str, Json] | Sequence[Json] | str | int | float | bool | None"
Body: TypeAlias = Mapping[str, Json]
IndexValue: TypeAlias = str | int | bool

ABSENT = 0
"""The version a document has before its first put: `expected=ABSENT` means "must not exist yet"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """
    One declared index. `path` is a dotted path into the body, e.g. "addresses" or "owner.id"; a list there holds each element (`is_list`).
    Documents where the path is absent or null are not in the index. `is_unique` values are unique within the tenant. One index holds one type of
    value. A list index cannot be sorted by.
    """

    name: str
    path: str
    is_unique: bool = False
    is_list: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """A kind of document: its name, its indexes, and the dotted paths whose text is searched (cases and accents folded, all words must occur)."""

    name: str
    indexes: tuple[Index, ...] = ()
    text: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document as stored."""

    tenant: str
    id: str
    version: int
    body: Body


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Documents whose index `index` equals `equals`, or lies in [`at_least`, `below`). With none of the three: every document that has the index."""

    index: str
    equals: IndexValue | None = None
    at_least: IndexValue | None = None
    below: IndexValue | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a find, and the opaque cursor of the next (None at the end)."""

    documents: Sequence[Document]
    cursor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Find:
    """
    What to look for. Order: by `sort` (an index's name; documents without it are left out) then id, or by id alone; `is_descending` turns both.
    `where` may combine several indexes (all must hold). `limit` 1–1000. A find is quick that names a value (`equals`), a `text` or a `sort` that ends
    early; conditions alone are checked on every document.
    """

    where: tuple[Where, ...] = ()
    sort: str | None = None
    is_descending: bool = False
    limit: int = 50
    cursor: str | None = None
    text: str | None = field(default=None)


class TenantStore(Protocol):
    """The documents of one tenant."""

    async def get(self, collection: Collection, id: str) -> Document | None: ...

    async def put(self, collection: Collection, id: str, body: Body, *, expected: int | None = None, within_ms: int = 0) -> int:
        """
        Write whole and durably; give the new version. `expected` None overwrites whatever is there. Half a surrogate pair becomes U+FFFD.

        `within_ms`: for what nobody waits for; it may wait so long to share its disk write with others.
        Raises VersionConflict, UniqueConflict, BadInput (id_invalid; not_indexable: see indexing.py), StoreAway (it may or may not have been written).
        """
        ...

    async def delete(self, collection: Collection, id: str, *, expected: int | None = None, within_ms: int = 0) -> bool:
        """Remove; False when it was not there, whatever was expected. Raises VersionConflict, StoreAway. A later put begins at version 1 again."""
        ...

    async def find(self, collection: Collection, find: Find) -> Page:
        """One page, see Find. Raises BadInput (cursor_invalid: not ours, or of another find; limit_invalid; text_empty), StoreAway."""
        ...


class Store(Protocol):
    """The port. Every verb may raise StoreAway."""

    @property
    def epoch(self) -> int:
        """The installation's epoch, as it was when the store was opened: raised by a restore; a cursor of another one is refused."""
        ...

    async def raise_epoch(self) -> int:
        """Raise it by one, durably; give the new one. For a restore, before anything else runs."""
        ...

    async def open(self, collections: Sequence[Collection]) -> None:
        """Declare collections and make their indexes; repeatable; several services may each open their own on one store."""
        ...

    def tenant(self, tenant: str) -> TenantStore: ...

    def every_tenant(self, collection: Collection, find: Find) -> AsyncIterator[Document]:
        """Documents of all tenants that match, for an installation's own sweeps; pages by itself (`limit` a page), in (sort, tenant, id) order."""
        ...

    async def delete_tenant(self, tenant: str) -> int:
        """Remove every document of a tenant; give how many there were."""
        ...

    async def close(self) -> None: ...
