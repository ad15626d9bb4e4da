"""A store behaves as a plain dictionary with rules: Hypothesis drives both with the same verbs and compares every answer."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from standardiste.common.errors import UniqueConflict, VersionConflict
from standardiste.common.store.port import Collection, Find, Index, Store, TenantStore, Where

THINGS = Collection(
    name="things",
    indexes=(
        Index(name="key", path="keys", is_unique=True, is_list=True),
        Index(name="tag", path="in.tags", is_list=True),
        Index(name="at", path="at"),
        Index(name="word", path="word"),
    ),
    text=("word",),
)
_tenants = itertools.count()

names = st.sampled_from(["a", "b", "ç", "d\u00e9j\u00e0", "Z"])
bodies = st.fixed_dictionaries(
    {},
    optional={
        "keys": st.none() | st.lists(names, max_size=2),
        "in": st.none() | st.fixed_dictionaries({"tags": st.lists(names, max_size=3)}),
        "at": st.none() | st.integers(-2, 3),
        "word": st.none() | names,
    },
)
puts = st.tuples(st.just("put"), st.sampled_from("123456"), bodies, st.none() | st.integers(0, 3))
deletes = st.tuples(st.just("delete"), st.sampled_from("123456"), st.none(), st.none() | st.integers(0, 3))
wheres = st.one_of(
    st.builds(lambda name, value: Where(index=name, equals=value), st.sampled_from(["key", "tag", "word"]), names),
    st.builds(
        lambda name, low, high: Where(index=name, at_least=low, below=high),
        st.sampled_from(["key", "tag", "word"]),
        st.none() | names,
        st.none() | names,
    ),
    st.builds(
        lambda low, high: Where(index="at", at_least=low, below=high), st.none() | st.integers(-2, 3), st.none() | st.integers(-2, 3)
    ),
    st.builds(lambda value: Where(index="at", equals=value), st.integers(-2, 3)),
)
finds = st.builds(
    Find,
    where=st.lists(wheres, max_size=2).map(tuple),
    sort=st.sampled_from([None, "at", "word"]),
    is_descending=st.booleans(),
    limit=st.integers(1, 4),
    text=st.none() | st.sampled_from(["A", "deja", "c"]),
)

Model = dict[str, tuple[int, dict[str, Any]]]
FOLDED = {"a": "a", "b": "b", "ç": "c", "d\u00e9j\u00e0": "deja", "Z": "z"}


def held(body: dict[str, Any], index: str) -> list[Any]:
    match index:
        case "key":
            return list(body.get("keys") or [])
        case "tag":
            return list((body.get("in") or {}).get("tags") or [])
        case _:
            return [] if body.get(index) is None else [body[index]]


def holds(body: dict[str, Any], where: Where) -> bool:
    def inside(value: Any) -> bool:
        return (
            (where.equals is None or value == where.equals)
            and (where.at_least is None or value >= where.at_least)
            and (where.below is None or value < where.below)
        )

    return any(inside(value) for value in held(body, where.index))


def model_find(model: Model, find: Find) -> list[str]:
    kept = [
        ((held(body, find.sort)[0] if find.sort else 0), id)
        for id, (_, body) in model.items()
        if all(holds(body, where) for where in find.where)
        and (find.sort is None or held(body, find.sort))
        and (find.text is None or FOLDED.get(body.get("word") or "") == find.text.lower())
    ]
    return [id for _, id in sorted(kept, reverse=find.is_descending)]


def model_write(model: Model, verb: str, id: str, body: Any, expected: int | None) -> object:
    version = model[id][0] if id in model else 0
    if verb == "delete" and not version:
        return False
    if expected is not None and expected != version:
        return VersionConflict
    if verb == "delete":
        del model[id]
        return True
    if any(set(held(body, "key")) & set(held(other, "key")) for each, (_, other) in model.items() if each != id):
        return UniqueConflict
    model[id] = (version + 1, body)
    return version + 1


async def store_write(documents: TenantStore, verb: str, id: str, body: Any, expected: int | None) -> object:
    try:
        if verb == "delete":
            return await documents.delete(THINGS, id, expected=expected)
        return await documents.put(THINGS, id, body, expected=expected)
    except (VersionConflict, UniqueConflict) as conflict:
        return type(conflict)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(writes=st.lists(puts | deletes, max_size=25), asked=st.lists(finds, min_size=1, max_size=6))
async def test_a_store_answers_as_the_model_does(store: Store, writes: list[Any], asked: list[Find]) -> None:
    await store.open([THINGS])
    documents, model = store.tenant(f"law_{next(_tenants)}"), Model()
    for write in writes:
        assert model_write(model, *write) == await store_write(documents, *write)
    for id in "123456":
        found = await documents.get(THINGS, id)
        assert model.get(id) == (None if found is None else (found.version, found.body))
    for find in asked:
        expected, seen, page = model_find(model, find), [], find
        for _ in range(len(expected) // find.limit + 1):
            answer = await documents.find(THINGS, page)
            seen += [each.id for each in answer.documents]
            if answer.cursor is None:
                break
            page = replace(find, cursor=answer.cursor)
        assert expected == seen
