"""The document: read strictly, written so that people read it, and the laws of diff, apply and undo."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standardiste.common.events.directory import ENTITIES, Entity, Queue, RelaxationStep, RightGrant, Rule, RuleExample, RuleSet, Skill
from standardiste.common.events.model import Channel, QueueId, SkillId, SkillNeed
from standardiste.common.testing import builders as a
from standardiste.directory.changes import Change, after, diff, numbered, undo
from standardiste.directory.core import check_rules
from standardiste.directory.defaults import defaults
from standardiste.directory.document import parse, render, without_sets
from standardiste.directory.faults import ConfigurationRefused
from standardiste.directory.kinds import IN_DOCUMENT, ORDER, Configuration, Entities, Key, key_of
from standardiste.directory.plain import entity_of, plain_of, restored, same, stored_of
from standardiste.directory.validation import faults_of

T = a.TENANT


# ---- whole configurations that may be

SKILLS = ("billing", "english", "repair")
names = st.dictionaries(st.sampled_from(["fr", "en", "fr-CA"]), st.text(max_size=12), max_size=2)
needs = st.dictionaries(st.sampled_from(SKILLS), st.integers(1, 5), max_size=3).map(
    lambda levels: tuple(SkillNeed(skill=SkillId(name), level=levels[name]) for name in sorted(levels))
)
texts = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=12).filter(
    lambda text: text.strip()
)


@st.composite
def queues(draw: st.DrawFn, id: str) -> Entity:
    ages = sorted(draw(st.sets(st.integers(1, 100_000), max_size=3)))
    steps = tuple(
        RelaxationStep(at_age_ms=age, skills=draw(st.none() | needs), queues=draw(st.sampled_from([(), (QueueId("main"),)])))
        for age in ages
    )
    return replace(
        a.queue(id),
        change_set=0,
        name=draw(names),
        skills=draw(needs),
        priority=draw(st.integers(-5, 5)),
        target_ms=draw(st.sampled_from([0, 20_000, 86_400_000])),
        is_lifo=draw(st.booleans()),
        offer_timeout_ms=draw(st.none() | st.integers(1_000, 60_000)),
        relaxation=steps,
    )


@st.composite
def people(draw: st.DrawFn, id: str) -> Entity:
    rights = draw(
        st.sampled_from([(), (RightGrant(role="agent", scope="self"),), (RightGrant(role="administrator"), RightGrant(role="analyst"))])
    )
    return a.person(
        id, change_set=0, name=draw(texts), skills=draw(needs), rights=rights, queues=draw(st.none() | st.just((QueueId("main"),)))
    )


@st.composite
def configurations(draw: st.DrawFn) -> Entities:
    """What a document may want: the defaults (some changed, perhaps one archived), and entities of one's own."""
    found: dict[Key, Entity] = dict(defaults(T))
    own: list[Entity] = [a.skill(name, change_set=0, name=draw(names)) for name in SKILLS]
    own += [draw(queues(id)) for id in draw(st.sets(st.sampled_from(["main", "bills", "letters"])))]
    own += [draw(people(id)) for id in draw(st.sets(st.sampled_from(["anna", "ben", "no", "1e3", "true", "0x1f"])))]
    own += [a.channel_address(channel, change_set=0) for channel in draw(st.sets(st.sampled_from(list(a.ADDRESSES))))]
    own += [a.status(id, change_set=0, name=draw(names)) for id in draw(st.sets(st.sampled_from(["lunch", "break"])))]
    if draw(st.booleans()):
        rules = (Rule(name=draw(texts), when='contact.language == "en"', queue=QueueId("main"), skills=draw(needs)),)
        example = RuleExample(given={"contact.language": "en"}, expect=QueueId("main"))
        own.append(RuleSet(id="main", change_set=0, rules=rules, examples=(example,)))
    found.update({key_of(entity): entity for entity in own})
    if draw(st.booleans()):
        found.pop(Key("status", "break"), None)
    return found


def applied(current: Configuration, changes: Iterable[Change]) -> Configuration:
    """What the store has after committing them."""
    number = current.number + 1
    members = [numbered(change, number) for change in changes]
    return Configuration(number, after(current, members))


