"""What every store does, whatever lies under it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from standardiste.common.errors import BadInput, UniqueConflict, VersionConflict
from standardiste.common.store.port import ABSENT, Body, Collection, Document, Find, Index, Store, TenantStore, Where

PEOPLE = Collection(
    name="people",
    indexes=(
        Index(name="address", path="addresses", is_unique=True, is_list=True),
        Index(name="badge", path="badge", is_unique=True),
        Index(name="tag", path="tags", is_list=True),
        Index(name="city", path="home.city"),
        Index(name="born", path="born"),
        Index(name="is_known", path="is_known"),
    ),
    text=("name", "notes"),
)
OTHERS = Collection(name="others", indexes=PEOPLE.indexes, text=PEOPLE.text)


async def people(store: Store, tenant: str = "t_1", **bodies: Body) -> TenantStore:
    await store.open([PEOPLE, OTHERS])
    documents = store.tenant(tenant)
    for id, body in bodies.items():
        await documents.put(PEOPLE, id, body)
    return documents


async def ids(documents: TenantStore, find: Find, collection: Collection = PEOPLE) -> Sequence[str]:
    return [each.id for each in (await documents.find(collection, find)).documents]


async def all_pages(documents: TenantStore, find: Find) -> list[list[str]]:
    pages: list[list[str]] = []
    while True:
        page = await documents.find(PEOPLE, find)
        pages.append([each.id for each in page.documents])
        if page.cursor is None:
            return pages
        find = replace(find, cursor=page.cursor)


# ---- one document


async def test_what_was_put_is_got_as_it_was(store: Store) -> None:
    body: Body = {
        "name": "Zoé \u0000 😀",
        "n": 2**53,
        "x": 1.5,
        "no": None,
        "yes": True,
        "in": {"a": [1, "b", {"c": []}]},
        "": "",
    }
    documents = await people(store, p1=body)
    assert Document(tenant="t_1", id="p1", version=1, body=body) == await documents.get(PEOPLE, "p1")


async def test_half_a_surrogate_pair_in_a_body_becomes_the_replacement_character(store: Store) -> None:
    documents = await people(store, p1={"name": "broken \ud83d mail"})
    found = await documents.get(PEOPLE, "p1")
    assert found is not None
    assert found.body == {"name": "broken \ufffd mail"}


async def test_nothing_is_got_where_nothing_was_put(store: Store) -> None:
    documents = await people(store)
    assert await documents.get(PEOPLE, "p1") is None
    assert await documents.get(PEOPLE, "\ud83d") is None


async def test_version_grows_by_one_with_each_put(store: Store) -> None:
    documents = await people(store)
    assert [await documents.put(PEOPLE, "p1", {"n": n}) for n in range(3)] == [1, 2, 3]


async def test_a_write_that_may_wait_is_as_durable_and_as_conditional_as_any(store: Store) -> None:
    documents = await people(store)
    assert await documents.put(PEOPLE, "p1", {"n": 1}, expected=ABSENT, within_ms=5) == 1
    with pytest.raises(VersionConflict):
        await documents.put(PEOPLE, "p1", {"n": 2}, expected=ABSENT, within_ms=5)
    assert await documents.delete(PEOPLE, "p1", expected=1, within_ms=5)
    assert await documents.get(PEOPLE, "p1") is None


@pytest.mark.parametrize("id", ["", "\ud83d"])
async def test_an_id_that_is_no_text_is_refused(store: Store, id: str) -> None:
    documents = await people(store)
    with pytest.raises(BadInput, match="id_invalid"):
        await documents.put(PEOPLE, id, {})


async def test_conditional_put_goes_through_at_its_version(store: Store) -> None:
    documents = await people(store)
    assert await documents.put(PEOPLE, "p1", {"n": 1}, expected=ABSENT) == 1
    assert await documents.put(PEOPLE, "p1", {"n": 2}, expected=1) == 2


@pytest.mark.parametrize(("expected", "actual"), [(ABSENT, 2), (1, 2), (3, 2)])
async def test_conditional_put_at_another_version_changes_nothing(store: Store, expected: int, actual: int) -> None:
    documents = await people(store, p1={"n": 1})
    await documents.put(PEOPLE, "p1", {"n": 2})
    with pytest.raises(VersionConflict) as conflict:
        await documents.put(PEOPLE, "p1", {"n": 3}, expected=expected)
    assert (conflict.value.expected, conflict.value.actual) == (expected, actual)
    assert Document(tenant="t_1", id="p1", version=2, body={"n": 2}) == await documents.get(PEOPLE, "p1")


async def test_conditional_put_of_what_is_gone_is_a_conflict(store: Store) -> None:
    documents = await people(store)
    with pytest.raises(VersionConflict) as conflict:
        await documents.put(PEOPLE, "p1", {}, expected=4)
    assert conflict.value.actual is None


async def test_of_many_writers_at_one_version_one_wins(store: Store) -> None:
    documents = await people(store, p1={"n": 0})
    results = await asyncio.gather(*(documents.put(PEOPLE, "p1", {"n": n}, expected=1) for n in range(50)), return_exceptions=True)
    assert sum(result == 2 for result in results) == 1
    assert sum(isinstance(result, VersionConflict) for result in results) == 49


async def test_a_refused_put_does_not_undo_its_neighbours(store: Store) -> None:
    documents = await people(store, taken={"badge": "7"})
    results = await asyncio.gather(
        documents.put(PEOPLE, "before", {}),
        documents.put(PEOPLE, "refused", {"badge": "7"}),
        documents.put(PEOPLE, "after", {}),
        return_exceptions=True,
    )
    assert [results[0], results[2]] == [1, 1]
    assert await ids(documents, Find()) == ["after", "before", "taken"]


async def test_deleted_is_gone_from_everywhere(store: Store) -> None:
    documents = await people(store, p1={"addresses": ["a"], "name": "Anne"})
    assert await documents.delete(PEOPLE, "p1")
    assert await documents.get(PEOPLE, "p1") is None
    assert await ids(documents, Find(where=(Where(index="address", equals="a"),))) == []
    assert await ids(documents, Find(text="anne")) == []
    assert not await documents.delete(PEOPLE, "p1")
    assert await documents.put(PEOPLE, "p1", {"addresses": ["a"]}, expected=ABSENT) == 1


async def test_conditional_delete(store: Store) -> None:
    documents = await people(store, p1={})
    with pytest.raises(VersionConflict):
        await documents.delete(PEOPLE, "p1", expected=2)
    assert await documents.delete(PEOPLE, "p1", expected=1)
    assert not await documents.delete(PEOPLE, "p1", expected=1)


# ---- unique indexes


async def test_a_unique_value_has_one_holder(store: Store) -> None:
    documents = await people(store, p1={"badge": "7"})
    with pytest.raises(UniqueConflict) as conflict:
        await documents.put(PEOPLE, "p2", {"badge": "7"})
    assert (conflict.value.collection, conflict.value.index, conflict.value.holder) == ("people", "badge", "p1")
    assert await documents.get(PEOPLE, "p2") is None


async def test_each_element_of_a_unique_list_has_one_holder(store: Store) -> None:
    documents = await people(store, p1={"addresses": ["a", "b"]})
    with pytest.raises(UniqueConflict):
        await documents.put(PEOPLE, "p2", {"addresses": ["c", "b"]})
    await documents.put(PEOPLE, "p2", {"addresses": ["c"]})
    with pytest.raises(UniqueConflict):
        await documents.put(PEOPLE, "p2", {"addresses": ["c", "a"]})
    assert await ids(documents, Find(where=(Where(index="address", equals="c"),))) == ["p2"]


async def test_a_unique_value_may_be_put_again_by_its_holder_and_twice_in_one_list(store: Store) -> None:
    documents = await people(store, p1={"addresses": ["a", "a"], "badge": "7"})
    assert await documents.put(PEOPLE, "p1", {"addresses": ["a", "b", "a"], "badge": "7"}) == 2


async def test_a_unique_value_that_was_let_go_is_free(store: Store) -> None:
    documents = await people(store, p1={"addresses": ["a", "b"]})
    await documents.put(PEOPLE, "p1", {"addresses": ["a"]})
    assert await documents.put(PEOPLE, "p2", {"addresses": ["b"]}) == 1


async def test_absent_and_null_are_not_unique_values(store: Store) -> None:
    documents = await people(store, p1={}, p2={"badge": None, "addresses": []}, p3={"badge": None, "addresses": None})
    assert await ids(documents, Find()) == ["p1", "p2", "p3"]


async def test_of_two_first_messages_one_makes_the_customer(store: Store) -> None:
    documents = await people(store)
    results = await asyncio.gather(*(documents.put(PEOPLE, f"p{n}", {"addresses": ["a"]}) for n in range(20)), return_exceptions=True)
    assert sum(result == 1 for result in results) == 1
    assert sum(isinstance(result, UniqueConflict) for result in results) == 19


async def test_unique_holds_within_a_tenant_and_a_collection_only(store: Store) -> None:
    first, second = await people(store, "t_1", p1={"badge": "7"}), await people(store, "t_2", p1={"badge": "7"})
    await first.put(OTHERS, "p2", {"badge": "7"})
    assert await ids(first, Find(where=(Where(index="badge", equals="7"),))) == ["p1"]
    assert await ids(second, Find(where=(Where(index="badge", equals="7"),))) == ["p1"]


@pytest.mark.parametrize("value", ["a\0b", "\ud83d", "é" * 513, 2**63])
async def test_what_no_engine_can_index_is_refused(store: Store, value: str | int) -> None:
    documents = await people(store)
    with pytest.raises(BadInput, match="not_indexable"):
        await documents.put(PEOPLE, "p1", {"badge": value})


# ---- find

CITIES: dict[str, Body] = {
    "p1": {"home": {"city": "Lyon"}, "born": 1990, "tags": ["vip", "fr"], "is_known": True},
    "p2": {"home": {"city": "Nantes"}, "born": 1985, "tags": ["fr"], "is_known": False},
    "p3": {"home": {"city": "Lyon"}, "born": 1990, "tags": [], "is_known": True},
    "p4": {"home": {}, "born": None, "tags": None},
    "p5": {"home": "Lyon", "born": -5, "tags": ["vip"], "is_known": False},
    "p6": {"home": {"city": "Élancourt"}, "born": 2001, "tags": "vip"},
}


@pytest.mark.parametrize(
    ("expected", "find"),
    [
        (["p1", "p2", "p3", "p4", "p5", "p6"], Find()),
        (["p6", "p5", "p4", "p3", "p2", "p1"], Find(is_descending=True)),
        (["p1", "p3"], Find(where=(Where(index="city", equals="Lyon"),))),
        (["p3", "p1"], Find(where=(Where(index="city", equals="Lyon"),), is_descending=True)),
        (["p1", "p2", "p3", "p6"], Find(where=(Where(index="city"),))),
        (["p1", "p5"], Find(where=(Where(index="tag", equals="vip"),))),
        (["p1"], Find(where=(Where(index="tag", equals="vip"), Where(index="tag", equals="fr")))),
        (["p1", "p2", "p5"], Find(where=(Where(index="tag", at_least="f"),))),
        (["p5", "p2", "p1", "p3", "p6"], Find(sort="born")),
        (["p6", "p3", "p1", "p2", "p5"], Find(sort="born", is_descending=True)),
        (["p1", "p3", "p2", "p6"], Find(sort="city")),
        (["p2", "p1", "p3"], Find(sort="born", where=(Where(index="born", at_least=0, below=2001),))),
        (["p1"], Find(sort="born", where=(Where(index="tag", equals="vip"), Where(index="born", at_least=0)))),
        (["p5", "p1"], Find(sort="born", where=(Where(index="tag", equals="vip"),))),
        (["p2", "p1", "p3"], Find(sort="born", where=(Where(index="city", below="Z"),))),
        (["p1", "p2"], Find(where=(Where(index="city", below="Z"), Where(index="tag")))),
        (["p1", "p3"], Find(where=(Where(index="is_known", equals=True),))),
        (["p2", "p5"], Find(where=(Where(index="is_known", equals=False),))),
        (["p2", "p5", "p1", "p3"], Find(sort="is_known")),
        ([], Find(where=(Where(index="city", equals="lyon"),))),
        ([], Find(where=(Where(index="city", equals="Lyon"), Where(index="born", below=1990)))),
    ],
)
async def test_find_gives_what_holds_in_order(store: Store, expected: list[str], find: Find) -> None:
    documents = await people(store, **CITIES)
    await people(store, "t_2", **CITIES)
    await documents.put(OTHERS, "p0", CITIES["p1"])
    assert expected == await ids(documents, find)
    assert expected == [id for page in await all_pages(documents, replace(find, limit=2)) for id in page]


async def test_pages_are_full_and_the_last_has_no_cursor(store: Store) -> None:
    documents = await people(store, **CITIES)
    assert await all_pages(documents, Find(limit=3)) == [["p1", "p2", "p3"], ["p4", "p5", "p6"]]
    assert await all_pages(documents, Find(limit=6)) == [["p1", "p2", "p3", "p4", "p5", "p6"]]


async def test_what_is_put_between_pages_neither_repeats_nor_hides_others(store: Store) -> None:
    documents = await people(store, **CITIES)
    first = await documents.find(PEOPLE, Find(sort="born", limit=2))
    await documents.put(PEOPLE, "p0", {"born": -7})
    await documents.put(PEOPLE, "p9", {"born": 1990})
    await documents.delete(PEOPLE, "p2")
    assert await ids(documents, Find(sort="born", limit=10, cursor=first.cursor)) == ["p1", "p3", "p9", "p6"]


@pytest.mark.parametrize("cursor", ["", "x", "é", "bnVsbA", "W10", "WyIiLG51bGwsInAxIl0", "A" * 4000])
async def test_a_cursor_that_is_not_ours_is_refused(store: Store, cursor: str) -> None:
    documents = await people(store, **CITIES)
    with pytest.raises(BadInput, match="cursor_invalid"):
        await documents.find(PEOPLE, Find(cursor=cursor))


@pytest.mark.parametrize(
    "other",
    [
        Find(sort="city"),
        Find(sort="born", is_descending=True),
        Find(),
        Find(sort="born", where=(Where(index="city", equals="Lyon"),)),
        Find(sort="born", text="x"),
    ],
)
async def test_a_cursor_of_another_find_is_refused(store: Store, other: Find) -> None:
    documents = await people(store, **CITIES)
    page = await documents.find(PEOPLE, Find(sort="born", limit=2))
    with pytest.raises(BadInput, match="cursor_invalid"):
        await documents.find(PEOPLE, replace(other, cursor=page.cursor))


async def test_a_cursor_of_another_epoch_is_refused(store: Store) -> None:
    documents = await people(store, **CITIES)
    page = await documents.find(PEOPLE, Find(limit=2))
    before = store.epoch
    assert await store.raise_epoch() == store.epoch == before + 1
    with pytest.raises(BadInput, match="cursor_invalid"):
        await documents.find(PEOPLE, Find(limit=2, cursor=page.cursor))


async def test_a_cursor_is_no_way_into_another_tenant(store: Store) -> None:
    first, second = await people(store, "t_1", **CITIES), await people(store, "t_2", own={"born": 3000})
    page = await first.find(PEOPLE, Find(sort="born", limit=2))
    assert await ids(second, Find(sort="born", limit=2, cursor=page.cursor)) == ["own"]


@pytest.mark.parametrize("limit", [0, -1, 1001])
async def test_a_page_has_bounds(store: Store, limit: int) -> None:
    documents = await people(store)
    with pytest.raises(BadInput, match="limit_invalid"):
        await documents.find(PEOPLE, Find(limit=limit))


# ---- text


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (["p1"], "hélène"),
        (["p1"], "HELENE lefèvre"),
        (["p1", "p3"], "lefevre"),
        ([], "hel"),
        ([], "helene martin"),
        (["p2"], "o'brien"),
        (["p2"], "straße"),
        (["p2"], "STRASSE brien"),
        (["p3"], "Иван"),
        (["p3"], "0612345678"),
        ([], '"lefevre" OR martin'),
        (["p1", "p3"], "lefevre*"),
    ],
)
async def test_text_finds_what_has_all_words(store: Store, expected: list[str], text: str) -> None:
    bodies: dict[str, Body] = {
        "p1": {"name": "Hélène Lefèvre", "notes": ["rue de l'Église"], "city": "martin"},
        "p2": {"name": "O’Brien", "notes": ["Lange Straße 4", "martin"]},
        "p3": {"name": "иван LEFEVRE", "notes": ["tel. 0612345678", {"deep": "lost"}]},
    }
    documents = await people(store, **bodies)
    await people(store, "t_2", **bodies)
    await documents.put(OTHERS, "p1", bodies["p1"])
    assert expected == await ids(documents, Find(text=text))


async def test_text_goes_with_conditions_sort_and_pages(store: Store) -> None:
    bodies: dict[str, Body] = {f"p{n}": {"name": "Anne Roux", "born": 100 - n, "is_known": n % 2 == 0} for n in range(9)}
    documents = await people(store, **bodies)
    find = Find(text="anne", sort="born", where=(Where(index="is_known", equals=True),), limit=2)
    assert await all_pages(documents, find) == [["p8", "p6"], ["p4", "p2"], ["p0"]]


async def test_changed_words_are_found_and_former_ones_are_not(store: Store) -> None:
    documents = await people(store, p1={"name": "Anne Roux"})
    await documents.put(PEOPLE, "p1", {"name": "Anne Blanc"})
    assert await ids(documents, Find(text="anne blanc")) == ["p1"]
    assert await ids(documents, Find(text="roux")) == []


async def test_a_search_for_no_word_is_refused(store: Store) -> None:
    documents = await people(store)
    with pytest.raises(BadInput, match="text_empty"):
        await documents.find(PEOPLE, Find(text=" .*' "))


# ---- tenants, collections


async def test_tenants_do_not_see_each_other(store: Store) -> None:
    first, second = await people(store, "t_1", p1={"n": 1}), await people(store, "t_2")
    assert await second.get(PEOPLE, "p1") is None
    assert not await second.delete(PEOPLE, "p1")
    assert await second.put(PEOPLE, "p1", {"n": 2}, expected=ABSENT) == 1
    found = await first.get(PEOPLE, "p1")
    assert found is not None
    assert found.body == {"n": 1}


async def test_a_sweep_passes_all_tenants_in_order(store: Store) -> None:
    await people(store, "t_2", a={"born": 1}, b={"born": 3}, c={})
    await people(store, "t_1", b={"born": 3}, a={"born": 2}, d={"born": 9})
    found = [
        (each.tenant, each.id)
        async for each in store.every_tenant(PEOPLE, Find(sort="born", where=(Where(index="born", below=9),), limit=2))
    ]
    assert found == [("t_2", "a"), ("t_1", "a"), ("t_1", "b"), ("t_2", "b")]
    found = [(each.tenant, each.id) async for each in store.every_tenant(PEOPLE, Find(limit=2))]
    assert found == [("t_1", "a"), ("t_1", "b"), ("t_1", "d"), ("t_2", "a"), ("t_2", "b"), ("t_2", "c")]


async def test_a_deleted_tenant_leaves_nothing_and_others_stay(store: Store) -> None:
    first, second = await people(store, "t_1", p1={"badge": "7", "name": "Anne"}, p2={}), await people(store, "t_2", p1={"name": "Anne"})
    await first.put(OTHERS, "o1", {"name": "Anne"})
    assert await store.delete_tenant("t_1") == 3
    assert await ids(first, Find()) == []
    assert await ids(first, Find(text="anne")) == []
    assert await ids(second, Find(text="anne")) == ["p1"]
    assert await first.put(PEOPLE, "p9", {"badge": "7"}) == 1
    assert await store.delete_tenant("nobody") == 0


async def test_collections_may_be_opened_again(store: Store) -> None:
    documents = await people(store, p1={"badge": "7"})
    await store.open([PEOPLE])
    await store.open([OTHERS, PEOPLE])
    assert await ids(documents, Find(where=(Where(index="badge", equals="7"),))) == ["p1"]
