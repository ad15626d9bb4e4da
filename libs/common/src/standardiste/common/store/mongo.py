"""
The store on MongoDB, for many processes: one collection of the database per kind of document, the only module that knows Motor.

A document is kept as {_id: {t, i}, t: tenant, i: id, v: version, b: body as JSON text, e: index entries, w: folded words}. Entries and words are reckoned
by `indexing.py` as for every adapter; MongoDB keeps and compares them. Writes wait for a majority and its journal. Motor's successor (PyMongo's async API)
has the same verbs: changing to it is a change of this file.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Generator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument, WriteConcern
from pymongo.errors import DuplicateKeyError, PyMongoError, ServerSelectionTimeoutError

from standardiste.common.errors import BadInput, FormatTooNew, StoreAway, UniqueConflict, VersionConflict
from standardiste.common.store.cursor import FIND_LIMIT_MAX, cursor_after, position_of
from standardiste.common.store.indexing import Values, comparable, fold, values_of, words_of
from standardiste.common.store.mongo_refusal import refusal
from standardiste.common.store.port import ABSENT, Body, Collection, Document, Find, Index, Page, Where
from standardiste.common.store.reach import Reach, StillAway
from standardiste.common.store.text import body_text, is_unicode

FORMAT: Final = 1
SELECT_WITHIN_MS: Final = 3_000
ANSWER_WITHIN_MS: Final = 5_000
CONNECTIONS_MAX: Final = 50
CONNECTIONS_MIN: Final = 3
"""Held ready from the start, so that the first contact does not wait for handshakes."""
DETAIL_MAX: Final = 200
PREFIX: Final = "d_"
"""Our collections' names begin so; the rest of the database is not ours."""
_META: Final = "meta"

Filter: TypeAlias = dict[str, Any]


class MongoStore:
    """The store port over one database. Made by `connect_to`."""

    def __init__(self, url: str) -> None:
        self._client: Any = AsyncIOMotorClient(
            url,
            serverSelectionTimeoutMS=SELECT_WITHIN_MS,
            connectTimeoutMS=SELECT_WITHIN_MS,
            timeoutMS=ANSWER_WITHIN_MS,
            maxPoolSize=CONNECTIONS_MAX,
            minPoolSize=CONNECTIONS_MIN,
            waitQueueTimeoutMS=ANSWER_WITHIN_MS,
            appname="standardiste",
        )
        self._database: Any = self._client.get_default_database("standardiste").with_options(
            write_concern=WriteConcern(w="majority", j=True)
        )
        self._declared: dict[str, Collection] = {}
        self._reach = Reach()
        self._epoch = 0
        self._is_closed = False

    @classmethod
    async def connect_to(cls, url: str) -> MongoStore:
        """The store at this URL; the database is the one it names, else "standardiste". Raises FormatTooNew, StoreAway, StoreRefuses."""
        store = cls(url)
        try:
            await store._check_format()
        except StoreAway as error:
            await store.close()
            if (refused := refusal(error)) is not None:
                raise refused from error
            raise
        except BaseException:
            await store.close()
            raise
        return store

    async def open(self, collections: Sequence[Collection]) -> None:
        for collection in collections:
            known = self._declared.setdefault(collection.name, collection)
            assert known == collection, f"{collection.name} is declared in two ways"
            with self.asking():
                await self.documents(collection).create_indexes(_index_models(collection))

    def tenant(self, tenant: str) -> MongoTenant:
        assert tenant, "a document belongs to a tenant"
        return MongoTenant(self, tenant)

    async def every_tenant(self, collection: Collection, find: Find) -> AsyncIterator[Document]:
        sort = None if find.sort is None else f"e.{_index(collection, find.sort).name}"
        keys = [*([sort] if sort else []), "t", "i"]
        after: tuple[Any, ...] | None = None
        while True:
            query = _query(collection, find)
            if after is not None:
                query = {"$and": [query, _beyond(keys, after, find)]}
            found = await self.page(collection, query, keys, find, find.limit)
            for each in found:
                yield _document(each)
            if len(found) < find.limit:
                return
            last = found[-1]
            after = (*([last["e"][find.sort]] if find.sort else []), last["t"], last["i"])

    async def delete_tenant(self, tenant: str) -> int:
        count = 0
        with self.asking():
            for name in await self._database.list_collection_names(filter={"name": {"$regex": f"^{PREFIX}"}}):
                count += (await self._database[name].delete_many({"t": tenant})).deleted_count
        return count

    @property
    def epoch(self) -> int:
        return self._epoch

    async def raise_epoch(self) -> int:
        with self.asking():
            raised = await self._database[_META].find_one_and_update(
                {"_id": "epoch"}, {"$inc": {"number": 1}}, return_document=ReturnDocument.AFTER
            )
        self._epoch = int(raised["number"])
        return self._epoch

    async def close(self) -> None:
        self._is_closed = True
        self._client.close()

    # ---- for MongoTenant

    @contextlib.contextmanager
    def asking(self) -> Generator[None]:
        """Whatever the driver says but a duplicate key means that the store does not answer, or does not take this now."""
        try:
            with self._reach.asking(_is_no_server):
                yield
        except DuplicateKeyError:
            raise
        except ServerSelectionTimeoutError as error:
            raise StoreAway(f"no server is found ({str(error)[:DETAIL_MAX]})") from error  # it names addresses, never what was asked
        except (TimeoutError, PyMongoError, OSError, StillAway) as error:
            raise StoreAway(type(error).__name__) from error

    def documents(self, collection: Collection) -> Any:
        if self._is_closed:
            raise StoreAway("closed")
        assert collection.name in self._declared, f"{collection.name} was not opened"
        return self._database[PREFIX + collection.name]

    async def page(self, collection: Collection, query: Filter, keys: Sequence[str], find: Find, limit: int) -> list[Mapping[str, Any]]:
        way = DESCENDING if find.is_descending else ASCENDING
        cursor = self.documents(collection).find(query).sort([(key, way) for key in keys]).limit(limit)
        with self.asking():
            return await cursor.to_list(limit)

    async def _check_format(self) -> None:
        with self.asking():
            for fact, number in (("format", FORMAT), ("epoch", 1)):
                await self._database[_META].update_one({"_id": fact}, {"$setOnInsert": {"number": number}}, upsert=True)
            found = int((await self._database[_META].find_one({"_id": "format"}))["number"])
            self._epoch = int((await self._database[_META].find_one({"_id": "epoch"}))["number"])
        if found > FORMAT:
            raise FormatTooNew("the document store", found, FORMAT)