@given(configurations())
def test_configurations_that_are_drawn_may_be(wanted: Entities) -> None:
    assert [each.text("en") for each in faults_of(wanted, check_rules)] == []


@given(configurations())
def test_document_says_what_was_meant(wanted: Entities) -> None:
    assert parse(render(wanted, T), T).wanted == wanted


@given(configurations())
def test_document_is_written_the_same_every_time(wanted: Entities) -> None:
    text = render(wanted, T)
    shuffled = dict(sorted(wanted.items(), reverse=True))
    assert render(shuffled, T) == text
    assert render(parse(text, T).wanted, T) == text


@given(configurations(), configurations())
def test_nothing_differs_after_applying(first: Entities, second: Entities) -> None:
    current = applied(Configuration(), diff(Configuration(), first))
    changed = applied(current, diff(current, second))
    assert diff(changed, second) == ()
    assert diff(changed, parse(render(changed.entities, T), T).wanted) == ()
    assert without_sets(changed.entities) == second


@given(configurations(), configurations())
def test_undoing_restores_what_was(first: Entities, second: Entities) -> None:
    current = applied(Configuration(), diff(Configuration(), first))
    changes = diff(current, second)
    members = [numbered(change, current.number + 1) for change in changes]
    changed = applied(current, changes)
    back = applied(changed, undo(changed.number, members, changed))
    assert without_sets(back.entities) == without_sets(current.entities)
    assert render(back.entities, T) == render(current.entities, T)


@given(configurations())
def test_entity_is_the_same_after_the_way_out_and_back(wanted: Entities) -> None:
    for key, entity in wanted.items():
        assert entity_of(key, plain_of(entity)) == entity
        assert restored(key.kind, stored_of(entity)) == entity


# ---- what a document looks like

SMALL = """\
format: 1
tenant: {name: Exemple SA}
skill:
  billing: {name: {en: Billing, fr: Facturation}}
queue:
  bills:
    name: {en: Bills and reminders, fr: Factures et relances}
    skills: {billing: 3}
    target_ms: 20000
person:
  anna:
    name: Anna
    profile: main
    skills: {billing: 4}
    rights: [{role: agent, scope: self}]
channel-address:
  phone: {channel: voice, address: '+33100000002'}
"""


def test_small_site_sees_only_what_it_set_up() -> None:
    assert render(parse(SMALL, T).wanted, T) == SMALL


def test_every_kind_has_its_place_in_the_order() -> None:
    assert set(ORDER) == set(ENTITIES)
    assert "api-key" not in IN_DOCUMENT


def test_default_entity_keeps_what_is_not_written() -> None:
    found = parse("queue: {main: {target_ms: 5}}", T).wanted[Key("queue", "main")]
    assert isinstance(found, Queue)
    assert (found.target_ms, found.name) == (5, {"en": "Reception", "fr": "Accueil"})


def test_default_entity_is_archived_by_saying_so() -> None:
    wanted = parse("status: {break: {is_archived: true}}", T).wanted
    assert Key("status", "break") not in wanted
    assert "break: {is_archived: true}" in render(wanted, T)


def test_addresses_are_written_as_messages_bring_them() -> None:
    text = "channel-address:\n  m: {channel: email, address: Help@Example.COM}\n  p: {channel: voice, address: +33 1 00-00 (00) 02}\n"
    found = parse(text, T).wanted
    assert [cast(Any, found[Key("channel-address", id)]).address for id in "mp"] == ["help@example.com", "+33100000002"]


def test_json_is_taken_as_well() -> None:
    assert parse('{"skill": {"billing": {"name": {"en": "Billing"}}}}', T).wanted[Key("skill", "billing")]


