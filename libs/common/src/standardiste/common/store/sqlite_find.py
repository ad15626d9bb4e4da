"""
A find as SQL. Pure: what to look for comes in, text and parameters go out.

Which table leads is chosen here and not left to the planner, which keeps no statistics: the word index when words are asked; else the first condition
that names one value (few documents, already in id order); else the sort's index, read in order and stopped at the page's end; else the documents by id.
All other conditions are checked on each candidate.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from standardiste.common.errors import BadInput
from standardiste.common.store.cursor import FIND_LIMIT_MAX, cursor_after, position_of
from standardiste.common.store.indexing import comparable, fold
from standardiste.common.store.port import Document, Find, Index, Page, Where
from standardiste.common.store.sqlite_schema import Declared, scope_of
from standardiste.common.store.text import body_of

QUICK_LIMIT: Final = 10

Value = str | int
RawRow = tuple[str, str, int, str, Value | None]
"""tenant, id, version, body, sort value"""


@dataclass(slots=True)
class Query:
    """SQL under way: FROM, conditions that all hold, and their parameters in the order in which they stand."""

    source: str
    conditions: list[str] = field(default_factory=list[str])
    parameters: list[Value] = field(default_factory=list[Value])

    def hold(self, condition: str, *parameters: Value) -> None:
        self.conditions.append(condition)
        self.parameters += parameters


def page_query(declared: Declared, tenant: str, find: Find, epoch: int) -> tuple[str, list[Value]]:
    """The SQL of one page and one document more. Raises BadInput."""
    query, sort, id = _query(declared, tenant, find)
    way, beyond = ("DESC", "<") if find.is_descending else ("ASC", ">")
    position = position_of(declared.collection, find, epoch)
    if position is not None:
        value, after_id = position
        if value is None:
            query.hold(f"{id} {beyond} ?", after_id)
        else:
            query.hold(f"({sort}, {id}) {beyond} (?, ?)", value, after_id)
    order = f"{id} {way}" if sort == "NULL" else f"{sort} {way}, {id} {way}"
    return _select(query, sort, order), [*query.parameters, find.limit + 1]


def sweep_query(declared: Declared, find: Find, after: tuple[Value | None, str, str] | None) -> tuple[str, list[Value]]:
    """The SQL of one page over all tenants in (sort, tenant, id) order, after a position."""
    query, sort, _ = _query(declared, None, find)
    way, beyond = ("DESC", "<") if find.is_descending else ("ASC", ">")
    if after is not None:
        value, tenant, id = after
        if value is None:
            query.hold(f"(d.tenant, d.id) {beyond} (?, ?)", tenant, id)
        else:
            query.hold(f"({sort}, d.tenant, d.id) {beyond} (?, ?, ?)", value, tenant, id)
    order = f"d.tenant {way}, d.id {way}"
    return _select(query, sort, order if sort == "NULL" else f"{sort} {way}, {order}"), [*query.parameters, find.limit]


def page_of(declared: Declared, find: Find, epoch: int, rows: list[RawRow]) -> Page:
    documents = [document_of(row) for row in rows[: find.limit]]
    if len(rows) <= find.limit:
        return Page(documents=documents)
    last = rows[find.limit - 1]
    return Page(documents=documents, cursor=cursor_after(declared.collection, find, epoch, last[4], last[1]))


def document_of(row: RawRow) -> Document:
    return Document(tenant=row[0], id=row[1], version=row[2], body=body_of(row[3]))


def is_quick(declared: Declared, find: Find) -> bool:
    """Whether reading the page costs less than handing it to a thread: one document at most, or a few in the order of the one index that is asked."""
    if find.text is not None:
        return False
    if find.sort is not None and all(where.index == find.sort for where in find.where):
        return find.limit <= QUICK_LIMIT
    unique = {index.name for index in declared.collection.indexes if index.is_unique}
    named = [where for where in find.where if where.equals is not None]
    if any(where.index in unique for where in named):
        return True
    return bool(named) and len(find.where) == 1 and find.sort is None and find.limit <= QUICK_LIMIT


def first_look(find: Find) -> Find | None:
    """A quick find that gives something where this one does, so that "nothing", a frequent answer, needs no thread; None where there is none."""
    if find.text is not None:
        return None
    named = next((where for where in find.where if where.equals is not None), None)
    if named is not None:
        return Find(where=(named,), limit=1)
    if find.sort is not None and find.where and all(where.index == find.sort for where in find.where):
        return Find(where=find.where, sort=find.sort, limit=1)
    return None


def _query(declared: Declared, tenant: str | None, find: Find) -> tuple[Query, str, str]:
    """The query, the expression it sorts by ("NULL" without a sort) and the expression of the id."""
    if not 1 <= find.limit <= FIND_LIMIT_MAX:
        raise BadInput("limit_invalid", f"a page holds 1 to {FIND_LIMIT_MAX}", "/limit")
    sort_index = None if find.sort is None else _index(declared, find.sort)
    assert sort_index is None or not sort_index.is_list, "a list has no one value to sort by"
    leader = next((where for where in find.where if where.equals is not None), None)
    sort = "NULL" if sort_index is None else f"""(d.entries ->> '$."{declared.indexes[sort_index.name]}"')"""
    id = "d.id"
    if find.text is not None:
        query = _by_words(declared, tenant, find.text)
        leader = None
    elif leader is not None:
        query = Query("entries e CROSS JOIN documents d ON d.doc = e.doc")
        _condition(query, _index(declared, leader.index), "e", declared, tenant, leader)
        id = "e.id"
    elif sort_index is not None:
        query = Query("entries e CROSS JOIN documents d ON d.doc = e.doc")
        _condition(query, sort_index, "e", declared, tenant, Where(index=sort_index.name))
        sort, id = "e.value", "e.id"
    else:
        query = Query("documents d")
    if sort_index is not None and sort != "e.value":
        query.hold(f"{sort} IS NOT NULL")
    query.hold("d.collection = ?", declared.number)
    if tenant is not None:
        query.hold("d.tenant = ?", tenant)
    for where in find.where:
        if where is leader:
            continue
        if sort == "e.value" and where.index == find.sort:
            _compare(query, "e.value", _index(declared, where.index), where)
        else:
            inner = Query("")
            _condition(inner, _index(declared, where.index), "w", declared, None, where)
            inner.hold("w.tenant = d.tenant")
            inner.hold("w.id = d.id")
            query.hold(f"EXISTS (SELECT 1 FROM entries w WHERE {' AND '.join(inner.conditions)})", *inner.parameters)
    return query, sort, id


def _by_words(declared: Declared, tenant: str | None, text: str) -> Query:
    words = fold(text)
    if not words:
        raise BadInput("text_empty", "a search needs at least one letter or digit", "/text")
    scope = "" if tenant is None else f'scope : "{scope_of(declared.number, tenant)}" AND '
    query = Query("texts t CROSS JOIN documents d ON d.doc = t.rowid")
    query.hold("t.texts MATCH ?", scope + " AND ".join(f'words : "{word}"' for word in words))
    return query


def _condition(query: Query, index: Index, alias: str, declared: Declared, tenant: str | None, where: Where) -> None:
    query.hold(f"{alias}.idx = ?", declared.indexes[index.name])
    if tenant is not None:
        query.hold(f"{alias}.tenant = ?", tenant)
    _compare(query, f"{alias}.value", index, where)


def _compare(query: Query, value: str, index: Index, where: Where) -> None:
    for operator, bound in (("=", where.equals), (">=", where.at_least), ("<", where.below)):
        if bound is not None:
            query.hold(f"{value} {operator} ?", comparable(index, bound))


def _index(declared: Declared, name: str) -> Index:
    found = next((index for index in declared.collection.indexes if index.name == name), None)
    assert found is not None, f"{declared.collection.name} declares no index {name}"
    return found


def _select(query: Query, sort: str, order: str) -> str:
    return f"SELECT d.tenant, d.id, d.version, d.body, {sort} FROM {query.source} WHERE {' AND '.join(query.conditions)} ORDER BY {order} LIMIT ?"