class MongoTenant:
    """The documents of one tenant."""

    def __init__(self, store: MongoStore, tenant: str) -> None:
        self._store, self._tenant = store, tenant

    async def get(self, collection: Collection, id: str) -> Document | None:
        if not is_unicode(id):
            return None
        documents = self._store.documents(collection)
        with self._store.asking():
            found = await documents.find_one({"_id": self._key(id)})
        return None if found is None else _document(found)

    async def put(self, collection: Collection, id: str, body: Body, *, expected: int | None = None, within_ms: int = 0) -> int:
        if not id or not is_unicode(id):
            raise BadInput("id_invalid", "an id is a text that is not empty", "/id")
        documents = self._store.documents(collection)
        entries = values_of(collection, body)
        content = {"t": self._tenant, "i": id, "b": body_text(body), "e": dict(entries), "w": list(words_of(collection, body))}
        while True:
            try:
                version = await self._write(documents, id, content, expected)
            except DuplicateKeyError as error:
                if "_id" not in _key_pattern(error):
                    raise await self._taken(collection, id, entries, error) from None
                if expected is None:
                    continue  # another's first put came between: overwrite it
                version = None
            if version is not None:
                return version
            assert expected is not None
            raise VersionConflict(collection.name, id, expected, await self._version(collection, id))

    async def delete(self, collection: Collection, id: str, *, expected: int | None = None, within_ms: int = 0) -> bool:
        if not is_unicode(id):
            return False
        documents = self._store.documents(collection)
        query: Filter = {"_id": self._key(id)} | ({} if expected is None else {"v": expected})
        with self._store.asking():
            deleted = (await documents.delete_one(query)).deleted_count
        if deleted or expected is None:
            return bool(deleted)
        actual = await self._version(collection, id)
        if actual is None:
            return False
        raise VersionConflict(collection.name, id, expected, actual)

    async def find(self, collection: Collection, find: Find) -> Page:
        if not 1 <= find.limit <= FIND_LIMIT_MAX:
            raise BadInput("limit_invalid", f"a page holds 1 to {FIND_LIMIT_MAX}", "/limit")
        query = {"t": self._tenant} | _query(collection, find)
        position = position_of(collection, find, self._store.epoch)
        keys = [*([f"e.{find.sort}"] if find.sort else []), "i"]
        if position is not None:
            query = {"$and": [query, _beyond(keys, position if find.sort else position[1:], find)]}
        found = await self._store.page(collection, query, keys, find, find.limit + 1)
        documents = [_document(each) for each in found[: find.limit]]
        if len(found) <= find.limit:
            return Page(documents=documents)
        last = found[find.limit - 1]
        return Page(
            documents=documents,
            cursor=cursor_after(collection, find, self._store.epoch, last["e"][find.sort] if find.sort else None, last["i"]),
        )

    def _key(self, id: str) -> dict[str, str]:
        return {"t": self._tenant, "i": id}

    async def _write(self, documents: Any, id: str, content: Mapping[str, Any], expected: int | None) -> int | None:
        """The new version; None when the document is not in the expected one."""
        with self._store.asking():
            if expected == ABSENT:
                await documents.insert_one({"_id": self._key(id), "v": 1, **content})
                return 1
            query: Filter = {"_id": self._key(id)} | ({} if expected is None else {"v": expected})
            change = {"$set": content, "$inc": {"v": 1}}
            written = await documents.find_one_and_update(
                query, change, projection={"v": 1}, upsert=expected is None, return_document=ReturnDocument.AFTER
            )
            return None if written is None else int(written["v"])

    async def _version(self, collection: Collection, id: str) -> int | None:
        found = await self.get(collection, id)
        return None if found is None else found.version

    async def _taken(self, collection: Collection, id: str, entries: Values, error: DuplicateKeyError) -> UniqueConflict:
        """Who holds one of our unique values; None when he has let go of it meanwhile."""
        name = next(key.removeprefix("e.") for key in _key_pattern(error) if key.startswith("e."))
        values = entries[name]
        wanted = list(values) if isinstance(values, Sequence) and not isinstance(values, str) else [values]
        with self._store.asking():
            holder = await self._store.documents(collection).find_one({"t": self._tenant, f"e.{name}": {"$in": wanted}, "i": {"$ne": id}})
        return UniqueConflict(collection.name, name, None if holder is None else holder["i"])