@pytest.mark.parametrize("country", ["NO", "no", "on", "y"])
def test_norway_stays_norway(country: str) -> None:
    found = parse(f"site: {{oslo: {{country: {country}}}}}", T).wanted[Key("site", "oslo")]
    assert cast(Any, found).country == country


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("queue:\n  a:\n    skils: {billing: 3}\n", ["line 3, /queue/a/skils: There is no field “skils” here."]),
        ("queue:\n  a: {limits: {lenght_max: 3}}\n", ["line 2, /queue/a/limits/lenght_max: There is no field “lenght_max” here."]),
        ("queue:\n  a:\n    target_ms: soon\n", ["line 3, /queue/a/target_ms: Input should be a valid integer"]),
        ("queue:\n  a:\n    id: b\n", ["line 3, /queue/a/id: There is no field “id” here."]),
        ("queue: [a]\n", ["line 1, /queue: Names with values are expected here."]),
        ("tenant:\n  zone: 3\n", ["line 2, /tenant/zone: Input should be a valid string"]),
        ("api-key: {k: {}}\n", ["line 1, /api-key: “api-key” cannot be set up in a document."]),
        ("logins: {k: {}}\n", ["line 1, /logins: “logins” cannot be set up in a document."]),
        ("format: 2\n", ["line 1, /format: Format 2 is newer than this program knows (1)."]),
        ("- 1\n", ["line 1: Names with values are expected here."]),
        ("a: [\n", ["line 2: This is not YAML: did not find expected node content."]),
        ("skill: {a: {}, a: {}}\n", ["line 1, /skill/a: “a” is written twice."]),
        ("skill:\n  a: &x {}\n  b: *x\n", ["line 2: Anchors, aliases and tags are not taken."]),
        ("skill: !!python/object:os.system {}\n", ["line 1: Anchors, aliases and tags are not taken."]),
        ("a: 1\n---\nb: 2\n", ["line 2: This is not YAML: a second document."]),
        ("[" * 5_000, ["line 1: The document is nested too deeply."]),
        ("{? [a] : b}", ["line 1: This is not YAML: a name is text."]),
    ],
)
def test_fault_names_its_line(text: str, lines: list[str]) -> None:
    with pytest.raises(ConfigurationRefused) as refused:
        parse(text, T)
    assert [each.text("en") for each in refused.value.faults] == lines


def test_every_fault_is_told_at_once_and_in_french() -> None:
    with pytest.raises(ConfigurationRefused) as refused:
        parse("queue: {a: {x: 1}}\nskill: {b: {y: 1}}\n", T)
    assert [each.text("fr") for each in refused.value.faults] == [
        "ligne 2, /skill/b/y: Il n'y a pas de champ « y » ici.",
        "ligne 1, /queue/a/x: Il n'y a pas de champ « x » ici.",
    ]


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_whatever_is_sent_is_read_or_refused(document: bytes) -> None:
    with contextlib.suppress(ConfigurationRefused):
        parse(document, T)


# ---- change sets


def test_archived_id_is_never_used_again() -> None:
    current = applied(Configuration(), diff(Configuration(), parse("skill: {a: {}}", T).wanted))
    current = applied(current, diff(current, parse("", T).wanted))
    with pytest.raises(ConfigurationRefused, match="archived by change set 2"):
        diff(current, parse("skill: {a: {name: {en: Other}}}", T).wanted)


def test_undo_is_refused_where_a_later_set_changed_the_same() -> None:
    first = diff(Configuration(), parse("skill: {a: {}}", T).wanted)
    current = applied(Configuration(), first)
    later = applied(current, diff(current, parse("skill: {a: {name: {en: A}}}", T).wanted))
    with pytest.raises(ConfigurationRefused) as refused:
        undo(1, [numbered(change, 1) for change in first], later)
    assert [each.name for each in refused.value.faults] == ["changed_since"]


def test_same_looks_past_the_change_set_only() -> None:
    assert same(a.queue("main", change_set=1), a.queue("main", change_set=7))
    assert not same(a.queue("main"), a.queue("main", priority=1))
    assert not same(a.channel_address(Channel.EMAIL), a.queue("email"))


@pytest.mark.parametrize("text", ["0E0", "1e5", "12", "0x1F", "true", "null", "~", "", "2026-01-01", ".5", "1_000", "yes", "Accueil"])
def test_a_text_that_looks_like_something_else_comes_back_as_text(text: str) -> None:
    document = render(parse(f"skill:\n  odd: {{name: {{fr: {json.dumps(text)}}}}}\n", T).wanted, T)
    odd = parse(document, T).wanted[Key("skill", "odd")]
    assert isinstance(odd, Skill)
    assert odd.name == {"fr": text}
