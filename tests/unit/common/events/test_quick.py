"""Records made by `quick` are what `dataclasses` makes, only sooner: frozen, slotted, keyword-only, with the same defaults."""

from __future__ import annotations

import copy
import inspect
import pickle
from dataclasses import FrozenInstanceError, dataclass, field, fields, replace

import pytest

from standardiste.common.events.base import Instant, maker, quick
from standardiste.common.testing.builders import event
from standardiste.router.engine.state import Gateway, Meta, changer, evolve


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Few:
    a: int
    b: tuple[int, ...] = ()


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Many:
    a: int
    b: str = "b"
    c: list[int] = field(default_factory=list[int])
    d: int | None = None
    e: int = 5


@pytest.mark.parametrize("record", [Few(a=1), Many(a=1), Many(a=1, c=[2], e=3)], ids=repr)
def test_a_quick_record_is_frozen_and_equals_its_copies(record: Few | Many) -> None:
    assert type(record) in (Few, Many)
    with pytest.raises(FrozenInstanceError):
        record.a = 2  # type: ignore[misc]  # that is what must fail
    with pytest.raises((AttributeError, TypeError)):
        record.other = 2  # type: ignore[attr-defined, union-attr]  # there is no such slot
    assert record == replace(record) == copy.copy(record) == pickle.loads(pickle.dumps(record))


def test_defaults_are_those_of_the_dataclass_and_made_anew_for_each() -> None:
    one, two = Many(a=1), Many(a=1)
    assert [getattr(one, each.name) for each in fields(Many)] == [1, "b", [], None, 5]
    assert one.c is not two.c


def test_parameters_are_by_keyword_and_none_is_forgotten() -> None:
    assert list(inspect.signature(Many).parameters) == ["a", "b", "c", "d", "e"]
    with pytest.raises(TypeError):
        Many(b="x")  # type: ignore[call-arg]  # `a` is missing
    with pytest.raises(TypeError):
        Many(1)  # type: ignore[misc]  # not by position
    with pytest.raises(TypeError):
        Many(a=1, f=2)  # type: ignore[call-arg]  # no such field


def test_a_maker_makes_what_the_class_makes() -> None:
    few, many = maker(Few), maker(Many)
    assert [few(a=1, b=(2,)), many(a=1), many(a=1, c=[2], e=3)] == [Few(a=1, b=(2,)), Many(a=1), Many(a=1, c=[2], e=3)]
    assert many(a=1).c is not many(a=1).c
    assert list(inspect.signature(many).parameters) == ["a", "b", "c", "d", "e"]
    with pytest.raises(FrozenInstanceError):
        many(a=1).a = 2  # type: ignore[misc]  # that is what must fail
    with pytest.raises(TypeError):
        many(b="x")  # type: ignore[call-arg]  # `a` is missing
    with pytest.raises(TypeError):
        many(1)  # type: ignore[misc]  # not by position


def test_a_changer_gives_another_frozen_record_and_leaves_the_first() -> None:
    beat = changer(Gateway, "seen_at", "until")
    first = Gateway(name="g", seen_at=Instant(1), until=Instant(2))
    second = beat(first, seen_at=Instant(2), until=Instant(3))
    assert (first.until, second) == (2, Gateway(name="g", seen_at=Instant(2), until=Instant(3)))
    with pytest.raises(FrozenInstanceError):
        second.until = Instant(4)  # type: ignore[misc]  # that is what must fail
    with pytest.raises(TypeError):
        beat(first, until=Instant(3))  # every one of its fields, each time
    with pytest.raises(AssertionError):
        changer(Gateway, "nowhere")


def test_evolve_gives_another_frozen_record_and_leaves_the_first() -> None:
    first = Gateway(name="g", seen_at=Instant(1), until=Instant(2))
    second = evolve(first, until=Instant(3))
    assert (first.until, second) == (2, Gateway(name="g", seen_at=Instant(1), until=Instant(3)))
    with pytest.raises(FrozenInstanceError):
        second.until = Instant(4)  # type: ignore[misc]  # that is what must fail
    with pytest.raises(AttributeError):
        evolve(first, nowhere=1)
    assert evolve(Meta(tenant="t"), decisions=1) == replace(Meta(tenant="t"), decisions=1)
    assert evolve(event(first), id="other") == replace(event(first), id="other")