def _index_models(collection: Collection) -> list[IndexModel]:
    """Every index, named by its form: making one that is there already changes nothing."""
    models = [IndexModel([("t", ASCENDING), ("i", ASCENDING)], name="v1_id")]
    for index in collection.indexes:
        field = f"e.{index.name}"
        if index.is_unique:
            only = {field: {"$exists": True}}
            models.append(
                IndexModel(
                    [("t", ASCENDING), (field, ASCENDING)], name=f"v1_unique_{index.name}", unique=True, partialFilterExpression=only
                )
            )
        models.append(IndexModel([("t", ASCENDING), (field, ASCENDING), ("i", ASCENDING)], name=f"v1_{index.name}", sparse=True))
        if not index.is_list:
            models.append(IndexModel([(field, ASCENDING), ("t", ASCENDING), ("i", ASCENDING)], name=f"v1_every_{index.name}", sparse=True))
    if collection.text:
        models.append(IndexModel([("t", ASCENDING), ("w", ASCENDING)], name="v1_words"))
    return models


def _query(collection: Collection, find: Find) -> Filter:
    """All conditions of a find but its tenant and cursor. Raises BadInput("text_empty", "not_indexable")."""
    conditions = [_condition(collection, where) for where in find.where]
    if find.sort is not None:
        assert not _index(collection, find.sort).is_list, "a list has no one value to sort by"
        conditions.append({f"e.{find.sort}": {"$exists": True}})
    if find.text is not None:
        words = fold(find.text)
        if not words:
            raise BadInput("text_empty", "a search needs at least one letter or digit", "/text")
        conditions.append({"w": {"$all": list(words)}})
    return {"$and": conditions} if conditions else {}


def _condition(collection: Collection, where: Where) -> Filter:
    index = _index(collection, where.index)
    bounds = {
        operator: comparable(index, bound)
        for operator, bound in (("$eq", where.equals), ("$gte", where.at_least), ("$lt", where.below))
        if bound is not None
    }
    if not bounds:
        return {f"e.{index.name}": {"$exists": True}}
    return {f"e.{index.name}": {"$elemMatch": bounds} if index.is_list else bounds}


def _beyond(keys: Sequence[str], after: Sequence[Any], find: Find) -> Filter:
    """What comes after this position in the order of these keys."""
    beyond = "$lt" if find.is_descending else "$gt"
    return {
        "$or": [
            {**dict(zip(keys[:place], after[:place], strict=True)), keys[place]: {beyond: after[place]}}
            for place in range(len(keys))
        ]
    }  # fmt: skip


def _index(collection: Collection, name: str) -> Index:
    found = next((index for index in collection.indexes if index.name == name), None)
    assert found is not None, f"{collection.name} declares no index {name}"
    return found


def _document(found: Mapping[str, Any]) -> Document:
    return Document(tenant=found["t"], id=found["i"], version=found["v"], body=json.loads(found["b"]))


def _key_pattern(error: DuplicateKeyError) -> Mapping[str, Any]:
    details: Any = error.details
    return {} if details is None else details.get("keyPattern", {})


def _is_no_server(error: Exception) -> bool:
    return isinstance(error, ServerSelectionTimeoutError)
