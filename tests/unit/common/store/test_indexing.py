"""What of a body the store looks it up by."""

from __future__ import annotations

import pytest

from standardiste.common.store.indexing import fold, values_of, words_of
from standardiste.common.store.port import Body, Collection, Index

THINGS = Collection(
    name="things",
    indexes=(Index(name="key", path="keys", is_list=True), Index(name="city", path="home.city"), Index(name="flag", path="flag")),
    text=("name", "lines"),
)


@pytest.mark.parametrize(
    ("expected", "body"),
    [
        ({}, {}),
        ({}, {"keys": [], "home": None, "flag": None}),
        ({}, {"keys": "b", "home": {"city": ["Lyon"]}, "flag": 1.5}),
        ({"key": ["a", "b"]}, {"keys": ["b", "a", "b", None, 1.5]}),
        ({"city": "Lyon", "flag": 1}, {"home": {"city": "Lyon"}, "flag": True}),
        ({"flag": 0}, {"flag": False}),
    ],
)
def test_values_are_those_at_the_declared_paths(expected: object, body: Body) -> None:
    assert values_of(THINGS, body) == expected


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ((), " -_.!"),
        (("l", "ete", "2026"), "L'Été_2026"),
        (("strasse",), "STRAẞE"),
        (("oeuvre",), "oeuvre"),
        (("ﬁn".replace("ﬁ", "fi"),), "ﬁn"),
        (("ελλασ",), "Ελλάς"),
        (("東京",), "東京"),
    ],
)
def test_folding_drops_cases_and_accents(expected: tuple[str, ...], text: str) -> None:
    assert fold(text) == expected


def test_words_are_the_distinct_ones_of_all_text_paths() -> None:
    assert words_of(THINGS, {"name": "Zoé zoe", "lines": ["rue Zoé", ["deep"], 4], "other": "lost"}) == ("deep", "rue", "zoe")
